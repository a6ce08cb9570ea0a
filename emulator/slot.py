"""A card in a slot: what every reader of the emulator holds, and what a script's `Exchange` is in process."""

from collections.abc import Callable

from emulator import handlers
from emulator.card import Card, answer, reset

Listener = Callable[[bytes, bytes], None]


class Slot:
    """A powered card behind an `Exchange`: bytes in, bytes out, the card replaced by the one after.

    >>> from emulator.slot import Slot
    >>> Slot.__call__.__annotations__["raw"]
    <class 'bytes'>
    """

    __slots__ = ("card", "listener")

    def __init__(self, card: Card, listener: Listener | None = None) -> None:
        assert handlers
        self.card = card
        self.listener = listener

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        return self.card.atr

    def reset(self) -> bytes:
        """Power off and on: what was proved and half said is gone; the ATR."""
        self.card = reset(self.card)
        return self.card.atr

    def __call__(self, raw: bytes) -> bytes:
        self.card, said = answer(self.card, raw if type(raw) is bytes else bytes(raw))
        if self.listener is not None:
            self.listener(raw, said)
        return said
