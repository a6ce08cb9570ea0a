"""The back office's own tables: operators, sessions, requests with their decisions, the audit log and jobs."""

from sqlalchemy import Engine
from sqlmodel import SQLModel

from server.store.office.auditing import AuditLog
from server.store.office.filing import FileStore
from server.store.office.jobbing import JobStore
from server.store.office.people import Keys, People
from server.store.office.requests import RequestStore
from server.store.office.tables import TABLES


class Office:
    """One door to all of them, over the same database as the ledger."""

    def __init__(self, engine: Engine, keys: Keys | None = None) -> None:
        """`keys` gives the key file's present keys; without them nobody enrols or uses TOTP."""
        self.engine = engine
        self.keys = keys
        self.people = People(engine, keys)
        self.audit = AuditLog(engine)
        self.requests = RequestStore(engine)
        self.jobs = JobStore(engine)
        self.files = FileStore(engine)

    def create(self) -> None:
        """Make the tables that are not there yet."""
        tables = SQLModel.metadata.tables
        SQLModel.metadata.create_all(self.engine, tables=[tables[name] for name in TABLES])
