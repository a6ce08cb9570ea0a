"""On SQLite a sum past 64 bits would become a floating point number; it is refused instead, as PostgreSQL does."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SUMS = {
    "balance": ("pays_fen", "receives_fen", "pays_reserved_fen", "receives_reserved_fen"),
    "owed": ("amount_fen",),
    "total": ("total_fen",),
}


def upgrade() -> None:
    """Guard the sums."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table, columns in SUMS.items():
        broken = " OR ".join(f"typeof(NEW.{column}) <> 'integer'" for column in columns)
        for verb in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER {table}_whole_{verb.lower()} BEFORE {verb} ON {table} WHEN {broken} "
                f"BEGIN SELECT RAISE(ABORT, '{table}: a sum past 64 bits'); END"
            )


def downgrade() -> None:
    """Take it back."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in SUMS:
        for verb in ("insert", "update"):
            op.execute(f"DROP TRIGGER {table}_whole_{verb}")
