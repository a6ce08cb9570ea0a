"""Who approved a step of a dispute or an increase; the usage from which a prepayment warns."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TWO_PEOPLE = ("dispute_move", "prefund_increase")


def upgrade() -> None:
    """A second person beside the actor, never the same; thresholds, whose rows are only added."""
    for table in TWO_PEOPLE:
        # Written out, because the other way of SQLite copies the table and loses the triggers that guard it.
        op.execute(f"ALTER TABLE {table} ADD COLUMN checker VARCHAR NOT NULL DEFAULT '' CHECK (checker <> actor)")
    op.create_table(
        "prefund_threshold",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("debtor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("creditor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("yellow_percent", sa.Integer(), nullable=False),
        sa.Column("red_percent", sa.Integer(), nullable=False),
        sa.Column("maker", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("checker", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("maker <> checker", name="threshold_two_people"),
        sa.CheckConstraint(
            "yellow_percent >= 1 AND yellow_percent <= red_percent AND red_percent <= 100", name="threshold_order"
        ),
        sa.ForeignKeyConstraint(["creditor"], ["party.name"]),
        sa.ForeignKeyConstraint(["debtor"], ["party.name"]),
        sa.PrimaryKeyConstraint("seq"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER prefund_threshold_no_{verb.lower()} BEFORE {verb} ON prefund_threshold "
                "BEGIN SELECT RAISE(ABORT, 'prefund_threshold: rows are only added'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER prefund_threshold_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON prefund_threshold "
            "FOR EACH STATEMENT EXECUTE FUNCTION only_added()"
        )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("prefund_threshold")
    for table in TWO_PEOPLE:
        op.execute(f"ALTER TABLE {table} DROP COLUMN checker")
