"""What the console's pages work with, and the words and preferences of the request being answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from flask import current_app, g, request

from cardstack.text import Language, Text
from server.jobs import Jobs
from server.operators import Visitor
from server.permissions import Scope
from server.store.office import Office
from server.store.office.people import Operator, SignedIn
from server.store.queries.throughput import Tally

if TYPE_CHECKING:
    from cardstack.ca.trust import Trusted
    from cardstack.settlement.node import Node
    from cardstack.vault.network import Network
    from server.identity import Identity
    from server.store.store import Store

EXTENSION = "cardstack.console"
LOCAL = ZoneInfo("Asia/Shanghai")
"""The clock on the wall of every operator in the region; the tables keep UTC."""


@dataclass(frozen=True, slots=True)
class Services:
    """What `register` was given."""

    office: Office
    clock: Callable[[], datetime]
    demo: bool = False
    certificates: bool = False
    """Whether a TLS terminator in front may sign operators in by their certificates."""
    store: "Store | None" = None
    trust_folder: Path | None = None
    home: Path | None = None
    authority_password: bytes | None = None
    vouch: Callable[[Sequence[bytes], datetime], "Trusted"] | None = None
    """Whom the service trusts to sign files; None where there is no intake."""
    node: Callable[["Trusted"], "Node"] | None = None
    identity: "Identity | None" = None
    """Who signs return files, and by which name."""
    name: str = "00.hub"
    tally: Tally = field(default_factory=Tally)
    """What was counted of the ledger so far."""
    jobs: Jobs = field(init=False)
    """Work in the background, kept beside the data."""

    def __post_init__(self) -> None:
        folder = (self.home or Path(gettempdir())) / "exports"
        object.__setattr__(self, "jobs", Jobs(self.office.jobs, folder, self.clock))

    def network(self) -> "Network | None":
        """The authorities kept beside the data, with what others wrote since; None where there are none."""
        folder = self.home / "ca" if self.home else None
        if folder is None or not folder.is_dir():
            return None
        held = _network(folder, self.authority_password, tuple(sorted(folder.glob("*/authority.json"))))
        for home in held.homes.values():
            home.refresh()
        return held


@cache
def _network(folder: Path, password: bytes | None, authorities: tuple[Path, ...]) -> "Network":
    """Opened once: keys are slow to open. Another authority makes another tuple."""
    from cardstack.vault.network import Network  # noqa: PLC0415  # only where there are authorities

    del authorities
    return Network(folder, password)


def services() -> Services:
    """The services of the app that answers this request."""
    return cast("Services", current_app.extensions[EXTENSION])


def store() -> "Store":
    """The ledger's store; the pages that need one are registered only where there is one."""
    held = services().store
    assert held is not None
    return held


def moment() -> datetime:
    """Now, by the service's clock (which a sandbox may set)."""
    return services().clock()


def operator() -> Operator:
    """Who is signed in; a guarded page always has somebody."""
    assert g.operator is not None
    return cast("Operator", g.operator)


def signed_in() -> SignedIn:
    """The session of this request."""
    return cast("SignedIn", g.signed_in)


def scope() -> Scope:
    """The provinces that the page's permission covers for this operator."""
    return cast("Scope", g.scope)


def language() -> Language:
    """The language of the page."""
    return cast("Language", getattr(g, "language", "zh"))


def t(en: str, zh: str) -> str:
    """The words of the page's language; both stand side by side, so neither can be missing."""
    return Text(en, zh).of(language())


def visitor() -> Visitor:
    """Where the request comes from."""
    return Visitor(request.remote_addr or "", request.headers.get("User-Agent", ""))


def audit_now(action: str, subject: str, province: str = "*", **detail: Any) -> None:
    """Say at once what a page handed out; for pages that change nothing and so leave no event of their own."""
    services().office.audit.append(moment(), operator().id, province, action, subject=subject, detail=detail)


def audit(subject: str = "", province: str = "", **detail: Any) -> None:
    """Say what the page did; the guard writes it into the audit log when the page has answered."""
    g.audit_subject, g.audit_province, g.audit_detail = subject, province, detail
