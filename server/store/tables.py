"""The tables. Moments are whole seconds since 1970 (UTC), money is whole fen, both 64 bits wide.

Line-level tables (entry, posting, claim, accumulation) are written and read by sets through the driver; the classes
here declare their shape for migrations and serve reads of single rows. Rows become frozen values before they leave
the store.
"""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import AutoString, Field, SQLModel


def _fen(name: str) -> "Column[int]":
    return Column(name, BigInteger, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> "Column[int]":
    return Column(name, BigInteger, nullable=nullable)


def _checker() -> "Column[str]":
    """Who approved what the actor did, where that takes two: the database refuses one who checks himself."""
    return Column("checker", AutoString(), CheckConstraint("checker <> actor"), nullable=False, server_default="")


def _partial(name: str, *columns: str, where: str) -> Index:
    """An index of the rows that are rarely there: the others pay only for the look whether they belong."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class PartyTable(SQLModel, table=True):
    """Who can owe and be owed."""

    __tablename__ = "party"
    name: str = Field(primary_key=True)
    title_en: str
    title_zh: str
    account: str
    """The bank account that pays and is paid."""
    limit_fen: int | None = Field(default=None, sa_column=Column("limit_fen", BigInteger, CheckConstraint("limit_fen >= 0")))
    """How much it may owe in windows not settled; None is without limit."""
    since: int = Field(sa_column=_moment("since"))


class NodeTable(SQLModel, table=True):
    """Who signs: a hub, a province's node, a hospital or an operator."""

    __tablename__ = "node"
    name: str = Field(primary_key=True)
    role: str
    title_en: str
    title_zh: str
    subject: str = Field(unique=True)
    """The subject of its certificates, RFC 4514."""
    relays: bool = False
    active: bool = True
    since: int = Field(sa_column=_moment("since"))
    institutions: str = ""
    """Under whose message ids it may send, with spaces between; any where it is empty."""


class CertificateTable(SQLModel, table=True):
    """Certificates that vouched for something kept here."""

    __tablename__ = "certificate"
    fingerprint: str = Field(primary_key=True)
    der: bytes = Field(sa_column=Column("der", LargeBinary, nullable=False))


class EnvelopeTable(SQLModel, table=True):
    """What was signed, kept for non-repudiation with the path that vouched for it."""

    __tablename__ = "envelope"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    kind: str
    digest: bytes = Field(sa_column=Column("digest", LargeBinary, nullable=False))
    raw: bytes = Field(sa_column=Column("raw", LargeBinary, nullable=False))
    node: str
    signed_at: int = Field(sa_column=_moment("signed_at"))
    received_at: int = Field(sa_column=_moment("received_at"))
    lines: int
    path: str
    """The fingerprints of the path from the anchor down, JSON."""
    __table_args__ = (Index("envelope_digest", "digest"),)


class BlockTable(SQLModel, table=True):
    """One commit of the ledger, sealed with the one before it."""

    __tablename__ = "block"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    first_entry: int = Field(sa_column=Column("first_entry", BigInteger, nullable=False))
    first_posting: int = Field(sa_column=Column("first_posting", BigInteger, nullable=False))
    entries: int
    postings: int
    previous: bytes = Field(sa_column=Column("previous", LargeBinary, nullable=False, unique=True))
    hash: bytes = Field(sa_column=Column("hash", LargeBinary, nullable=False))
    sealed_at: int = Field(sa_column=_moment("sealed_at"))


class EntryTable(SQLModel, table=True):
    """One accepted transaction."""

    __tablename__ = "entry"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    id: str = Field(sa_column=Column("id", Text, nullable=False, unique=True))
    scheme: str = Field(sa_column=Column("scheme", Text, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    sender: str = Field(sa_column=Column("sender", Text, nullable=False))
    home: str = Field(sa_column=Column("home", Text, nullable=False))
    treating: str = Field(sa_column=Column("treating", Text, nullable=False))
    occurred_at: int = Field(sa_column=_moment("occurred_at"))
    amount_fen: int = Field(sa_column=_fen("amount_fen"))
    digest: bytes = Field(sa_column=Column("digest", LargeBinary, nullable=False))
    state: str = Field(sa_column=Column("state", Text, nullable=False))
    """The state in which it was entered: pending or posted; what came later stands in `resolution`."""
    window_id: str = Field(sa_column=Column("window_id", Text, nullable=False))
    refers: str | None = Field(default=None, sa_column=Column("refers", Text, nullable=True))
    pending_until: int | None = Field(default=None, sa_column=_moment("pending_until", nullable=True))
    envelope: int = Field(sa_column=Column("envelope", BigInteger, nullable=False))
    line: int = Field(sa_column=Column("line", Integer, nullable=False))
    block: int = Field(sa_column=Column("block", BigInteger, nullable=False))
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'posted')", name="entry_state"),
        CheckConstraint("amount_fen >= 0", name="entry_amount"),
        CheckConstraint("(state = 'pending') = (pending_until IS NOT NULL)", name="entry_pending"),
        Index("entry_window", "window_id", "seq"),
        Index("entry_occurred", "occurred_at", "seq"),
        _partial("entry_pending", "seq", where="state = 'pending'"),
        _partial("entry_large", "occurred_at", "seq", where="amount_fen >= 1000000"),
    )


class PostingTable(SQLModel, table=True):
    """Money that one party owes another, is reserved to owe, or no longer is."""

    __tablename__ = "posting"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    entry: int = Field(sa_column=Column("entry", BigInteger, nullable=False))
    window_id: str = Field(sa_column=Column("window_id", Text, nullable=False))
    debtor: str = Field(sa_column=Column("debtor", Text, nullable=False))
    creditor: str = Field(sa_column=Column("creditor", Text, nullable=False))
    amount_fen: int = Field(sa_column=_fen("amount_fen"))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    rule: str = Field(sa_column=Column("rule", Text, nullable=False))
    phase: str = Field(sa_column=Column("phase", Text, nullable=False))
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="posting_amount"),
        CheckConstraint("debtor <> creditor", name="posting_parties"),
        CheckConstraint("phase IN ('posted', 'reserved', 'released')", name="posting_phase"),
        CheckConstraint("(phase = 'posted') = (window_id <> '')", name="posting_window"),
        Index("posting_entry", "entry"),
    )


_LETS_GO = text("change <> 'reverse'")


class ResolutionTable(SQLModel, table=True):
    """That an entry was posted, voided, lapsed or reversed, and by which later one."""

    __tablename__ = "resolution"
    entry: int = Field(sa_column=Column("entry", BigInteger, ForeignKey("entry.seq"), primary_key=True, autoincrement=False))
    change: str = Field(sa_column=Column("change", Text, primary_key=True))
    by_entry: int | None = Field(default=None, sa_column=Column("by_entry", BigInteger, nullable=True))
    block: int = Field(sa_column=Column("block", BigInteger, nullable=False))
    __table_args__ = (
        CheckConstraint("change IN ('post', 'void', 'lapse', 'reverse')", name="resolution_change"),
        # Pending money is let go once, whichever way; the primary key says the same of a reversal.
        Index("resolution_block", "block"),
        _partial("resolution_undone", "change", "entry", where="change <> 'post'"),
        Index("resolution_once", "entry", unique=True, sqlite_where=_LETS_GO, postgresql_where=_LETS_GO),
    )


class BalanceTable(SQLModel, table=True):
    """What a party owes and is owed in a window; the sums of the postings, kept in the same commit."""

    __tablename__ = "balance"
    party: str = Field(foreign_key="party.name", primary_key=True)
    window_id: str = Field(primary_key=True)
    pays_fen: int = Field(sa_column=_fen("pays_fen"))
    receives_fen: int = Field(sa_column=_fen("receives_fen"))
    pays_reserved_fen: int = Field(sa_column=_fen("pays_reserved_fen"))
    receives_reserved_fen: int = Field(sa_column=_fen("receives_reserved_fen"))
    __table_args__ = (
        CheckConstraint("pays_fen >= 0 AND receives_fen >= 0", name="balance_posted"),
        CheckConstraint("pays_reserved_fen >= 0 AND receives_reserved_fen >= 0", name="balance_reserved"),
    )


class ClaimTable(SQLModel, table=True):
    """What may exist only once in a scheme, and the entry that has it; freed when that entry is reversed."""

    __tablename__ = "claim"
    scheme: str = Field(primary_key=True)
    claim: str = Field(primary_key=True)
    entry: int = Field(sa_column=Column("entry", BigInteger, nullable=False, index=True))


class TotalTable(SQLModel, table=True):
    """A running total shared by all provinces, such as a person's deductible of a year."""

    __tablename__ = "total"
    account: str = Field(primary_key=True)
    total_fen: int = Field(sa_column=Column("total_fen", BigInteger, CheckConstraint("total_fen >= 0"), nullable=False))


class AccumulationTable(SQLModel, table=True):
    """What an entry added to a running total."""

    __tablename__ = "accumulation"
    entry: int = Field(sa_column=Column("entry", BigInteger, primary_key=True, autoincrement=False))
    account: str = Field(primary_key=True)
    add_fen: int = Field(sa_column=_fen("add_fen"))


class WindowTable(SQLModel, table=True):
    """A settlement window and the stage it is in."""

    __tablename__ = "settlement_window"
    id: str = Field(primary_key=True)
    cycle: str = Field(index=True)
    stage: str
    opened_at: int = Field(sa_column=_moment("opened_at"))


class WindowMoveTable(SQLModel, table=True):
    """Every move of a window: when, by whom and why."""

    __tablename__ = "window_move"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    window_id: str = Field(foreign_key="settlement_window.id", index=True)
    event: str
    stage: str
    actor: str
    reason: str
    at: int = Field(sa_column=_moment("at"))


class InstructionTable(SQLModel, table=True):
    """A payment that settles a part of a window's nets."""

    __tablename__ = "instruction"
    id: str = Field(primary_key=True)
    window_id: str = Field(foreign_key="settlement_window.id", index=True)
    debtor: str
    creditor: str
    amount_fen: int = Field(sa_column=Column("amount_fen", BigInteger, CheckConstraint("amount_fen > 0"), nullable=False))
    state: str
    paid_fen: int = Field(
        default=0,
        sa_column=Column("paid_fen", BigInteger, CheckConstraint("paid_fen >= 0 AND paid_fen <= amount_fen"), nullable=False),
    )
    prepared_at: int = Field(sa_column=_moment("prepared_at"))
    __table_args__ = (Index("instruction_state", "state", "id"),)


class EventTable(SQLModel, table=True):
    """What happened, in order, for those who follow along by cursor."""

    __tablename__ = "event"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    at: int = Field(sa_column=_moment("at"))
    kind: str
    subject: str
    data: str


class SettingTable(SQLModel, table=True):
    """Small facts of the installation, such as the sandbox clock."""

    __tablename__ = "setting"
    name: str = Field(primary_key=True)
    value: str


class BankLineTable(SQLModel, table=True):
    """A line that a bank booked; each bank reference of an account counts once."""

    __tablename__ = "bank_line"
    account: str = Field(primary_key=True)
    bank_reference: str = Field(primary_key=True)
    reference: str = Field(index=True)
    amount_fen: int = Field(sa_column=_fen("amount_fen"))
    side: str
    booked_on: str
    returned: bool
    reason: str
    taken_at: int = Field(sa_column=_moment("taken_at"))


class AdjustmentTable(SQLModel, table=True):
    """A correction that two people made together: the database refuses one who checks himself."""

    __tablename__ = "adjustment"
    entry: int = Field(sa_column=Column("entry", BigInteger, ForeignKey("entry.seq"), primary_key=True, autoincrement=False))
    maker: str
    checker: str
    reason: str
    dispute: int | None = Field(default=None, sa_column=Column("dispute", BigInteger, nullable=True))
    __table_args__ = (CheckConstraint("maker <> checker", name="adjustment_two_people"),)


class DisputeTable(SQLModel, table=True):
    """A dispute about one posting of an entry."""

    __tablename__ = "dispute"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    posting: int = Field(sa_column=Column("posting", BigInteger, ForeignKey("posting.seq"), nullable=False))
    opened_by: str
    ground: str
    disputed_fen: int = Field(sa_column=Column("disputed_fen", BigInteger, CheckConstraint("disputed_fen > 0"), nullable=False))
    stage: str = Field(index=True)
    since: int = Field(sa_column=_moment("since"))
    deadline: int | None = Field(default=None, sa_column=_moment("deadline", nullable=True))
    against: str = Field(default="", sa_column=Column("against", Text, nullable=False, server_default=""))
    message: str = Field(default="", sa_column=Column("message", Text, nullable=False, server_default=""))
    __table_args__ = (Index("dispute_deadline", "deadline"), Index("dispute_message", "message", "seq"))


class DisputeMoveTable(SQLModel, table=True):
    """Every step of a dispute, with the evidence that came with it."""

    __tablename__ = "dispute_move"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    dispute: int = Field(sa_column=Column("dispute", BigInteger, ForeignKey("dispute.seq"), nullable=False, index=True))
    step: str
    stage: str
    actor: str
    evidence: str
    at: int = Field(sa_column=_moment("at"))
    checker: str = Field(default="", sa_column=_checker())


class PrefundTable(SQLModel, table=True):
    """A change of what one party has paid ahead to another; made by two people."""

    __tablename__ = "prefund"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    debtor: str = Field(foreign_key="party.name", index=True)
    creditor: str = Field(foreign_key="party.name")
    amount_fen: int = Field(sa_column=_fen("amount_fen"))
    kind: str
    reference: str
    maker: str
    checker: str
    at: int = Field(sa_column=_moment("at"))
    __table_args__ = (CheckConstraint("maker <> checker", name="prefund_two_people"),)


class IncreaseTable(SQLModel, table=True):
    """The stages of an emergency increase of a prepayment, each once; the last row is the present one."""

    __tablename__ = "prefund_increase"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    increase: int = Field(sa_column=Column("increase", BigInteger, nullable=False))
    debtor: str = Field(foreign_key="party.name")
    creditor: str = Field(foreign_key="party.name")
    amount_fen: int = Field(sa_column=_fen("amount_fen"))
    stage: str
    actor: str
    reason: str
    at: int = Field(sa_column=_moment("at"))
    checker: str = Field(default="", sa_column=_checker())
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="increase_amount"),
        UniqueConstraint("increase", "stage", name="increase_once"),
    )


class ThresholdTable(SQLModel, table=True):
    """From which usage a prepayment warns; the last row of a pair is in force."""

    __tablename__ = "prefund_threshold"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    debtor: str = Field(foreign_key="party.name")
    creditor: str = Field(foreign_key="party.name")
    yellow_percent: int
    red_percent: int
    maker: str
    checker: str
    at: int = Field(sa_column=_moment("at"))
    __table_args__ = (
        CheckConstraint("maker <> checker", name="threshold_two_people"),
        CheckConstraint("yellow_percent >= 1 AND yellow_percent <= red_percent AND red_percent <= 100", name="threshold_order"),
    )


class FigureTable(SQLModel, table=True):
    """A dated figure that two people added to those of the package; `figures` is its row as JSON."""

    __tablename__ = "figure"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    name: str
    kind: str
    since: str
    figures: str = Field(sa_column=Column("figures", Text, nullable=False))
    maker: str
    checker: str
    at: int = Field(sa_column=_moment("at"))
    __table_args__ = (CheckConstraint("maker <> checker", name="figure_two_people"),)


class FigureTextTable(SQLModel, table=True):
    """A text of figures that a release shipped, compressed (zlib), by its SHA-256."""

    __tablename__ = "figure_text"
    digest: str = Field(primary_key=True)
    raw: bytes = Field(sa_column=Column("raw", LargeBinary, nullable=False))


class FigureSetTable(SQLModel, table=True):
    """From which block on what figures were in force: the digests of their texts and the rows that were added, sealed with it."""

    __tablename__ = "figure_set"
    block: int = Field(sa_column=Column("block", BigInteger, primary_key=True, autoincrement=False))
    digest: bytes = Field(sa_column=Column("digest", LargeBinary, nullable=False))
    content: str = Field(sa_column=Column("content", Text, nullable=False))


class CardListTable(SQLModel, table=True):
    """A version of a black, grey or white list, as the lines it changes; made by two people."""

    __tablename__ = "card_list"
    kind: str = Field(primary_key=True)
    version: int = Field(sa_column=Column("version", Integer, primary_key=True, autoincrement=False))
    base: int | None = None
    since: int = Field(sa_column=_moment("since"))
    changes: bytes = Field(sa_column=Column("changes", LargeBinary, nullable=False))
    maker: str
    checker: str
    __table_args__ = (
        CheckConstraint("maker <> checker", name="card_list_two_people"),
        CheckConstraint("version >= 1 AND (base IS NULL OR base = version - 1)", name="card_list_version"),
    )


class ReceiptTable(SQLModel, table=True):
    """The signed receipt that was given for an envelope."""

    __tablename__ = "receipt"
    envelope: int = Field(sa_column=Column("envelope", BigInteger, primary_key=True, autoincrement=False))
    raw: bytes = Field(sa_column=Column("raw", LargeBinary, nullable=False))


class OutboxTable(SQLModel, table=True):
    """What a node has still to send to its hub, in order."""

    __tablename__ = "outbox"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    raw: bytes = Field(sa_column=Column("raw", LargeBinary, nullable=False))
    state: str = Field(index=True)
    attempts: int
    due_at: int = Field(sa_column=_moment("due_at"))
    answer: str


class OwedTable(SQLModel, table=True):
    """What one party owes another in a window before anything is set off; the sums of the postings, kept in the same commit."""

    __tablename__ = "owed"
    window_id: str = Field(sa_column=Column("window_id", Text, primary_key=True))
    debtor: str = Field(sa_column=Column("debtor", Text, primary_key=True))
    creditor: str = Field(sa_column=Column("creditor", Text, primary_key=True))
    amount_fen: int = Field(sa_column=_fen("amount_fen"))
    __table_args__ = (CheckConstraint("amount_fen > 0", name="owed_amount"),)


class BatchTable(SQLModel, table=True):
    """A batch that was received before it was judged: what was answered at once, lines that wait for judgement left out."""

    __tablename__ = "batch"
    envelope: int = Field(sa_column=Column("envelope", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    lines: int
    relays: bool
    """Whether its signer may speak for others of its province, as of its receipt."""
    answers: bytes = Field(sa_column=Column("answers", LargeBinary, nullable=False))


class BatchResultTable(SQLModel, table=True):
    """What came of a received batch: its answers and the receipt for them."""

    __tablename__ = "batch_result"
    envelope: int = Field(sa_column=Column("envelope", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    posted_at: int = Field(sa_column=_moment("posted_at"))
    answers: bytes = Field(sa_column=Column("answers", LargeBinary, nullable=False))
    receipt: bytes | None = Field(default=None, sa_column=Column("receipt", LargeBinary, nullable=True))


class ReceivedTable(SQLModel, table=True):
    """A line that was received and is not judged yet; its place is its envelope's number times 8,192 and its own."""

    __tablename__ = "received"
    place: int = Field(sa_column=Column("place", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    id: str = Field(sa_column=Column("id", Text, nullable=False))
    __table_args__ = (UniqueConstraint("id", name="received_once"),)


class RefusalTable(SQLModel, table=True):
    """A line that was refused, for those who are asked about it; the oldest make room."""

    __tablename__ = "refusal"
    seq: int = Field(sa_column=Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    id: str = Field(sa_column=Column("id", Text, nullable=False))
    outcome: str = Field(sa_column=Column("outcome", Text, nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
    reason_en: str = Field(sa_column=Column("reason_en", Text, nullable=False))
    reason_zh: str = Field(sa_column=Column("reason_zh", Text, nullable=False))
    node: str = Field(sa_column=Column("node", Text, nullable=False))
    envelope: bytes = Field(sa_column=Column("envelope", LargeBinary, nullable=False))
    line: int = Field(sa_column=Column("line", Integer, nullable=False))
    digest: bytes = Field(sa_column=Column("digest", LargeBinary, nullable=False))
    at: int = Field(sa_column=_moment("at"))
    __table_args__ = (Index("refusal_id", "id"), Index("refusal_at", "at"))
