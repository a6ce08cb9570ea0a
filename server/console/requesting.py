"""The approvals component: a page asks for a change here, and only a decision of somebody else carries it out."""

import secrets
from typing import Any

from cardstack.values import Fen
from server import approvals, commands
from server.approvals import Request, State
from server.console import forms
from server.console.services import audit, moment, operator, services

NOTHING = Fen(0)


def ask(
    kind_name: str, *, province: str, subject: str, payload: dict[str, Any], amount_fen: Fen = NOTHING, reason: str | None = None
) -> str:
    """Enter a request of the signed-in operator; the answer is its id."""
    kind = commands.kind(kind_name)
    now = moment()
    said = forms.reason() if reason is None else reason
    entered = approvals.ask(
        services().office.requests,
        kind,
        Request(
            id=f"{now:%Y%m%d}-{secrets.token_hex(4)}",
            kind=kind.name,
            province=province,
            maker=operator().id,
            subject=subject,
            amount_fen=amount_fen,
            payload=payload,
            reason=said.strip(),
            state=State.PENDING,
            created=now,
            expires=now + kind.lapses_after,
        ),
        operator(),
    )
    audit(entered.id, province, kind=kind.name, concerns=subject, amount_fen=amount_fen, reason=entered.reason)
    return entered.id
