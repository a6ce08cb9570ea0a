"""Requests and decisions as rows; a request moves on only from the state in which its mover saw it."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, tuple_, update
from sqlmodel import Session, col, select

from cardstack.values import Fen
from server.approvals import Decision, Request, State
from server.permissions import Scope
from server.store.office.tables import DecisionRow, RequestRow, from_ms, to_ms, writing


class RequestStore:
    """The door to the rows about requests."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, request: Request) -> None:
        with writing(self._engine) as session:
            session.add(
                RequestRow(
                    id=request.id,
                    kind=request.kind,
                    province=request.province,
                    maker=request.maker,
                    subject=request.subject,
                    amount_fen=request.amount_fen,
                    payload=json.dumps(dict(request.payload), ensure_ascii=False, default=str),
                    reason=request.reason,
                    state=request.state,
                    created_ms=to_ms(request.created),
                    expires_ms=to_ms(request.expires),
                )
            )
            session.commit()

    def get(self, request_id: str) -> Request | None:
        with Session(self._engine) as session:
            row = session.get(RequestRow, request_id)
            return _request(row, self._decisions(session, request_id)) if row else None

    def page(self, *, before: tuple[int, str] | None, size: int, scope: Scope, **where: str) -> list[Request]:
        """Requests from the newest down, filtered by `state`, `kind` (one or several), `maker` or `subject`."""
        query = select(RequestRow).order_by(col(RequestRow.created_ms).desc(), col(RequestRow.id).desc()).limit(size)
        if before is not None:
            query = query.where(tuple_(col(RequestRow.created_ms), col(RequestRow.id)) < before)
        if scope is not None:
            query = query.where(col(RequestRow.province).in_(sorted(scope)))
        if where.get("kind"):
            query = query.where(col(RequestRow.kind).in_(where["kind"].split()))
        for name in ("state", "maker", "subject"):
            if where.get(name):
                query = query.where(getattr(RequestRow, name) == where[name])
        with Session(self._engine) as session:
            return [_request(row, ()) for row in session.exec(query)]

    def pending(self, scope: Scope, at: datetime) -> int:
        """How many requests wait for a decision."""
        query = select(func.count()).select_from(RequestRow).where(RequestRow.state == State.PENDING)
        query = query.where(RequestRow.expires_ms > to_ms(at))
        if scope is not None:
            query = query.where(col(RequestRow.province).in_(sorted(scope)))
        with Session(self._engine) as session:
            return session.exec(query).one()

    def decide(self, request_id: str, decision: Decision) -> None:
        """Record one decision."""
        with writing(self._engine) as session:
            session.add(
                DecisionRow(
                    request_id=request_id,
                    operator_id=decision.operator_id,
                    approve=decision.approve,
                    reason=decision.reason,
                    at_ms=to_ms(decision.at),
                )
            )
            session.commit()

    def move(self, request_id: str, before: State, after: State, outcome: str = "") -> bool:
        """Change the state if it is still the one seen; False where somebody else was first."""
        query = update(RequestRow).where(col(RequestRow.id) == request_id, col(RequestRow.state) == before)
        with writing(self._engine) as session:
            result: Any = session.connection().execute(query.values(state=after, outcome=outcome))
            session.commit()
            return bool(result.rowcount == 1)

    def _decisions(self, session: Session, request_id: str) -> tuple[Decision, ...]:
        query = select(DecisionRow).where(DecisionRow.request_id == request_id).order_by(col(DecisionRow.id))
        return tuple(Decision(row.operator_id, row.approve, row.reason, from_ms(row.at_ms)) for row in session.exec(query))


def _request(row: RequestRow, decisions: tuple[Decision, ...]) -> Request:
    return Request(
        id=row.id,
        kind=row.kind,
        province=row.province,
        maker=row.maker,
        subject=row.subject,
        amount_fen=Fen(row.amount_fen),
        payload=json.loads(row.payload),
        reason=row.reason,
        state=State(row.state),
        created=from_ms(row.created_ms),
        expires=from_ms(row.expires_ms),
        decisions=decisions,
        outcome=row.outcome,
    )
