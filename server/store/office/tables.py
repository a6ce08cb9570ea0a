"""The tables of the back office. Moments are whole milliseconds since 1970 UTC; secrets stand only as hashes or keys."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, Column, Engine, Index, Integer, LargeBinary, Text
from sqlmodel import Field, Session, SQLModel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(moment: datetime) -> int:
    """A moment as the tables keep it.

    >>> to_ms(datetime(2026, 1, 1, tzinfo=UTC))
    1767225600000
    """
    return (moment - EPOCH) // timedelta(milliseconds=1)


def from_ms(stored: int) -> datetime:
    """The moment a table keeps.

    >>> from_ms(1767225600000).isoformat()
    '2026-01-01T00:00:00+00:00'
    """
    return EPOCH + timedelta(milliseconds=stored)


LOCK: Final = 0x6F666963
"""The advisory lock under which PostgreSQL's rows of the office are written."""


def writing(engine: Engine) -> Session:
    """A session whose writers take turns, in every process: what is looked for first and then added is added once.

    SQLite's write lock is taken at once, so that it cannot fail half-way; PostgreSQL's advisory lock is not the ledger's.
    """
    session = Session(engine.execution_options(writes=True))
    if engine.dialect.name != "sqlite":
        session.connection().exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    return session


class OperatorRow(SQLModel, table=True):
    """A person who signs in."""

    __tablename__ = "office_operator"
    id: str = Field(primary_key=True)
    name: str
    grants: str
    disabled: bool = False
    created_ms: int = Field(sa_type=BigInteger)


class CredentialRow(SQLModel, table=True):
    """One way for an operator to prove who they are; `handle` finds it, `secret` proves it."""

    __tablename__ = "office_credential"
    id: int | None = Field(default=None, primary_key=True)
    operator_id: str = Field(index=True)
    kind: str
    label: str = ""
    handle: str = Field(default="", index=True)
    secret: str = Field(default="", sa_type=Text)
    counter: int = Field(default=0, sa_type=BigInteger)
    created_ms: int = Field(sa_type=BigInteger)
    used_ms: int = Field(default=0, sa_type=BigInteger)


class SessionRow(SQLModel, table=True):
    """A signed-in browser; the token itself is only in its cookie."""

    __tablename__ = "office_session"
    token_hash: str = Field(primary_key=True)
    operator_id: str = Field(index=True)
    method: str
    address: str
    agent: str
    created_ms: int = Field(sa_type=BigInteger)
    seen_ms: int = Field(sa_type=BigInteger)
    fresh_ms: int = Field(sa_type=BigInteger)


class LinkRow(SQLModel, table=True):
    """A one-time link by which an operator signs in first."""

    __tablename__ = "office_link"
    token_hash: str = Field(primary_key=True)
    operator_id: str
    expires_ms: int = Field(sa_type=BigInteger)
    used_ms: int = Field(default=0, sa_type=BigInteger)


class AttemptRow(SQLModel, table=True):
    """Failed sign-ins by operator or address."""

    __tablename__ = "office_attempt"
    key: str = Field(primary_key=True)
    count: int
    since_ms: int = Field(sa_type=BigInteger)


class SettingRow(SQLModel, table=True):
    """What the installation chose once, such as the key that signs its cookies."""

    __tablename__ = "office_setting"
    key: str = Field(primary_key=True)
    value: str = Field(sa_type=Text)


class AuditRow(SQLModel, table=True):
    """One link of the audit chain."""

    __tablename__ = "office_audit"
    __table_args__ = (
        Index("office_audit_actor", "actor", "seq"),
        Index("office_audit_action", "action", "seq"),
        Index("office_audit_subject", "subject", "seq"),
        Index("office_audit_at", "at_ms", "seq"),
    )
    # SQLite counts by itself only in a column that is exactly INTEGER PRIMARY KEY; the log numbers its rows itself.
    seq: int = Field(sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False))
    at_ms: int = Field(sa_type=BigInteger)
    actor: str
    province: str
    action: str
    subject: str
    detail: str = Field(sa_type=Text)
    previous: str
    digest: str


class RequestRow(SQLModel, table=True):
    """A change that one operator asks for and others decide."""

    __tablename__ = "office_request"
    __table_args__ = (
        Index("office_request_state", "state", "created_ms"),
        Index("office_request_created", "created_ms", "id"),
        Index("office_request_maker", "maker", "created_ms"),
    )
    id: str = Field(primary_key=True)
    kind: str
    province: str
    maker: str
    subject: str = Field(default="", index=True)
    amount_fen: int = Field(default=0, sa_type=BigInteger)
    payload: str = Field(sa_type=Text)
    reason: str
    state: str
    created_ms: int = Field(sa_type=BigInteger)
    expires_ms: int = Field(sa_type=BigInteger)
    outcome: str = Field(default="", sa_type=Text)


class DecisionRow(SQLModel, table=True):
    """What one operator decided about a request."""

    __tablename__ = "office_decision"
    id: int | None = Field(default=None, primary_key=True)
    request_id: str = Field(index=True)
    operator_id: str
    approve: bool
    reason: str
    at_ms: int = Field(sa_type=BigInteger)


class JobRow(SQLModel, table=True):
    """A long piece of work with its progress and result."""

    __tablename__ = "office_job"
    __table_args__ = (Index("office_job_owner", "owner", "created_ms"),)
    id: str = Field(primary_key=True)
    kind: str
    owner: str
    title: str
    state: str
    done: int = Field(default=0, sa_type=BigInteger)
    total: int = Field(default=0, sa_type=BigInteger)
    file_name: str = ""
    media_type: str = ""
    path: str = ""
    error: str = ""
    created_ms: int = Field(sa_type=BigInteger)
    finished_ms: int = Field(default=0, sa_type=BigInteger)
    """When something was last said of it; at the end that it is done."""


class FileRow(SQLModel, table=True):
    """A file that came in or went out, with what was said of it and its bytes."""

    __tablename__ = "office_file"
    __table_args__ = (Index("office_file_at", "at_ms", "id"), Index("office_file_digest", "sha256"))
    id: str = Field(primary_key=True)
    direction: str
    kind: str
    name: str
    sender: str
    province: str
    size: int = Field(sa_type=BigInteger)
    sha256: str
    verdict: str
    state: str
    lines_ok: int = Field(default=0, sa_type=BigInteger)
    lines_failed: int = Field(default=0, sa_type=BigInteger)
    total_fen: int = Field(default=0, sa_type=BigInteger)
    actor: str
    at_ms: int = Field(sa_type=BigInteger)
    said: str = Field(sa_type=Text)
    faults: str = Field(sa_type=Text)
    answers: str = Field(default="", index=True)
    raw: bytes = Field(sa_type=LargeBinary)


TABLES = tuple(
    str(row.__tablename__)
    for row in (
        OperatorRow,
        CredentialRow,
        SessionRow,
        LinkRow,
        AttemptRow,
        SettingRow,
        AuditRow,
        RequestRow,
        DecisionRow,
        JobRow,
        FileRow,
    )
)
"""The names of these tables, in the order of the file."""
