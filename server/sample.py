"""An invented day at a clearing centre over a ledger that is there: people, prepayments, disputes, a failed payment, requests.

For demonstrations and tests of pages. Every name, account and document number is invented and says so; a ledger that real
operators work on is refused.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from cardstack import errors
from cardstack.errors import problem
from cardstack.settlement import amending
from cardstack.settlement.answer import Answer, Outcome
from cardstack.settlement.banking.statements import BankLine, Side, results
from cardstack.settlement.dispute import Ground, Step
from cardstack.settlement.instruction import Payment
from cardstack.settlement.prefund import Change, Kind, Thresholds
from cardstack.settlement.scheme import Reason
from cardstack.settlement.transaction import SHANGHAI, MessageId
from cardstack.settlement.transit.lists import Kind as ListKind
from cardstack.settlement.window import Stage
from cardstack.text import Text
from cardstack.values import Fen
from server import commands, filing
from server.approvals import Decision
from server.means import Means
from server.permissions import EVERYWHERE, Grant, Role
from server.store.adjusting import Two
from server.store.commit import Commit, Kept
from server.store.office.people import Operator
from server.store.refusals import Refused, record

REAL: Final = problem(
    "CS-9033",
    Text(
        "Operators work on this ledger already; sample data is for an empty office",
        "该账本已有操作员，示例数据只用于未启用的系统",
    ),
    Text("Take another database.", "请另选数据库。"),
)
if TYPE_CHECKING:
    from collections.abc import Mapping

CLERK, CHECKER, APPROVER, AWAY = "zhang.wei", "li.na", "wang.fang", "chen.jie"
PEOPLE: Final = (
    Operator(CLERK, "张伟（虚构 invented）", (Grant(Role.CLERK, EVERYWHERE),)),
    Operator(CHECKER, "李娜（虚构 invented）", (Grant(Role.CHECKER, EVERYWHERE),)),
    Operator(APPROVER, "王芳（虚构 invented）", (Grant(Role.APPROVER, EVERYWHERE), Grant(Role.AUDITOR, EVERYWHERE))),
    Operator(AWAY, "陈洁（虚构 invented）", (Grant(Role.CLERK, "31"), Grant(Role.CLERK, "33"))),
)
OWN: Final = frozenset({"demo", *(one.id for one in PEOPLE)})
INVENTED: Final = "示例文号〔2026〕1号（虚构 invented）"
USED_PERCENT: Final = (93, 74, 35, 52)
"""How far the prepayments are used: red, yellow and normal, in turn."""
DONE: Final = "sample"


def furnish(means: Means) -> bool:
    """Add the invented day once; False where it is there. `Refused` (CS-9033) where other operators are kept."""
    store = means.ledger
    if store.setting(DONE):
        return False
    if {one.id for one in means.office.people.operators()} - OWN:
        raise errors.Refused("operators", REAL)
    store.set_setting(DONE, means.at.isoformat())
    for one in PEOPLE:
        means.office.people.save(one, means.at)
    _prepay(means)
    _quarrel(means)
    _fail(means)
    _list_cards(means)
    _refuse(means)
    _ask(means)
    return True


def _prepay(means: Means) -> None:
    """Prepayments of those who owe in the newest monthly window, one with warnings of its own."""
    desk, two = means.ledger.desk, Two(CLERK, CHECKER)
    months = sorted(one.id for one in means.ledger.windows() if len(one.id) - len(one.cycle) == 8)
    owed = {(one.debtor, one.creditor): one.amount_fen for one in means.ledger.owed(months[-1])} if months else {}
    net = {pair: amount - owed.get((pair[1], pair[0]), 0) for pair, amount in sorted(owed.items())}
    pairs = [pair for pair in net if net[pair] > 0][: len(USED_PERCENT)]
    for (debtor, creditor), percent in zip(pairs, USED_PERCENT, strict=False):
        held = Fen(net[debtor, creditor] * 100 // percent)
        desk.change_prefund(Change(debtor, creditor, held, Kind.ALLOTTED, INVENTED), two, now=means.at)
    if pairs:
        desk.set_thresholds(*pairs[-1], Thresholds(60, 85), two, now=means.at)


def _quarrel(means: Means) -> None:
    """Up to three disputes: just opened, answered, in arbitration."""
    desk, said = means.ledger.desk, {"said": "疑为重复结算（虚构）/ perhaps settled twice (invented)"}
    for entry, steps in zip(_entries(means), ((), (Step.ANSWER,), (Step.ANSWER, Step.ESCALATE)), strict=False):
        booked = next(one for one in means.ledger.postings(entry) if one.window)
        half = Fen(max(1, booked.posting.amount_fen // 2))
        opened = desk.open_dispute(
            booked.seq,
            opened_by=booked.posting.debtor,
            ground=Ground.DUPLICATE,
            disputed_fen=half,
            actor=AWAY,
            now=means.at,
            evidence=said,
        )
        for step in steps:
            answer = {"said": "已核对，费用无误（虚构）/ checked and correct (invented)"}
            desk.step_dispute(opened.seq, step, actor=CLERK, now=means.at, evidence=answer)


def _entries(means: Means) -> list[int]:
    disputed = {one.posting for one in means.ledger.desk.disputes()}
    found = [one.seq for one in means.ledger.transactions(limit=50) if one.window and one.scheme != "adjustment"]
    posted = {seq: [one.seq for one in means.ledger.postings(seq) if one.window] for seq in found}
    return [seq for seq, numbers in posted.items() if numbers and not disputed.intersection(numbers)][:3]


def _fail(means: Means) -> None:
    """Of one window that waits for its payments, the first comes back from the bank and the rest stays released."""
    store = means.ledger
    for window in store.windows():
        waiting = [one.instruction for one in store.instructions(window.id) if one.state is Payment.PREPARED]
        if window.stage is Stage.PENDING and waiting:
            store.desk.release(window.id, Two(CLERK, CHECKER), now=means.at)
            first = waiting[0]
            account = next((one.account for one in store.parties() if one.name == first.debtor), "")
            day = means.at.astimezone(SHANGHAI).date()
            back = BankLine(account, first.id, f"SAMPLE{first.id}", Fen(0), Side.DEBIT, day, True, "账号户名不符（虚构）")
            name, number = f"银行回盘-{day:%Y%m%d}（虚构）.csv", f"{day:%Y%m%d}-sample0"
            arrival = filing.Arrival(results([back]), name, CLERK, means.at, number)
            filing.take(arrival, filing.Means(means.office.files, store, None, None))
            return


def _list_cards(means: Means) -> None:
    """A black list in two versions and a grey one."""
    desk, two = means.ledger.desk, Two(CLERK, CHECKER)
    if desk.card_list(ListKind.BLACK).version:
        return
    lost = frozenset(f"02002900FFFFFFFF.031000200000000{number:05d}" for number in range(40, 52))
    desk.publish_list(ListKind.BLACK, lost, frozenset(), two, now=means.at - timedelta(days=2))
    desk.publish_list(ListKind.BLACK, frozenset({"12003310FFFFFFFF.0310009*"}), frozenset(sorted(lost)[:2]), two, now=means.at)
    desk.publish_list(ListKind.GREY, frozenset({"02003010FFFFFFFF.03100020000000000017"}), frozenset(), two, now=means.at)


def _refuse(means: Means) -> None:
    """A line that was refused, of the node that comes first."""
    node = next((str(one.name) for one in means.ledger.nodes()), "33.node")
    moment = means.at.astimezone(SHANGHAI) - timedelta(hours=2)
    reason = Reason("tac-wrong", Text("The TAC is wrong (invented)", "TAC验证失败（虚构）"))
    answer = Answer(str(MessageId.of("T33010000001", moment, 9001)), Outcome.REFUSED, reason=reason)
    kept = Kept("envelope", sha256(b"sample").digest(), b"", node, moment)
    database = means.ledger.database
    with database.writing() as connection:
        record(Commit(database, connection, means.at), [Refused(kept, 0, sha256(b"sample line").digest(), answer)])


def _ask(means: Means) -> None:
    """Requests in every state: waiting, waiting for an approver, done, refused, and one that could not be carried out."""
    parties, nodes = [str(one.name) for one in means.ledger.parties()], [str(one.name) for one in means.ledger.nodes()]
    funds = [one for one in parties if one.endswith(".medical-fund")]
    hospitals = [one for one in parties if one.endswith(".hospital-fund")]
    if len(funds) < 2 or len(hospitals) < 2:
        return
    pair = {"debtor": funds[0], "creditor": hospitals[-1]}
    returned = {**pair, "amount_fen": -90_000_000_00, "why": "returned", "reference": INVENTED}
    asked: list[tuple[str, Mapping[str, Any], str]] = [
        ("prefund", {**pair, "amount_fen": 5_000_000_00, "why": "top-up", "reference": INVENTED}, ""),
        ("limit", {"party": funds[1], "limit_fen": 80_000_000_00}, ""),
        ("prefund-thresholds", {**pair, "yellow_percent": 65, "red_percent": 88}, "approve"),
        ("party-account", {"party": funds[1], "account": "invented account 2"}, "approve"),
        ("prefund", returned, "approve"),
        ("prefund", {**pair, "amount_fen": 1_000_000_00, "why": "top-up", "reference": INVENTED}, "refuse"),
        ("figures", _fee(means.at), "approve"),
    ]
    asked += [("node", {"node": nodes[-1], "act": "suspend"}, "")] if nodes else []
    for place, (kind, told, decision) in enumerate(asked, start=1):
        number = f"{means.at:%Y%m%d}-sample{place}"
        maker, checker = PEOPLE[0], PEOPLE[1]
        commands.enter(commands.draft(kind, told, means), by=maker, reason=INVENTED, number=number, means=means)
        if decision:
            said = Decision(checker.id, decision == "approve", "依据不足（虚构）" if decision == "refuse" else "", means.at)
            commands.settle(number, said, by=checker, means=means)


def _fee(at: datetime) -> dict[str, str]:
    """A lower service fee from the second New Year's Day on."""
    row = {**max(amending.rows("transit/fees", "fee"), key=lambda one: str(one["since"])), "rate_ppm": 2500}
    row |= {"since": f"{at.astimezone(SHANGHAI).year + 2}-01-01", "reference": INVENTED, "standing": "illustrative"}
    return {"name": "transit/fees", "table": "fee", "row": amending.written("fee", row)}
