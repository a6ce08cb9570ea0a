"""Where an id leads: a transaction, a window, a request or an instruction that the operator may see."""

from flask import url_for

from server.console.services import Services
from server.permissions import Permission
from server.store.office.people import Operator
from server.store.queries.refusals import refused
from server.store.queries.transactions import visible
from server.store.store import Store


def address_of(asked: str, operator: Operator, services: Services) -> str | None:
    """The page of whatever has this id, or None where there is nothing that this operator may see."""
    return _request(asked, operator, services) or (_booked(asked, operator, services.store) if services.store else None)


def _request(asked: str, operator: Operator, services: Services) -> str | None:
    request = services.office.requests.get(asked)
    if request is None or not operator.may(Permission.APPROVAL_READ, request.province):
        return None
    return url_for("approvals.show", request_id=asked)


def _booked(asked: str, operator: Operator, store: Store) -> str | None:
    entry = store.transaction(asked.upper())
    if entry is not None and visible(entry, operator.scope(Permission.TRANSACTION_READ)):
        return url_for("transactions.show", message_id=entry.id)
    if entry is None and operator.may(Permission.TRANSACTION_READ):
        with store.view() as view:
            if refused(view, {"id": asked.upper()}, scope=operator.scope(Permission.TRANSACTION_READ), before=None, size=1):
                return url_for("refusals.index", id=asked.upper())
    window = asked.rpartition(".")[0] if "." in asked else asked
    if window != asked and any(one.instruction.id == asked for one in store.instructions(window)):
        return url_for("settlements.instruction", instruction_id=asked) if operator.may(Permission.SETTLEMENT_READ) else None
    if store.window(window) is not None and operator.may(Permission.WINDOW_READ):
        return url_for("windows.show", window_id=window)
    return None
