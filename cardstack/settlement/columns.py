"""A bulk file's transactions by columns: what a scheme's parser hands to the ledger in one piece."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cardstack.errors import Malformed
from cardstack.settlement.scheme import Cycle
from cardstack.settlement.transaction import Party
from cardstack.text import Text


@dataclass(frozen=True, slots=True)
class Columns:
    """Transactions of one scheme from one signed file, already checked and computed by the scheme.

    Every sequence of the first group has one item a transaction: `ids` (message ids, 30 characters), `digests`
    (SHA-256 of the content by which a retry is known), `homes` and `treatings` (region digits), `occurred_at`
    (seconds since 1970, UTC), `amounts_fen`, `lines` (the place in the file), `claims` (what may exist once in the
    scheme, such as card and counter; empty where there is none). Every sequence of the second has one item a
    posting; `owners` is the index of its transaction, in ascending order.
    """

    scheme: str
    kind: str
    sender: Party
    cycle: Cycle
    ids: Sequence[str]
    digests: Sequence[bytes]
    homes: Sequence[str]
    treatings: Sequence[str]
    occurred_at: Sequence[int]
    amounts_fen: Sequence[int]
    lines: Sequence[int]
    owners: Sequence[int]
    debtors: Sequence[str]
    creditors: Sequence[str]
    posting_amounts_fen: Sequence[int]
    posting_kinds: Sequence[str]
    rules: Sequence[str]
    claims: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        lengths = {len(one) for one in (self.digests, self.homes, self.treatings, self.occurred_at, self.amounts_fen, self.lines)}
        postings = {len(one) for one in (self.debtors, self.creditors, self.posting_amounts_fen, self.posting_kinds, self.rules)}
        if lengths != {len(self.ids)} or postings != {len(self.owners)} or len(self.claims) not in (0, len(self.ids)):
            raise Malformed(Text("columns of a bulk posting differ in length", "批量记账各列长度不一"), field="columns")

    def postings(self) -> Iterator[tuple[int, str, str, int, str, str]]:
        """Each posting: its owner, debtor, creditor, amount in fen, kind and rule."""
        return zip(
            self.owners,
            self.debtors,
            self.creditors,
            self.posting_amounts_fen,
            self.posting_kinds,
            self.rules,
            strict=True,
        )


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of each transaction of a bulk posting: its outcome, and its entry where it stands in the ledger."""

    outcomes: Sequence[str]
    entries: Sequence[int | None]
    block: int | None
