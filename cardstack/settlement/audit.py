"""An auditor that believes nothing: from the rows of a ledger it computes every hash, balance, state and total again.

It shares no code with the writer but the form of a row. What it finds is named with its place; an empty
report means that what the ledger says follows from what was signed.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from cardstack.errors import CardstackError
from cardstack.settlement.amending import Amendment, last_of
from cardstack.settlement.inforce import InForce, digest_of
from cardstack.settlement.ledger import GENESIS, EntryRow, PostingRow, ResolutionRow
from cardstack.settlement.transaction import SHANGHAI
from cardstack.text import Text


class Fault(StrEnum):
    """What can be wrong with a ledger."""

    CHAIN = "chain"
    NUMBERING = "numbering"
    BALANCE = "balance"
    NET = "net"
    STATE = "state"
    REVERSAL = "reversal"
    CONTENT = "content"
    SIGNATURE = "signature"
    TOTAL = "total"
    PAYMENT = "payment"
    WAITING = "waiting"
    POSTING = "posting"
    PEOPLE = "people"
    STAGE = "stage"
    CLAIM = "claim"
    RECORD = "record"
    FIGURES = "figures"


FAULTS: Final[Mapping[Fault, Text]] = {
    Fault.CHAIN: Text("a block's hash does not follow from its rows and its predecessor", "区块哈希与其内容或前一区块不符"),
    Fault.NUMBERING: Text("numbers of entries or postings have a gap or overlap", "交易或分录编号有缺口或重叠"),
    Fault.BALANCE: Text("a balance is not the sum of its postings", "余额与分录合计不符"),
    Fault.NET: Text("the nets of a window do not sum to zero", "窗口净额合计不为零"),
    Fault.STATE: Text("an entry was resolved in a state that does not allow it, or twice", "交易状态变更不合规则或重复"),
    Fault.REVERSAL: Text("a reversal is not the opposite of what it reverses", "冲正分录与原分录不相反"),
    Fault.CONTENT: Text("an entry is not what its sender signed", "入账内容与发送方签名内容不符"),
    Fault.SIGNATURE: Text("a kept envelope's signature does not verify", "留存报文的签名验证失败"),
    Fault.TOTAL: Text(
        "a running total is not the sum of what was added, or an entry did not add what its content gives",
        "累计额与明细合计不符，或明细与交易内容不符",
    ),
    Fault.WAITING: Text(
        "lines that wait to be judged, or their answers, are not those of the envelope that was received",
        "待审核的行或其应答与已接收报文不符",
    ),
    Fault.PAYMENT: Text("a window's payments are not its nets", "付款指令与窗口净额不符"),
    Fault.POSTING: Text(
        "an entry's postings do not follow from its content by the figures of its day", "分录与按当日参数重新计算的结果不符"
    ),
    Fault.FIGURES: Text(
        "figures that a block was judged by were never shipped, or not added by people before their day",
        "某区块所依据的参数并非任何版本所附，也非在生效日前由人员录入",
    ),
    Fault.STAGE: Text(
        "a window, a payment, a dispute, a prepayment or bank lines do not stand as their recorded steps lead and tell",
        "窗口、付款、异议、预付金或银行明细与留存的办理记录不符",
    ),
    Fault.CLAIM: Text("what may exist once is not kept as the entries that stand declare it", "唯一性登记与有效交易的内容不符"),
    Fault.RECORD: Text(
        "a block or kept record was written at another time, by another node or with other lines than was told then",
        "区块或留存报文的时间、节点或行数与当时发布的事件不符",
    ),
    Fault.PEOPLE: Text("one person alone stands behind what takes two", "须双人办理的业务只有一人经办"),
}


class Finding(NamedTuple):
    """One thing that is wrong, and where."""

    fault: Fault
    where: str


class BlockRow(NamedTuple):
    """A block's own row."""

    seq: int
    first_entry: int
    first_posting: int
    entries: int
    postings: int
    previous: bytes
    hash: bytes


class Balance(NamedTuple):
    """A balance as the ledger keeps it."""

    party: str
    window: str
    pays_fen: int
    receives_fen: int
    pays_reserved_fen: int
    receives_reserved_fen: int


class Moved(NamedTuple):
    """What a posting moved, without its place: what a reversal must take back."""

    debtor: str
    creditor: str
    amount_fen: int
    kind: str

    def opposite(self) -> "Moved":
        """What takes it back."""
        return Moved(self.creditor, self.debtor, self.amount_fen, self.kind)


def _within(posted: Counter[Moved], reserved: Counter[Moved]) -> bool:
    """Whether between the same parties, for the same kind, no more was posted than had been reserved."""
    room: Counter[tuple[str, str, str]] = Counter()
    for sums, sign in ((reserved, 1), (posted, -1)):
        for one in sums.elements():
            room[one.debtor, one.creditor, one.kind] += sign * one.amount_fen
    return min(room.values(), default=0) >= 0


Lookup = Callable[[int], Sequence[Moved]]
"""The money that an earlier entry moved or reserved."""


@dataclass
class Auditor:
    """Feed it the blocks in order, then `finish` with what the ledger keeps of sums."""

    lookup: Lookup
    findings: list[Finding] = field(default_factory=list)
    previous: bytes = GENESIS
    entry: int = 1
    posting: int = 1
    blocks: int = 0
    moved: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    pending: set[int] = field(default_factory=set)
    let_go: set[int] = field(default_factory=set)
    reversed: set[int] = field(default_factory=set)
    posted_by: dict[int, int] = field(default_factory=dict)
    figures: InForce | None = None
    latest: int = 0
    """When the last thing happened of what was booked so far."""

    def block(
        self,
        row: BlockRow,
        entries: Sequence[EntryRow],
        postings: Sequence[PostingRow],
        resolutions: Sequence[ResolutionRow],
        figures: bytes = b"",
    ) -> None:
        """One block with all its rows, in the order of their numbers; `figures` is the digest of those it was first judged by."""
        self.blocks += 1
        where = f"block {row.seq}"
        rows = msgspec.json.encode((entries, postings, resolutions)) + figures
        self.latest = max((self.latest, *(one.occurred_at for one in entries if one.refers is None)))
        if row.previous != self.previous or row.hash != hashlib.sha256(row.previous + rows).digest():
            self._find(Fault.CHAIN, where)
        self.previous = row.hash
        numbers = [one.seq for one in entries], [one.seq for one in postings]
        wanted = [*range(self.entry, self.entry + row.entries)], [*range(self.posting, self.posting + row.postings)]
        if numbers != wanted or (row.first_entry, row.first_posting) != (self.entry, self.posting) or row.seq != self.blocks:
            self._find(Fault.NUMBERING, where)
        self.entry, self.posting = row.first_entry + row.entries, row.first_posting + row.postings
        for one in postings:
            self.moved[one.window, one.debtor, one.creditor, one.phase] += one.amount_fen
        self.pending |= {one.seq for one in entries if one.state == "pending"}
        by_entry = self._by_entry(postings) if resolutions else {}
        for resolution in resolutions:
            self._resolution(resolution, by_entry)

    def in_force(self, block: int, digest: bytes, content: str, texts: Mapping[str, str]) -> InForce | None:
        """The figures from a block on, before that block: as sealed, of a release's texts, and rows added before their day.

        `texts` are the kept texts by their digest. None where they are not what was sealed.
        """
        try:
            held = InForce.parse(content)
        except CardstackError:
            held = None
        whole = held is not None and all(digest_of(texts.get(one, "")) == one for one in held.texts.values())
        if held is None or not whole or held.digest != digest:
            self._find(Fault.FIGURES, f"block {block}")
            return None
        if held.unknown() or (self.figures is not None and self._too_late(held, self.figures)):
            self._find(Fault.FIGURES, f"block {block}")
        self.figures = held
        return held

    def _too_late(self, held: InForce, before: InForce) -> bool:
        """Whether a row was added that begins no later than what was booked already; before the first set nothing is known."""
        last = datetime.fromtimestamp(self.latest, SHANGHAI).date().isoformat()
        return any(one not in before.added and str(one.row.get("since")) <= last for one in held.added)

    def figures_added(self, added: Sequence[Amendment] | None) -> None:
        """The rows that people added, against those of the last set; None where they are not of their form."""
        if added is None or (self.figures is not None and self.figures.added != last_of(added)):
            self._find(Fault.FIGURES, "added figures")

    @staticmethod
    def _by_entry(postings: Sequence[PostingRow]) -> dict[int, list[PostingRow]]:
        groups: dict[int, list[PostingRow]] = {}
        for one in postings:
            groups.setdefault(one.entry, []).append(one)
        return groups

    def _resolution(self, one: ResolutionRow, by_entry: Mapping[int, Sequence[PostingRow]]) -> None:
        where = f"entry {one.entry}"
        if not self._moved_on(one) or one.entry >= self.entry:
            self._find(Fault.STATE, where)
        made = by_entry.get(one.by_entry or one.entry, ())  # what lapses has no later entry
        if not self._follows(one, made):
            self._find(Fault.REVERSAL, where)

    def _moved_on(self, one: ResolutionRow) -> bool:
        """Take note of what became of an entry; whether its state allowed it."""
        if one.change == "reverse":
            lawful = one.entry not in self.reversed and one.entry not in self.pending
            self.reversed.add(one.entry)
            return lawful
        lawful = one.entry in self.pending and one.entry not in self.let_go
        self.let_go.add(one.entry)
        if one.change == "post":
            self.pending.discard(one.entry)
            self.posted_by[one.entry] = one.by_entry or one.entry
        return lawful

    def _follows(self, one: ResolutionRow, made: Sequence[PostingRow]) -> bool:
        """Whether the postings made are those that follow from the earlier ones: their opposites, a part of them, or none."""
        posted = Counter(Moved(p.debtor, p.creditor, p.amount_fen, p.kind) for p in made if p.phase == "posted")
        released = Counter(Moved(p.debtor, p.creditor, p.amount_fen, p.kind) for p in made if p.phase == "released")
        if one.change == "reverse":
            # Of a reservation, what was posted of it is what stands.
            stands = Counter(self.lookup(self.posted_by.get(one.entry, one.entry)))
            return posted == Counter(p.opposite() for p in stands.elements()) and not released
        reserved = Counter(self.lookup(one.entry))
        return released == reserved and (_within(posted, reserved) if one.change == "post" else not posted)

    def finish(self, kept: Iterable[Balance]) -> None:
        """Compare the balances that the ledger keeps with the sums of all postings; every window sums to zero."""
        nets: Counter[str] = Counter()
        sums = self._sums()
        for one in kept:
            nets[one.window] += one.receives_fen - one.pays_fen
            if [*one[2:]] != sums.pop((one.party, one.window), [0, 0, 0, 0]):
                self._find(Fault.BALANCE, f"{one.party} in {one.window or 'reserve'}")
        for party, window in sorted(sums):
            self._find(Fault.BALANCE, f"{party} in {window or 'reserve'}")
        for window, net in sorted(nets.items()):
            if net:
                self._find(Fault.NET, window)

    def _sums(self) -> dict[tuple[str, str], list[int]]:
        """Every party's four sums in each window: pays, receives, and the same reserved."""
        sums: dict[tuple[str, str], list[int]] = {}
        for (window, debtor, creditor, phase), amount in self.moved.items():
            place, signed = (0 if phase == "posted" else 2), (-amount if phase == "released" else amount)
            for party, side in ((debtor, place), (creditor, place + 1)):
                sums.setdefault((party, window), [0, 0, 0, 0])[side] += signed
        return sums

    def owed(self, kept: Mapping[tuple[str, str, str], int]) -> None:
        """What each owes each in every window (by window, debtor, creditor) against the sums of all postings."""
        sums = {key[:3]: amount for key, amount in self.moved.items() if key[3] == "posted"}
        for key in sorted(kept.keys() | sums.keys()):
            if kept.get(key) != sums.get(key):
                self._find(Fault.BALANCE, f"{key[1]} to {key[2]} in {key[0]}")

    def totals(self, kept: Mapping[str, int], added: Mapping[str, int]) -> None:
        """Running totals against the sums of what was added to them."""
        for account in sorted(kept.keys() | added.keys()):
            if kept.get(account, 0) != added.get(account, 0):
                self._find(Fault.TOTAL, account)

    def payments(self, window: str, paid: Mapping[str, int]) -> None:
        """The payments of a window, by party (received less paid), against the nets of its postings."""
        nets: Counter[str] = Counter()
        for (where, debtor, creditor, phase), amount in self.moved.items():
            if where == window and phase == "posted":
                nets[debtor] -= amount
                nets[creditor] += amount
        if {party: net for party, net in nets.items() if net} != {party: net for party, net in paid.items() if net}:
            self._find(Fault.PAYMENT, window)

    def _find(self, fault: Fault, where: str) -> None:
        self.findings.append(Finding(fault, where))
