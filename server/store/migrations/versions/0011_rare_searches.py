"""Indexes for what is rarely there and for the office's lists; none of them is written when an ordinary entry is booked."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PARTIAL = {
    "entry_pending": ("entry", ["seq"], "state = 'pending'"),
    "entry_large": ("entry", ["occurred_at", "seq"], "amount_fen >= 1000000"),
    "resolution_undone": ("resolution", ["change", "entry"], "change <> 'post'"),
}
WHOLE = {
    "dispute_deadline": ("dispute", ["deadline"]),
    "instruction_state": ("instruction", ["state", "id"]),
    "office_audit_at": ("office_audit", ["at_ms", "seq"]),
    "office_audit_subject": ("office_audit", ["subject", "seq"]),
    "office_request_created": ("office_request", ["created_ms", "id"]),
    "office_request_maker": ("office_request", ["maker", "created_ms"]),
}


def upgrade() -> None:
    """Make them."""
    for name, (table, columns, where) in PARTIAL.items():
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    for name, (table, columns) in WHOLE.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Take them away."""
    for name, (table, *_) in {**PARTIAL, **WHOLE}.items():
        op.drop_index(name, table_name=table)
