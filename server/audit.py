"""The audit chain: each event carries the digest of the one before it, so that no event can be changed or lost unseen.

The digest is SHA-256 over a canonical JSON form; anybody with an exported log can compute it again. The newest digest
is the seal of the whole log: note it down, or send it to another province, and a rewritten log is found out.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

START = "0" * 64
"""What the first event names as the digest before it."""


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


def digest(previous: str, seq: int, at: datetime, *said: str) -> str:
    """The digest of one event: what stands before it, its number and moment, actor, province, action, subject, detail.

    >>> from datetime import UTC
    >>> digest(START, 1, datetime(2026, 1, 1, tzinfo=UTC), "a", "33", "sign-in", "", "{}")[:16]
    'b072279904ddeafc'
    """
    fields = [previous, seq, at.isoformat(timespec="milliseconds"), *said]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def canonical(detail: Mapping[str, Any]) -> str:
    """The detail as the digest covers it."""
    return json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def first_break(events: Iterable[Event], previous: str = START, seq: int = 0) -> int | None:
    """The number of the first event that does not follow from the one before it, or None where all do."""
    for event in events:
        expected = digest(
            previous,
            event.seq,
            event.at,
            event.actor,
            event.province,
            event.action,
            event.subject,
            canonical(event.detail),
        )
        if event.seq != seq + 1 or event.previous != previous or event.digest != expected:
            return event.seq
        previous, seq = event.digest, event.seq
    return None
