"""Bank lines, adjustments, disputes, prepayments, receipts, outbox."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ONLY_ADDED = ("bank_line", "adjustment", "dispute_move", "prefund", "receipt")


def guard() -> None:
    """Rows of these tables are only added."""
    for table in ONLY_ADDED:
        if op.get_bind().dialect.name == "sqlite":
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table}: rows are only added'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION only_added()"
            )


def upgrade() -> None:
    """Bank lines, adjustments, disputes, prepayments, receipts, outbox."""
    op.create_table(
        "bank_line",
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("bank_reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("side", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("booked_on", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("returned", sa.Boolean(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "bank_reference"),
    )
    with op.batch_alter_table("bank_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bank_line_reference"), ["reference"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_state"), ["state"], unique=False)

    op.create_table(
        "receipt",
        sa.Column("envelope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("envelope"),
    )
    op.create_table(
        "adjustment",
        sa.Column("entry", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("maker", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("checker", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("dispute", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("maker <> checker", name="adjustment_two_people"),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["entry.seq"],
        ),
        sa.PrimaryKeyConstraint("entry"),
    )
    op.create_table(
        "dispute",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("posting", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ground", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("disputed_fen", sa.BigInteger(), nullable=False),
        sa.Column("stage", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["posting"],
            ["posting.seq"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispute_stage"), ["stage"], unique=False)

    op.create_table(
        "prefund",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("debtor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("creditor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("maker", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("checker", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("maker <> checker", name="prefund_two_people"),
        sa.ForeignKeyConstraint(
            ["creditor"],
            ["party.name"],
        ),
        sa.ForeignKeyConstraint(
            ["debtor"],
            ["party.name"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("prefund", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prefund_debtor"), ["debtor"], unique=False)

    op.create_table(
        "dispute_move",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dispute", sa.BigInteger(), nullable=False),
        sa.Column("step", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("stage", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispute"],
            ["dispute.seq"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("dispute_move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispute_move_dispute"), ["dispute"], unique=False)

    op.create_index("resolution_block", "resolution", ["block"])
    guard()


def downgrade() -> None:
    """Take it back."""
    op.drop_index("resolution_block")
    with op.batch_alter_table("dispute_move", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispute_move_dispute"))

    op.drop_table("dispute_move")
    with op.batch_alter_table("prefund", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prefund_debtor"))

    op.drop_table("prefund")
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispute_stage"))

    op.drop_table("dispute")
    op.drop_table("adjustment")
    op.drop_table("receipt")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_state"))

    op.drop_table("outbox")
    with op.batch_alter_table("bank_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bank_line_reference"))

    op.drop_table("bank_line")
