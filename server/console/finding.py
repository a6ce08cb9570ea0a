"""Where an id leads: a transaction, a window, a request or an instruction that the operator may see."""

from flask import url_for

from server.console.services import Services
from server.permissions import Permission
from server.store.office.people import Operator


def address_of(asked: str, operator: Operator, services: Services) -> str | None:
    """The page of whatever has this id, or None where there is nothing that this operator may see."""
    request = services.office.requests.get(asked)
    if request is not None and operator.may(Permission.APPROVAL_READ, request.province):
        return url_for("approvals.show", request_id=asked)
    return None
