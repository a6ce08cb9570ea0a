"""A PIN typed on the reader's own keys (PC/SC Part 10 §2.5): it goes from there to the card and never enters this process."""

from struct import Struct

from cardstack.apdu.message import Response
from cardstack.card.proving import accepted
from cardstack.readers.card import features
from cardstack.readers.problems import NO_PIN_PAD, PIN_NOT_TYPED, ReaderError
from cardstack.readers.reader import DEADLINE, Reader

# Part 10 §2.5.2 and §2.5.3, little endian, packed. ulDataLength and abData follow.
VERIFY = Struct("<BBBBBHBBHB3sI")
MODIFY = Struct("<BBBBBBBHBBBHBBB3sI")
VERIFY_PIN, MODIFY_PIN = 0x06, 0x07
"""The features."""
SECONDS = int(DEADLINE) - 2
"""How long the reader waits for a key: less than we wait for the reader."""
BCD_LEFT = 0x81
"""bmFormatString: BCD digits from the left, at a place counted in bytes."""
BY_KEY = 0x02
"""bEntryValidationCondition: the holder presses the key that confirms."""
OLD_TOO_AND_TWICE = 0x03
"""bConfirmPIN: the old PIN is typed too, the new one twice."""
CHINESE = 0x0804
UNTYPED = frozenset({0x6400, 0x6401, 0x6402, 0x6403})
"""What the reader answers in the card's place: no key in time, cancelled, new PINs unequal, too short or too long (§2.5.2)."""
DIGITS = 6
"""A social security card's PIN as it is issued."""


def verify(reader: Reader, digits: int = DIGITS) -> None:
    """VERIFY with a PIN of so many digits; a wrong one is `Refused` with the tries that are left."""
    size = (digits + 1) // 2
    template = bytes((0x00, 0x20, 0x00, 0x00, size)) + b"\xff" * size
    head = VERIFY.pack(SECONDS, SECONDS, BCD_LEFT, size, 0, digits << 8 | digits, BY_KEY, 1, CHINESE, 0, bytes(3), len(template))
    accepted(_said(reader, VERIFY_PIN, head + template))


def change(reader: Reader, digits: int = DIGITS) -> None:
    """CHANGE PIN (805E): the old one, FF, the new one, all typed at the reader, the new one twice."""
    size = (digits + 1) // 2
    template = bytes((0x80, 0x5E, 0x01, 0x00, 2 * size + 1)) + b"\xff" * (2 * size + 1)
    places, limits = (0, size + 1), digits << 8 | digits
    messages = (3, CHINESE, 0, 1, 2, bytes(3))
    head = MODIFY.pack(SECONDS, SECONDS, BCD_LEFT, size, 0, *places, limits, OLD_TOO_AND_TWICE, BY_KEY, *messages, len(template))
    accepted(_said(reader, MODIFY_PIN, head + template))


def _said(reader: Reader, feature: int, message: bytes) -> Response:
    code = features(reader).get(feature)
    if code is None or reader.control is None:
        raise ReaderError(problem=NO_PIN_PAD, reader=reader.name)
    answer = Response.parse(reader.control(code, message))
    if answer.sw in UNTYPED:
        raise ReaderError(problem=PIN_NOT_TYPED, sw=f"{answer.sw:04X}")
    return answer
