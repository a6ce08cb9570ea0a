"""Every case that a declared profile implies, in the order in which a tester reads them."""

from cardstack.card.profile import Profile
from cardstack.conformance.case import Case
from cardstack.conformance.cases import certificate, commands, conversations, files, keys, pins, purses, safety


def derive(profile: Profile) -> tuple[Case, ...]:
    """The cases of a profile; each identifier once."""
    made = [
        *commands.derive(profile),
        *files.derive(profile),
        *safety.derive(profile),
        *pins.derive(profile),
        *keys.derive(profile),
        *purses.derive(profile),
        *certificate.derive(profile),
        *conversations.derive(profile),
    ]
    seen: dict[str, Case] = {}
    for case in made:
        assert case.id not in seen, case.id
        seen[case.id] = case
    return tuple(seen.values())
