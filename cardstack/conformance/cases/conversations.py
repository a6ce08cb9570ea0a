"""The conversations that come with the kit: payments, rides and PIN changes, as data."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from cardstack.card.profile import Profile
from cardstack.conformance import conversation
from cardstack.conformance.case import Case


@cache
def recorded() -> "tuple[conversation.Conversation, ...]":
    """The conversations of `data/conversations.toml`."""
    return conversation.load((files("cardstack.conformance") / "data" / "conversations.toml").read_text("utf-8"))


def derive(profile: Profile) -> Iterator[Case]:
    """Each conversation for each application that has what it is about."""
    for one in recorded():
        yield from one.cases(profile)
