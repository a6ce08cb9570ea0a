"""Versions of card lists."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Versions of card lists, each with what it changes; rows are only added."""
    op.create_table(
        "card_list",
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("base", sa.Integer(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.LargeBinary(), nullable=False),
        sa.Column("maker", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("checker", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("maker <> checker", name="card_list_two_people"),
        sa.CheckConstraint("version >= 1 AND (base IS NULL OR base = version - 1)", name="card_list_version"),
        sa.PrimaryKeyConstraint("kind", "version"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER card_list_no_{verb.lower()} BEFORE {verb} ON card_list "
                "BEGIN SELECT RAISE(ABORT, 'card_list: rows are only added'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER card_list_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON card_list "
            "FOR EACH STATEMENT EXECUTE FUNCTION only_added()"
        )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("card_list")
