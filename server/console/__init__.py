"""The operators' console: server-rendered pages over the settlement service, Chinese first.

`register(app, services)` adds everything under `/console/`, the one-time link `/enter/<token>`, and a redirect from `/`.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Request, abort, g, redirect, request, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from cardstack.errors import CardstackError
from server.console import shell, words
from server.console.services import EXTENSION, Services
from server.permissions import PageRule, Pages

if TYPE_CHECKING:
    from server.config import Config
    from server.store.store import Store

HERE = Path(__file__).parent
NOUNS = (
    "overview",
    "transactions",
    "refusals",
    "cases",
    "windows",
    "settlements",
    "reconciliation",
    "adjustments",
    "disputes",
    "approvals",
    "changes",
    "participants",
    "prefunds",
    "nodes",
    "blacklist",
    "figures",
    "trust",
    "cards",
    "emulated",
    "conforming",
    "files",
    "reports",
    "audit",
    "people",
    "system",
    "account",
    "help",
)
"""The modules that bring pages; each has `pages: Pages`."""


def blueprints() -> list[Pages]:
    """Every noun's pages, in order."""
    return [import_module(f"server.console.{noun}").pages for noun in NOUNS]


def route_table() -> list[PageRule]:
    """Every guarded page of the console, from the code itself."""
    return [rule for pages in blueprints() for rule in pages.rules]


def register(app: Flask, services: Services) -> None:
    """Put the console into an app."""
    app.extensions[EXTENSION] = services
    app.session_interface = Sessions()
    if app.secret_key is None:
        app.secret_key = services.office.keys().derived("cookies") if services.office.keys else secrets.token_hex(32)
    app.config.setdefault("SESSION_COOKIE_SAMESITE", "Lax")
    app.config.setdefault("PERMANENT_SESSION_LIFETIME", timedelta(hours=12))
    root = Blueprint("console", __name__, template_folder="templates", static_folder="static", static_url_path="/console/static")
    root.add_url_rule("/", "root", _home)
    root.add_url_rule("/console/<path:address>", "nothing", _nothing)
    app.register_blueprint(root)
    from server.console import signin  # noqa: PLC0415  # it brings webauthn, which other users of this package do not need

    app.register_blueprint(signin.pages)
    for pages in blueprints():
        if pages.guard is None:
            pages.guard = shell.guard
        app.register_blueprint(pages)
    words.teach(app)
    ours = {"console", "signin", *(pages.name for pages in blueprints())}
    _surround(app, ours)


def attach(app: Flask, config: "Config", store: "Store", clock: Callable[[], datetime]) -> None:
    """Put the console into the service's application, over the service's own store and clock."""
    from server.sealing import NOT_OPENED, opened  # noqa: PLC0415  # only a service has a key file
    from server.store.office import Office  # noqa: PLC0415  # pages import this package; the office imports its tables

    office = Office(store.database.engine, opened(config.office_key_file))
    if left := office.people.seal_all():
        app.logger.warning("%s: %d secrets do not open under %s", NOT_OPENED.code, left, config.office_key_file)
    services = Services(
        office=office,
        clock=clock,
        demo=config.demo,
        certificates=bool(config.certificate_header),
        store=store,
        trust_folder=config.trust_folder,
        home=config.home,
        authority_password=password.get_secret_value().encode() if (password := config.ca_password) else None,
        vouch=app.extensions["cardstack"].intake.trust.vouch,
        node=app.extensions["cardstack"].intake.node,
        identity=app.extensions["cardstack"].intake.identity,
        name=config.node,
    )
    register(app, services)


class Sessions(SecureCookieSessionInterface):
    """Sessions in signed cookies; nothing is derived to check one where none came, as from every caller of the interface."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a request."""
        if self.get_cookie_name(app) not in request.environ.get("HTTP_COOKIE", ""):
            return self.session_class()
        return super().open_session(app, request)


def _home() -> ResponseReturnValue:
    return redirect(url_for("overview.show"))


def _nothing(address: str) -> ResponseReturnValue:
    abort(404, description=address)


def _surround(app: Flask, ours: set[str]) -> None:
    """Headers, sign-in and error pages for the console's own addresses alone: the API has its own."""

    def before() -> ResponseReturnValue | None:
        return shell.load_request() if request.endpoint != "console.static" else None

    def http_error(error: HTTPException) -> ResponseReturnValue:
        if error.code in {301, 302, 303, 304, 307, 308} or not hasattr(g, "preferences"):
            return error
        return shell.show_error(error)

    def refusal(error: CardstackError) -> ResponseReturnValue:
        return shell.show_refusal(error)

    for name in ours:
        # Per app, not per blueprint: the blueprints outlive one app, and the API answers errors in its own way.
        app.before_request_funcs.setdefault(name, []).insert(0, before)
        app.after_request_funcs.setdefault(name, []).append(shell.finish)
        app.error_handler_spec[name][None][HTTPException] = http_error
        app.error_handler_spec[name][None][CardstackError] = refusal
