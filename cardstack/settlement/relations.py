"""Netting and reconciliation as relational expressions, declared once and written in the dialect of whichever engine runs them.

DuckDB runs them embedded over files, PostgreSQL over the ledger's own tables; tests hold both equal to the plain
functions of `netting` and `reconcile`. Spark takes the same text, so that a cluster can take over what one machine no
longer holds.
"""

from enum import StrEnum
from typing import Final

import sqlglot
from sqlglot import expressions as sql


class Engine(StrEnum):
    """An engine that runs the expressions, by its dialect's name."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"
    SPARK = "spark"
    SQLITE = "sqlite"


_OWED = """
SELECT window_id, debtor, creditor, SUM(amount_fen) AS amount_fen
FROM posting WHERE phase = 'posted' GROUP BY window_id, debtor, creditor
"""
_NETTING = """
WITH owed AS ({owed}),
sides AS (
    SELECT window_id, creditor AS party, amount_fen AS receives_fen, 0 AS pays_fen FROM owed
    UNION ALL
    SELECT window_id, debtor AS party, 0 AS receives_fen, amount_fen AS pays_fen FROM owed
)
SELECT window_id, party, CAST(SUM(receives_fen) AS BIGINT) AS receives_fen, CAST(SUM(pays_fen) AS BIGINT) AS pays_fen,
    CAST(SUM(receives_fen) - SUM(pays_fen) AS BIGINT) AS net_fen
FROM sides GROUP BY window_id, party
"""
_TOTALS = """
WITH both_books AS (
    SELECT grp, 1 AS n, amount_fen, 0 AS their_n, 0 AS their_fen FROM ours WHERE NOT reversed
    UNION ALL
    SELECT grp, 0 AS n, 0 AS amount_fen, 1 AS their_n, amount_fen AS their_fen FROM theirs WHERE NOT reversed
)
SELECT grp, CAST(SUM(n) AS BIGINT) AS our_count, CAST(SUM(amount_fen) AS BIGINT) AS our_fen,
    CAST(SUM(their_n) AS BIGINT) AS their_count, CAST(SUM(their_fen) AS BIGINT) AS their_fen
FROM both_books GROUP BY grp
HAVING SUM(n) <> SUM(their_n) OR SUM(amount_fen) <> SUM(their_fen)
"""
_LINES = """
SELECT COALESCE(ours.id, theirs.id) AS id, ours.amount_fen AS our_fen, theirs.amount_fen AS their_fen,
    CASE WHEN ours.id IS NULL THEN 'missing-here' WHEN theirs.id IS NULL THEN 'missing-there'
        WHEN ours.reversed <> theirs.reversed THEN 'state' WHEN ours.amount_fen <> theirs.amount_fen THEN 'amount'
        ELSE 'group' END AS difference
FROM ours FULL OUTER JOIN theirs ON ours.id = theirs.id
WHERE (ours.id IS NULL AND NOT theirs.reversed) OR (theirs.id IS NULL AND NOT ours.reversed)
    OR ours.reversed <> theirs.reversed OR ours.amount_fen <> theirs.amount_fen OR (ours.grp <> theirs.grp AND NOT ours.reversed)
"""
_TWICE = """
WITH many AS (SELECT id FROM theirs GROUP BY id HAVING COUNT(*) > 1),
numbered AS (
    SELECT theirs.id AS id, theirs.amount_fen AS their_fen,
        ROW_NUMBER() OVER (PARTITION BY theirs.id ORDER BY theirs.amount_fen) AS n
    FROM theirs INNER JOIN many ON theirs.id = many.id
)
SELECT id, their_fen FROM numbered WHERE n > 1
"""


def _declared(text: str) -> sql.Expr:
    found: sql.Expr = sqlglot.parse_one(text, read="duckdb")
    return found


NETTING: Final = _declared(_NETTING.format(owed=_OWED))
"""Every party's gross sums and net by window: over `posting(window_id, debtor, creditor, amount_fen, phase)`, in one scan."""
TOTALS: Final = _declared(_TOTALS)
"""The groups whose totals differ, over `ours(grp, id, amount_fen, reversed)` and `theirs` alike: asked first (3201).

What is reversed counts in neither."""
LINES: Final = _declared(_LINES)
"""The lines that differ, also in being reversed on one side only; asked only where totals differ (3202).

It supposes that a book has an id once, see `TWICE`."""
TWICE: Final = _declared(_TWICE)
"""Every further line of theirs under an id that they have already: asked with `LINES`, which sees the same money in both."""


def text(expression: sql.Expr, engine: Engine) -> str:
    """The expression in an engine's dialect.

    >>> text(NETTING, Engine.POSTGRES)[:44]
    'WITH owed AS (SELECT window_id, debtor, cred'
    """
    return expression.sql(dialect=engine.value)
