"""Whether a card may still be used: what it says of its own life."""

from datetime import date

from cardstack.card.profiles.social import Issuer
from cardstack.errors import Refused, problem
from cardstack.text import Text

EXPIRED = problem(
    "CS-1280",
    Text("The card expired on {valid_until}", "社会保障卡已于 {valid_until} 到期"),
    Text(
        "Renew it at a service counter of the issuer; use another proof of identity today.",
        "请持卡人到发卡地换卡；本次请使用其他凭证。",
    ),
)
NOT_YET = problem(
    "CS-1281",
    Text("The card is valid from {issued} on", "社会保障卡自 {issued} 起有效"),
    Text("Check the terminal's clock.", "请核对终端时钟。"),
)


def check_in_date(issuer: Issuer, day: date) -> None:
    """Refuse a card before its issue and after its last day (EF05 items 05 and 06); a date never written does not count."""
    if issuer.valid_until is not None and day > issuer.valid_until:
        raise Refused(problem=EXPIRED, valid_until=issuer.valid_until)
    if issuer.issued is not None and day < issuer.issued:
        raise Refused(problem=NOT_YET, issued=issuer.issued)
