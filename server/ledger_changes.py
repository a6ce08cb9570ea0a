"""Changes of windows, entries and payments, each asked for by one person and decided by others."""

import json
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any, Final

from cardstack.errors import Refused, faulty
from cardstack.settlement.banking.interest import DAYS_MAX, spans, terms_of, total
from cardstack.settlement.dispute import DISPUTE, Step
from cardstack.settlement.line import prepare
from cardstack.settlement.node import DECIDED, Node
from cardstack.settlement.transaction import MessageId, Party, Posting, Transaction
from cardstack.settlement.window import WINDOW, Event, Stage
from cardstack.settlement.wire import canonical, digest
from cardstack.text import Text
from cardstack.values import Fen
from server.approvals import Kind, Request
from server.forms import FIELD, Field, Shape
from server.means import CREDITOR, DEBTOR, LARGE, REVERSAL_LARGE, Change, Draft, Means, deciders, two
from server.permissions import EVERYWHERE, Permission
from server.store.commit import Kept
from server.store.disputing import NO_SUCH, NOT_INSTALLED, check_upheld
from server.store.posting import Submission
from server.store.queries import disputes as queries
from server.store.resting import check_left, debt, debts
from server.store.windows import NO_WINDOW, NOT_AGREED

CENTRE_NODE: Final = Party("00.hub")
WINDOW_FIELD: Final = Field("window", Text("Settlement window", "清算窗口"))
PLAIN: Final = Text("Empty: a plain correction", "留空记为“调账”")


def _window_draft(event: Event) -> Any:
    def draw(told: Mapping[str, Any], means: Means) -> Draft:
        window = told["window"]
        one = means.ledger.window(window)
        if one is None:
            raise Refused(window, NO_WINDOW, window=window)
        WINDOW.after(one.stage, event)
        amount = Fen(sum(each.net_fen for each in means.ledger.positions(window) if each.net_fen > 0))
        return Draft(event.value, EVERYWHERE, window, {**told, "event": event.value}, amount)

    return draw


def _window(request: Request, means: Means) -> str:
    """The step that was asked for; agreeing the nets makes the payments."""
    window, event = request.payload["window"], Event(request.payload["event"])
    store = means.ledger
    after = store.move_window(window, event, actor="+".join(deciders(request)), now=means.at, reason=request.reason)
    if event is Event.AGREE:
        return f"{after}: {len(store.instruct(window, now=means.at))}"
    return after.value


def _reversal(request: Request, means: Means) -> str:
    """Book the opposite as a message of the centre; what is kept with it is the request and its decisions."""
    payload, store = request.payload, means.ledger
    entry = store.transaction(payload["message"])
    if entry is None:
        raise Refused(Text(f"no such transaction: {payload['message']}", f"没有该交易：{payload['message']}"), NO_SUCH)
    if entry.scheme not in store.schemes:
        raise Refused("scheme", NOT_INSTALLED, scheme=entry.scheme)
    transaction = Transaction(
        id=MessageId.of(DECIDED, means.at, int(sha256(request.id.encode()).hexdigest(), 16) % 10_000),
        scheme=entry.scheme,
        kind="reversal",
        sender=CENTRE_NODE,
        home=entry.home,
        treating=entry.treating,
        occurred_at=means.at.replace(microsecond=0),
        amount_fen=entry.amount_fen,
        evidence={"request": request.id},
        reverses=entry.id,
    )
    line = canonical(transaction)
    raw = json.dumps({"request": request.id, "decided_by": deciders(request), "transaction": line.decode()}).encode()
    kept = Kept("decision", sha256(raw).digest(), raw, str(CENTRE_NODE), means.at)
    prepared = prepare(transaction, digest(line), Node(CENTRE_NODE), store.schemes)
    ((answer,),) = store.submit([Submission(kept, [prepared])], means.at)
    if not answer.stands:
        raise Refused(Text(f"the ledger answered {answer.outcome.value}", f"账本答复为 {answer.outcome.value}"))
    return str(answer.id)


def _reversal_draft(told: Mapping[str, Any], means: Means) -> Draft:
    entry = means.ledger.transaction(told["message"])
    if entry is None:
        raise Refused(Text("no such transaction", "没有该交易"), NO_SUCH)
    payload = {**told, "scheme": entry.scheme, "home": entry.home, "treating": entry.treating}
    return Draft("reversal", entry.home[:2], str(entry.id), payload, entry.amount_fen)


def _release_draft(told: Mapping[str, Any], means: Means) -> Draft:
    found = [one for debt in debts(means.ledger.instructions(told["window"])) for one in debt.waiting]
    if not found:
        raise Refused(Text("nothing here is waiting for release", "没有待发出的划款指令"), window=told["window"])
    payload = {**told, "instructions": [one.instruction.id for one in found]}
    amount = Fen(sum(one.instruction.amount_fen for one in found))
    return Draft("release", EVERYWHERE, told["window"], payload, amount)


def _release(request: Request, means: Means) -> str:
    """Send to the bank what was asked for, and nothing that came to wait since."""
    told = request.payload
    return str(len(means.ledger.desk.release(told["window"], two(request), now=means.at, only=told["instructions"])))


def _rest_draft(told: Mapping[str, Any], means: Means) -> Draft:
    with means.ledger.view() as view:
        one = debt(view, told["payment"])
    amount = one.left_fen if told["amount_fen"] is None else Fen(told["amount_fen"])
    check_left(one, amount)
    first = one.first.instruction
    found = means.ledger.window(first.window)
    if found is None or found.stage is not Stage.PENDING:
        raise Refused(first.window, NOT_AGREED, window=first.window)
    payload = {**told, "payment": first.id, "amount_fen": amount, "window": first.window}
    return Draft("rest", EVERYWHERE, first.id, payload, amount)


def _rest(request: Request, means: Means) -> str:
    """Order the rest that was asked for; the id of the instruction that does."""
    told = request.payload
    return means.ledger.desk.order_rest(told["payment"], two(request), amount=Fen(told["amount_fen"]), now=means.at).id


def _correction_draft(told: Mapping[str, Any], means: Means) -> Draft:
    if told["scheme"] not in means.ledger.schemes:
        raise faulty("scheme", f"one of {', '.join(means.ledger.schemes)}", f"可选 {'、'.join(means.ledger.schemes)}", FIELD)
    payload = {**told, "kind": told["kind"] or "adjustment", "rule": told["rule"] or "adjustment"}
    posting = _posting(payload)
    return Draft("correction", posting.debtor.province, f"{posting.debtor} {posting.creditor}", payload, posting.amount_fen)


def _interest_draft(told: Mapping[str, Any], means: Means) -> Draft:
    """A correction of so much as the dated rates of the scheme's cycle make of what was owed and of the days."""
    if told["scheme"] not in means.ledger.schemes:
        raise faulty("scheme", f"one of {', '.join(means.ledger.schemes)}", f"可选 {'、'.join(means.ledger.schemes)}", FIELD)
    due, paid, owed = date.fromisoformat(told["due"]), date.fromisoformat(told["paid"]), Fen(told["owed_fen"])
    if not 0 < (paid - due).days <= DAYS_MAX:
        raise faulty("paid", "a day after `due`, within ten years", "应晚于应付日且不超过十年", FIELD)
    late = spans(owed, due, {paid: owed}, terms_of(means.ledger.schemes[told["scheme"]].cycle.name, due))
    amount = total(late)
    if not amount:
        raise faulty("owed_fen", "its interest is less than half a fen", "利息不足半分", FIELD)
    payload = {**told, "amount_fen": amount, "kind": "interest", "rule": f"late-interest@{late[-1].rate.since}"}
    posting = _posting(payload)
    return Draft("interest", posting.debtor.province, f"{posting.debtor} {posting.creditor}", payload, amount)


def _correction(request: Request, means: Means) -> str:
    """Book a correction in the window of its scheme that is open; the message id of the entry it makes."""
    told, store = request.payload, means.ledger
    if told["scheme"] not in store.schemes:
        raise Refused("scheme", NOT_INSTALLED, scheme=told["scheme"])
    cycle = store.schemes[told["scheme"]].cycle
    return str(store.desk.adjust(cycle, _posting(told), two(request), reason=request.reason, now=means.at).id)


def _posting(told: Mapping[str, Any]) -> Posting:
    return Posting(Party(told["debtor"]), Party(told["creditor"]), Fen(told["amount_fen"]), told["kind"], told["rule"])


def _dispute_draft(told: Mapping[str, Any], means: Means) -> Draft:
    with means.ledger.view() as view:
        one = queries.one(view, told["dispute"])
    if one is None:
        raise Refused(Text(f"dispute {told['dispute']}", f"异议 {told['dispute']}"), NO_SUCH, dispute=told["dispute"])
    DISPUTE.after(one.stage, Step(told["step"]))
    amount = one.disputed_fen if told["amount_fen"] is None else Fen(told["amount_fen"])
    check_upheld(Step(told["step"]), amount, one.disputed_fen)
    payload = {**told, "amount_fen": amount, "transaction": one.message}
    return Draft("dispute", one.against[:2], str(one.seq), payload, amount)


def _dispute(request: Request, means: Means) -> str:
    """Concede or uphold a dispute: the correction is booked with it."""
    who, told = two(request), request.payload
    evidence = {"said": request.reason, **told.get("evidence", {})}
    upheld = told.get("amount_fen")  # before version 0.2 a request was for all that is disputed
    after = means.ledger.desk.step_dispute(
        told["dispute"],
        Step(told["step"]),
        actor=who.maker,
        checker=who.checker,
        now=means.at,
        evidence=evidence,
        upheld_fen=None if upheld is None else Fen(upheld),
    )
    return after.stage.value


_P = Permission
CHANGES: Final = (
    Change(
        Kind("agree", Text("Agree a window's nets", "确认窗口净额"), _P.WINDOW_CLOSE, LARGE, fields=(WINDOW_FIELD,)),
        _window,
        _window_draft(Event.AGREE),
    ),
    Change(
        Kind("abort", Text("Abort a window", "中止清算窗口"), _P.WINDOW_CLOSE, Fen(0), fields=(WINDOW_FIELD,)),
        _window,
        _window_draft(Event.ABORT),
    ),
    Change(
        Kind(
            "reversal",
            Text("Reversal", "冲正"),
            _P.ADJUSTMENT_REQUEST,
            REVERSAL_LARGE,
            fields=(Field("message", Text("Message id of the transaction", "原交易流水号")),),
        ),
        _reversal,
        _reversal_draft,
    ),
    Change(
        Kind(
            "correction",
            Text("Correction", "调账"),
            _P.ADJUSTMENT_REQUEST,
            REVERSAL_LARGE,
            fields=(
                DEBTOR,
                CREDITOR,
                Field("amount_fen", Text("Amount in fen", "金额（分）"), Shape.FEN, least=1),
                Field("scheme", Text("Scheme whose window it falls into", "计入哪项业务的清算窗口"), Shape.SCHEME),
                Field("kind", Text("What the money is", "款项种类"), optional=True, hint=PLAIN),
                Field("rule", Text("Rule", "依据规则"), optional=True, hint=PLAIN),
            ),
        ),
        _correction,
        _correction_draft,
    ),
    Change(
        Kind(
            "interest",
            Text("Interest on what was paid late", "逾期利息"),
            _P.ADJUSTMENT_REQUEST,
            REVERSAL_LARGE,
            fields=(
                DEBTOR,
                CREDITOR,
                Field("owed_fen", Text("Amount owed in fen", "欠付金额（分）"), Shape.FEN, least=1),
                Field("due", Text("Due on", "应付日"), Shape.DAY),
                Field("paid", Text("Paid on", "实付日"), Shape.DAY),
                Field("scheme", Text("Scheme by whose rate, and in whose window", "适用利率及计入清算窗口的业务"), Shape.SCHEME),
            ),
        ),
        _correction,
        _interest_draft,
    ),
    Change(
        Kind("release", Text("Release payments", "放行划款指令"), _P.SETTLEMENT_REQUEST, LARGE, fields=(WINDOW_FIELD,)),
        _release,
        _release_draft,
    ),
    Change(
        Kind(
            "rest",
            Text("Order the rest of a payment", "另发部分支付的余款"),
            _P.SETTLEMENT_REQUEST,
            LARGE,
            fields=(
                Field("payment", Text("Payment that was booked in part", "部分支付的划款指令")),
                Field(
                    "amount_fen",
                    Text("Amount in fen; empty is all that is left", "金额（分），留空为全部余款"),
                    Shape.FEN,
                    least=1,
                    optional=True,
                ),
            ),
        ),
        _rest,
        _rest_draft,
    ),
    Change(
        Kind(
            "dispute",
            Text("Uphold a dispute", "异议成立调整"),
            _P.DISPUTE_WORK,
            REVERSAL_LARGE,
            fields=(
                Field("dispute", Text("Number of the dispute", "异议编号"), Shape.NUMBER, least=1),
                Field(
                    "step",
                    Text("Step", "处理"),
                    Shape.CHOICE,
                    ((Step.CONCEDE.value, Text("concede", "认可异议")), (Step.UPHOLD.value, Text("uphold", "裁定成立"))),
                ),
                Field(
                    "amount_fen",
                    Text("Amount given back in fen; empty is all that is disputed", "退还金额（分），留空为全部争议金额"),
                    Shape.FEN,
                    least=1,
                    optional=True,
                ),
            ),
        ),
        _dispute,
        _dispute_draft,
    ),
)
