"""A terminal's security module (PSAM) in a slot: files 0015 to 0019, keys by usage byte and identifier.

Which keys it holds follows from the profiles it is to serve: each declared key says where a PSAM keeps it, and how many
levels lie between. A PSAM made for a city holds the keys of its province, or the nation's where three levels are asked.
"""

from collections.abc import Callable, Iterable
from typing import Final

from cardstack.card.access import NEVER
from cardstack.card.injecting import ALGORITHMS
from cardstack.card.keys import Factors, Key, Usage, derive
from cardstack.card.layout import Form
from cardstack.card.profile import Data, Diversified, Profile, Style
from emulator.blueprint import OPEN, Blueprint, Directory, Elementary, ways
from emulator.dice import Dice
from emulator.handlers import sam
from emulator.security import Key as Held
from emulator.state import Card, Value, manufactured

ATR: Final = bytes.fromhex("3B6D000080318065B0831000C883009000")
STYLE: Final = Style(select=Data.DIRECT, answer=Data.FETCHED)
"""Terminals of Jiangsu wait for 61xx to 80FA, bus validators for a plain 9000 to SELECT; one with Le is answered at once."""
MAINTENANCE: Final = (0x45, 0x01)
"""Where CJ/T terminals look for the maintenance key of transit cards (801A 45 01)."""
NAMES: Final = {
    "DF01": (0xDF01, bytes.fromhex("D15600000590")),
    "MOT": (0x8011, b""),
    "CJT": (0x1001, b""),
    "CJT-OLD": (0x1003, b""),
    "SAM1": (0x1002, bytes.fromhex("A000000353414D31")),
}
Master = Callable[[str], bytes]
"""The national master key of a name."""


def _file(directory: Directory, fid: int, size: int) -> None:
    cell = f"{directory.name}/{fid:04X}"
    directory.add(Elementary(fid, Form.TRANSPARENT, cell, OPEN, ways(NEVER), size, sfi=fid & 0x1F))


def _blueprint() -> Blueprint:
    master = Directory(0x3F00, "MF", (), bytes.fromhex("6F0483023F00"))
    named = {}
    for fid, size in ((0x15, 15), (0x16, 6), (0x17, 1)):
        _file(master, fid, size)
    for name, (fid, aid) in NAMES.items():
        fci = b"\x84" + bytes((len(aid),)) + aid if aid else b"\x83\x02" + fid.to_bytes(2)
        child = Directory(fid, name, (aid,) if aid else (), b"\x6f" + bytes((len(fci),)) + fci)
        for own, size in ((0x15, 15), (0x16, 6), (0x17, 1), (0x19, 4), (0x1C, 1)):
            _file(child, own, size)
        master.adopt(child)
        if aid:
            named[aid] = child
    return Blueprint("psam", master, master, STYLE, ATR, named=named, terminal=True)


BLUEPRINT: Final = _blueprint()


def psam(
    profiles: Iterable[Profile],
    *,
    master: Master,
    city: str,
    terminal: bytes = bytes.fromhex("310000000001"),
    serial: bytes = bytes.fromhex("00000000000000000001"),
    key_index: int = 1,
    sequence: int = 1,
) -> Card:
    """A PSAM of a city (six digits) that serves cards of these profiles, with its terminal number (6 bytes BCD)."""
    place = Factors(city, bytes(8))
    memory: dict[str, Value] = {sam.SEQUENCE: sequence, sam.CITY: place.of_city}
    contents = {0x15: b"\x01" + serial + bytes(4), 0x16: terminal, 0x17: bytes((key_index,))}
    contents |= {0x19: sequence.to_bytes(4), 0x1C: bytes((key_index,))}
    for directory in BLUEPRINT.master.every():
        for fid, file in directory.files.items():
            memory[file.cell] = contents[fid]
    for profile in profiles:
        memory |= _keys(profile, master, place)
    return manufactured(BLUEPRINT, memory, Dice())


def _keys(profile: Profile, master: Master, place: Factors) -> dict[str, Value]:
    """The cells of every key that this profile's cards meet in a PSAM."""
    cells: dict[str, Value] = {}
    for application in profile.applications:
        by_serial = application.diversified is Diversified.BY_SERIAL
        for key in application.keys:
            # Keys of transit cards lie under the nation's; those of social security cards under the province's or nation's.
            value = master(key.name) if by_serial else _at_level(master, key, place)
            held = Held(ALGORITHMS[key.algorithm], key.version, value).pack()
            if key.psam is not None:
                cells[sam.key_cell(*key.psam)] = held
            if key.usage is Usage.PURCHASE:
                domain = sam.MEDICAL if application.medical else sam.TRANSIT
                cells[sam.purchase_cell(domain, key.version, key.algorithm)] = held
            if by_serial and key.usage is Usage.MAINTENANCE:
                cells[sam.key_cell(*MAINTENANCE)] = held
    return cells


def _at_level(master: Master, key: Key, place: Factors) -> bytes:
    """The key as a PSAM of this place holds it: the master, taken down as far as its usage byte leaves to the card."""
    levels = key.psam[0] >> 5 if key.psam is not None else key.levels
    above = place.chain(3)[: 3 - min(levels, 3)]
    return derive(master(key.name), above, key.algorithm)
