"""The desk at which a virtual card is handled: which card, which troubles, and a hand that pulls it out.

A line of control is one verb and its words: `insert 0 3.00`, `remove 0`, `swap 0 2.00`, `tear 0`, `mute 0 2`, `add NAME`,
`unplug NAME`, `list`, `quit`. The same lines work typed, piped from a script, or one a file line.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cardstack.card.profile import Profile
from cardstack.card.profiles import PROFILES, profile
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text
from emulator.faults import Fault, Faulty, Trouble
from emulator.line import Card as Held
from emulator.pcsc.service import Service
from emulator.samples import sample, sample_psam
from emulator.slot import Slot
from emulator.store import KeptSlot, save

CONTROL = problem(
    "CS-1413",
    Text("The control line is not understood", "无法识别控制命令"),
    Text(
        "Write insert N [PROFILE], remove N, swap N PROFILE, tear N, mute N [SECONDS], add NAME, unplug NAME, list or quit.",
        "可用命令：insert N [规范]、remove N、swap N 规范、tear N、mute N [秒]、add 名称、unplug 名称、list、quit。",
    ),
)
PSAM = "psam"
MUTE_SECONDS = 2.0
"""How long a mute card is silent before it is lost: no reader but ours would ever stop waiting."""


class Handled:
    """A card that a hand can tear or silence at its next command, with a delay for every answer if asked."""

    def __init__(self, card: Held, delay_s: float = 0.0) -> None:
        self.card, self.delay_s = card, delay_s
        self._torn = threading.Event()
        self._mute_s = 0.0

    @property
    def atr(self) -> bytes:
        """The answer to reset of the card in hand."""
        return self.card.atr

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
        if self.delay_s:
            time.sleep(self.delay_s)
        return self.card(command)


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
        raise Malformed(f"a fault is KIND@COMMAND[:PLACE] with KIND one of {', '.join(troubles)}", field="fault")
    return Fault(int(at), troubles[kind], int(place or 0))


def handled(slot: Slot, faults: Sequence[Fault] = (), delay_s: float = 0.0) -> Handled:
    """A card ready for a reader."""
    return Handled(Faulty(slot, *faults) if faults else slot, delay_s)


@dataclass
class Desk:
    """A PC/SC service with hands: carries out lines of control."""

    service: Service
    make: Callable[[str], Handled]
    """A fresh card of a profile by name."""

    def do(self, line: str) -> str:
        """Carry out one line; what to print. `Refused` or `Malformed` where it cannot be."""
        verb, *words = line.split()
        action = VERBS.get(verb)
        if action is None:
            raise Malformed(repr(verb), CONTROL, verb=verb)
        return action(self, words)

    def run(self, lines: Iterable[str]) -> Iterator[str]:
        """Carry out lines until `quit` or their end; an error is said and the next line goes on."""
        for line in lines:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            if line.split()[0] == "quit":
                return
            try:
                yield self.do(line)
            except (Refused, Malformed) as error:
                yield str(error)

    def insert(self, words: Sequence[str]) -> str:
        """A card of a profile, or the one that was in it before."""
        reader = self.service.readers[self._number(words)]
        reader.insert(self.make(words[1] if len(words) > 1 else "3.00"))
        return f"{reader.name}: inserted"

    def remove(self, words: Sequence[str]) -> str:
        """The card out of its reader."""
        reader = self.service.readers[self._number(words)]
        reader.remove()
        return f"{reader.name}: removed"

    def tear(self, words: Sequence[str]) -> str:
        """Power lost in the next command."""
        self._card(words).tear()
        return "torn at the next command"

    def mute(self, words: Sequence[str]) -> str:
        """Silence at the next command."""
        seconds = words[1] if len(words) > 1 else str(MUTE_SECONDS)
        if not seconds.replace(".", "", 1).isdecimal() or float(seconds) > 600:
            raise Malformed("a number of seconds up to 600", CONTROL)
        self._card(words).mute(float(seconds))
        return f"mute for {seconds} s at the next command"

    def add(self, words: Sequence[str]) -> str:
        """Another reader."""
        return f"{self.service.add(' '.join(words)).name}: added"

    def unplug(self, words: Sequence[str]) -> str:
        """A reader away."""
        name = " ".join(words)
        self.service.remove(name)
        return f"{name}: unplugged"

    def list(self, _words: Sequence[str]) -> str:
        """The readers and what is in them."""
        rows = ((reader.name, reader.card) for reader in self.service.readers)
        return "\n".join(f"{name}: {card.atr.hex().upper() if card else '-'}" for name, card in rows)

    def _number(self, words: Sequence[str]) -> int:
        if not words or not words[0].isdecimal() or int(words[0]) >= len(self.service.readers):
            raise Malformed(f"a reader's number below {len(self.service.readers)}", CONTROL)
        return int(words[0])

    def _card(self, words: Sequence[str]) -> Handled:
        card = self.service.readers[self._number(words)].card
        if not isinstance(card, Handled):
            raise Refused("there is no card in it", CONTROL)
        return card


VERBS: dict[str, Callable[[Desk, Sequence[str]], str]] = {
    "insert": Desk.insert,
    "swap": Desk.insert,
    "remove": Desk.remove,
    "tear": Desk.tear,
    "mute": Desk.mute,
    "add": Desk.add,
    "unplug": Desk.unplug,
    "list": Desk.list,
}
