"""The ledger."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LETS_GO = sa.text("change <> 'reverse'")
ONLY_ADDED = ("entry", "posting", "resolution", "block", "envelope", "certificate", "accumulation", "event", "window_move")


def guard() -> None:
    """What is booked stays: rows of these tables are only added, and a window that is not open takes no more postings."""
    if op.get_bind().dialect.name == "sqlite":
        for table in ONLY_ADDED:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table}: rows are only added'); END"
                )
        for verb in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER balance_open_{verb.lower()} BEFORE {verb} ON balance "  # noqa: S608  # own names
                "WHEN NEW.window_id <> '' AND NOT EXISTS "
                "(SELECT 1 FROM settlement_window WHERE id = NEW.window_id AND stage = 'open') "
                "BEGIN SELECT RAISE(ABORT, 'balance: the window is not open'); END"
            )
        op.execute(
            "CREATE TRIGGER balance_no_delete BEFORE DELETE ON balance BEGIN SELECT RAISE(ABORT, 'balance: rows stay'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION only_added() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '%: rows are only added', TG_TABLE_NAME; END $$"
    )
    for table in (*ONLY_ADDED, "balance"):
        verbs = "DELETE OR TRUNCATE" if table == "balance" else "UPDATE OR DELETE OR TRUNCATE"
        op.execute(
            f"CREATE TRIGGER {table}_only_added BEFORE {verbs} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION only_added()"
        )
    op.execute(
        "CREATE FUNCTION window_is_open() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.window_id <> '' AND NOT EXISTS (SELECT 1 FROM settlement_window WHERE id = NEW.window_id AND stage = 'open') "
        "THEN RAISE EXCEPTION 'balance: the window is not open'; END IF; RETURN NEW; END $$"
    )
    op.execute("CREATE TRIGGER balance_open BEFORE INSERT OR UPDATE ON balance FOR EACH ROW EXECUTE FUNCTION window_is_open()")


def unguard() -> None:
    """Drop the functions behind the guards."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION only_added() CASCADE")
        op.execute("DROP FUNCTION window_is_open() CASCADE")


def upgrade() -> None:
    """Make the tables and their guards."""
    op.create_table(
        "accumulation",
        sa.Column("entry", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("add_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entry", "account"),
    )
    op.create_table(
        "block",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_entry", sa.BigInteger(), nullable=False),
        sa.Column("first_posting", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("postings", sa.Integer(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("previous"),
    )
    op.create_table(
        "certificate",
        sa.Column("fingerprint", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_table(
        "claim",
        sa.Column("scheme", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("claim", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scheme", "claim"),
    )
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_claim_entry"), ["entry"], unique=False)

    op.create_table(
        "entry",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("treating", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("window_id", sa.Text(), nullable=False),
        sa.Column("refers", sa.Text(), nullable=True),
        sa.Column("pending_until", sa.BigInteger(), nullable=True),
        sa.Column("envelope", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(state = 'pending') = (pending_until IS NOT NULL)", name="entry_pending"),
        sa.CheckConstraint("state IN ('pending', 'posted')", name="entry_state"),
        sa.CheckConstraint("amount_fen >= 0", name="entry_amount"),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    with op.batch_alter_table("entry", schema=None) as batch_op:
        batch_op.create_index("entry_window", ["window_id", "seq"], unique=False)

    op.create_table(
        "envelope",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("node", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("path", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("envelope", schema=None) as batch_op:
        batch_op.create_index("envelope_digest", ["digest"], unique=False)

    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("data", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "node",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title_en", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title_zh", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("relays", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("subject"),
    )
    op.create_table(
        "party",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title_en", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title_zh", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("limit_fen", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "posting",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("window_id", sa.Text(), nullable=False),
        sa.Column("debtor", sa.Text(), nullable=False),
        sa.Column("creditor", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.CheckConstraint("(phase = 'posted') = (window_id <> '')", name="posting_window"),
        sa.CheckConstraint("phase IN ('posted', 'reserved', 'released')", name="posting_phase"),
        sa.CheckConstraint("amount_fen > 0", name="posting_amount"),
        sa.CheckConstraint("debtor <> creditor", name="posting_parties"),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index("posting_entry", ["entry"], unique=False)

    op.create_table(
        "setting",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "settlement_window",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("cycle", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("stage", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("settlement_window", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_settlement_window_cycle"), ["cycle"], unique=False)

    op.create_table(
        "total",
        sa.Column("account", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "balance",
        sa.Column("party", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("window_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("pays_fen", sa.BigInteger(), nullable=False),
        sa.Column("receives_fen", sa.BigInteger(), nullable=False),
        sa.Column("pays_reserved_fen", sa.BigInteger(), nullable=False),
        sa.Column("receives_reserved_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("pays_fen >= 0 AND receives_fen >= 0", name="balance_posted"),
        sa.CheckConstraint("pays_reserved_fen >= 0 AND receives_reserved_fen >= 0", name="balance_reserved"),
        sa.ForeignKeyConstraint(["party"], ["party.name"]),
        sa.PrimaryKeyConstraint("party", "window_id"),
    )
    op.create_table(
        "instruction",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("window_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("debtor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("creditor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("prepared_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["window_id"], ["settlement_window.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("instruction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_instruction_window_id"), ["window_id"], unique=False)

    op.create_table(
        "resolution",
        sa.Column("entry", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("by_entry", sa.BigInteger(), nullable=True),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("change IN ('post', 'void', 'lapse', 'reverse')", name="resolution_change"),
        sa.ForeignKeyConstraint(["entry"], ["entry.seq"]),
        sa.PrimaryKeyConstraint("entry", "change"),
    )
    with op.batch_alter_table("resolution", schema=None) as batch_op:
        batch_op.create_index(
            "resolution_once",
            ["entry"],
            unique=True,
            sqlite_where=sa.text("change <> 'reverse'"),
            postgresql_where=sa.text("change <> 'reverse'"),
        )

    op.create_table(
        "window_move",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("window_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("event", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("stage", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["window_id"], ["settlement_window.id"]),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("window_move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_window_move_window_id"), ["window_id"], unique=False)

    guard()


def downgrade() -> None:
    """Drop them."""
    unguard()
    with op.batch_alter_table("window_move", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_window_move_window_id"))

    op.drop_table("window_move")
    with op.batch_alter_table("resolution", schema=None) as batch_op:
        batch_op.drop_index("resolution_once", sqlite_where=LETS_GO, postgresql_where=LETS_GO)

    op.drop_table("resolution")
    with op.batch_alter_table("instruction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_instruction_window_id"))

    op.drop_table("instruction")
    op.drop_table("balance")
    op.drop_table("total")
    with op.batch_alter_table("settlement_window", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_settlement_window_cycle"))

    op.drop_table("settlement_window")
    op.drop_table("setting")
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.drop_index("posting_entry")

    op.drop_table("posting")
    op.drop_table("party")
    op.drop_table("node")
    op.drop_table("event")
    with op.batch_alter_table("envelope", schema=None) as batch_op:
        batch_op.drop_index("envelope_digest")

    op.drop_table("envelope")
    with op.batch_alter_table("entry", schema=None) as batch_op:
        batch_op.drop_index("entry_window")

    op.drop_table("entry")
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_claim_entry"))

    op.drop_table("claim")
    op.drop_table("certificate")
    op.drop_table("block")
    op.drop_table("accumulation")
