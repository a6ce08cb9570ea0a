"""Who may call a route, and what a route works with."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import ParamSpec

from flask import Response, abort, current_app, g, request

from cardstack.settlement.node import Node
from server.clock import Clock
from server.config import Config
from server.intake import Intake
from server.signatures import Request, verify
from server.store.store import Store
from server.terminator import CERTIFICATE, WHOLE

Arguments = ParamSpec("Arguments")


class Caller(StrEnum):
    """Who may call."""

    ANYONE = "anyone"
    SIGNER = "signer"
    """Whoever sends an envelope that a registered node signed; the envelope is the proof."""
    NODE = "node"
    """A registered node; on a service that asks for it, proved by an RFC 9421 signature or by mutual TLS."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the application passes to its routes."""

    config: Config
    store: Store
    intake: Intake
    clock: Clock


def services() -> Services:
    """The services of the application that is answering."""
    found: Services = current_app.extensions["cardstack"]
    return found


ROUTES: dict[str, Caller] = {}
"""Every route by its function's name, with who may call it."""


def calls(needs: Caller) -> Callable[[Callable[Arguments, Response]], Callable[Arguments, Response]]:
    """Say who may call a route; there is no route without it."""

    def guard(view: Callable[Arguments, Response]) -> Callable[Arguments, Response]:
        ROUTES[view.__name__] = needs

        @wraps(view)
        def guarded(*arguments: Arguments.args, **named: Arguments.kwargs) -> Response:
            if needs is Caller.NODE and services().config.signed_reads:
                g.node = _proved()
            return view(*arguments, **named)

        return guarded

    return guard


def _proved() -> Node:
    """The node that signed the request, or whose certificate the terminator in front verified; 401 where neither."""
    here = services()
    if "Signature" in request.headers:
        asked = Request(request.method, request.url, dict(request.headers), request.get_data())
        return here.intake.node(verify(asked, here.intake.trust.vouch, here.clock()))
    shown = request.environ.get(WHOLE) or here.store.certificate(request.environ.get(CERTIFICATE, ""))
    if not shown:
        abort(401)
    return here.intake.node(here.intake.trust.vouch((shown,), here.clock()))


def check_sender(sender: str) -> None:
    """On a service that knows its callers, only a sender itself, or its province's hub, may ask about its book."""
    node: Node | None = g.get("node")
    if node is not None and not node.speaks_for(sender):
        abort(403)
