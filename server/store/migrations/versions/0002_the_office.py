"""The back office, and the order in which the console lists transactions.

The tables stand here as they were made by this version, whatever became of them later.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WORDS, LONG, WIDE, FLAG = sqlmodel.sql.sqltypes.AutoString, sa.Text, sa.BigInteger, sa.Boolean
COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = {
    "office_operator": {"id": WORDS, "name": WORDS, "grants": WORDS, "disabled": FLAG, "created_ms": WIDE},
    "office_credential": {
        "id": sa.Integer,
        "operator_id": WORDS,
        "kind": WORDS,
        "label": WORDS,
        "handle": WORDS,
        "secret": LONG,
        "counter": WIDE,
        "created_ms": WIDE,
        "used_ms": WIDE,
    },
    "office_session": {
        "token_hash": WORDS,
        "operator_id": WORDS,
        "method": WORDS,
        "address": WORDS,
        "agent": WORDS,
        "created_ms": WIDE,
        "seen_ms": WIDE,
        "fresh_ms": WIDE,
    },
    "office_link": {"token_hash": WORDS, "operator_id": WORDS, "expires_ms": WIDE, "used_ms": WIDE},
    "office_attempt": {"key": WORDS, "count": sa.Integer, "since_ms": WIDE},
    "office_setting": {"key": WORDS, "value": LONG},
    "office_audit": {
        "seq": COUNTED,
        "at_ms": WIDE,
        "actor": WORDS,
        "province": WORDS,
        "action": WORDS,
        "subject": WORDS,
        "detail": LONG,
        "previous": WORDS,
        "digest": WORDS,
    },
    "office_request": {
        "id": WORDS,
        "kind": WORDS,
        "province": WORDS,
        "maker": WORDS,
        "subject": WORDS,
        "amount_fen": WIDE,
        "payload": LONG,
        "reason": WORDS,
        "state": WORDS,
        "created_ms": WIDE,
        "expires_ms": WIDE,
        "outcome": LONG,
    },
    "office_decision": {
        "id": sa.Integer,
        "request_id": WORDS,
        "operator_id": WORDS,
        "approve": FLAG,
        "reason": WORDS,
        "at_ms": WIDE,
    },
    "office_job": {
        "id": WORDS,
        "kind": WORDS,
        "owner": WORDS,
        "title": WORDS,
        "state": WORDS,
        "done": WIDE,
        "total": WIDE,
        "file_name": WORDS,
        "media_type": WORDS,
        "path": WORDS,
        "error": WORDS,
        "created_ms": WIDE,
        "finished_ms": WIDE,
    },
}
"""Each table's columns, none of them empty; the first is the primary key."""

INDEXES = {
    "ix_office_credential_handle": ("office_credential", ["handle"]),
    "ix_office_credential_operator_id": ("office_credential", ["operator_id"]),
    "ix_office_session_operator_id": ("office_session", ["operator_id"]),
    "office_audit_action": ("office_audit", ["action", "seq"]),
    "office_audit_actor": ("office_audit", ["actor", "seq"]),
    "ix_office_request_subject": ("office_request", ["subject"]),
    "office_request_state": ("office_request", ["state", "created_ms"]),
    "ix_office_decision_request_id": ("office_decision", ["request_id"]),
    "office_job_owner": ("office_job", ["owner", "created_ms"]),
    "entry_occurred": ("entry", ["occurred_at", "seq"]),
}


def upgrade() -> None:
    """Add them; the audit log is only added to."""
    for name, columns in TABLES.items():
        # The database numbers credentials and decisions; the audit log numbers its rows itself.
        made = [sa.Column(column, kind, nullable=False, autoincrement=kind is sa.Integer) for column, kind in columns.items()]
        op.create_table(name, *made, sa.PrimaryKeyConstraint(made[0].name))
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER office_audit_no_{verb.lower()} BEFORE {verb} ON office_audit "
                "BEGIN SELECT RAISE(ABORT, 'office_audit: rows are only added'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER office_audit_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON office_audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION only_added()"
        )


def downgrade() -> None:
    """Take them away, with everything in them."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER office_audit_no_update")
        op.execute("DROP TRIGGER office_audit_no_delete")
    else:
        op.execute("DROP TRIGGER office_audit_only_added ON office_audit")
    op.drop_index("entry_occurred", table_name="entry")
    for name in reversed(TABLES):
        op.drop_table(name)
