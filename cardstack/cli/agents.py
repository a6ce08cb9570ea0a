"""From the options of `agent serve` to a desk: gate, terminal, log and signing key."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from cardstack.agent.answers import Desk
from cardstack.agent.audit import Audit
from cardstack.agent.gate import Consent, Gate
from cardstack.agent.interfaces import Slots
from cardstack.agent.sscard import SscApi
from cardstack.cli.inputs import content
from cardstack.cli.output import choices, words
from cardstack.crypto.keys import Signer
from cardstack.errors import Malformed
from cardstack.text import Text


@dataclass(frozen=True, slots=True)
class Order:
    """What `agent serve` was told."""

    origins: tuple[str, ...]
    reader: str | None
    psam: str | None
    compat: bool
    consent: str
    enable: tuple[str, ...]
    key: Path | None
    audit: Path | None
    token: str | None
    kept: Path | None = None
    """Where answers of `always` are remembered."""
    contactless: str | None = None


def desk_of(order: Order) -> Desk:
    """A desk as ordered; without a token given, one is made and shown."""
    if order.consent not in ("ask", "always", "no"):
        raise Malformed(choices("consent", ("ask", "always", "no")), field="consent")
    if order.kept and order.consent != "ask":
        raise Malformed(
            Text("consents are kept only where a person is asked", "仅在逐次询问（--consent 为 ask）时才能记录同意"),
            field="consents",
        )
    token = None if order.compat else order.token or f"{secrets.randbelow(10**9):09d}"
    ask = _ask if order.consent == "ask" else lambda _origin, _function: Consent(order.consent)
    gate = Gate(frozenset(order.origins), token, ask, frozenset(order.enable), order.kept)
    api = SscApi(Slots(order.reader, order.contactless, order.psam), _pin)
    return Desk(gate, api, Audit(order.audit), _signer(order.key), order.compat)


def _signer(path: Path | None) -> Signer | None:
    from cardstack.crypto import local

    return local.load_pkcs8(content(path), None) if path else None


def _ask(origin: str, function: str) -> Consent:
    """The question, in the agent's own terminal: a page cannot answer it."""
    print(
        words(
            f"{origin} wants {function}. [y]es once, [a]lways, [N]o: ",
            f"{origin} 请求调用 {function}。[y]本次同意 [a]总是同意 [N]拒绝：",
        )
    )
    said = input().strip().lower()[:1]
    return {"y": Consent.ONCE, "a": Consent.ALWAYS}.get(said, Consent.NO)


def _pin(what: str) -> str | None:
    """The holder types at the agent; nothing is shown."""
    from getpass import getpass

    return getpass(f"{what}: ") or None
