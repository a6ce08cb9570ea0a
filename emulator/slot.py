"""A card in a slot: what every reader of the emulator holds, and what a script's `Exchange` is in process."""

import logging
from collections.abc import Callable

from emulator import handlers
from emulator.card import answer
from emulator.state import Card, reset

log = logging.getLogger(__name__)
BROKEN = b"\x6f\x00"
"""Internal error of the card (ISO/IEC 7816-4 §5.6)."""
Listener = Callable[[bytes, bytes], None]


class Slot:
    """A powered card behind an `Exchange`: bytes in, bytes out, the card replaced by the one after.

    `listener` hears every command with its answer.
    """

    __slots__ = ("card", "listener")
    has_test_keys = True
    """Every emulated card has published keys; a reader of ours says so of it."""

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
        try:
            self.card, said = answer(self.card, raw if type(raw) is bytes else bytes(raw))
        except Exception:
            # A card never dies of a command: it says so, keeps what it was, and leaves a report without content.
            log.exception("a command of %d bytes broke the %s card", len(raw), self.card.blueprint.profile)
            said = BROKEN
        if self.listener is not None:
            self.listener(raw, said)
        return said
