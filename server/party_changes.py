"""Changes of prepayments, limits, accounts and nodes, each asked for by one person and decided by others."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from cardstack.errors import Refused, faulty
from cardstack.settlement.prefund import INCREASE, KINDS, IncreaseStep, Thresholds
from cardstack.settlement.prefund import Change as PrefundChange
from cardstack.settlement.prefund import Kind as PrefundKind
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from cardstack.values import Fen
from server.approvals import Kind, Request
from server.forms import FEN_MAX, FIELD, Field, Shape
from server.means import CREDITOR, DEBTOR, LARGE, Change, Draft, Means, two
from server.permissions import Permission
from server.store import prefunding, registering
from server.store.increasing import NO_INCREASE, Asked

ORDINARY: Final = tuple((one.value, KINDS[one]) for one in PrefundKind if one is not PrefundKind.EMERGENCY)
"""What may be asked for by itself; an emergency increase has its own way, with its notice."""
PARTY: Final = Field("party", Text("Participant", "参与方"), Shape.PARTY)
SUSPEND, RESUME = "suspend", "resume"


def _prefund_draft(told: Mapping[str, Any], means: Means) -> Draft:
    kind, amount = PrefundKind(told["why"]), Fen(told["amount_fen"])
    if not kind.allows(amount):
        raise faulty("amount_fen", f"its sign does not fit {kind}", f"正负号与 {kind} 不符", FIELD)
    _known(told, means)
    subject = f"{told['debtor']} {told['creditor']}"
    return Draft("prefund", told["debtor"][:2], subject, {**told, "reference": told["reference"] or ""}, Fen(abs(amount)))


def _prefund(request: Request, means: Means) -> str:
    """Change what one party has paid ahead to another."""
    told = request.payload
    kind = PrefundKind(told["why"])
    if kind is PrefundKind.EMERGENCY:
        raise Refused(Text("an emergency increase is asked for and noticed first", "紧急调增须先提出并通知"), NO_INCREASE)
    change = PrefundChange(Party(told["debtor"]), Party(told["creditor"]), Fen(told["amount_fen"]), kind, told["reference"])
    held = means.ledger.desk.change_prefund(change, two(request), now=means.at)
    return f"{held.debtor} {held.creditor} {held.held_fen}"


def _thresholds_draft(told: Mapping[str, Any], means: Means) -> Draft:
    Thresholds(told["yellow_percent"], told["red_percent"]).check()
    _known(told, means)
    with means.ledger.view() as view:
        before = prefunding.thresholds(view).get((told["debtor"], told["creditor"]), Thresholds())
    payload = {**told, "yellow_percent_before": before.yellow, "red_percent_before": before.red}
    return Draft("prefund-thresholds", told["debtor"][:2], f"{told['debtor']} {told['creditor']}", payload)


def _thresholds(request: Request, means: Means) -> str:
    """From which usage a prepayment warns."""
    told = request.payload
    wanted = Thresholds(told["yellow_percent"], told["red_percent"])
    pair = Party(told["debtor"]), Party(told["creditor"])
    means.ledger.desk.set_thresholds(*pair, wanted, two(request), now=means.at)
    return f"{wanted.yellow} % / {wanted.red} %"


def _limit_draft(told: Mapping[str, Any], means: Means) -> Draft:
    with means.ledger.view() as view:
        before = registering.party(view, told["party"]).limit_fen
    moved = Fen(abs((told["limit_fen"] or 0) - (before or 0)))
    return Draft("limit", told["party"][:2], told["party"], {**told, "limit_fen_before": before}, moved)


def _limit(request: Request, means: Means) -> str:
    """How much a participant may owe in windows not settled."""
    told = request.payload
    limit, expected = (None if one is None else Fen(one) for one in (told["limit_fen"], told["limit_fen_before"]))
    means.ledger.desk.change_limit(told["party"], limit, expected, two(request), now=means.at)
    return str(told["party"])


def _account_draft(told: Mapping[str, Any], means: Means) -> Draft:
    with means.ledger.view() as view:
        before = registering.party(view, told["party"]).account
    return Draft("party-account", told["party"][:2], told["party"], {**told, "account_before": before})


def _account(request: Request, means: Means) -> str:
    """The bank account from which a participant pays and to which it is paid."""
    told = request.payload
    means.ledger.desk.change_account(told["party"], told["account"], told["account_before"], two(request), now=means.at)
    return str(told["party"])


def _node_draft(told: Mapping[str, Any], means: Means) -> Draft:
    with means.ledger.view() as view:
        active = registering.node(view, told["node"]).active
    if active == (told["act"] == RESUME):
        raise Refused(Text("act: it is so already", "act：已是该状态"), registering.CHANGED_MEANWHILE, field="act")
    return Draft("node", told["node"][:2], told["node"], dict(told))


def _node(request: Request, means: Means) -> str:
    """Suspend a node, whose messages are refused from then on, or let it sign again."""
    told = request.payload
    means.ledger.desk.set_active(told["node"], two(request), active=told["act"] == RESUME, now=means.at)
    return f"{told['node']} {told['act']}"


def _institutions_draft(told: Mapping[str, Any], means: Means) -> Draft:
    with means.ledger.view() as view:
        node = registering.node(view, told["node"])
    wanted = tuple(dict.fromkeys((told["institutions"] or "").split()))
    if replace(node, institutions=wanted) == node:
        raise Refused(
            Text("institutions: it is so already", "institutions：已是该内容"),
            registering.CHANGED_MEANWHILE,
            field="institutions",
        )
    payload = {**told, "institutions": " ".join(wanted), "institutions_before": " ".join(node.institutions)}
    return Draft("node-institutions", node.name[:2], node.name, payload)


def _institutions(request: Request, means: Means) -> str:
    """Under whose message ids a node sends from then on."""
    told = request.payload
    wanted, expected = told["institutions"].split(), told["institutions_before"].split()
    means.ledger.desk.change_institutions(told["node"], wanted, expected, two(request), now=means.at)
    return f"{told['node']} {told['institutions']}".strip()


def _increase_draft(told: Mapping[str, Any], means: Means) -> Draft:
    one = _increase_of(told["increase"], means)
    INCREASE.after(one.stage, IncreaseStep.PAY)
    payload = {**told, "debtor": one.debtor, "creditor": one.creditor}
    return Draft("increase-pay", one.debtor[:2], str(one.number), payload, one.amount_fen)


def _increase(request: Request, means: Means) -> str:
    """Book that an emergency increase was paid."""
    desk, who = means.ledger.desk, two(request)
    after = desk.step_increase(
        request.payload["increase"], IncreaseStep.PAY, actor=who.maker, checker=who.checker, reason=request.reason, now=means.at
    )
    return f"{after.number} {after.stage}"


def _increase_of(number: int, means: Means) -> Asked:
    found = next((one for one in means.ledger.desk.increases() if one.number == number), None)
    if found is None:
        raise Refused(str(number), NO_INCREASE, increase=number)
    return found


def _known(told: Mapping[str, Any], means: Means) -> None:
    if told["debtor"] == told["creditor"]:
        raise faulty("creditor", "another party than the debtor", "应与付款方不同", FIELD)
    with means.ledger.view() as view:
        for name in ("debtor", "creditor"):
            registering.party(view, told[name])


_ASK = Permission.PARTICIPANT_REQUEST
CHANGES: Final = (
    Change(
        Kind(
            "prefund",
            Text("Prepayment", "预付金调整"),
            _ASK,
            LARGE,
            fields=(
                DEBTOR,
                CREDITOR,
                Field(
                    "amount_fen",
                    Text("Amount in fen; below zero where money is returned", "金额（分），退回为负"),
                    Shape.FEN,
                    least=-FEN_MAX,
                ),
                Field("why", Text("Kind", "类别"), Shape.CHOICE, ORDINARY),
                Field("reference", Text("Reference, such as a document number", "依据（如文号）"), optional=True),
            ),
        ),
        _prefund,
        _prefund_draft,
    ),
    Change(
        Kind(
            "prefund-thresholds",
            Text("Warning thresholds of a prepayment", "预付金预警线"),
            _ASK,
            fields=(
                DEBTOR,
                CREDITOR,
                Field("yellow_percent", Text("Yellow from (percent)", "黄色预警（%）"), Shape.NUMBER, least=1, most=100),
                Field("red_percent", Text("Red from (percent)", "红色预警（%）"), Shape.NUMBER, least=1, most=100),
            ),
        ),
        _thresholds,
        _thresholds_draft,
    ),
    Change(
        Kind(
            "limit",
            Text("Participant's limit", "参与方额度"),
            _ASK,
            LARGE,
            fields=(
                PARTY,
                Field(
                    "limit_fen", Text("Limit in fen; empty is without limit", "额度（分），留空为不限"), Shape.FEN, optional=True
                ),
            ),
        ),
        _limit,
        _limit_draft,
    ),
    Change(
        Kind(
            "party-account",
            Text("Participant's bank account", "参与方收付款账户"),
            _ASK,
            Fen(0),
            fields=(PARTY, Field("account", Text("New account", "新账户"))),
        ),
        _account,
        _account_draft,
    ),
    Change(
        Kind(
            "node",
            Text("Suspend or resume a node", "停用或恢复接入节点"),
            _ASK,
            fields=(
                Field("node", Text("Node", "接入节点"), Shape.NODE),
                Field(
                    "act",
                    Text("What", "操作"),
                    Shape.CHOICE,
                    (
                        (SUSPEND, Text("suspend: its messages are refused", "停用（拒收其报文）")),
                        (RESUME, Text("resume", "恢复")),
                    ),
                ),
            ),
        ),
        _node,
        _node_draft,
    ),
    Change(
        Kind(
            "node-institutions",
            Text("Institutions of a node", "节点可用报文机构"),
            _ASK,
            fields=(
                Field("node", Text("Node", "接入节点"), Shape.NODE),
                Field(
                    "institutions",
                    Text(
                        "Message ids of these institutions, by code or how they begin; empty is any",
                        "可用报文机构代码或其前缀，空格分隔；留空为不限",
                    ),
                    optional=True,
                ),
            ),
        ),
        _institutions,
        _institutions_draft,
    ),
    Change(
        Kind(
            "increase-pay",
            Text("Emergency increase was paid", "紧急调增到账确认"),
            _ASK,
            LARGE,
            fields=(Field("increase", Text("Number of the increase", "调增编号"), Shape.NUMBER, least=1),),
        ),
        _increase,
        _increase_draft,
    ),
)
