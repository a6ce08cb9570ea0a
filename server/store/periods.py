"""From which block on a ledger was judged by what figures: kept with the texts, so that any entry can be computed again."""

import zlib
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager

from cardstack.settlement.audit import Auditor
from cardstack.settlement.inforce import InForce, judging_by
from server.store.commit import View

TEXT_MAX = 4 << 20


class Periods:
    """The sets of figures of a ledger, by the block from which on each was in force."""

    def __init__(self, view: View) -> None:
        rows = view.all("SELECT block, digest, content FROM figure_set ORDER BY block")
        self._kept = {block: (bytes(digest), str(content)) for block, digest, content in rows}
        self._texts = {digest: _text(bytes(raw)) for digest, raw in view.all("SELECT digest, raw FROM figure_text")}
        self._begun = sorted(self._kept)
        self._sets: dict[int, InForce] = {}

    def begin(self, block: int, auditor: Auditor) -> bytes:
        """What a block seals of figures: their digest where it is the first judged by them; the auditor looks at the set."""
        if block not in self._kept:
            return b""
        digest, content = self._kept[block]
        held = auditor.in_force(block, digest, content, self._texts)
        if held is not None:
            self._sets[block] = held
        return digest

    def of(self, block: int) -> int:
        """The block with which the figures of a block began; what is older than the first set goes by the first."""
        place = bisect_right(self._begun, block)
        return self._begun[max(0, place - 1)] if self._begun else 0

    @contextmanager
    def judging(self, begun: int) -> Iterator[None]:
        """Compute by the figures that began with that block; by today's where they are not kept as they were sealed."""
        held = self._sets.get(begun)
        if held is None:
            yield
        else:
            with judging_by(held, self._texts):
                yield


def _text(raw: bytes) -> str:
    try:
        return zlib.decompressobj().decompress(raw, TEXT_MAX).decode()
    except (zlib.error, UnicodeDecodeError):
        return ""  # its digest does not fit, which the auditor tells
