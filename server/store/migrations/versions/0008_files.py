"""Files that came in and went out, with their bytes."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WORDS = sqlmodel.sql.sqltypes.AutoString()


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "office_file",
        *(sa.Column(name, WORDS, nullable=False) for name in ("id", "direction", "kind", "name", "sender", "province")),
        sa.Column("size", sa.BigInteger(), nullable=False),
        *(sa.Column(name, WORDS, nullable=False) for name in ("sha256", "verdict", "state")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("lines_ok", "lines_failed", "total_fen")),
        sa.Column("actor", WORDS, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("faults", sa.Text(), nullable=False),
        sa.Column("answers", WORDS, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("office_file_at", "office_file", ["at_ms", "id"])
    op.create_index("office_file_digest", "office_file", ["sha256"])
    op.create_index("ix_office_file_answers", "office_file", ["answers"])


def downgrade() -> None:
    """Take it back."""
    op.drop_table("office_file")
