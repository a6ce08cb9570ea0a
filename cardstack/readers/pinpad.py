"""A PIN typed on the reader's own keys (PC/SC Part 10 §2.5): it goes from there to the card and never enters this process."""

from collections.abc import Callable
from struct import Struct

from cardstack.apdu.message import Response
from cardstack.apdu.script import Exchange
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
Lengths = tuple[int, int]
"""The fewest and the most digits of a PIN."""


def verify(reader: Reader, lengths: Lengths = (DIGITS, DIGITS)) -> None:
    """VERIFY with a PIN of so many digits; a wrong one is `Refused` with the tries that are left.

    Where the length is fixed the block is too; else the command ends with the PIN that was typed.
    """
    accepted(_verified(reader, lengths))


def partner(reader: Reader, lengths: Lengths | None = None, told: Callable[[], None] = lambda: None) -> Exchange:
    """Who answers a script that wants the PIN verified at the reader (`proving.verify_at_pad`).

    `lengths` overrides what the card's declaration says; `told` is called before the reader waits for keys.
    """

    def answer(message: bytes) -> bytes:
        told()
        said = _verified(reader, lengths or (message[0], message[1]))
        return said.data + said.sw.to_bytes(2)

    return answer


def _verified(reader: Reader, lengths: Lengths) -> Response:
    least, most = lengths
    size = (most + 1) // 2
    fixed = least == most
    template = bytes((0x00, 0x20, 0x00, 0x00, size)) + b"\xff" * size if fixed else bytes((0x00, 0x20, 0x00, 0x00))
    limits, block = least << 8 | most, size if fixed else 0
    head = VERIFY.pack(SECONDS, SECONDS, BCD_LEFT, block, 0, limits, BY_KEY, 1, CHINESE, 0, bytes(3), len(template))
    return _said(reader, VERIFY_PIN, head + template)


def change(reader: Reader, digits: int = DIGITS) -> None:
    """CHANGE PIN (805E): the old one, FF, the new one, all typed at the reader, the new one twice.

    Part 10 puts the new PIN at a place that is known before the old one is typed, so both have the same length.
    """
    size = (digits + 1) // 2
    template = bytes((0x80, 0x5E, 0x01, 0x00, 2 * size + 1)) + b"\xff" * (2 * size + 1)
    places, limits = (0, size + 1), digits << 8 | digits
    messages = (3, CHINESE, 0, 1, 2, bytes(3))
    head = MODIFY.pack(SECONDS, SECONDS, BCD_LEFT, size, 0, *places, limits, OLD_TOO_AND_TWICE, BY_KEY, *messages, len(template))
    accepted(_said(reader, MODIFY_PIN, head + template))


def need_keys(reader: Reader, feature: int = VERIFY_PIN) -> int:
    """The control code of a PIN feature; `ReaderError` where the reader has no keys."""
    code = features(reader).get(feature)
    if code is None:
        raise ReaderError(problem=NO_PIN_PAD, reader=reader.name)
    return code


def _said(reader: Reader, feature: int, message: bytes) -> Response:
    code = need_keys(reader, feature)
    if reader.control is None:
        raise ReaderError(problem=NO_PIN_PAD, reader=reader.name)
    answer = Response.parse(reader.control(code, message))
    if answer.sw in UNTYPED:
        raise ReaderError(problem=PIN_NOT_TYPED, sw=f"{answer.sw:04X}")
    return answer
