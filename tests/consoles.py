"""An invented month of settlement for tests of the console, for its screenshots, and to look at while building pages.

Nobody in it exists; keys and certificates are made anew each time and are worth nothing.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count, groupby, permutations
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from pydantic import SecretStr
from werkzeug.serving import WSGIRequestHandler, make_server

from cardstack.ca.agreement import Level
from cardstack.ca.certificate import Certificate
from cardstack.ca.issue import Wish
from cardstack.ca.officers import Officer, approve
from cardstack.ca.profile import profile
from cardstack.crypto.armour import pem
from cardstack.crypto.keys import Algorithm
from cardstack.crypto.local import LocalSigner, generate
from cardstack.errors import CardstackError
from cardstack.settlement import envelope
from cardstack.settlement.dispute import Ground, Step
from cardstack.settlement.line import prepare
from cardstack.settlement.node import Node
from cardstack.settlement.prefund import Change, Kind
from cardstack.settlement.schemes import medical
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Transaction
from cardstack.settlement.transit.lists import Kind as ListKind
from cardstack.settlement.window import Event
from cardstack.settlement.wire import canonical, digest
from cardstack.text import Text
from cardstack.values import Fen
from cardstack.vault import responding
from cardstack.vault.network import Network
from server import approvals, commands
from server.app import create_app
from server.approvals import Decision, Request, State
from server.config import Config
from server.permissions import EVERYWHERE, Grant, Role
from server.store import open_store
from server.store.adjusting import Two
from server.store.commit import Kept
from server.store.office import Office
from server.store.office.jobbing import Job
from server.store.office.people import Operator
from server.store.posting import Submission
from server.store.store import Store
from server.store.values import Participant, RegisteredNode
from tests import filed
from tests.ledgers import NOON, node_trust
from tests.unit.ca.provinces import AT, agreement
from tests.unit.settlement.claims import a_claim
from tests.unit.settlement.taps import a_ride, a_tap
from tests.unit.vault.homes import card, home

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PROVINCES = {"31": "上海", "32": "江苏", "33": "浙江", "34": "安徽"}
ROLES = {
    "medical-fund": Text("medical fund", "医保基金"),
    "hospital-fund": Text("hospital fund", "医疗机构结算户"),
    "medical-account": Text("medical accounts", "医保个人账户"),
    "card-issuer": Text("card issuer", "发卡机构"),
    "transit-operator": Text("transit operator", "公交运营单位"),
    "card-sponsor": Text("card sponsor", "优惠补贴方"),
    "city-finance": Text("city finance", "市级财政"),
}
CENTRE = {"clearing-centre": Text("clearing centre", "清算中心"), "settlement-account": Text("settlement account", "结算账户")}
EXCHANGES = [
    {"command": "00A404000F7378312E73682EC9E7BBE1B1A3D5CF", "answer": "6F1A9000"},
    {"command": "00B2023420", "answer": "************9000", "decoded": "EF06 姓名 name"},
    {"command": "0020000003******", "answer": "9000"},
    {"command": "0084000008", "answer": "****************9000"},
    {"command": "0088000008****************", "answer": "****************9000"},
]


def enrol(store: Store) -> None:
    """Participants of four provinces and of the centre, one with a limit, and a node that signs for all."""
    named = [(code, role, title) for code in PROVINCES for role, title in ROLES.items()]
    named += [("00", role, title) for role, title in CENTRE.items()]
    for code, role, title in named:
        party = Party(f"{code}.{role}")
        where = PROVINCES.get(code, "区域")
        limit = Fen(500_000_00) if role == "medical-fund" else None
        words = Text(f"{title.en} of {code}", f"{where}{title.zh}")
        store.register_party(Participant(party, words, f"invented {party}", limit, NOON - timedelta(days=300)))
    for code, where in PROVINCES.items():
        title, since = Text(f"node of {code}", f"{where}省级节点"), NOON - timedelta(days=300)
        store.register_node(RegisteredNode(Party(f"{code}.node"), "province", title, f"CN={code}.node", True, True, since))


def bills(days: int) -> Iterator[Transaction]:
    """Medical bills and bus rides, some of each day."""
    serial = count(1)
    for day in range(days, -1, -1):
        noon = NOON - timedelta(days=day)
        for number in range(6):
            at = noon.replace(hour=8 + number % 4, minute=7 * number + day % 7)
            home, treating = HOMES[(number + day) % 4], TREATING[(number + 2 * day + 1) % 4]
            if home[:2] != treating[:2]:
                yield from _visit(next(serial), at, home, treating, 96_500 + 14_321 * number + 777 * day)
        for number in range(4 + day % 4):
            yield from _ride(next(serial), noon.replace(hour=7, minute=number * 5))


HOMES = ("310000", "320000", "330000", "340100")
TREATING = ("310000", "320500", "330100", "340100")


def _visit(serial: int, at: datetime, home: str, place: str, amount: int) -> Iterator[Transaction]:
    claim = a_claim(("0101", amount), person=f"p-{serial:06d}", insured_place=home, treating_place=place)
    try:
        split = medical.compute(claim, at.date())
    except CardstackError:
        return
    yield Transaction(
        id=MessageId.of(f"H{place}00001", at, serial % 10_000),
        scheme="medical-outpatient",
        kind="settle",
        sender=Party(f"{place[:2]}.hospital-fund"),
        home=home,
        treating=place,
        occurred_at=at,
        amount_fen=Fen(claim.total_fen),
        body=medical.body_of(claim, split),
        evidence={"apdu": EXCHANGES},
    )


def _ride(serial: int, at: datetime) -> Iterator[Transaction]:
    yield a_ride(a_tap(counter=serial, terminal_serial=serial, moment=f"{at.astimezone(SHANGHAI):%Y%m%d%H%M%S}"))


def fill(store: Store, days: int = 25) -> list[str]:
    """Enrol everybody, book the month, and take the windows through their lives; the ids of all transactions."""
    enrol(store)
    signers = {code: node_trust(f"{code}.node") for code in PROVINCES}
    taken: list[str] = []
    many = sorted(bills(days), key=lambda one: (one.occurred_at.date(), one.sender.province, one.occurred_at))
    for (_, code), group in groupby(many, key=lambda one: (one.occurred_at.date(), one.sender.province)):
        _, signer, leaf = signers[code]
        taken += send(store, list(group), code, signer, leaf)
    _lives(store)
    _prepay(store)
    _quarrel(store)
    _list_cards(store)
    return taken


def _list_cards(store: Store) -> None:
    """Two versions of the black list and one of the grey."""
    two = Two("zhang.wei", "li.na")
    lost = frozenset(f"02002900FFFFFFFF.031000200000000{number:05d}" for number in range(40, 65))
    store.desk.publish_list(ListKind.BLACK, lost, frozenset(), two, now=NOON - timedelta(days=9))
    more = frozenset({"12003310FFFFFFFF.0310009*"})
    store.desk.publish_list(ListKind.BLACK, more, frozenset(sorted(lost)[:3]), two, now=NOON - timedelta(days=2))
    looked_at = frozenset({"02003010FFFFFFFF.03100020000000000017"})
    store.desk.publish_list(ListKind.GREY, looked_at, frozenset(), two, now=NOON - timedelta(days=1))


def _prepay(store: Store) -> None:
    """Prepayments used a little, up to yellow and up to red."""
    owed = {(one.debtor, one.creditor): one.amount_fen for one in store.owed(f"medical-{NOON:%Y-%m}")}
    pairs = [pair for pair in sorted(owed) if owed.get((pair[1], pair[0]), 0) < owed[pair]][:4]
    for (debtor, creditor), percent in zip(pairs, (35, 74, 93, 52), strict=False):
        held = Fen((owed[debtor, creditor] - owed.get((creditor, debtor), 0)) * 100 // percent)
        change = Change(debtor, creditor, held, Kind.ALLOTTED, "示例文号〔2026〕1号（虚构 invented）")
        store.desk.change_prefund(change, Two("zhang.wei", "li.na"), now=NOON - timedelta(days=20))


def _quarrel(store: Store) -> None:
    """Three disputes: one just opened, one answered, one in arbitration."""
    bills = [one for one in store.transactions(limit=200) if one.scheme.startswith("medical")][5:8]
    steps = ((), (Step.ANSWER,), (Step.ANSWER, Step.ESCALATE))
    for entry, many in zip(bills, steps, strict=True):
        booked = next(one for one in store.postings(entry.seq) if one.window)
        half = Fen(booked.posting.amount_fen // 2)
        at, said = NOON - timedelta(hours=5), {"said": "就诊当日有另一笔相同结算，疑为重复（虚构）"}
        side = booked.posting.debtor
        made = store.desk.open_dispute(
            booked.seq, opened_by=side, ground=Ground.DUPLICATE, disputed_fen=half, actor="chen.jie", now=at, evidence=said
        )
        for number, step in enumerate(many, start=1):
            later, answer = at + timedelta(hours=number), {"said": "已核对收费明细，费用无误（虚构）"}
            store.desk.step_dispute(made.seq, step, actor="zhang.wei", now=later, evidence=answer)


def send(store: Store, part: list[Transaction], code: str, signer: LocalSigner, leaf: bytes) -> list[str]:
    """One signed envelope of a province's node; the ids that now stand."""
    at = max(one.occurred_at for one in part)
    raw = envelope.seal(part, signer, [leaf], at)
    path = {Certificate.parse(leaf).fingerprint: leaf}
    kept = Kept("envelope", sha256(raw).digest(), raw, f"{code}.node", at, tuple(path), path)
    node = Node(Party(f"{code}.node"), relays=True)
    lines = [prepare(one, digest(canonical(one)), node, store.schemes) for one in part]
    answers = store.submit([Submission(kept, lines)], at + timedelta(seconds=2))[0]
    return [str(answer.id) for answer in answers if answer.stands]


def _lives(store: Store) -> None:
    """All but the newest windows are cut off; most are settled, one waits for payment, one is disputed."""
    closing = [one for cycle in ("transit", "medical") for one in sorted(store.windows(cycle=cycle), key=lambda one: one.id)[:-1]]
    for place, one in enumerate(closing):
        later = NOON - timedelta(days=1)
        store.close_window(one.id, actor="zhang.wei", now=later)
        store.move_window(one.id, Event.RECONCILE, actor="zhang.wei", now=later)
        if place == len(closing) - 2:
            store.move_window(one.id, Event.OBJECT, actor="li.na", now=later, reason="两笔与省平台不一致")
            continue
        store.move_window(one.id, Event.AGREE, actor="zhang.wei+li.na", now=later)
        store.instruct(one.id, now=later)


SAVED = Path(__file__).parent / "vectors" / "saved"
REPORT = {
    "format": "cardstack-conformance/1",
    "head": {"profile": "3.00", "reader": "emulator", "began": "2026-11-22T03:00:00+00:00", "seconds": 1.5},
    "counts": {"pass": 1, "fail": 1},
    "cases": [
        {"id": "select-ssse", "title": {"en": "select", "zh": "选择社保应用"}, "clause": "LD/T 32.5", "verdict": "pass"},
        {
            "id": "read-free",
            "title": {"en": "read EF05", "zh": "读取 EF05"},
            "clause": "V2.0 table 3",
            "verdict": "fail",
            "reason": {"en": "answered 6982", "zh": "应答 6982"},
        },
    ],
}
"""A short report of the conformance kit, invented."""


def bench(home_folder: Path) -> None:
    """Two emulated cards and two reports beside the data."""
    for folder in ("cards", "conformance"):
        (home_folder / folder).mkdir(exist_ok=True)
    for name, saved in (("31-1", "0.1.0-3.00.card"), ("33-1", "0.1.0-2.00.card")):
        (home_folder / "cards" / f"{name}.card").write_bytes((SAVED / saved).read_bytes())
    (home_folder / "cards" / "34-1.card").write_bytes(b"no card\n")
    (home_folder / "conformance" / "vendor-1.json").write_text(json.dumps(REPORT), "utf-8")
    better = json.loads(json.dumps(REPORT))
    better["cases"][1]["verdict"], better["counts"] = "pass", {"pass": 2}
    (home_folder / "conformance" / "vendor-2.json").write_text(json.dumps(better), "utf-8")


PASSWORD = b"test password"
EVENING = NOON + timedelta(hours=6)
"""When the tests of pages look at it: after the authorities of the tests were made."""


def recognise(folder: Path) -> Network:
    """Four provinces and a bridge that recognise each other, with what follows from it issued and published."""
    for code in ("00", *PROVINCES):
        made = home(folder, code)
        signer = made.authority.signer
        assert isinstance(signer, LocalSigner)
        (made.folder / "key.pem").write_bytes(signer.to_pkcs8(PASSWORD))
    network = Network(folder, PASSWORD)
    network.agree([agreement(by, of) for by, of in permutations(PROVINCES, 2)])
    keys = {name: generate(Algorithm.ECDSA_P256_SHA256) for name in ("a", "b")}
    for name, key in keys.items():
        network.appoint(Officer(name, f"测试 {name}", key.public.spki), at=AT)
    plan = network.plan(AT).content()
    network.apply(plan, [approve(plan, officer=name, signer=key, at=AT) for name, key in keys.items()], at=AT)
    for one in network.homes.values():
        card(one)
        for place, (kind, days) in enumerate((("terminal", 300), ("terminal", 40), ("node-message", 300))):
            one.issue(
                profile(kind),
                subject=one.name(O="测试 Test", CN=f"{kind} {place}"),
                public=generate(Algorithm.ECDSA_P256_SHA256).public,
                at=AT,
                actor="tester",
                until=AT + timedelta(days=days),
                wish=Wish(policies=(one.policy(Level.HIGH),)),
            )
        one.publish(at=AT, actor="clock")
    responding.responder(network.home("33"), at=AT, actor="clock", password=PASSWORD)
    for code in PROVINCES:
        network.publish_list(code, at=AT, actor="clock", password=PASSWORD)
    _rely(network, folder.parent / "trust")
    return network


def _rely(network: Network, trust: Path) -> None:
    """The service relies on what one province published."""
    published = network.home("33")
    for part, raw in (
        ("anchors/33.pem", pem("CERTIFICATE", published.certificate.raw)),
        ("lists/33.json", published.trust_list() or b""),
    ):
        (trust / part).parent.mkdir(parents=True)
        (trust / part).write_bytes(raw)


PEOPLE = (
    Operator("zhang.wei", "张伟", (Grant(Role.CLERK, EVERYWHERE),)),
    Operator("li.na", "李娜", (Grant(Role.CHECKER, EVERYWHERE),)),
    Operator("wang.fang", "王芳", (Grant(Role.APPROVER, EVERYWHERE), Grant(Role.AUDITOR, EVERYWHERE))),
    Operator("zhao.min", "赵敏", (Grant(Role.ADMINISTRATOR, EVERYWHERE), Grant(Role.AUDITOR, EVERYWHERE))),
    Operator("chen.jie", "陈洁", (Grant(Role.CLERK, "33"),)),
)


def furnish(store: Store, office: Office, authorities: Path) -> None:
    """The invented month with its people, authorities, files, and requests in every state."""
    fill(store)
    for person in PEOPLE:
        office.people.save(person, NOON)
    recognise(authorities)
    filed.correspond(store, office)
    _long_work(office)
    _ask(store, office)


def _ask(store: Store, office: Office) -> None:
    """Requests: two that wait, one refused, one withdrawn; as one asks and another decides."""
    bills = [one for one in store.transactions(limit=100) if one.scheme.startswith("medical")][:3]
    kind = commands.kind("reversal")
    for number, one in enumerate(bills, 1):
        about = {"message": str(one.id), "scheme": one.scheme, "home": one.home, "treating": one.treating}
        asked = Request(
            id=f"20261122-invented{number}",
            kind=kind.name,
            province=one.home[:2],
            maker="zhang.wei",
            subject=str(one.id),
            amount_fen=one.amount_fen,
            payload=about,
            reason="就诊记录重复（虚构）",
            state=State.PENDING,
            created=NOON + timedelta(minutes=number),
            expires=NOON + timedelta(days=7),
        )
        approvals.ask(office.requests, kind, asked, PEOPLE[0])
    refused = Decision("li.na", approve=False, reason="凭证不全（虚构）", at=NOON + timedelta(hours=1))
    approvals.decide(office.requests, kind, "20261122-invented2", refused, by=PEOPLE[1], execute=lambda _: "")
    approvals.withdraw(office.requests, "20261122-invented3", PEOPLE[0])


def _long_work(office: Office) -> None:
    """A file and an export in each state that long work has; the running one of a service that was stopped."""
    said = Text("CS-1000 The input is malformed: line 7", "CS-1000 输入格式不正确：第 7 行")
    for kind, title in (("file", "交通日文件-20261122.zip"), ("export", "交易查询 · CSV")):
        for done, state in ((0, "failed"), (400_000, "done"), (120_000, "running")):
            id_, name = f"{kind}-{state}", "20261122-00000001"
            work = Job(id_, kind, "zhang.wei", title, state, 0, 400_000, name, "text/csv", "", Text("", ""), NOON, EVENING)
            office.jobs.add(work)
            office.jobs.change(id_, done=done, **({"error": said} if state == "failed" else {}))


@contextmanager
def served(
    home_folder: Path, *, demo: bool = True, clock: Callable[[], datetime] = lambda: EVENING
) -> Iterator[tuple[str, Store, Office]]:
    """A console over the invented month on a free port of this machine: its address, its ledger, its office."""
    store = open_store(f"sqlite:///{home_folder}/ledger.db")
    office = Office(store.database.engine)
    if not store.windows():
        furnish(store, office, home_folder / "ca")
        bench(home_folder)
    password = SecretStr(PASSWORD.decode())
    app = create_app(Config(home=home_folder, demo=demo, ca_password=password), store=store, clock=clock)
    server = make_server("127.0.0.1", 0, _closing(app), threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}", store, office
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions["cardstack"].intake.close()
        store.close()


def _closing(app: "WSGIApplication") -> "WSGIApplication":
    """A browser that goes away keeps the server from closing what it was being sent: here it is closed when it ends."""

    def closed(environ: "WSGIEnvironment", start: "StartResponse") -> Iterator[bytes]:
        sent = app(environ, start)
        try:
            yield from sent
        finally:
            if (close := getattr(sent, "close", None)) is not None:
                close()

    return closed


class _Quiet(WSGIRequestHandler):
    """A server that does not write a line for each request."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  # the signature is werkzeug's
        del type, message, args
