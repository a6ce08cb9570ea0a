"""What SCardControl and SCardGetAttrib answer: features, properties and a PIN typed on the reader (PC/SC Part 10).

The PIN goes from the reader's keys to the card; no client ever sees it.
"""

from dataclasses import dataclass
from struct import error

from cardstack.errors import Malformed
from cardstack.readers.card import GET_FEATURES, TEST_CARD, TLV_PROPERTIES
from cardstack.readers.pinpad import MODIFY, MODIFY_PIN, VERIFY, VERIFY_PIN
from cardstack.text import Text
from emulator.pcsc import wire
from emulator.pcsc.reader import Handle, VirtualReader
from emulator.pcsc.wire import Code

FEATURE = 0x42330000
"""Our control codes: this, and the feature's tag."""
PIN_PROPERTIES = 0x0A
CANCELLED, UNEQUAL, TOO_SHORT = b"\x64\x01", b"\x64\x02", b"\x64\x03"
"""What a PIN pad answers instead of the card (Part 10 §2.5.2)."""


@dataclass(frozen=True, slots=True)
class Format:
    """How the typed digits go into the command (Part 10 §2.5.2: bmFormatString, bmPINBlockString, wPINMaxExtraDigit)."""

    form: int
    block: int
    digits: int

    def place(self, template: bytes, pin: str, offset: int = 0) -> bytes:
        """The template with the PIN in it; a block without a fixed width ends with the PIN."""
        coded = self._coded(pin)
        width = self.block & 0x0F
        if width and len(coded) > width:
            raise Malformed(
                Text(
                    f"the PIN takes {len(coded)} bytes, the block has {width}", f"PIN 占 {len(coded)} 字节，PIN 块有 {width} 字节"
                )
            )
        position = (self.form >> 3 & 0x0F) // (1 if self.form & 0x80 else 8) + offset
        body = bytearray(template[5:])
        body.extend(b"\xff" * (position + len(coded) - len(body)))
        body[position : position + len(coded)] = coded
        return template[:4] + (bytes((len(body),)) + bytes(body) if body else b"")

    def _coded(self, pin: str) -> bytes:
        kind = self.form & 0x03
        if kind == 2:
            return pin.encode("ascii")
        return bytes.fromhex(pin + "F" * (len(pin) % 2)) if kind == 1 else bytes(int(digit) for digit in pin)


class NotTyped(Exception):
    """The holder cancelled or typed too little; `args[0]` is what the reader answers."""


def control(reader: VirtualReader, handle: Handle, code: int, data: bytes) -> tuple[Code, bytes]:
    """Answer one control code, or say that the feature is not there."""
    known = {GET_FEATURES: _features, FEATURE | TLV_PROPERTIES: _properties}.get(code)
    if known:
        return Code.SUCCESS, known(reader)
    if code == FEATURE | PIN_PROPERTIES and reader.pin_pad:
        return Code.SUCCESS, bytes((0, 0, 7, 0))
    build = BUILDERS.get(code)
    if build is None or reader.pin_pad is None:
        return Code.UNSUPPORTED_FEATURE, b""
    try:
        return reader.transmit(handle, build(reader, data))
    except NotTyped as said:
        return Code.SUCCESS, bytes(said.args[0])
    except (error, Malformed):
        return Code.INVALID_PARAMETER, b""


def _features(reader: VirtualReader) -> bytes:
    tags = (TLV_PROPERTIES,) if reader.pin_pad is None else (VERIFY_PIN, MODIFY_PIN, PIN_PROPERTIES, TLV_PROPERTIES)
    return b"".join(bytes((tag, 4)) + (FEATURE | tag).to_bytes(4) for tag in tags)


def _properties(reader: VirtualReader) -> bytes:
    """Part 10 §2.6.14: tag, length, little endian value."""
    values = [(10, reader.data_max.to_bytes(4, "little")), (11, bytes(2)), (12, bytes(2))]
    if reader.pin_pad is not None:
        values += [(1, bytes(2)), (2, b"\x07"), (6, b"\x04"), (7, b"\x0c")]
    return b"".join(bytes((tag, len(value))) + value for tag, value in values)


def _verify(reader: VirtualReader, data: bytes) -> bytes:
    _, _, form, block, _, digits, *_, size = VERIFY.unpack_from(data)
    return Format(form, block, digits).place(_template(data[VERIFY.size :], size), _typed(reader, digits))


def _modify(reader: VirtualReader, data: bytes) -> bytes:
    _, _, form, block, _, old_at, new_at, digits, confirm, *_, size = MODIFY.unpack_from(data)
    template, coding = _template(data[MODIFY.size :], size), Format(form, block, digits)
    if confirm & 0x02:
        template = coding.place(template, _typed(reader, digits), old_at)
    new = _typed(reader, digits)
    if confirm & 0x01 and _typed(reader, digits) != new:
        raise NotTyped(UNEQUAL)
    return coding.place(template, new, new_at)


BUILDERS = {FEATURE | VERIFY_PIN: _verify, FEATURE | MODIFY_PIN: _modify}


def _template(data: bytes, size: int) -> bytes:
    """The command to complete; one without data has no Lc of use."""
    if len(data) != size or not 4 <= size <= 261:
        raise Malformed(
            Text(
                f"the command template has {len(data)} bytes, {size} are announced",
                f"命令模板有 {len(data)} 字节，声明为 {size} 字节",
            )
        )
    return data


def _typed(reader: VirtualReader, digits: int) -> str:
    """The digits that the holder types, within the limits the client set."""
    typed = reader.pin_pad() if reader.pin_pad else None
    if typed is None:
        raise NotTyped(CANCELLED)
    least, most = digits >> 8, digits & 0xFF
    if len(typed) < least or not (typed.isascii() and typed.isdigit()):
        raise NotTyped(TOO_SHORT)
    return typed[:most]


def attribute(reader: VirtualReader, number: int) -> bytes | None:
    """One attribute of a reader (PC/SC Part 3 table 3-1), None where there is none."""
    card = reader.card
    name = reader.name.encode() + b"\0"
    integer = wire.WAIT.size // 2
    values = {
        0x00010100: reader.vendor.encode() + b"\0",
        0x00010101: reader.name.encode() + b"\0",
        0x00010102: (0x01000000).to_bytes(integer, "little"),
        0x00010103: reader.serial.encode() + b"\0",
        0x00020110: bytes(integer),
        0x00080201: reader.protocol.to_bytes(integer, "little"),
        0x00090300: bytes((2 if card else 0,)),
        0x00090301: bytes((1 if card else 0,)),
        0x0007A007: ((reader.data_max or 256) + 12).to_bytes(integer, "little"),
        0x7FFF0003: name,
        0x7FFF0004: name,
        0x7FFF0005: name,
        0x7FFF0006: name,
    }
    if number == TEST_CARD:
        return b"\x01" if getattr(card, "has_test_keys", False) else None
    if number == 0x00090303:
        return card.atr if card else None
    return values.get(number)
