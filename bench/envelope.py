"""Decoding the lines of a batch, typed and checked, beside orjson's untyped decoding of the same bytes, in turn.

    python -m bench.envelope

`decode` is the typed decoding alone; `parse` is all that is done to an envelope before its signature is checked:
decoding, the comparison with its canonical form, and the check of every value.
"""

from statistics import median
from time import process_time
from typing import TYPE_CHECKING

import orjson

from bench.harness import Measure, report
from bench.ledger_http import envelopes
from cardstack.settlement.envelope import parse
from cardstack.settlement.wire import decode_contents
from tests.ledgers import node_trust

if TYPE_CHECKING:
    from collections.abc import Callable

LINES = 1000
ROUNDS = 60


def main() -> None:
    """Print both lines; seconds are this process's own, because a decode of a millisecond feels every neighbour."""
    _, signer, certificate = node_trust()
    (raw,) = envelopes(signer, certificate, 1, LINES)
    array = b"[" + b",".join(parse(raw).lines) + b"]"
    runs: list[Callable[[], object]] = [
        lambda: decode_contents(array),
        lambda: parse(raw),
        lambda: orjson.loads(array),
    ]
    seconds: list[list[float]] = [[], [], []]
    for _ in range(ROUNDS):
        for run, took in zip(runs, seconds, strict=True):
            began = process_time()
            run()
            took.append(process_time() - began)
    typed, whole, untyped = (Measure(LINES, median(took)) for took in seconds)
    report(
        "envelope-decode",
        typed,
        peer=untyped,
        peer_name="orjson.loads of the same lines, untyped",
        bytes_a_line=len(array) // LINES,
    )
    report("envelope-parse", whole, peer=untyped, peer_name="orjson.loads of the same lines, untyped")


if __name__ == "__main__":
    main()
