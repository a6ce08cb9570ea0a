"""Commands as the card understands them: parsed once, checked for class and length, with their handler.

The parse is strict where bytes decide what happens, and lenient where real terminals are careless and the meaning is
plain: a spurious byte after Le (a Sichuan client's driver adds one), and Lc 00 for no data.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from cardstack.apdu.message import Command
from cardstack.errors import Malformed, oversized
from emulator.state import Card

CACHE_MAX: Final = 4096
"""How many parsed commands are kept; a reader asks the same few thousands of times."""
RAW_MAX: Final = 65_544
"""The longest command there is: header, extended lengths and 65,535 bytes."""

Answer: TypeAlias = tuple[Card, bytes]
Handler: TypeAlias = "Callable[[Card, Instruction], Answer]"


class Refusal(Exception):  # named for what is so
    """A status word other than 9000 and the card as it is then; None leaves it as it was."""

    def __init__(self, sw: int, card: Card | None = None) -> None:
        super().__init__(sw)
        self.sw, self.card = sw, card


class Instruction:
    """One command, typed: its class split into channel, security and chaining, its data, what is wanted back.

    `wanted` is Ne; 0 where the command has no Le, 256 or 65,536 where Le is zeros.
    """

    __slots__ = ("chained", "channel", "cla", "data", "handler", "header", "ins", "p1", "p2", "plain", "secured", "wanted")

    def __init__(self, command: Command) -> None:
        self.cla, self.ins, self.p1, self.p2 = command.cla, command.ins, command.p1, command.p2
        self.data, self.wanted = command.data, command.ne or 0
        self.channel, self.secured, self.chained = _class(command.cla)
        self.header = bytes((command.cla, command.ins, command.p1, command.p2))
        known = _handlers.get((_spoken(self.cla), self.ins))
        self.handler = known or _unknown(command)
        if known is None:
            # What the card does not know it refuses as it stands, be it a link of a chain or under secure messaging.
            self.secured = self.chained = False
        self.plain = not (self.secured or self.chained)

    def with_data(self, data: bytes) -> "Instruction":
        """The same command carrying other data (the end of a chain, or what secure messaging unwrapped)."""
        cla = self.cla & 0xE3 if self.cla & 0x80 else self.cla & 0x03
        return Instruction(Command(cla, self.ins, self.p1, self.p2, data, self.wanted or None))

    @property
    def family(self) -> int:
        """The class without channel, security and chaining: 00, 80 or B0."""
        return self.cla & 0xF0 if self.cla & 0x80 else 0


def _class(cla: int) -> tuple[int, bool, bool]:
    """Channel, secure messaging and chaining of a class byte (ISO/IEC 7816-4 §5.4.1).

    >>> _class(0x00), _class(0x84), _class(0x11), _class(0x47)
    ((0, False, False), (0, True, False), (1, False, True), (11, False, False))
    """
    if cla & 0xF0 == 0xB0:
        # The ministry's own class: B0 to cards, BF to a PSAM.
        return 0, False, False
    if cla & 0xC0 == 0x40:
        return 4 + (cla & 0x0F), bool(cla & 0x20), bool(cla & 0x10)
    if cla & 0x80:
        # Proprietary classes of PBOC: 84 is 80 with secure messaging, 90 is 80 chained; B0 stands for itself.
        return cla & 0x03, bool(cla & 0x0C), cla & 0xF0 == 0x90
    return cla & 0x03, bool(cla & 0x0C), bool(cla & 0x10)


def _spoken(cla: int) -> int:
    """The class an instruction is looked up in; a link of a chain (90) is one of the class that it goes on in (80)."""
    return (0x80 if cla & 0xF0 == 0x90 else cla & 0xF0) if cla & 0x80 else 0


_handlers: dict[tuple[int, int], Handler] = {}
_families: dict[int, set[int]] = {}
_parsed: dict[bytes, Instruction] = {}


def handles(ins: int, *families: int) -> Callable[[Handler], Handler]:
    """Declare the handler of an instruction for the classes it is spoken in."""

    def declare(handler: Handler) -> Handler:
        for family in families:
            _handlers[family, ins] = handler
            _families.setdefault(ins, set()).add(family)
        return handler

    return declare


def declared() -> dict[tuple[int, int], Handler]:
    """Every instruction with a handler, by class and instruction byte."""
    return dict(sorted(_handlers.items()))


def _unknown(command: Command) -> Handler:
    """What answers an instruction that has no handler: 6E00 where only the class is wrong, else 6D00."""
    sw = 0x6E00 if command.ins in _families or command.cla == 0xFF else 0x6D00

    def refuse(_card: Card, _instruction: Instruction) -> Answer:
        raise Refusal(sw)

    return refuse


def parse(raw: bytes) -> Instruction:
    """The command in these bytes; `Malformed` (6700 to whoever sent it) where lengths do not fit.

    >>> parse(bytes.fromhex("00b2013400")).wanted, parse(bytes.fromhex("00a4000000")).data
    (256, b'')
    """
    if found := _parsed.get(raw):
        return found
    instruction = Instruction(_command(raw))
    if len(_parsed) >= CACHE_MAX:
        _parsed.clear()
    if len(raw) <= 64:
        _parsed[raw] = instruction
    return instruction


def _command(raw: bytes) -> Command:
    if len(raw) > RAW_MAX:
        raise oversized("command", RAW_MAX, len(raw))
    try:
        return Command.parse(raw)
    except Malformed:
        size = raw[4] if len(raw) > 5 else 0
        if size and len(raw) == size + 7 and raw[-1] == 0:
            return Command.parse(raw[:-1])
        raise
