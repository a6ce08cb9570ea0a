"""The capability statement: what a maker says a card has, so that nothing is asked of it that it does not claim.

A file is TOML: `format = "cardstack-capabilities/1"`, the profile, and a table `has` of capability = true or false. What is
true is tested; what is false or left out by name is not applicable, and the report says so.
"""

import tomllib
from collections.abc import Iterator
from typing import Final

from cardstack.card.profile import Profile
from cardstack.card.profiles.command_set import COMMANDS
from cardstack.errors import Malformed, faulty
from cardstack.text import Text

FORMAT: Final = "cardstack-capabilities/1"
FEATURES: Final = {
    "record identifiers": Text("READ RECORD by identifier", "按标识读记录"),
    "logical channels": Text("logical channels 1 to 3", "逻辑通道 1-3"),
    "extended length": Text("extended Lc and Le", "扩展长度"),
    "answer to reset": Text("a factor in the answer to reset", "复位应答带分散因子"),
}
"""What is no application, file, command or algorithm."""


def capabilities(profile: Profile) -> Iterator[str]:
    """Everything that a card of a profile may or may not have, by name."""
    for application in profile.applications:
        yield f"application {application.name}"
        yield from (file_name(application.name, file.fid) for file in application.files)
        if application.pin is not None:
            yield f"PIN {application.name}"
        yield from (f"purse {application.name}/{purse.kind.name}" for purse in application.purses)
    yield from sorted({f"algorithm {key.algorithm.name}" for application in profile.applications for key in application.keys})
    yield from sorted({command_name(entry.cla, entry.ins) for entry in COMMANDS if entry.on == "card"})
    yield from FEATURES


def file_name(application: str, fid: int) -> str:
    """The capability of having a file.

    >>> file_name("SSSE", 0xEF05)
    'file SSSE/EF05'
    """
    return f"file {application}/{fid:04X}"


def command_name(cla: int, ins: int) -> str:
    """The capability of doing a command.

    >>> command_name(0x00, 0xB2)
    'command 00B2'
    """
    return f"command {cla:02X}{ins:02X}"


def read_capabilities(text: str, profile: Profile) -> frozenset[str]:
    """What the statement says the card has not; `Malformed` names a capability that there is none of."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Malformed(Text("the capability statement is not TOML", "能力声明不是 TOML"), field="capabilities") from error
    if data.get("format") != FORMAT:
        raise faulty("format", f"{FORMAT} was expected", f"应为 {FORMAT}")
    if data.get("profile") != profile.name:
        raise faulty(
            "profile",
            f"the statement is for {data.get('profile')}, not {profile.name}",
            f"能力声明适用于 {data.get('profile')}，不是 {profile.name}",
        )
    has = data.get("has")
    if not isinstance(has, dict) or not all(isinstance(one, bool) for one in has.values()):
        raise faulty("has", "a table of capability = true or false", "应为“能力 = true 或 false”的表")
    unknown = set(has) - set(capabilities(profile))
    if unknown:
        raise faulty(
            "has", f"{min(unknown)!r} is no capability of {profile.name}", f"{min(unknown)!r} 不是 {profile.name} 的能力"
        )
    return frozenset(name for name, claimed in has.items() if not claimed)


def lacking(without: frozenset[str], uses: frozenset[str]) -> list[str]:
    """What a case uses and a card has not.

    >>> lacking(frozenset({"DF07", "command 00CA"}), frozenset({"DF07", "file DF07/EF05"}))
    ['DF07']
    """
    return sorted(uses & without)


def template(profile: Profile) -> str:
    """A statement that claims everything a profile has, for the maker to turn to false what is not there."""
    title = f"{profile.title.en} / {profile.title.zh}"
    names = {command_name(entry.cla, entry.ins): entry.name for entry in COMMANDS if entry.on == "card"} | FEATURES
    lines = [f"# {title}", f'format = "{FORMAT}"', f'profile = "{profile.name}"', 'maker = ""', "", "[has]"]
    for name in capabilities(profile):
        said = names.get(name)
        lines.append(f'"{name}" = true' + (f"  # {said.en} {said.zh}" if said else ""))
    return "\n".join([*lines, ""])
