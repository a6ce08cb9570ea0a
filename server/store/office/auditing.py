"""The audit log in the database: append, read by pages, verify the whole chain in constant memory."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, text
from sqlmodel import Session, col, select

from server.audit import START, Event, canonical, digest, first_break
from server.permissions import Scope
from server.store.office.tables import AuditRow, from_ms, to_ms, writing

PART = 2000


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
            previous, seq = (last.digest, last.seq + 1) if last else (START, 1)
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
            query = query.where(col(AuditRow.action).startswith(where["action"], autoescape=True))
        if where.get("subject"):
            query = query.where(AuditRow.subject == where["subject"])
        if where.get("since"):
            query = query.where(AuditRow.at_ms >= int(where["since"]))
        if where.get("until"):
            query = query.where(AuditRow.at_ms < int(where["until"]))
        with Session(self._engine) as session:
            return [_event(row) for row in session.exec(query)]

    def verify(self) -> tuple[int, str, int | None]:
        """How many events there are, the digest of the last, and the first that breaks the chain."""
        with Session(self._engine) as session:
            count = session.exec(select(func.count()).select_from(AuditRow)).one()
            last = session.exec(select(AuditRow.digest).order_by(col(AuditRow.seq).desc()).limit(1)).first()
        return count, last or START, first_break(self.all())

    def all(self) -> Iterator[Event]:
        """Every event in order, a part at a time."""
        after = 0
        while True:
            with Session(self._engine) as session:
                query = select(AuditRow).where(AuditRow.seq > after).order_by(col(AuditRow.seq)).limit(PART)
                events = [_event(row) for row in session.exec(query)]
            yield from events
            if len(events) < PART:
                return
            after = events[-1].seq


def _event(row: AuditRow) -> Event:
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
