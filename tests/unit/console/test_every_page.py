"""Every page of the route table is looked at: by axe, in narrow windows and on the screenshots."""

from pathlib import Path

from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from cardstack.vault.network import Network
from server.console import register, route_table
from server.console.services import Services
from server.store import open_store
from server.store.office import Office
from tests import consoles
from tests.browsers import NOT_PAGES, every_page


def test_no_page_is_forgotten(tmp_path: Path) -> None:
    """A new page is in the list, or in the table of what is none."""
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    office = Office(store.database.engine)
    consoles.furnish(store, office, tmp_path / "ca")
    app = Flask("every page")
    register(app, Services(office, lambda: consoles.EVENING, store=store))
    adapter = app.url_map.bind("localhost")
    seen = set()
    for pages in every_page(store, office, Network(tmp_path / "ca")).values():
        for path in pages.values():
            try:
                seen.add(adapter.match(path.partition("?")[0], method="GET")[0])
            except (NotFound, MethodNotAllowed, RequestRedirect):
                raise AssertionError(path) from None
    declared = {rule.endpoint for rule in route_table() if rule.method == "GET"}
    assert declared - seen - set(NOT_PAGES) == set()
    assert set(NOT_PAGES) <= declared
    store.close()
