"""Extended lengths where they do not go through: long data in a chain, a long answer in parts.

A card says in its historical bytes whether it takes extended Lc and Le, a reader in its properties whether it carries them;
over T=0 a command has one byte of length, and more goes in ENVELOPE (ISO/IEC 7816-3 §12.2), which hardly a card takes and no
reader makes by itself. Scripts need not know: the exchange they are driven over is fitted.
"""

from dataclasses import replace

from cardstack.apdu.message import Command, Response
from cardstack.apdu.script import Exchange
from cardstack.errors import Malformed

SHORT_DATA, SHORT_NE = 255, 256
CHAINED, SECURED = 0x10, 0x0C
"""Bits of the class byte: more data follows; secure messaging, whose MAC covers a command as it stands."""
PARTS_MAX = 256
"""How many parts of 256 bytes the longest answer has."""


def extended(raw: bytes) -> bool:
    """Whether these bytes are a command with lengths of more than one byte, which T=0 cannot carry.

    >>> extended(bytes.fromhex("00A404000000023F00")), extended(bytes.fromhex("00A40400023F00")), extended(bytes(4))
    (True, False, False)
    """
    if len(raw) < 7 or raw[4]:
        return False
    try:
        Command.parse(raw)
    except Malformed:
        return False
    return True


def shortened(exchange: Exchange) -> Exchange:
    """An exchange that takes commands of any length and says short ones (ISO/IEC 7816-4 §5.3.3 and §5.3.4).

    Short commands, secured ones and what is no command at all go through as they are.

    >>> said = []
    >>> card = shortened(lambda command: said.append(command.hex()) or bytes.fromhex("9000"))
    >>> card(bytes.fromhex("00D60000000101") + bytes(257)).hex()
    '9000'
    >>> [one[:10] for one in said]
    ['10d60000ff', '00d6000002']
    """

    def fitted(raw: bytes) -> bytes:
        if not extended(raw) or raw[0] & SECURED:
            return exchange(raw)
        command = Command.parse(raw)
        whole = len(command.data)
        parts = [command.data[at : at + SHORT_DATA] for at in range(0, whole, SHORT_DATA)] or [b""]
        for part in parts[:-1]:
            answer = exchange(bytes(replace(command, cla=command.cla | CHAINED, data=part, ne=None)))
            if answer[-2:] != b"\x90\x00":
                return answer
        ne = None if command.ne is None else min(command.ne, SHORT_NE)
        return _fetched(exchange, replace(command, data=parts[-1], ne=ne), command.ne or 0)

    return fitted


def _fetched(exchange: Exchange, last: Command, wanted: int) -> bytes:
    """The answer to the last command of a chain, fetched as far as it goes and no further than was wanted."""
    answer = Response.parse(exchange(bytes(last)))
    if answer.sw >> 8 == 0x6C:
        answer = Response.parse(exchange(bytes(replace(last, ne=answer.sw & 0xFF or SHORT_NE))))
    data = answer.data
    for _ in range(PARTS_MAX):
        if answer.sw >> 8 != 0x61 or len(data) >= wanted:
            break
        size = min(answer.sw & 0xFF or SHORT_NE, wanted - len(data))
        answer = Response.parse(exchange(bytes(Command(last.cla & 0x03, 0xC0, ne=size))))
        data += answer.data
    return bytes(Response(data, answer.sw))
