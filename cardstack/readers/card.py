"""A card in a PC/SC reader: connect, exchange within a deadline, disconnect, and what the reader itself can do."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache

from cardstack.apdu.lengths import extended
from cardstack.errors import Malformed
from cardstack.readers.api import api
from cardstack.readers.ports import EXCLUSIVE, LEAVE, RESET, SHARED, T0, T1, Api
from cardstack.readers.problems import NO_READER, SHORT_ONLY, CardMute, ReaderError
from cardstack.readers.reader import DEADLINE, SHORT, Patient, Reader
from cardstack.text import Text

GET_FEATURES = 0x42000000 + 3400
VENDOR = 0x00010100
TEST_CARD = 0x0007C5C5
"""An attribute of our own emulator's readers: their card is an emulated one with test keys."""

OURS = "cardstack"
TLV_PROPERTIES, MAX_DATA = 0x12, 0x0A
"""A feature, and one of its properties (PC/SC Part 10)."""
MAX_INPUT, COMMAND_OVERHEAD = 0x0007A007, 12
"""Attribute SCARD_ATTR_MAXINPUT of pcsc-lite's drivers: bytes of the longest command."""


def connect(
    name: str, *, deadline: float = DEADLINE, exclusive: bool = False, keep: bool = True, using: Api | None = None
) -> Reader:
    """The card in a reader named by number, full name, or a part of it.

    `keep` leaves the card as it is when we let go; else it is reset, so that a proof of ours serves nobody after us.
    """
    library = using or api()
    patient = Patient(deadline, f"pcsc:{name}")
    after = LEAVE if keep else RESET

    def open_card() -> tuple[int, str, int, int, bytes, str, bool]:
        context = library.establish()
        try:
            full = named(library.readers(context), name)
            card, protocol = library.connect(context, full, EXCLUSIVE if exclusive else SHARED, T0 | T1)
            vendor = _attribute(library, card, VENDOR).rstrip(b"\0").decode(errors="replace")
            ours = vendor == OURS and _attribute(library, card, TEST_CARD) == b"\x01"
            return context, full, card, protocol, library.atr(card), vendor, ours
        except Exception:
            library.release(context)
            raise

    try:
        opened = patient(open_card)
    except Exception:
        patient.stop()
        raise
    assert isinstance(opened, tuple)
    context, full, card, protocol, atr, vendor, ours = opened

    def exchange(command: bytes) -> bytes:
        answer = patient(lambda: library.transmit(card, protocol, _carried(protocol, command)))
        assert isinstance(answer, bytes)
        return answer

    def control(code: int, data: bytes) -> bytes:
        answer = patient(lambda: library.control(card, code, data))
        assert isinstance(answer, bytes)
        return answer

    @cache
    def data_max() -> int | None:
        return SHORT if protocol == T0 else data_limit(control, lambda number: patient(lambda: library.attribute(card, number)))

    def reset() -> bytes:
        again = patient(
            lambda: (library.reconnect(card, EXCLUSIVE if exclusive else SHARED, T0 | T1, RESET), library.atr(card))[1]
        )
        assert isinstance(again, bytes)
        return again

    def close() -> None:
        with suppress(ReaderError, CardMute):
            patient(lambda: library.disconnect(card, after))
        with suppress(ReaderError, CardMute):
            patient(lambda: library.release(context))
        patient.stop()

    return Reader(f"pcsc:{full}", bytes(atr), exchange, close, control, vendor, ours, data_max, reset)


def _carried(protocol: int, command: bytes) -> bytes:
    """A command that a protocol carries as it stands; T=0 has one byte of length (ISO/IEC 7816-3 §12.2)."""
    if protocol == T0 and extended(command):
        raise ReaderError(problem=SHORT_ONLY)
    return command


def _attribute(library: Api, card: int, number: int) -> bytes:
    """An attribute of the reader, empty where it has none: many do not even say who made them."""
    try:
        return library.attribute(card, number)
    except ReaderError:
        return b""


def data_limit(control: Callable[[int, bytes], bytes], attribute: Callable[[int], object]) -> int | None:
    """What a reader says of its limit: dwMaxAPDUDataSize of Part 10 (§2.6.14; 0 is short lengths alone), else its attribute.

    The attribute counts a whole command: header, lengths and data.
    """
    try:
        code = _features(control(GET_FEATURES, b"")).get(TLV_PROPERTIES)
        found = properties(control(code, b"")) if code else {}
    except (ReaderError, Malformed):
        found = {}
    if MAX_DATA in found:
        return found[MAX_DATA] or SHORT
    try:
        raw = attribute(MAX_INPUT)
    except ReaderError:
        return None
    most = int.from_bytes(raw, "little") if isinstance(raw, bytes) else 0
    return most - COMMAND_OVERHEAD if most > COMMAND_OVERHEAD else None


def properties(raw: bytes) -> dict[int, int]:
    """The reader's TLV properties: tag, length, little endian value (PC/SC Part 10 §2.6.14).

    >>> properties(bytes.fromhex("0A0400000100 0B020000"))
    {10: 65536, 11: 0}
    """
    found, at = {}, 0
    while at < len(raw):
        size = int.from_bytes(raw[at + 1 : at + 2])
        value = raw[at + 2 : at + 2 + size]
        if len(value) != size or at + 2 > len(raw):
            raise Malformed(Text(f"a property is cut off at offset {at}", f"偏移 {at} 处的属性不完整"), offset=at)
        found[raw[at]] = int.from_bytes(value, "little")
        at += 2 + size
    return found


def named(readers: tuple[str, ...], wanted: str) -> str:
    """The reader with a number, a name, or the only one with a part of it in its name.

    >>> named(("ACS A 00 00", "ACS B 00 00"), "1"), named(("ACS A 00 00", "ACS B 00 00"), "A 00")
    ('ACS B 00 00', 'ACS A 00 00')
    """
    if wanted in readers:
        return wanted
    if wanted.isascii() and wanted.isdigit() and int(wanted) < len(readers):
        return readers[int(wanted)]
    matching = [one for one in readers if wanted and wanted.lower() in one.lower()]
    if len(matching) != 1:
        matched = Text(f"{len(matching)} readers match", f"有 {len(matching)} 个读卡器匹配")
        there = Text(f"{len(readers)} readers are there", f"现有 {len(readers)} 个读卡器")
        en, zh = matched if matching else there
        raise ReaderError(Text(f"{wanted!r}: {en}", f"{wanted!r}：{zh}"), NO_READER, reader=wanted)
    return matching[0]


def features(reader: Reader) -> dict[int, int]:
    """The reader's features and their control codes (PC/SC Part 10 §2.2): 06 verify, 07 modify a PIN on its keys."""
    if reader.control is None:
        return {}
    try:
        return _features(reader.control(GET_FEATURES, b""))
    except ReaderError:
        return {}


def _features(raw: bytes) -> dict[int, int]:
    if len(raw) % 6:
        raise Malformed(
            Text(f"the reader's features take 6 bytes each, got {len(raw)}", f"读卡器特性每项应为 6 字节，实为 {len(raw)} 字节")
        )
    entries = (raw[at : at + 6] for at in range(0, len(raw), 6))
    return {entry[0]: int.from_bytes(entry[2:]) for entry in entries}
