"""Which reader is for whom: the holder's card, the terminal's PSAM, the operator's card."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from cardstack.readers.problems import NO_READER, ReaderError
from cardstack.text import Text


class Role(StrEnum):
    """Whose card a slot is for."""

    USER = "user"
    PSAM = "psam"
    OPERATOR = "operator"


class Interface(StrEnum):
    """How a card is reached."""

    CONTACT = "contact"
    CONTACTLESS = "contactless"


FIELD = re.compile(r"contactless|picc|nfc|\brf(id)?\b|(\b|\d)cl\b|非接", re.IGNORECASE)
"""Names that makers give the slots of contactless cards."""


def interface_of(reader: str, atr: bytes = b"") -> Interface:
    """By the maker's name of the slot, else by the answer to reset: PC/SC makes one up for cards in the field.

    It begins 3B 8n 80 01 (PC/SC Part 3, §3.1.3.2.3).

    >>> interface_of("OMNIKEY 5422CL 00 01").value, interface_of("X 00 00", bytes.fromhex("3B8180018080")).value
    ('contactless', 'contactless')
    >>> interface_of("ACS ACR39U ICC Reader 00 00", bytes.fromhex("3B6D000000814E4323")).value
    'contact'
    """
    in_field = FIELD.search(reader) or (atr[:1] == b"\x3b" and atr[1:2] >= b"\x80" and atr[2:4] == b"\x80\x01")
    return Interface.CONTACTLESS if in_field else Interface.CONTACT


HINTS: tuple[tuple[Role, re.Pattern[str]], ...] = (
    (Role.PSAM, re.compile(r"\b(p?sam)\b", re.IGNORECASE)),
    (Role.OPERATOR, re.compile(r"operator|\bop\b", re.IGNORECASE)),
)
"""Names that makers give the slots for other cards; the first that fits decides."""
SLOT = re.compile(r"^(?P<device>.*\D)(?P<slot>\d\d)$")


def assign(readers: Sequence[str], bound: Mapping[Role, str] | None = None) -> dict[Role, str]:
    """A reader for each role that has one: as bound by a part of its name, by its maker's name, else by its slot.

    The first slot of a device is the holder's, a second one without a name of its own is for the PSAM.

    >>> assign(["Virtual PCD 00 00", "Virtual PCD 00 01"])
    {<Role.USER: 'user'>: 'Virtual PCD 00 00', <Role.PSAM: 'psam'>: 'Virtual PCD 00 01'}
    >>> assign(["D8 SAM 00 00", "D8 ICC 00 01"])
    {<Role.USER: 'user'>: 'D8 ICC 00 01', <Role.PSAM: 'psam'>: 'D8 SAM 00 00'}
    """
    found: dict[Role, str] = {}
    for role, part in (bound or {}).items():
        found[role] = _one(readers, part)
    free = [name for name in readers if name not in found.values()]
    for name in list(free):
        hinted = next((role for role, hint in HINTS if hint.search(name)), None)
        if hinted:
            free.remove(name)
            found.setdefault(hinted, name)
    if free:
        found.setdefault(Role.USER, free[0])
    second = _second_slot(free, found.get(Role.USER, ""))
    if second:
        found.setdefault(Role.PSAM, second)
    return {role: found[role] for role in Role if role in found}


def _second_slot(free: Sequence[str], user: str) -> str | None:
    """Another slot of the device that the holder's card goes into."""
    mine = SLOT.match(user)
    slots = ((name, SLOT.match(name)) for name in free if name != user)
    return next((name for name, slot in slots if mine and slot and slot["device"] == mine["device"]), None)


def _one(readers: Sequence[str], part: str) -> str:
    matching = [name for name in readers if part.lower() in name.lower()]
    if len(matching) != 1:
        raise ReaderError(
            Text(f"{part!r}: {len(matching)} readers match", f"{part!r}：有 {len(matching)} 个读卡器匹配"), NO_READER, reader=part
        )
    return matching[0]
