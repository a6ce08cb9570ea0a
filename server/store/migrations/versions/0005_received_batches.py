"""Batches received before they are posted, refused lines, and what each owes each in a window."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ONLY_ADDED = ("batch", "batch_result")


def guard() -> None:
    """That a batch was received, and what came of it, stays; what is owed changes only while its window is open."""
    if op.get_bind().dialect.name == "sqlite":
        for table in ONLY_ADDED:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table}: rows are only added'); END"
                )
        op.execute("CREATE TRIGGER owed_no_delete BEFORE DELETE ON owed BEGIN SELECT RAISE(ABORT, 'owed: rows stay'); END")
        return
    for table in (*ONLY_ADDED, "owed"):
        verbs = "DELETE OR TRUNCATE" if table == "owed" else "UPDATE OR DELETE OR TRUNCATE"
        op.execute(
            f"CREATE TRIGGER {table}_only_added BEFORE {verbs} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION only_added()"
        )


def upgrade() -> None:
    """Make the tables; what is owed is summed once from the postings that are there."""
    op.create_table(
        "owed",
        sa.Column("window_id", sa.Text(), nullable=False),
        sa.Column("debtor", sa.Text(), nullable=False),
        sa.Column("creditor", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name="owed_amount"),
        sa.PrimaryKeyConstraint("window_id", "debtor", "creditor"),
    )
    op.execute(
        "INSERT INTO owed (window_id, debtor, creditor, amount_fen) "
        "SELECT window_id, debtor, creditor, SUM(amount_fen) FROM posting WHERE phase = 'posted' "
        "GROUP BY window_id, debtor, creditor"
    )
    op.create_table(
        "batch",
        sa.Column("envelope", SEQ, nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("relays", sa.Boolean(), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("envelope"),
    )
    op.create_table(
        "batch_result",
        sa.Column("envelope", SEQ, nullable=False),
        sa.Column("posted_at", sa.BigInteger(), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("envelope"),
    )
    op.create_table(
        "received",
        sa.Column("place", SEQ, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("place"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "refusal",
        sa.Column("seq", SEQ, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("reason_zh", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("refusal_id", "refusal", ["id"])
    op.create_index("refusal_at", "refusal", ["at"])
    guard()


def downgrade() -> None:
    """Take it back."""
    for table in ("refusal", "received", "batch_result", "batch", "owed"):
        op.drop_table(table)
