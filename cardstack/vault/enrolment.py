"""Enrolment of terminals and nodes: a ticket lets a machine fetch one certificate, and that certificate its successor.

A ticket is made by an operator and says everything that the certificate will say; the machine brings its key alone
(RFC 7030: EST; the request's own subject is not believed). The secret is kept as a hash.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cardstack.ca import csr, fields
from cardstack.ca.agreement import Level
from cardstack.ca.certificate import Certificate
from cardstack.ca.issue import Wish
from cardstack.ca.profile import profile
from cardstack.ca.register import State
from cardstack.crypto.suite import digest
from cardstack.errors import Malformed, Untrusted, problem
from cardstack.text import Text
from cardstack.vault import files
from cardstack.vault.home import AuthorityHome

NO_TICKET = problem(
    "CS-2310",
    Text("The enrolment ticket is unknown, spent or out of date", "注册凭证不存在、已使用或已过期"),
    Text("Ask the authority's operator for a new one: cardstack ca ticket.", "请向机构操作员申请新的凭证：cardstack ca ticket。"),
)
NOT_RENEWABLE = problem(
    "CS-2311",
    Text("This certificate cannot be renewed", "该证书不可续期"),
    Text(
        "Present the valid certificate that is to be renewed, and ask for the same subject.",
        "请出示待续期的有效证书，并申请相同的主体。",
    ),
)
ENROLLABLE = frozenset({"terminal", "node-tls", "node-message", "operator"})


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a machine may fetch once."""

    id: str
    secret_hash: str
    profile: str
    attributes: Mapping[str, str]
    """The subject below the authority's namespace: O, OU, CN…"""
    level: Level
    hosts: tuple[str, ...]
    until: datetime


class Enrolment:
    """The tickets of one authority, and certificates against them."""

    def __init__(self, home: AuthorityHome) -> None:
        self.home = home
        self._file = home.folder / "tickets.json"

    def ticket(
        self,
        kind: str,
        *,
        attributes: Mapping[str, str],
        level: Level,
        hosts: tuple[str, ...] = (),
        at: datetime,
        actor: str,
        days: int = 7,
    ) -> tuple[Ticket, str]:
        """A new ticket and its secret, which is said once and not kept."""
        if kind not in ENROLLABLE or (profile(kind).alternative_name and not hosts):
            kinds = sorted(ENROLLABLE)
            en = f"a ticket is for {', '.join(kinds)}; node-tls names its hosts"
            raise Malformed(Text(en, f"票据类型可选 {'、'.join(kinds)}；node-tls 须列出主机名"), field="profile")
        self.home.name(**attributes)
        secret = secrets.token_urlsafe(24)
        made = Ticket(secrets.token_hex(6), _hash(secret), kind, dict(attributes), level, hosts, at + timedelta(days=days))
        with self.home.alone():
            held = self._held() | {made.id: _as_data(made)}
            files.write_json(self._file, held)
            self.home.note(at=at, actor=actor, action="ticket", facts={"ticket": made.id, "profile": kind})
        return made, secret

    def enrol(self, raw: bytes, *, ticket: str, secret: str, at: datetime) -> Certificate:
        """The certificate of a ticket for the key in a request; the ticket is spent."""
        request = csr.Request.parse(raw)
        with self.home.alone():
            held = self._held()
            found = _of_data(ticket, held[ticket]) if ticket in held else None
            # A wrong secret takes as long as a right one, and an unknown ticket as long as a known one.
            right = hmac.compare_digest(_hash(secret), found.secret_hash if found else _hash(""))
            if found is None or not right or at > found.until:
                raise Untrusted(problem=NO_TICKET)
            del held[ticket]
            files.write_json(self._file, held)
        wish = Wish(policies=(self.home.policy(found.level),), names=tuple(map(fields.dns, found.hosts)))
        subject = self.home.name(**found.attributes)
        kind = profile(found.profile)
        return self.home.issue(kind, subject=subject, public=request.public, at=at, actor=f"ticket {found.id}", wish=wish)

    def renew(self, raw: bytes, *, held: Certificate, at: datetime) -> Certificate:
        """A successor for a valid certificate, for the key in a request that asks for the same subject (RFC 7030 §4.2.2)."""
        request = csr.Request.parse(raw)
        record = self.home.register.get(held.serial)
        known = record is not None and record.fingerprint == held.fingerprint and record.profile in ENROLLABLE
        good = record is not None and record.state is State.GOOD and held.valid_from <= at <= held.valid_until
        same = request.subject == held.subject and set(request.names) in (set(), set(held.alternative_names))
        if not known or not good or not same or record is None:
            raise Untrusted(problem=NOT_RENEWABLE)
        return self.home.renew(record.serial, at=at, actor=f"renewal of {held.serial:x}", public=request.public)

    def _held(self) -> dict[str, Any]:
        held = files.read_json(self._file) if self._file.exists() else {}
        return dict(held)


def _hash(secret: str) -> str:
    return digest("sm3", b"enrolment ticket " + secret.encode()).hex()


def _as_data(ticket: Ticket) -> dict[str, Any]:
    return {
        "secret_hash": ticket.secret_hash,
        "profile": ticket.profile,
        "attributes": dict(ticket.attributes),
        "level": ticket.level,
        "hosts": list(ticket.hosts),
        "until": ticket.until.isoformat(),
    }


def _of_data(id_: str, held: Mapping[str, Any]) -> Ticket:
    return Ticket(
        id_,
        held["secret_hash"],
        held["profile"],
        held["attributes"],
        Level(held["level"]),
        tuple(held["hosts"]),
        datetime.fromisoformat(held["until"]),
    )
