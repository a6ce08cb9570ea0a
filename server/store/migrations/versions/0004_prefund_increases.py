"""Emergency increases of prepayments."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Emergency increases of prepayments; rows are only added."""
    op.create_table(
        "prefund_increase",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("increase", sa.BigInteger(), nullable=False),
        sa.Column("debtor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("creditor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("stage", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name="increase_amount"),
        sa.ForeignKeyConstraint(["creditor"], ["party.name"]),
        sa.ForeignKeyConstraint(["debtor"], ["party.name"]),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("increase", "stage", name="increase_once"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER prefund_increase_no_{verb.lower()} BEFORE {verb} ON prefund_increase "
                "BEGIN SELECT RAISE(ABORT, 'prefund_increase: rows are only added'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER prefund_increase_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON prefund_increase "
            "FOR EACH STATEMENT EXECUTE FUNCTION only_added()"
        )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("prefund_increase")
