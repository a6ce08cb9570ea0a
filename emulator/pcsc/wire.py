"""The messages between libpcsclite and its service: numbers and layouts, nothing that acts.

The protocol is private to pcsc-lite and numbered 4:4 (1.8.24 to 2.2), 4:5 (2.3 and 2.4) and 4:6 (2.5); a frame from
the client is {size u32, command u32} and a structure in the machine's own byte order, the answer is the structure alone.
4:5 added the count of reader events. 4:6 gives the readers as a count and then so many records, in place of a table of
sixteen, and sends no states in answer to a wait.
"""

from enum import IntEnum
from struct import Struct

HEADER = Struct("=II")
VERSION = Struct("=iiI")
ESTABLISH = Struct("=III")
RELEASE = Struct("=II")
CONNECT = Struct("=I128sIIiII")
RECONNECT = Struct("=iIIIII")
DISCONNECT = Struct("=iII")
BEGIN = Struct("=iI")
END = Struct("=iII")
CANCEL = Struct("=iI")
STATUS = Struct("=iI")
TRANSMIT = Struct("=iIIIIIII")
CONTROL = Struct("=iIIIII")
ATTRIBUTE = Struct("=iI264sII")
WAIT = Struct("=II")
EVENTS = Struct("=II")
COUNT = Struct("=i")
READER_STATE = Struct("=128sIIi33s3xII")

TABLE = 16
"""Readers that the table of 4:4 and 4:5 has room for (PCSCLITE_MAX_READERS_CONTEXTS); older clients see no more."""
READERS_MAX = 200
"""How many readers a service has; 4:6 itself sets no limit."""
NAME_MAX = 127
"""Bytes of a reader's name, without the final zero."""
BUFFER_MAX = 65548
"""Bytes of the longest command or answer (MAX_BUFFER_SIZE_EXTENDED)."""
ATTRIBUTE_MAX = 264
ATR_MAX = 33


class Command(IntEnum):
    """What a client asks for."""

    ESTABLISH_CONTEXT = 0x01
    RELEASE_CONTEXT = 0x02
    CONNECT = 0x04
    RECONNECT = 0x05
    DISCONNECT = 0x06
    BEGIN_TRANSACTION = 0x07
    END_TRANSACTION = 0x08
    TRANSMIT = 0x09
    CONTROL = 0x0A
    STATUS = 0x0B
    CANCEL = 0x0D
    GET_ATTRIB = 0x0F
    SET_ATTRIB = 0x10
    VERSION = 0x11
    GET_READERS_STATE = 0x12
    WAIT_READER_STATE_CHANGE = 0x13
    STOP_WAITING_READER_STATE_CHANGE = 0x14
    GET_READER_EVENTS = 0x15
    GET_READERS_COUNT = 0x16
    GET_READERS_RECORDS = 0x17


class Code(IntEnum):
    """Return codes of the PC/SC functions (PC/SC Part 5; the values of winscard.h)."""

    SUCCESS = 0
    INTERNAL_ERROR = 0x80100001
    CANCELLED = 0x80100002
    INVALID_HANDLE = 0x80100003
    INVALID_PARAMETER = 0x80100004
    NO_MEMORY = 0x80100006
    INSUFFICIENT_BUFFER = 0x80100008
    UNKNOWN_READER = 0x80100009
    TIMEOUT = 0x8010000A
    SHARING_VIOLATION = 0x8010000B
    NO_SMARTCARD = 0x8010000C
    PROTO_MISMATCH = 0x8010000F
    INVALID_VALUE = 0x80100011
    COMM_ERROR = 0x80100013
    NOT_TRANSACTED = 0x80100016
    READER_UNAVAILABLE = 0x80100017
    NO_SERVICE = 0x8010001D
    SERVICE_STOPPED = 0x8010001E
    UNSUPPORTED_FEATURE = 0x8010001F
    NO_READERS_AVAILABLE = 0x8010002E
    UNRESPONSIVE_CARD = 0x80100066
    RESET_CARD = 0x80100068
    REMOVED_CARD = 0x80100069


class Share(IntEnum):
    """Modes of SCardConnect."""

    EXCLUSIVE = 1
    SHARED = 2
    DIRECT = 3


class Disposition(IntEnum):
    """What happens to the card when a handle lets go."""

    LEAVE = 0
    RESET = 1
    UNPOWER = 2
    EJECT = 3


UNKNOWN, ABSENT, PRESENT, POWERED, NEGOTIABLE, SPECIFIC = 0x01, 0x02, 0x04, 0x10, 0x20, 0x40
"""Bits of a reader's state."""
UNDEFINED, T0, T1, RAW = 0x0, 0x1, 0x2, 0x4
"""Protocols; RAW is for cards that speak no transmission protocol."""
EXCLUSIVE_SHARING = -1
MINORS = (4, 5, 6)
"""Minor versions this service speaks; any other client is refused with the newest, and may ask again with that."""
COUNTED = 6
"""The minor version from which readers are counted and a wait is answered by nothing but its end."""
