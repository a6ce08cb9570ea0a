"""One transaction of a batch and what its scheme makes of it, which needs nothing of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cardstack.errors import CardstackError
from cardstack.settlement.ledger import Change
from cardstack.settlement.node import LEDGER, Node
from cardstack.settlement.scheme import Accumulation, Consulting, Ending, Reason, Scheme, Sided
from cardstack.settlement.transaction import MessageId, Posting, Transaction
from cardstack.text import Text

NOT_JUDGED: Final = Reason(
    "not-judged",
    Text(
        "The scheme's own rules failed on this content; its operator has to mend them", "业务规则处理该内容时出错，须由业务方修正"
    ),
)
FAILURES: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a scheme that is not careful raises on content it did not think of: that line is refused, the others go on."""


@dataclass(slots=True)
class Line:
    """One transaction of a batch beside who signed it, and what its scheme makes of it."""

    transaction: Transaction
    digest: bytes
    signer: Node
    postings: tuple[Posting, ...] = ()
    claims: tuple[str, ...] = ()
    accumulations: tuple[Accumulation, ...] = ()
    reason: Reason | None = None
    asks: str | None = None
    """The subject of other messages that its scheme holds it against."""
    last_window: str | None = None
    """The last window that takes it, where its scheme has one."""
    instead_of: MessageId | None = None
    """The message that was taken back and that it stands in place of."""
    plain: bool = False
    """Whether its scheme takes it, it is not pending, and about no earlier message."""

    @property
    def change(self) -> Change | None:
        """What it does to the earlier message it is about."""
        transaction = self.transaction
        if transaction.reverses:
            return Change.REVERSE
        if transaction.posts:
            return Change.POST
        if transaction.voids:
            return Change.LAPSE if transaction.sender == LEDGER else Change.VOID
        return None


def prepare(transaction: Transaction, digest: bytes, signer: Node, schemes: Mapping[str, Scheme]) -> Line:
    """The line with what its scheme makes of it, which needs nothing of the ledger: reason, or postings and claims."""
    line = Line(transaction, digest, signer)
    scheme = schemes.get(transaction.scheme)
    if scheme is None:
        return line
    try:
        if transaction.refers is not None:
            line.reason = scheme.about(transaction) if isinstance(scheme, Sided) else None
            return line
        line.reason = scheme.check(transaction)
        if line.reason is None:
            line.postings = scheme.postings(transaction, transaction.day)
            line.claims = scheme.claims(transaction)
            line.accumulations = scheme.accumulations(transaction)
            line.asks = scheme.asks(transaction) if isinstance(scheme, Consulting) else None
            if isinstance(scheme, Ending):
                line.last_window, line.instead_of = scheme.last_window(transaction), scheme.instead_of(transaction)
            line.plain = transaction.pending_until is None and line.instead_of is None
    except CardstackError as error:
        line.reason = Reason(error.code, error.title)
    except FAILURES:
        line.reason = NOT_JUDGED
    return line
