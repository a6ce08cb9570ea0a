"""What the kinds of change share: the means they work with, a request as it is drawn, and who stood behind it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cardstack.errors import Refused, problem
from cardstack.text import Text
from cardstack.values import Fen
from server.approvals import Kind, Request
from server.forms import Field, Shape
from server.store.adjusting import Two
from server.store.office import Office

if TYPE_CHECKING:
    from cardstack.vault.network import Network
    from server.store.store import Store

NO_LEDGER = problem(
    "CS-4108",
    Text("What this needs is not kept here", "本系统未配置该业务所需的账本或机构"),
    Text("Do it where the ledger or the authority is kept.", "请在账本或发证机构所在系统办理。"),
)
LARGE: Final = Fen(100_000_000_00)
"""From one hundred million yuan on, an approver decides after the checker. Illustrative: each installation's own rule."""

REVERSAL_LARGE: Final = Fen(10_000_00)
"""From ten thousand yuan on, an approver decides a reversal or a correction after the checker. Illustrative, as above."""

DEBTOR: Final = Field("debtor", Text("Who pays", "付款方（预付方）"), Shape.PARTY)
CREDITOR: Final = Field("creditor", Text("Who is paid", "收款方（持有方）"), Shape.PARTY)


@dataclass(frozen=True, slots=True)
class Means:
    """What a change may work on, and the moment at which it is asked for or decided."""

    office: Office
    store: "Store | None"
    at: datetime
    network: "Network | None" = None

    @property
    def ledger(self) -> "Store":
        """The ledger's store; a change of the ledger is refused where there is none."""
        if self.store is None:
            raise Refused(Text("no ledger is attached", "未连接账本"), NO_LEDGER)
        return self.store


class Draft(NamedTuple):
    """A request before anybody entered it. Of what is replaced, the payload holds `<field>_before` too."""

    kind: str
    province: str
    subject: str
    payload: Mapping[str, Any]
    amount_fen: Fen = Fen(0)


class Change(NamedTuple):
    """One kind of change: its rule, what carries it out once it is approved, and what draws it from the fields of its form."""

    kind: Kind
    carry_out: Callable[[Request, Means], str]
    draw: Callable[[Mapping[str, Any], Means], Draft] | None = None


def deciders(request: Request) -> list[str]:
    """Who made a request and who approved it, in order."""
    return [request.maker, *(decision.operator_id for decision in request.decisions if decision.approve)]


def two(request: Request) -> Two:
    """Who prepared it and who approved it, as the ledger keeps them."""
    return Two(request.maker, "+".join(deciders(request)[1:]))
