"""The only place that sees the database: tables, migrations, and a store of frozen values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cardstack.settlement.scheme import Scheme
from cardstack.settlement.schemes import SCHEMES

if TYPE_CHECKING:
    from server.store.store import Store


def open_store(url: str, schemes: Mapping[str, Scheme] | None = None) -> "Store":
    """The store at `sqlite:///path` or `postgresql://…`, its tables brought to the present form."""
    from server.store.store import Store  # noqa: PLC0415  # the ORM takes most of a second to import

    store = Store(url, SCHEMES if schemes is None else schemes)
    store.migrate()
    store.settle_by_own_figures()
    return store
