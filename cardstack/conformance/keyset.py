"""A key set file: the master keys that the tester has, by the names that the profile's keys have.

It is TOML: `format = "cardstack-keys/1"`, `test = true` where the keys are test keys, and a table `masters` of name = 32
hexadecimal digits. What is in it is shown nowhere: not in reports, traces, messages, nor when it is printed.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cardstack.card.issuing import master_for_tests
from cardstack.card.profile import Profile
from cardstack.card.proving import NOT_HELD
from cardstack.errors import Malformed, Refused, faulty
from cardstack.text import Text

FORMAT: Final = "cardstack-keys/1"
SIZE: Final = 16


@dataclass(frozen=True, slots=True, repr=False)
class KeySet:
    """Masters by name, and whether they are marked as test keys."""

    masters: Mapping[str, bytes]
    test: bool = False
    about: str = ""

    def master(self, name: str) -> bytes:
        """The master with a name; `Refused` where the set has none."""
        if name not in self.masters:
            raise Refused(problem=NOT_HELD, key=name)
        return self.masters[name]

    def __repr__(self) -> str:
        """How many, never which."""
        return f"KeySet({len(self.masters)} keys)"


def read_keys(text: str) -> KeySet:
    r"""The keys of a file; `Malformed` names the key, never its value.

    >>> read_keys('format = "cardstack-keys/1"\n[masters]\nIRK = "00112233445566778899AABBCCDDEEFF"')
    KeySet(1 keys)
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # The parser's own words could quote a key.
        raise Malformed(Text("the key set is not TOML", "密钥集不是 TOML"), field="keys") from None
    if data.get("format") != FORMAT:
        raise faulty("format", f"{FORMAT} was expected", f"应为 {FORMAT}")
    masters = data.get("masters")
    if not isinstance(masters, dict) or not masters:
        raise faulty("masters", "a table of names and keys", "应为名称与密钥的表")
    return KeySet(
        {name: _key(name, held) for name, held in masters.items()}, data.get("test") is True, str(data.get("about", ""))
    )


def _key(name: str, held: object) -> bytes:
    try:
        value = bytes.fromhex(held) if isinstance(held, str) else b""
    except ValueError:
        value = b""
    if len(value) != SIZE:
        raise faulty(f"masters.{name}", f"{2 * SIZE} hexadecimal digits", f"应为 {2 * SIZE} 位十六进制数字")
    return value


def template(profile: Profile) -> str:
    """A key set with the published test keys of a profile: what emulated cards have."""
    names = sorted({key.name for application in profile.applications for key in application.keys})
    lines = [
        f'format = "{FORMAT}"',
        f'about = "TEST KEYS of {profile.name}, computed from names, for no real card / 测试密钥，不得用于真实卡片"',
        "test = true",
        "",
        "[masters]",
        *(f'"{name}" = "{master_for_tests(name).hex().upper()}"' for name in names),
    ]
    return "\n".join([*lines, ""])
