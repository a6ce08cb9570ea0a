"""Return codes of the card library family (LD/T 33-2015, LD/T 6001.5-2023): 0 is good, else a number below zero.

A status word the library has no number for is returned as minus its value.
"""

from cardstack.apdu.message import StatusError
from cardstack.card.proving import CARD_UNPROVEN, KEY_WRONG, NOT_HELD, PIN_BLOCKED, PIN_WRONG
from cardstack.card.reading import NO_CARD_APPLICATION
from cardstack.errors import CardstackError, Malformed
from cardstack.readers.problems import (
    CARD_LOST,
    CARD_MUTE,
    CARD_RESET,
    IN_USE,
    NO_CARD,
    NO_LIBRARY,
    NO_READER,
    NO_RECORDING,
    NO_SERVICE,
    NOBODY,
    READER_NAME,
)

DONE = 0
MORE = 1
"""The host is to prove another key: the same step again with its answer to what was said (this project's extension)."""
WRONG_CARD, NO_CARD_THERE, NO_ANSWER, NO_LIBRARY_THERE = -1, -2, -4, -5
READER_FAILED, NOT_CONNECTED, UNSUPPORTED, PARAMETER = -11, -12, -13, -14
ID_CODE, INTERNAL, MISMATCH, HOST_DIFFERS = -20, -21, -22, -25
CANCELLED, PIN_LENGTH, PIN_UNEQUAL = -31, -33, -34
PIN_IS_WRONG, PIN_IS_BLOCKED = -51, -52
NO_PSAM, PSAM_LACKS_KEY, NO_HOST_NEEDED = -2201, -2203, -2204

BY_PROBLEM = {
    NO_CARD.code: NO_CARD_THERE,
    CARD_LOST.code: NO_ANSWER,
    CARD_MUTE.code: NO_ANSWER,
    CARD_RESET.code: NO_ANSWER,
    NO_READER.code: READER_FAILED,
    NOBODY.code: READER_FAILED,
    NO_RECORDING.code: READER_FAILED,
    NO_SERVICE.code: READER_FAILED,
    IN_USE.code: NOT_CONNECTED,
    READER_NAME.code: PARAMETER,
    NO_LIBRARY.code: NO_LIBRARY_THERE,
    NO_CARD_APPLICATION.code: WRONG_CARD,
    CARD_UNPROVEN.code: INTERNAL,
    NOT_HELD.code: PSAM_LACKS_KEY,
    PIN_WRONG.code: PIN_IS_WRONG,
    PIN_BLOCKED.code: PIN_IS_BLOCKED,
}
FAILED_AUTHENTICATION = 0x63C0


class Failed(Exception):
    """A function ends with this number."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(str(code))


def code_of(error: CardstackError) -> int:
    """The number for an error.

    >>> from cardstack.apdu.message import Response, StatusError
    >>> code_of(StatusError(Response(b"", 0x6A82))), code_of(Malformed("bad address"))
    (-27266, -14)
    """
    if error.problem is KEY_WRONG:
        left = error.facts.get("left")
        return -(FAILED_AUTHENTICATION | (left if isinstance(left, int) else 0))
    if error.code in BY_PROBLEM:
        return BY_PROBLEM[error.code]
    if isinstance(error, StatusError):
        return -error.sw
    return PARAMETER if isinstance(error, Malformed) else WRONG_CARD
