"""The totals of a person's year and of an individual account are the insured province's, not of one of its districts."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Both begin with the six digits of a place and a dot; a province's own code stands for all of it from now on.
RENAMED = """
CREATE TEMPORARY TABLE renamed AS
SELECT entry, account, substr(account, 1, 2) || '0000' || substr(account, 7) AS named, add_fen FROM accumulation
WHERE substr(account, 3, 4) <> '0000' AND substr(account, 7, 1) = '.'
AND entry IN (SELECT seq FROM entry WHERE scheme IN ('medical-outpatient', 'medical-chronic', 'medical-inpatient'))
"""
ADDED = """
INSERT INTO accumulation (entry, account, add_fen)
SELECT entry, named, CAST(SUM(add_fen) AS BIGINT) FROM renamed WHERE true GROUP BY entry, named
ON CONFLICT (entry, account) DO UPDATE SET add_fen = accumulation.add_fen + excluded.add_fen
"""
SUMMED = """
INSERT INTO total (account, total_fen)
SELECT named, CAST(SUM(add_fen) AS BIGINT) FROM renamed WHERE true GROUP BY named
ON CONFLICT (account) DO UPDATE SET total_fen = total.total_fen + excluded.total_fen
"""
STEPS = (
    RENAMED,
    "DELETE FROM accumulation WHERE (entry, account) IN (SELECT entry, account FROM renamed)",
    ADDED,
    "DELETE FROM total WHERE account IN (SELECT account FROM renamed)",
    SUMMED,
    "DROP TABLE renamed",
)


def upgrade() -> None:
    """Names alone change, so the guard of what is only added is put aside for that; equal names are added up."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    verbs = ("UPDATE", "DELETE") if sqlite else ()
    for verb in verbs:
        op.execute(f"DROP TRIGGER accumulation_no_{verb.lower()}")
    if not sqlite:
        op.execute("ALTER TABLE accumulation DISABLE TRIGGER accumulation_only_added")
    for step in STEPS:
        op.execute(step)
    for verb in verbs:
        op.execute(
            f"CREATE TRIGGER accumulation_no_{verb.lower()} BEFORE {verb} ON accumulation "
            "BEGIN SELECT RAISE(ABORT, 'accumulation: rows are only added'); END"
        )
    if not sqlite:
        op.execute("ALTER TABLE accumulation ENABLE TRIGGER accumulation_only_added")


def downgrade() -> None:
    """Nothing: which district a bill said is in its message, and the form of the tables is the same."""
