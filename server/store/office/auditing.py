"""The audit log in the database: append, read by pages, verify the whole chain in constant memory."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine, func, text
from sqlmodel import Session, col, select

from cardstack.crypto.chain import BEGINNING, Place, first_break
from server.audit import Event, canonical, digest
from server.permissions import Scope
from server.store.office.tables import AuditRow, from_ms, to_ms, writing

PART = 500
"""How many events are read and checked at once."""


class Checked(NamedTuple):
    """How far a check of the chain has come, the digest it has come to, and the first event that breaks it."""

    seq: int
    digest: str
    broken: int | None = None


class AuditLog:
    """Events are appended and read; nothing here changes or removes one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(
        self, at: datetime, actor: str, province: str, action: str, *, subject: str = "", detail: Mapping[str, Any] | None = None
    ) -> Event:
        """Add one event after the last; two writers wait for each other, so that the chain never forks."""
        with writing(self._engine) as session:
            if self._engine.dialect.name == "postgresql":
                session.connection().execute(text("LOCK TABLE office_audit IN EXCLUSIVE MODE"))
            last = session.exec(select(AuditRow).order_by(col(AuditRow.seq).desc()).limit(1)).first()
            previous, seq = (last.digest, last.seq + 1) if last else (BEGINNING, 1)
            moment, words = from_ms(to_ms(at)), canonical(detail or {})
            row = AuditRow(
                seq=seq,
                at_ms=to_ms(at),
                actor=actor,
                province=province,
                action=action,
                subject=subject,
                detail=words,
                previous=previous,
                digest=digest(previous, seq, moment, actor, province, action, subject, words),
            )
            session.add(row)
            session.commit()
            return _event(row)

    def page(self, *, before: int | None, size: int, scope: Scope, **where: str) -> list[Event]:
        """Events from the newest down, filtered by exact `actor`, `action` prefix, `subject` or days in ms."""
        query = select(AuditRow).order_by(col(AuditRow.seq).desc()).limit(size)
        if before is not None:
            query = query.where(AuditRow.seq < before)
        if scope is not None:
            query = query.where(col(AuditRow.province).in_(sorted(scope)))
        if where.get("actor"):
            query = query.where(AuditRow.actor == where["actor"])
        if where.get("action"):
            query = query.where(col(AuditRow.action).in_([one for one in self._actions() if one.startswith(where["action"])]))
        if where.get("subject"):
            query = query.where(AuditRow.subject == where["subject"])
        # The log is in the order of time, so a day is a range of numbers, found by two looks into the index by time.
        if where.get("since"):
            query = query.where(AuditRow.seq >= _number_at(int(where["since"])))
        if where.get("until"):
            query = query.where(AuditRow.seq < _number_at(int(where["until"])))
        with Session(self._engine) as session:
            return [_event(row) for row in session.exec(query)]

    def _actions(self) -> list[str]:
        """The few dozen kinds of action there are, each found by one look into their index."""
        found: list[str] = []
        with Session(self._engine) as session:
            query = select(func.min(AuditRow.action))
            while action := session.exec(query.where(AuditRow.action > found[-1]) if found else query).first():
                found.append(str(action))
        return found

    def tip(self) -> tuple[int, str]:
        """The number of the last event, and its digest: the seal of the log."""
        with Session(self._engine) as session:
            last = session.exec(select(AuditRow.seq, AuditRow.digest).order_by(col(AuditRow.seq).desc()).limit(1)).first()
        return (last[0], last[1]) if last else (0, BEGINNING)

    def verify(self) -> tuple[int, str, int | None]:
        """How many events there are, the digest of the last, and the first that breaks the chain."""
        count, seal = self.tip()
        return count, seal, self.verify_on(Checked(0, BEGINNING)).broken

    def verify_on(self, known: Checked, patience: float | None = None) -> Checked:
        """Check on from where a check has come; with `patience` for about so many seconds, to be taken up again."""
        began = time.monotonic()
        for events in self._parts(known.seq):
            broken = first_break(events, Place(known.seq, known.digest))
            known = Checked(events[-1].seq, events[-1].digest, broken)
            if broken is not None or (patience is not None and time.monotonic() - began > patience):
                break
        return known

    def all(self) -> Iterator[Event]:
        """Every event in order, a part at a time."""
        for events in self._parts(0):
            yield from events

    def _parts(self, after: int) -> Iterator[list[Event]]:
        """The events after a number, some at a time; plain rows, because there may be millions."""
        columns = select(*(getattr(AuditRow, name) for name in AuditRow.model_fields)).order_by(col(AuditRow.seq)).limit(PART)
        while True:
            with self._engine.connect() as connection:
                events = [_event(row) for row in connection.execute(columns.where(col(AuditRow.seq) > after))]
            if events:
                yield events
            if len(events) < PART:
                return
            after = events[-1].seq


def _number_at(at_ms: int) -> Any:
    """The number of the first event from a moment on, or beyond the last."""
    first = select(func.min(AuditRow.seq)).where(AuditRow.at_ms >= at_ms).scalar_subquery()
    return func.coalesce(first, 2**62)


def _event(row: Any) -> Event:
    return Event(
        row.seq,
        from_ms(row.at_ms),
        row.actor,
        row.province,
        row.action,
        row.subject,
        json.loads(row.detail),
        row.previous,
        row.digest,
    )
