"""The back office, and the order in which the console lists transactions."""

from alembic import op
from sqlmodel import SQLModel

from server.store.office.tables import TABLES

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; the audit log is only added to."""
    tables = [SQLModel.metadata.tables[name] for name in TABLES]
    SQLModel.metadata.create_all(op.get_bind(), tables=tables)
    op.create_index("entry_occurred", "entry", ["occurred_at", "seq"])
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
