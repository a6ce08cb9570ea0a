"""Commands of ISO/IEC 7816-4 §11, each as a function that says what it wants."""

from cardstack.apdu.message import Command


def select_aid(aid: bytes, ne: int | None = None) -> Command:
    """SELECT an application by name (§11.2.2)."""
    return Command(0x00, 0xA4, 0x04, 0x00, aid, ne)


def select_file(fid: int, p1: int = 0x00, ne: int | None = None) -> Command:
    """SELECT a DF or EF by its two-byte identifier (§11.2.2)."""
    return Command(0x00, 0xA4, p1, 0x00, fid.to_bytes(2), ne)


def read_record(sfi: int, number: int, ne: int = 256) -> Command:
    """READ RECORD by number; SFI 0 is the current file (§11.4.3)."""
    return Command(0x00, 0xB2, number, sfi << 3 | 0x04, ne=ne)


def read_tag(sfi: int, tag: int, ne: int = 256) -> Command:
    """READ RECORD, the first with an identifier (§11.4.3)."""
    return Command(0x00, 0xB2, tag, sfi << 3, ne=ne)


def read_binary(offset: int, ne: int) -> Command:
    """READ BINARY of the current file (§11.3.3)."""
    return Command(0x00, 0xB0, offset >> 8, offset & 0xFF, ne=ne)


def get_challenge(size: int = 8) -> Command:
    """GET CHALLENGE (§11.5.3)."""
    return Command(0x00, 0x84, ne=size)


def verify(pin: bytes) -> Command:
    """VERIFY the holder's PIN (§11.5.6)."""
    return Command(0x00, 0x20, data=pin)


def internal_authenticate(key: int, data: bytes, ne: int = 8) -> Command:
    """INTERNAL AUTHENTICATE: the card proves itself (§11.5.2)."""
    return Command(0x00, 0x88, 0x00, key, data, ne)


def external_authenticate(key: int, data: bytes) -> Command:
    """EXTERNAL AUTHENTICATE: the terminal proves itself (§11.5.4)."""
    return Command(0x00, 0x82, 0x00, key, data)
