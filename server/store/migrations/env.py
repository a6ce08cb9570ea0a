"""Alembic runs on the connection that the store hands over."""

from alembic import context
from sqlmodel import SQLModel

from server.store import tables
from server.store.office import tables as office_tables

assert tables
assert office_tables

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
