"""What every benchmark shares: time a thing, time its peer in the same minute, print one JSON line.

    from bench.harness import measure, report

    report("read-record", measure(ours, n=100_000), peer=measure(theirs, n=1_000), peer_name="vicc")

Figures of a shared machine are ratios: a peer is measured in the same run, in turn with ours.
"""

import json
import resource
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Measure(NamedTuple):
    """`n` operations in `seconds`, the median of several rounds."""

    n: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.n / self.seconds


def measure(run: Callable[[int], object], n: int, rounds: int = 5, clock: Callable[[], float] = time.perf_counter) -> Measure:
    """Call `run(n)`, which does n operations, once to warm up and `rounds` times for the median.

    With `time.process_time` for a clock the seconds are this process's own, whatever else the machine does.
    """
    run(max(1, n // 10))
    return Measure(n, statistics.median(_seconds(run, n, clock) for _ in range(rounds)))


def _seconds(run: Callable[[int], object], n: int, clock: Callable[[], float]) -> float:
    began = clock()
    run(n)
    return clock() - began


def report(what: str, ours: Measure, peer: Measure | None = None, peer_name: str = "", **more: object) -> None:
    """Print the line: ours, the peer's, and the ratio of their rates (above 1, ours is quicker)."""
    line: dict[str, object] = {
        "what": what,
        "n": ours.n,
        "seconds": round(ours.seconds, 6),
        "per_second": round(ours.per_second, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    if peer:
        line |= {"peer": peer_name, "peer_per_second": round(peer.per_second, 1)}
        line["ratio"] = round(ours.per_second / peer.per_second, 3)
    print(json.dumps(line | more, ensure_ascii=False), flush=True)
