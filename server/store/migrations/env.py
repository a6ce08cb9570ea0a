"""Alembic runs on the connection that the store hands over, and looks after the ledger's tables alone."""

from alembic import context
from sqlmodel import SQLModel

from server.store import tables

OURS = {str(one.__table__) for one in vars(tables).values() if hasattr(one, "__table__")}


def ours(_thing: object, name: str | None, kind: str, *_compared: object) -> bool:
    """The console's office keeps its own tables."""
    return kind != "table" or name in OURS


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True, include_object=ours)
with context.begin_transaction():
    context.run_migrations()
