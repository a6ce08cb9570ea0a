"""The application: everything it needs is passed in or made from its settings, nothing is global."""

from collections.abc import Mapping
from typing import Any, Final

from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from cardstack.settlement.envelope import SIZE_MAX
from cardstack.settlement.scheme import Scheme
from cardstack.vault.recognising import Recogniser
from server.api import filing, lists, presettling, problems, recognising, reconciling, routes, sending, shapes
from server.api.callers import Services
from server.api.chinese import in_chinese
from server.api.direct import Direct
from server.bodies import WholeRequest
from server.client import Client
from server.clock import Clock, Sandbox, system
from server.config import Config, Role
from server.identity import Identity
from server.intake import Intake
from server.outbox import Outbox, forwarder
from server.pki import pki, published, upkeep
from server.store import open_store
from server.store.store import Store
from server.terminator import Terminator
from server.trusting import Trust
from server.trustlists import Relied

SECURITY: Final[dict[str, Any]] = {
    "mutualTLS": {"type": "mutualTLS", "description": "a certificate of a registered node"},
    "httpSignature": {"type": "http", "scheme": "signature", "description": "RFC 9421, by a registered node's key"},
}
ENVELOPE_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["format", "signature", "signed"],
    "additionalProperties": False,
    "properties": {
        "format": {"const": "cardstack-envelope/1"},
        "signature": {"type": "string", "contentEncoding": "base64"},
        "signed": {
            "type": "object",
            "required": ["certificates", "signed_at", "transactions"],
            "additionalProperties": False,
            "properties": {
                "certificates": {"type": "array", "minItems": 1, "maxItems": 12, "items": {"type": "string"}},
                "signed_at": {"type": "string", "format": "date-time"},
                "transactions": {"type": "array", "minItems": 1, "maxItems": 8190, "items": {"type": "object"}},
            },
        },
    },
}


def create_app(
    config: Config,
    *,
    store: Store | None = None,
    trust: Trust | None = None,
    clock: Clock | None = None,
    schemes: Mapping[str, Scheme] | None = None,
    identity: Identity | None = None,
    with_console: bool = True,
) -> OpenAPI:
    """The WSGI application of a settlement service, with the operators' console or as the bare interface."""
    config.home.mkdir(parents=True, exist_ok=True)
    store = store or open_store(config.database_url, schemes)
    clock = clock or (Sandbox(store) if config.sandbox else system)
    trust = trust or Trust.load(config.trust_folder, lists=Relied(config.trust_folder, clock))
    if identity is None and config.key and config.certificate:
        identity = Identity.load(config.key, config.certificate, config.key_password)
    app = OpenAPI(
        __name__,
        info=Info(title="cardstack settlement", version="1", description="settlement between provinces"),
        security_schemes=SECURITY,
        validation_error_callback=problems.invalid,
        doc_prefix="/openapi",
    )
    app.request_class = WholeRequest
    app.config["MAX_CONTENT_LENGTH"] = SIZE_MAX
    intake = Intake(config, store, trust, clock, identity)
    intake.start()
    app.extensions["cardstack"] = Services(config, store, intake, clock)
    problems.handle(app)
    app.register_api(routes.pages)
    app.register_api(reconciling.pages)
    app.register_api(recognising.pages)
    app.register_api(lists.pages)
    app.register_api(filing.pages)
    if config.role is Role.HUB:
        app.register_api(presettling.pages)  # a node's own ledger does not hold what others have used
    else:
        app.register_api(sending.pages)
        _forward(app, config, identity)
    kept = upkeep(config, clock)
    app.extensions["upkeep"] = kept
    app.extensions["recognition-bucket"] = recognising.Bucket(config.recognitions_a_minute)
    if kept is not None:
        app.extensions["recogniser"] = Recogniser(kept.network)
        kept.start()
    app.register_blueprint(pki(published(kept), clock))
    _describe(app)
    app.wsgi_app = Direct(app.wsgi_app, intake)  # type: ignore[method-assign,assignment]  # how Flask takes middleware
    if config.terminator_secret is not None:
        _behind_terminator(app, config, config.terminator_secret.get_secret_value())
    if with_console:
        from server import console  # noqa: PLC0415  # thirty pages that a bare interface does not need

        console.attach(app, config, store, clock)
    return app


def _behind_terminator(app: OpenAPI, config: Config, secret: str) -> None:
    """Let the terminator in front say who came, where it proves itself."""
    terminator = Terminator(config.certificate_header, secret, frozenset(config.terminators.split()))
    app.wsgi_app = terminator.around(app.wsgi_app)  # type: ignore[method-assign,assignment]  # how Flask takes middleware


def _forward(app: OpenAPI, config: Config, identity: Identity | None) -> None:
    """Let a node send what its outbox holds, where it knows its hub and has a key to sign with."""
    if not config.hub or identity is None:
        return
    here: Services = app.extensions["cardstack"]

    hub = Client(config.hub, identity.signer, identity.certificates, clock=here.clock)
    app.extensions["forwarder"] = forwarding = forwarder(Outbox(here.store, here.clock), hub)
    forwarding.start()


def _describe(app: OpenAPI) -> None:
    """Add the shapes that routes name by reference to the description, and give it in the language that is asked for."""
    schemas = app.api_doc.setdefault("components", {}).setdefault("schemas", {})
    schemas["Envelope"] = ENVELOPE_SCHEMA
    schemas["ProblemShape"] = shapes.ProblemShape.model_json_schema()
    said: dict[str, Any] = {"en": app.api_doc, "zh": in_chinese(app.api_doc)}

    def describe() -> tuple[Any, dict[str, str]]:
        asked = problems.language()
        return said[asked], {"Content-Language": asked, "Vary": "Accept-Language"}

    app.view_functions["openapi.doc_url"] = describe
