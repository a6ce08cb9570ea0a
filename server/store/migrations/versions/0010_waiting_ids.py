"""A waiting line is known by its id alone: its digest follows from the kept envelope."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the queue narrower; what waits in it stays."""
    _make(sa.Column("id", sa.Text(), nullable=False))


def downgrade() -> None:
    """Take it back; the digests are not filled in again."""
    _make(sa.Column("id", sa.Text(), nullable=False), sa.Column("digest", sa.Text(), nullable=False, server_default=""))


def _make(*columns: "sa.Column[str]") -> None:
    op.rename_table("received", "received_before")
    op.create_table(
        "received",
        sa.Column("place", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("place", name="received_place"),
        sa.UniqueConstraint("id", name="received_once"),
    )
    op.execute("INSERT INTO received (place, id) SELECT place, id FROM received_before")
    op.drop_table("received_before")
