"""Netting and reconciliation of ten million lines by the declared expressions, beside the plainest query DuckDB can run.

    python -m bench.netting [lines]

The peer of netting sums by debtor and creditor alone, that of reconciliation only counts the lines that differ; the
same engine, threads and files, in turn. Data is made up.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.harness import Measure, report
from cardstack.settlement.relations import LINES, NETTING
from server.engines import Duck

ROUNDS = 3


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as name:
        folder, duck = Path(name), Duck(memory="6GB")
        _make(duck, folder, count)
        duck.table("posting", folder / "posting.parquet")
        peer = "SELECT window_id, debtor, creditor, SUM(amount_fen) FROM posting GROUP BY ALL"
        _compare("netting", count, lambda: duck.run(NETTING), lambda: duck.connection.execute(peer).fetchall())
        duck.table("ours", folder / "ours.parquet")
        duck.table("theirs", folder / "theirs.parquet")
        peer_lines = (
            "SELECT COUNT(*) FROM ours FULL OUTER JOIN theirs USING (id) WHERE ours.amount_fen IS DISTINCT FROM theirs.amount_fen"
        )
        _compare("reconciliation", count, lambda: duck.run(LINES), lambda: duck.connection.execute(peer_lines).fetchall())
        duck.close()


def _make(duck: Duck, folder: Path, count: int) -> None:
    """Six schemes, 28 days, 31 provinces; one line in a thousand differs, is missing on one side or reversed on one."""
    party = "printf('%02d.fund', {} % 31 + 11)"
    duck.write(
        f"SELECT printf('scheme%d-2026-11-%02d', i % 6, i % 28 + 1) AS window_id, {party.format('hash(i)')} AS debtor, "
        f"{party.format('hash(i + 1)')} AS creditor, (hash(i) % 100000 + 1)::BIGINT AS amount_fen, 'posted' AS phase "
        f"FROM range({count}) AS r(i)",
        folder / "posting.parquet",
    )
    line = "printf('%s%018d', 'H33010600001', i) AS id, printf('day%02d', i % 28) AS grp"
    duck.write(
        f"SELECT {line}, (hash(i) % 100000)::BIGINT AS amount_fen, i % 1000 = 4 AS reversed "
        f"FROM range({count}) AS r(i) WHERE i % 1000 <> 1",
        folder / "ours.parquet",
    )
    duck.write(
        f"SELECT {line}, (hash(i) % 100000 + (i % 1000 = 2)::INT)::BIGINT AS amount_fen, false AS reversed "
        f"FROM range({count}) AS r(i) WHERE i % 1000 <> 3",
        folder / "theirs.parquet",
    )


def _compare(what: str, count: int, ours: Callable[[], object], peer: Callable[[], object]) -> None:
    mine: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS + 1):
        for run, seconds in ((ours, mine), (peer, theirs)):
            began = perf_counter()
            run()
            seconds.append(perf_counter() - began)
    first, second = Measure(count, median(mine[1:])), Measure(count, median(theirs[1:]))
    report(what, first, peer=second, peer_name="DuckDB, plainest query")


if __name__ == "__main__":
    main()
