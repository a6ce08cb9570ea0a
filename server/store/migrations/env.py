"""Alembic runs on the connection that the store hands over.

Bringing a ledger up to date needs no declared tables; only a comparison with them imports them, which takes a while.
"""

from alembic import context

attributes = context.config.attributes
metadata = None
if not attributes.get("upgrade"):
    from sqlmodel import SQLModel

    from server.store import tables
    from server.store.office import tables as office_tables

    assert tables
    assert office_tables
    metadata = SQLModel.metadata

context.configure(connection=attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
