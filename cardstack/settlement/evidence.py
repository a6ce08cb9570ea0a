"""The auditor's second look: kept records (envelopes, adjustments, decisions, lapses, batches) against what was booked from them.

What the ledger's own rows say of each other is `cardstack.settlement.audit`'s.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec

from cardstack.crypto.keys import PublicKey
from cardstack.errors import CardstackError
from cardstack.settlement import envelope as envelopes
from cardstack.settlement.audit import Fault, Finding


class Booked(NamedTuple):
    """An entry that came from a kept record: its line there, its digest and window, and what it moved."""

    seq: int
    line: int
    digest: bytes
    window: str
    postings: tuple[tuple[str, str, int, str, str], ...]
    """Debtor, creditor, fen, kind and rule of each posting that it made, in order."""
    refers: str | None = None
    claims: tuple[tuple[str, str], ...] = ()
    """What is kept of it as existing once, each with its scheme; what was taken back has nothing of the kind."""
    stands: bool = True
    added: tuple[tuple[str, int], ...] = ()
    """What it added to which running total."""
    takes_back: tuple[tuple[str, int], ...] | None = None
    """What the entry it is about had added; None unless it lets go or takes back one."""


class Adjusted(NamedTuple):
    """What the ledger keeps beside an adjustment's entry."""

    maker: str
    checker: str
    reason: str
    dispute: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Looks at one kept record after the other; what it finds is added to the `findings`."""

    findings: list[Finding]

    def envelope(self, seq: int, raw: bytes, key: PublicKey | None, entries: Mapping[int, bytes], signed_at: datetime) -> None:
        """A kept envelope against the digests of the entries that came from its lines, its signer's key and its moment."""
        try:
            sealed = envelopes.parse(raw)
        except CardstackError:
            self._find(Fault.CONTENT, f"envelope {seq}")
            return
        if int(sealed.signed_at.timestamp()) != int(signed_at.timestamp()):
            self._find(Fault.CONTENT, f"envelope {seq}")
        for line, digest in entries.items():
            if line >= len(sealed.lines) or hashlib.sha256(sealed.lines[line]).digest() != digest:
                self._find(Fault.CONTENT, f"envelope {seq} line {line}")
        try:
            if key is None:
                self._find(Fault.SIGNATURE, f"envelope {seq}")
            else:
                key.verify(sealed.signature, envelopes.message(sealed.signed))
        except CardstackError:
            self._find(Fault.SIGNATURE, f"envelope {seq}")

    def waits(self, seq: int, raw: bytes, answered: Container[int] | None, waiting: Mapping[int, str], size: int | None) -> None:
        """A received envelope against the ids of its lines that wait; `answered` were at once, None where all are.

        `size` is how many lines its batch is said to have, None where it has none.
        """
        try:
            contents = envelopes.parse(raw).contents
        except CardstackError:
            contents = ()
        ids = {place: getattr(content, "id", "") for place, content in enumerate(contents)}
        wanted = {} if answered is None else {place: id_ for place, id_ in ids.items() if place not in answered}
        if wanted != waiting or not contents or size not in (None, len(contents)):
            self._find(Fault.WAITING, f"envelope {seq}")

    def answered(self, seq: int, accepted: Mapping[int, tuple[int | None, str]], booked: Mapping[int, tuple[int, str]]) -> None:
        """The entries (number and message id) that a batch was answered with, by line, against those that name its lines."""
        if accepted != booked:
            self._find(Fault.WAITING, f"envelope {seq}")

    def unanswered(self, seq: int) -> None:
        """A batch whose answers are not of their form."""
        self._find(Fault.WAITING, f"envelope {seq}")

    def adjustment(self, seq: int, raw: bytes, digest: bytes, booked: Sequence[Booked], rows: Mapping[int, Adjusted]) -> None:
        """A kept adjustment against its one entry, the posting it made, and the people the ledger names beside it."""
        told = self._record(seq, raw, digest)
        if told is None:
            return
        if len(booked) != 1 or booked[0].digest != digest or booked[0].seq not in rows:
            self._find(Fault.CONTENT, f"envelope {seq}")
            return
        entry, row = booked[0], rows[booked[0].seq]
        people = tuple(told.get(name) for name in ("maker", "checker", "reason", "dispute"))
        if people != tuple(row) or told.get("window") != entry.window:
            self._find(Fault.CONTENT, f"entry {entry.seq}")
        posting = told.get("posting")
        names = ("debtor", "creditor", "amount_fen", "kind", "rule")
        wanted = tuple(posting.get(name) for name in names) if isinstance(posting, dict) else ()
        if entry.postings != (wanted,):
            self._find(Fault.POSTING, f"entry {entry.seq}")
        if row.maker in [one.strip() for one in row.checker.split("+")] or not row.checker.strip():
            self._find(Fault.PEOPLE, f"entry {entry.seq}")

    def decision(self, seq: int, raw: bytes, digest: bytes, booked: Sequence[Booked]) -> None:
        """A reversal that people decided: the message of the centre that stands in it is what was booked."""
        told = self._record(seq, raw, digest)
        if told is None:
            return
        line = str(told.get("transaction", "")).encode()
        if [one.digest for one in booked] != [hashlib.sha256(line).digest()]:
            self._find(Fault.CONTENT, f"envelope {seq}")
        people = told.get("decided_by")
        if not isinstance(people, list) or len(set(map(str, people))) < 2:
            self._find(Fault.PEOPLE, f"envelope {seq}")

    def lapsed(self, seq: int, raw: bytes, digest: bytes, booked: Sequence[Booked]) -> None:
        """Pending entries that the ledger let lapse: each is one of those that the record names."""
        try:
            named = {str(one) for one in msgspec.json.decode(raw)}
        except (msgspec.MsgspecError, TypeError):
            named = set()
        if hashlib.sha256(raw).digest() != digest or not {one.refers for one in booked} <= named:
            self._find(Fault.CONTENT, f"envelope {seq}")

    def follows(self, booked: Booked, wanted: Sequence[tuple[str, str, int, str, str]], digest: bytes | None = None) -> bool:
        """Whether an entry is what its content gives when it is computed again; `digest` is that of the content."""
        if digest is not None and digest != booked.digest:
            self._find(Fault.CONTENT, f"entry {booked.seq}")
            return False
        right = Counter(booked.postings) == Counter(wanted)
        if not right:
            self._find(Fault.POSTING, f"entry {booked.seq}")
        return right

    def claimed(self, booked: Booked, wanted: Collection[tuple[str, str]]) -> None:
        """An entry's claims, as they are kept, against those that its content declares."""
        if sorted(booked.claims) != (sorted(wanted) if booked.stands else []):
            self._find(Fault.CLAIM, f"entry {booked.seq}")

    def added(self, booked: Booked, wanted: Collection[tuple[str, int]]) -> None:
        """What an entry added to running totals against what its content gives; what is taken back is the opposite of that."""
        if sorted(booked.added) != sorted(wanted):
            self._find(Fault.TOTAL, f"entry {booked.seq}")

    def unreadable(self, seq: int) -> None:
        """A kept record that is not what it says it is."""
        self._find(Fault.CONTENT, f"envelope {seq}")

    def unsigned(self, seq: int) -> None:
        """A kept record whose signature does not verify."""
        self._find(Fault.SIGNATURE, f"envelope {seq}")

    def _record(self, seq: int, raw: bytes, digest: bytes) -> dict[str, object] | None:
        try:
            told = msgspec.json.decode(raw)
        except msgspec.MsgspecError:
            told = None
        if hashlib.sha256(raw).digest() != digest or not isinstance(told, dict):
            self.unreadable(seq)
            return None
        return told

    def _find(self, fault: Fault, where: str) -> None:
        self.findings.append(Finding(fault, where))
