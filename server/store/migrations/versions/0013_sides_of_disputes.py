"""A dispute names the transaction it is about and the side it is against, so that a list of disputes reads nothing else."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SIDES = (
    "UPDATE dispute SET "
    "message = (SELECT id FROM posting JOIN entry ON entry.seq = posting.entry WHERE posting.seq = dispute.posting), "
    "against = (SELECT CASE debtor WHEN opened_by THEN creditor ELSE debtor END FROM posting WHERE seq = dispute.posting)"
)


def upgrade() -> None:
    """Write them beside each dispute that there is."""
    for name in ("against", "message"):
        op.add_column("dispute", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.execute(SIDES)
    op.create_index("dispute_message", "dispute", ["message", "seq"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("dispute_message", table_name="dispute")
    for name in ("message", "against"):
        op.drop_column("dispute", name)
