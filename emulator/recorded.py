"""A recording as a card: it says again what was recorded, whatever the host's random numbers are this time."""

from collections.abc import Iterable

from cardstack.apdu.difference import meaningful
from cardstack.apdu.trace import Exchanged

UNKNOWN = b"\x6f\x00"
"""What it says to a command that was never recorded."""


class Recorded:
    """Answers in recorded order; a command that is out of order gets the answer it got, a new one 6F00."""

    def __init__(self, records: Iterable[Exchanged]) -> None:
        held: list[Exchanged] = list(records)
        resets = [one for one in held if not one.command and "*" not in one.answer]
        self.atr = bytes.fromhex(resets[0].answer) if resets else bytes.fromhex("3B00")
        self._said: list[tuple[str, bytes]] = [
            (meaningful(one)[0], bytes.fromhex(one.answer)) for one in held if one.command and not one.masked
        ]
        self._next = 0

    def reset(self) -> None:
        """From the beginning again."""
        self._next = 0

    def __call__(self, command: bytes) -> bytes:
        asked = meaningful(Exchanged("", "", 0, command.hex().upper(), "9000"))[0]
        order = [*range(self._next, len(self._said)), *range(self._next)]
        found = next((at for at in order if self._said[at][0] == asked), None)
        if found is None:
            return UNKNOWN
        self._next = found + 1
        said: bytes = self._said[found][1]
        return said
