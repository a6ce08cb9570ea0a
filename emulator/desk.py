"""Cards as they are offered to others: which card, which troubles, how slow, and a hand that tears or silences it."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from cardstack.apdu.pace import Model
from cardstack.card.profile import Profile
from cardstack.card.profiles import PROFILES, profile
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed
from cardstack.text import Text
from emulator.faults import Fault, Faulty, Trouble
from emulator.line import Card as Held
from emulator.samples import sample, sample_psam
from emulator.slot import Slot
from emulator.store import KeptSlot, save

PSAM = "psam"
MUTE_SECONDS = 2.0
"""How long a mute card is silent before it is lost: no reader but ours would ever stop waiting."""
GOLDEN = 0.6180339887498949


class Handled:
    """A card that a hand can tear or silence at its next command, and that may take its time for every answer.

    `delay_s` is the same for all, `pace` is what a real card of some kind was measured to take.
    """

    def __init__(self, card: Held, delay_s: float = 0.0, pace: Model | None = None) -> None:
        self.card, self.delay_s, self.pace = card, delay_s, pace
        self._asked = 0
        self._torn = threading.Event()
        self._mute_s = 0.0

    @property
    def atr(self) -> bytes:
        """The answer to reset of the card in hand."""
        return self.card.atr

    @property
    def has_test_keys(self) -> bool:
        """Whether the card in hand is an emulated one, whose keys are published."""
        return bool(getattr(self.card, "has_test_keys", False))

    def reset(self) -> None:
        """A reset of the card in hand."""
        self.card.reset()

    def tear(self) -> None:
        """Pull it out in the middle of the next command."""
        self._torn.set()

    def mute(self, seconds: float = MUTE_SECONDS) -> None:
        """Say nothing to the next command, and be lost after so many seconds."""
        self._mute_s = seconds

    def __call__(self, command: bytes) -> bytes:
        if self._mute_s:
            seconds, self._mute_s = self._mute_s, 0.0
            time.sleep(seconds)
            return b""
        if self._torn.is_set():
            self._torn.clear()
            self.card(command)
            self.card.reset()
            return b""
        if self.pace is None and not self.delay_s:
            return self.card(command)
        began = time.monotonic()
        answer = self.card(command)
        time.sleep(max(self._due_s(command, answer) - (time.monotonic() - began), 0.0))
        return answer

    def _due_s(self, command: bytes, answer: bytes) -> float:
        """How long this answer takes in all; multiples of the golden section spread the model's times evenly."""
        self._asked += 1
        modelled = self.pace.delay_s(command, answer, self._asked * GOLDEN % 1) if self.pace else 0.0
        return self.delay_s + modelled


def slot(name: str, *, image: Path | None = None, seed: bytes = b"cardstack", serves: str = "") -> Slot:
    """A sample card of a profile, or a PSAM; with an image, the card that lives in that file.

    A PSAM keeps one key at a place, so it serves cards of one algorithm: those of the profile `serves`, else of all
    profiles with 3DES. An image that is not there yet is made from the sample.
    """
    if image is not None and image.exists():
        return KeptSlot(image)
    card = sample_psam(_served(serves)) if name == PSAM else sample(profile(name), seed=seed)
    if image is None:
        return Slot(card)
    save(card, image)
    return KeptSlot(image)


def _served(serves: str) -> list[Profile]:
    if serves and serves != PSAM:
        return [profile(serves)]
    return [one for one in PROFILES.values() if one.algorithm is Block.TRIPLE_DES]


def fault(text: str) -> Fault:
    """`torn@3:17`: which trouble, at which command from 0, and where in its bytes.

    >>> fault("mute@2").trouble.name, fault("torn@3:17").place
    ('MUTE', 17)
    """
    kind, _, where = text.partition("@")
    at, _, place = where.partition(":")
    troubles = {one.name.lower(): one for one in Trouble}
    if kind not in troubles or not at.isdecimal() or (place and not place.isdecimal()):
        raise Malformed(
            Text(
                f"a fault is KIND@COMMAND[:PLACE] with KIND one of {', '.join(troubles)}",
                f"故障应写作 KIND@COMMAND[:PLACE]，KIND 可选 {'、'.join(troubles)}",
            ),
            field="fault",
        )
    return Fault(int(at), troubles[kind], int(place or 0))


def handled(slot: Slot, faults: Sequence[Fault] = (), delay_s: float = 0.0, pace: Model | None = None) -> Handled:
    """A card ready for a reader."""
    return Handled(Faulty(slot, *faults) if faults else slot, delay_s, pace)
