"""The audit chain: each event carries the digest of the one before it, so that no event can be changed or lost unseen.

The digest is SHA-256 over a canonical JSON form; anybody with an exported log can compute it again. The newest digest
is the seal of the whole log: note it down, or send it to another province, and a rewritten log is found out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cardstack.crypto.chain import sealed


@dataclass(frozen=True, slots=True)
class Event:
    """Who did what to what, when and with what outcome."""

    seq: int
    at: datetime
    actor: str
    province: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    previous: str
    digest: str

    @property
    def number(self) -> int:
        return self.seq

    def computed(self) -> str:
        """The digest that the event has as it stands."""
        said = (self.actor, self.province, self.action, self.subject, canonical(self.detail))
        return digest(self.previous, self.seq, self.at, *said)


def digest(previous: str, seq: int, at: datetime, *said: str) -> str:
    """The digest of one event: what stands before it, its number and moment, actor, province, action, subject, detail.

    >>> from datetime import UTC
    >>> digest("0" * 64, 1, datetime(2026, 1, 1, tzinfo=UTC), "a", "33", "sign-in", "", "{}")[:16]
    'b072279904ddeafc'
    """
    return sealed("sha256", [previous, seq, at.isoformat(timespec="milliseconds"), *said])


def canonical(detail: Mapping[str, Any]) -> str:
    """The detail as the digest covers it."""
    return json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
