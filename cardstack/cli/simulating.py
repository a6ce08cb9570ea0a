"""A simulated month run through the real service: files and envelopes signed and verified, posted, cleared, audited.

Everything that was seeded must be found and named by the parts of the service itself, and nothing else.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count, islice
from typing import Any, NamedTuple

from cardstack.ca import encoding
from cardstack.ca.issue import Authority, Wish, issue, self_signed
from cardstack.ca.profile import ARC, profile
from cardstack.ca.trust import Anchor, Revocation, Settings
from cardstack.cli.output import language
from cardstack.cli.simulated import FILE_FAULTS, PARTS
from cardstack.crypto import local
from cardstack.crypto.cryptogram import Block
from cardstack.crypto.keys import Algorithm, Signer
from cardstack.errors import Malformed, Untrusted
from cardstack.settlement import envelope
from cardstack.settlement.answer import Outcome
from cardstack.settlement.bulk import control, return_file
from cardstack.settlement.bulk.package import describe, pack, unpack, verified
from cardstack.settlement.bulk.transit_file import Batch, batches
from cardstack.settlement.bulk.transit_layout import LAYOUT
from cardstack.settlement.bulk.transit_shapes import Memory
from cardstack.settlement.line import prepare
from cardstack.settlement.medical.reconciliation import Book, Difference, reconcile
from cardstack.settlement.node import Node
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.schemes.transit import Transit
from cardstack.settlement.services.registration import REGISTRATION
from cardstack.settlement.simulation.bills import Bill, Bills
from cardstack.settlement.simulation.books import BANK_KINDS, bank, hospitals
from cardstack.settlement.simulation.journeys import Day, journeys
from cardstack.settlement.simulation.plan import PROVINCES, Plan, Seeded
from cardstack.settlement.simulation.rides import DayFile
from cardstack.settlement.simulation.spoilt import lists
from cardstack.settlement.transaction import SHANGHAI, Party
from cardstack.settlement.transit.continuity import Break, Last, Trace, examine
from cardstack.settlement.transit.keys import TEST_ROOT, Keys
from cardstack.settlement.window import Event
from cardstack.text import Text
from server.store.commit import Kept
from server.store.posting import Submission
from server.store.store import Store
from server.store.values import Participant
from server.trusting import Trust

GROUP = 256
ROLES = {
    "card-issuer": Text("card issuer", "发卡机构"),
    "transit-operator": Text("transit operator", "公交运营机构"),
    "card-sponsor": Text("sponsor of card discounts", "持卡优惠承担方"),
    "city-finance": Text("city finance", "市级财政"),
    "medical-fund": Text("medical insurance fund", "医保基金"),
    "medical-account": Text("individual accounts", "医保个人账户"),
    "hospital-fund": Text("settlement with hospitals", "医疗机构结算专户"),
}
Progress = Callable[[str, int, int], None]
"""A stage, how much of it is done, and how much there is."""


class NodeKey(NamedTuple):
    """A province's node of the simulation: its key and its certificates."""

    signer: Signer
    certificates: tuple[bytes, ...]


def nodes(at: datetime) -> tuple[Trust, dict[str, NodeKey]]:
    """A root and a node for each province; what they sign is validated like anybody's."""
    serials = count(1)
    anchors, keys = [], {}
    for province in PROVINCES:
        root_key = local.generate(Algorithm.ECDSA_P256_SHA256)
        subject = encoding.name(C="CN", O="Simulation", CN=f"{province.code} root (simulation)")
        root = self_signed(profile("province-root"), authority=Authority(subject, root_key), at=at, serial=next(serials))
        signer = local.generate(Algorithm.ECDSA_P256_SHA256)
        certificate = issue(
            profile("node-message"),
            subject=encoding.name(C="CN", O="Simulation", CN=f"{province.code} node (simulation)"),
            public=signer.public,
            issuer=root,
            at=at,
            serial=next(serials),
            wish=Wish(policies=(f"{ARC}.1.{int(province.code)}.1",)),
        )
        assert root.certificate is not None
        anchors.append(Anchor(root.certificate))
        keys[province.code] = NodeKey(signer, (certificate.raw,))
    return Trust(anchors, settings=Settings(revocation=Revocation.OFF)), keys


@dataclass
class Run:
    """One simulated month in a store."""

    plan: Plan
    store: Store
    progress: Progress
    seeded: list[Seeded] = field(default_factory=list)
    found: list[Seeded] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    accepted: Counter[str] = field(default_factory=Counter)
    book: list[Book] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began = datetime(self.plan.year, self.plan.month, 1, tzinfo=SHANGHAI)
        self.trust, self.nodes = nodes(self.began - timedelta(days=1))
        keys = {
            (bytes.fromhex(province.issuer), block, 1): key
            for province in PROVINCES
            for block in Block
            if (key := TEST_ROOT.issuer_key(bytes.fromhex(province.issuer), block, 1)) is not None
        }
        self.transit = Transit(keys=Keys(keys), lists=lists(self.plan))

    def go(self) -> dict[str, Any]:
        """The whole month; the result as data."""
        for name, stage in (
            ("enrol", self._enrol),
            ("transit", self._transit),
            ("medical", self._medical),
            ("reconcile", self._reconcile),
            ("settle", self._settle),
            ("audit", self._audit),
        ):
            before = time.perf_counter()
            stage()
            self.seconds[name] = round(time.perf_counter() - before, 2)
        return self.result()

    def result(self) -> dict[str, Any]:
        """What was seeded, what was found, and whether they are the same."""
        seeded, found = Counter(self.seeded), Counter(self.found)
        missed, unexpected = sorted((seeded - found).elements()), sorted((found - seeded).elements())
        return {
            "month": f"{self.plan.year}-{self.plan.month:02d}",
            "scale": self.plan.scale,
            "accepted": dict(self.accepted),
            "seeded": dict(sorted(Counter(fault.kind for fault in self.seeded).items())),
            "found": dict(sorted(Counter(fault.kind for fault in self.found).items())),
            "missed": [fault._asdict() for fault in missed[:50]],
            "unexpected": [fault._asdict() for fault in unexpected[:50]],
            "every_fault_found_and_nothing_else": seeded == found,
            "windows": dict(Counter(window.stage.value for window in self.store.windows())),
            "nets": self.nets,
            "audit": {"findings": len(self.report.findings), "entries": self.report.entries, "head": self.report.head.hex()},
            "seconds": self.seconds,
        }

    def _enrol(self) -> None:
        parties = [f"{province.code}.{role}" for province in PROVINCES for role in ROLES]
        for name in (*parties, "00.clearing-centre", "00.settlement-account"):
            title = ROLES.get(name[3:], Text("clearing centre", "清算中心"))
            self.store.register_party(Participant(Party(name), title, f"simulated account of {name}", None, self.began))

    def _transit(self) -> None:
        memory, last = Memory(), dict[str, Last]()
        for number, day in enumerate(journeys(self.plan), 1):
            self.seeded += day.seeded
            traces: dict[str, Trace] = {}
            duplicates: set[str] = set()
            if number <= min(self.plan.each, 5):
                self._refuse(day.files[number % len(day.files)])
            for file in day.files:
                for batch, kept in self._file(file, memory):
                    for trace in batch.traces:
                        traces.setdefault(trace.reference, trace)
                    duplicates |= self._post(batch, kept)
            last = self._continuity(day, traces, duplicates, last)
            self.progress("transit", number, len(self.plan.days))

    def _file(self, file: DayFile, memory: Memory) -> Iterator[tuple[Batch, Kept]]:
        """A file signed, sent, opened and read."""
        node = self.nodes[file.sender.province]
        at = datetime(file.day.year, file.day.month, file.day.day, 3, tzinfo=SHANGHAI) + timedelta(days=1)
        manifest = describe(
            file.body, name=file.name, layout=LAYOUT.name, charset="gb18030", sender=file.sender, lines=file.lines,
            total_fen=file.total_fen, at=at, certificates=node.certificates,
        )  # fmt: skip
        raw = pack(file.body, manifest, node.signer)
        package = unpack(raw)
        trusted = self.trust.vouch(package.certificates, package.manifest.made_at)
        control.check(verified(package, trusted))
        data = package.data
        kept = Kept("file", sha256(raw).digest(), raw, f"{file.sender.province}.node", at)
        for batch in batches(data, self.transit, file.sender, memory=memory):
            answer = return_file.faults(return_file.body(batch.faults))
            self.found += [Seeded(fault.code, fault.id or f"{file.name}#{fault.line}") for fault in answer]
            yield batch, kept

    def _refuse(self, file: DayFile) -> None:
        """A file that is refused as a whole, spoilt in each way: its signature, its data, its totals, its line ends."""
        node = self.nodes[file.sender.province]
        stranger = self.nodes[next(code for code in self.nodes if code != file.sender.province)]
        for kind, body, lines, signer in (
            ("file-signature", file.body, file.lines, stranger.signer),
            ("file-data", file.body[:-9] + b"00000000\n", file.lines, node.signer),
            ("file-totals", file.body, file.lines + 1, node.signer),
            ("file-line-ends", file.body.replace(b"\n", b"\r\n"), file.lines, node.signer),
        ):
            at = self.began + timedelta(days=1)
            told = describe(
                file.body if kind == "file-data" else body, name=file.name, layout=LAYOUT.name, charset="gb18030",
                sender=file.sender, lines=lines, total_fen=file.total_fen, at=at, certificates=node.certificates,
            )  # fmt: skip
            self.seeded.append(Seeded(kind, file.name))
            try:
                package = unpack(pack(body, told, signer))
                control.check(verified(package, self.trust.vouch(package.certificates, at)))
            except Untrusted:
                self.found.append(Seeded("file-signature", file.name))
            except Malformed as error:
                self.found.append(Seeded(FILE_FAULTS[error.code], file.name))

    def _post(self, batch: Batch, kept: Kept) -> set[str]:
        """Post a batch; the ids of records that another message has claimed before."""
        posted = self.store.post_many(batch.columns, kept, kept.signed_at + timedelta(hours=1))
        duplicates = set()
        for identity, outcome in zip(batch.columns.ids, posted.outcomes, strict=True):
            if outcome == Outcome.DUPLICATE:
                duplicates.add(identity)
            elif outcome != Outcome.ACCEPTED:
                self.found.append(Seeded(outcome, identity))
            else:
                self.accepted["transit"] += 1
        return duplicates

    def _continuity(self, day: Day, traces: dict[str, Trace], duplicates: set[str], last: dict[str, Last]) -> dict[str, Last]:
        """Breaks in the day's records; of a counter used twice, what the set shows is more exact than `duplicate`."""
        findings, known = examine(traces.values(), day.loads_fen, last)
        conflicts = {finding.reference for finding in findings if finding.kind is Break.CONFLICT}
        self.found += [Seeded(finding.kind.value, finding.reference) for finding in findings]
        self.found += [Seeded("duplicate", identity) for identity in duplicates - conflicts]
        return known

    def _medical(self) -> None:
        done, messages = 0, Bills(self.plan).messages()
        while group := list(islice(messages, GROUP)):
            self._submit(group)
            done += len(group)
            self.progress("medical", min(done, self.plan.bills), self.plan.bills)

    def _submit(self, group: Sequence[Bill]) -> None:
        """Messages one envelope each, as hospitals send them, committed together."""
        submissions = []
        for bill in group:
            transaction = bill.transaction
            province, at = transaction.sender.province, transaction.occurred_at
            node = self.nodes[province]
            raw = envelope.seal(transaction, node.signer, node.certificates, at)
            sealed = envelope.parse(raw)
            opened = envelope.open(sealed, self.trust.vouch(sealed.certificates, at))
            signer = Node(Party(f"{province}.node"), relays=True)
            chain = {sha256(one).hexdigest(): one for one in node.certificates}
            kept = Kept("envelope", sealed.digest, raw, str(signer.name), at, tuple(chain), chain)
            line = prepare(opened.transactions[0], opened.digests[0], signer, SCHEMES)
            submissions.append(Submission(kept, [line]))
        answers = self.store.submit(submissions, group[-1].transaction.occurred_at + timedelta(minutes=5))
        for bill, (answer,) in zip(group, answers, strict=True):
            if bill.seeded:
                self.seeded.append(bill.seeded)
            if answer.outcome is not Outcome.ACCEPTED:
                code = answer.reason.code if answer.reason else answer.outcome.value
                self.found.append(Seeded(code, str(bill.transaction.id)))
            elif bill.transaction.scheme != REGISTRATION.name:
                self.accepted["medical"] += 1
                self._enter(bill)

    def _enter(self, bill: Bill) -> None:
        """The insured place's book of what was settled and taken back."""
        transaction = bill.transaction
        if transaction.reverses:
            earlier = next(line for line in reversed(self.book) if line.key == transaction.reverses)
            self.book.append(earlier._replace(key=str(transaction.id), refund=True))
            return
        split = transaction.body["split"]
        group = (transaction.body["claim"]["insurance"], transaction.body["claim"]["care"])
        amounts = (split["medfee_sumamt"], split["fund_pay_sumamt"], split["acct_pay"])
        self.book.append(Book(str(transaction.id), group, *amounts))

    def _reconcile(self) -> None:
        """The hospitals' book differs where it was made to."""
        theirs, seeded = hospitals(self.plan, self.book)
        self.seeded += seeded
        self.found += [Seeded(difference.kind.value, difference.key) for difference in reconcile(self.book, theirs)]

    def _settle(self) -> None:
        """Close, agree and pay every window; the bank's file is matched back, and only what was paid is settled."""
        self.nets: dict[str, int] = {}
        at = self.began + timedelta(days=len(self.plan.days) + 2)
        windows = sorted(window.id for window in self.store.windows())
        orders: list[Book] = []
        for number, window in enumerate(windows, 1):
            for event in (Event.CUT_OFF, Event.RECONCILE, Event.AGREE):
                self.store.move_window(window, event, actor="simulation", now=at)
            orders += [Book(one.id, ("bank", window), one.amount_fen, 0, 0) for one in self.store.instruct(window, now=at)]
            for position in self.store.positions(window):
                self.nets[str(position.party)] = self.nets.get(str(position.party), 0) + position.net_fen
            self.progress("settle", number, len(windows))
        assert sum(self.nets.values()) == 0
        broken = {difference.group[1] for difference in self._bank(orders)}
        for window in sorted({order.group[1] for order in orders}):  # one without money is settled by its nets
            if window not in broken:
                self.store.move_window(window, Event.SETTLE, actor="simulation", now=at)

    def _bank(self, orders: Sequence[Book]) -> Iterable[Difference]:
        """The bank's file with its faults, matched by payment reference."""
        paid, seeded = bank(self.plan, orders)
        self.seeded += seeded
        differences = reconcile(orders, paid)
        self.found += [Seeded(BANK_KINDS[difference.kind], difference.key) for difference in differences]
        return differences

    def _audit(self) -> None:
        self.report = self.store.audit(signatures=True)
        self.progress("audit", 1, 1)
        for finding in self.report.findings:
            self.found.append(Seeded(f"audit-{finding.fault.value}", str(finding.where)))


@contextmanager
def bar(*, quiet: bool) -> Iterator[Progress]:
    """A bar on standard error, or nothing."""
    if quiet:
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def move(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(PARTS[stage].of(language()), total=total)
            bars.update(tasks[stage], completed=done)

        yield move
