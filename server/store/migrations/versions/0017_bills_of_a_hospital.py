"""Ledgers from before claim a bill under its hospital's number alone, and a stay's totals under a year: they say both as today.

Only what was booked before the first kept figures (0014) can be so: what claims and totals are called changed before that.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from server.store.packing import unpacked

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

PIECE = 10_000
MEDICAL = "entry.scheme IN ('medical-outpatient', 'medical-chronic', 'medical-inpatient')"
BEFORE = "entry.block < COALESCE((SELECT MIN(block) FROM figure_set), 9223372036854775807)"
CLAIMS = (
    "SELECT entry.seq, claim.scheme, claim.claim, entry.envelope, entry.line FROM claim JOIN entry ON entry.seq = claim.entry "  # noqa: S608  # own names
    f"WHERE {MEDICAL} AND {BEFORE} AND claim.claim LIKE 'bill.%' AND entry.seq > :after ORDER BY entry.seq LIMIT {PIECE}"
)
STAYS = (
    "SELECT entry.seq, accumulation.account, accumulation.add_fen "  # noqa: S608  # own names
    "FROM accumulation JOIN entry ON entry.seq = accumulation.entry "
    f"WHERE {MEDICAL} AND {BEFORE} AND accumulation.account LIKE '%.stay.%' ORDER BY entry.seq"
)
OF_A_YEAR = re.compile(r"(\d{6}\..+)\.\d{4}(\.stay\..+)").fullmatch
TOTAL = (
    "INSERT INTO total (account, total_fen) VALUES (:named, :fen) "
    "ON CONFLICT (account) DO UPDATE SET total_fen = total.total_fen + excluded.total_fen"
)


def upgrade() -> None:
    """Names alone change, so the guard of what is only added is put aside for that."""
    bind = op.get_bind()
    for scheme, claim, named in list(_claims(bind)):
        bind.execute(
            sa.text("UPDATE claim SET claim = :named WHERE scheme = :scheme AND claim = :claim"),
            {"scheme": scheme, "claim": claim, "named": named},
        )
    stays = [
        (entry, account, found[1] + found[2], fen)
        for entry, account, fen in bind.execute(sa.text(STAYS)).all()
        if (found := OF_A_YEAR(account))
    ]
    if stays:
        _rename(bind, stays)


def _claims(bind: sa.Connection) -> Iterator[tuple[str, str, str]]:
    """Scheme, claim, and what it is called with the hospital, which the kept message says."""
    after, kept, lines = 0, 0, list[Any]()
    while rows := bind.execute(sa.text(CLAIMS), {"after": after}).all():
        for entry, scheme, claim, envelope, line in rows:
            if envelope != kept:
                kept, lines = envelope, _lines(bind, envelope)
            body = lines[line].get("body") if line < len(lines) else None
            told = body.get("claim") if isinstance(body, dict) else None
            if isinstance(body, dict) and isinstance(told, dict) and claim == f"bill.{body.get('bill')}":
                yield scheme, claim, f"bill.{told.get('hospital')}.{body.get('bill')}"
            after = entry


def _lines(bind: sa.Connection, envelope: int) -> list[Any]:
    """The transactions of a kept envelope; none where it cannot be read, which the auditor tells."""
    ((raw,),) = bind.execute(sa.text("SELECT raw FROM envelope WHERE seq = :seq"), {"seq": envelope}).all()
    try:
        lines = json.loads(unpacked(bytes(raw)))["signed"]["transactions"]
    except (ValueError, LookupError, TypeError):
        return []
    return [one if isinstance(one, dict) else {} for one in lines] if isinstance(lines, list) else []


def _rename(bind: sa.Connection, stays: list[tuple[int, str, str, int]]) -> None:
    sqlite = bind.dialect.name == "sqlite"
    verbs = ("UPDATE", "DELETE") if sqlite else ()
    for verb in verbs:
        op.execute(f"DROP TRIGGER accumulation_no_{verb.lower()}")
    if not sqlite:
        op.execute("ALTER TABLE accumulation DISABLE TRIGGER accumulation_only_added")
    for entry, account, named, _ in stays:
        bind.execute(
            sa.text("UPDATE accumulation SET account = :named WHERE entry = :entry AND account = :account"),
            {"entry": entry, "account": account, "named": named},
        )
    sums: dict[tuple[str, str], int] = {}
    for _, account, named, fen in stays:
        sums[account, named] = sums.get((account, named), 0) + fen
    for (account, named), fen in sums.items():
        bind.execute(sa.text("DELETE FROM total WHERE account = :account"), {"account": account})
        bind.execute(sa.text(TOTAL), {"named": named, "fen": fen})
    for verb in verbs:
        op.execute(
            f"CREATE TRIGGER accumulation_no_{verb.lower()} BEFORE {verb} ON accumulation "
            "BEGIN SELECT RAISE(ABORT, 'accumulation: rows are only added'); END"
        )
    if not sqlite:
        op.execute("ALTER TABLE accumulation ENABLE TRIGGER accumulation_only_added")


def downgrade() -> None:
    """Nothing: the form of the tables is the same."""
