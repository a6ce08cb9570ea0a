"""Every kind of change through its form: asked by one, decided by another, by no route by its maker."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from re import search
from typing import NamedTuple

import pytest
from flask.testing import FlaskClient

from cardstack.crypto.armour import pem
from cardstack.errors import Refused
from cardstack.settlement.banking.interest import terms_of
from cardstack.settlement.banking.statements import BankLine, Side
from cardstack.settlement.prefund import Increase
from cardstack.settlement.rounding import half_up
from cardstack.settlement.scheme import at
from cardstack.values import Fen, yuan
from server import approvals, commands
from server.approvals import Decision, Request, State
from server.means import Means
from server.permissions import ROLES, Grant, Role
from server.store.adjusting import Two
from server.store.office import Office
from server.store.office.people import Operator
from server.store.office.tables import EPOCH
from server.store.store import Store
from tests.ledgers import node_trust
from tests.unit.console.conftest import Clock

SignIn = Callable[[str], FlaskClient]
Token = Callable[[FlaskClient], str]


class Everything(NamedTuple):
    """Somebody who holds every role everywhere, and what they work with."""

    person: Operator
    client: FlaskClient
    means: Means


@pytest.fixture
def both(office: Office, store: Store, clock: Clock, signed_in: SignIn) -> Everything:
    """Signed in."""
    one = Operator("both", "全能", tuple(Grant(role, "*") for role in Role))
    office.people.save(one, clock())
    return Everything(one, signed_in("both"), Means(office, store, clock()))


def test_a_maker_decides_no_kind_by_any_route(both: Everything, token: Token) -> None:
    """The page of the request, the selected rows of the list, the service and what the commands call."""
    form, office = {"csrf": token(both.client)}, both.means.office
    for kind in commands.kinds():
        made = replace(BLANK, id=kind.name, kind=kind.name, created=both.means.at, expires=both.means.at + kind.lapses_after)
        approvals.ask(office.requests, kind, made, both.person)
        assert 'value="approve"' not in both.client.get(f"/console/approvals/{kind.name}").get_data(as_text=True)
        alone = both.client.post(f"/console/approvals/{kind.name}/decide", data=form | {"decision": "approve"})
        assert alone.status_code == 422
        assert "CS-4101" in alone.get_data(as_text=True)
        many = both.client.post("/console/approvals/decide", data=form | {"id": [kind.name]}, follow_redirects=True)
        assert "CS-4101" in many.get_data(as_text=True)
        mine = Decision("both", approve=True, reason="", at=both.means.at)
        borrowed = replace(mine, operator_id="checker")
        for decision in (mine, borrowed):
            with pytest.raises(Refused) as refused:
                commands.settle(kind.name, decision, by=both.person, means=both.means)
            assert refused.value.code == "CS-4101"
        kept = office.requests.get(kind.name)
        assert kept is not None
        assert (kept.state, kept.decisions) == (State.PENDING, ())


BLANK = Request(
    id="", kind="", province="33", maker="both", subject="33.medical-fund", amount_fen=Fen(1), payload={},
    reason="试", state=State.PENDING, created=EPOCH, expires=EPOCH,
)  # fmt: skip


def test_every_kind_has_its_form(signed_in: SignIn) -> None:
    """Every declared field stands in it in both languages, amounts in yuan; who may not ask does not see it."""
    client, stranger = signed_in("centre"), signed_in("checker")
    for kind in commands.kinds():
        if kind.fields and Role.CLERK in (role for role, held in ROLES.items() if kind.ask in held):
            page = client.get(f"/console/changes/{kind.name}").get_data(as_text=True)
            for field in kind.fields:
                assert f'name="{field.name}"' in page
            assert 'name="reason"' in page
            assert "分）" not in page
            assert stranger.get(f"/console/changes/{kind.name}").status_code == 403


def test_what_can_be_asked_for_is_said_in_yuan(signed_in: SignIn) -> None:
    """Every form of the roles, and none for who asks for nothing."""
    page = signed_in("centre").get("/console/changes/").get_data(as_text=True)
    assert "/console/changes/correction" in page
    assert "分）" not in page
    assert "/console/changes/correction" not in signed_in("checker").get("/console/changes/").get_data(as_text=True)


def ask(client: FlaskClient, token: Token, name: str, **values: str) -> str:
    """Ask by the form; the address of the request."""
    answer = client.post(f"/console/changes/{name}", data=values | {"reason": "测试", "csrf": token(client)})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.location)


def approve(client: FlaskClient, token: Token, address: str) -> str:
    """Approve; the page that follows."""
    data = {"decision": "approve", "csrf": token(client)}
    return client.post(f"{address}/decide", data=data, follow_redirects=True).get_data(as_text=True)


def test_a_prepayment_is_topped_up_by_two(signed_in: SignIn, token: Token, store: Store) -> None:
    """Typed in yuan, shown with its words, booked once another has approved."""
    address = ask(
        signed_in("maker"),
        token,
        "prefund",
        debtor="33.medical-fund",
        creditor="31.hospital-fund",
        amount_fen="1,234.50",
        why="top-up",
    )
    checker = signed_in("checker")
    page = checker.get(address).get_data(as_text=True)
    assert "壹仟贰佰叁拾肆元伍角" in page
    assert "追加" in page
    assert "已完成" in approve(checker, token, address)
    held = next(one for one in store.desk.prefunds("medical-2026-11") if one.debtor == "33.medical-fund")
    assert held.held_fen == 123_450


def test_interest_on_what_was_paid_late_is_asked_for_by_its_days(signed_in: SignIn, token: Token, store: Store) -> None:
    """The dated rate of the scheme's cycle makes the amount; who approves sees it with what it comes from; then it is booked."""
    typed = {
        "debtor": "33.medical-fund",
        "creditor": "31.hospital-fund",
        "owed_fen": "100,000.00",
        "scheme": "medical-outpatient",
    }
    maker, checker = signed_in("maker"), signed_in("checker")
    said = {"csrf": token(maker), "reason": "逾期", "due": "2026-11-20"} | typed
    for wrong in ("2026-11-20", "2026-11-19", "2037-11-20"):
        assert maker.post("/console/changes/interest", data=said | {"paid": wrong}).status_code == 422
    address = ask(maker, token, "interest", **typed, due="2026-11-20", paid="2026-11-22")
    rate = at(terms_of("medical", date(2026, 11, 20)), date(2026, 11, 20))
    amount = half_up(10_000_000 * 2 * rate.millionths, 1_000_000)
    page = checker.get(address).get_data(as_text=True)
    for shown in ("100,000.00", "2026-11-20", f"late-interest@{rate.since}", yuan(Fen(amount))):
        assert shown in page
    assert "已完成" in approve(checker, token, address)
    (entry,) = [one for one in store.transactions(limit=1) if one.scheme == "adjustment"]
    (posting,) = store.postings(entry.seq)
    assert (posting.posting.amount_fen, posting.posting.kind, posting.posting.rule) == (
        amount,
        "interest",
        f"late-interest@{rate.since}",
    )
    listed = maker.get("/console/adjustments/").get_data(as_text=True)
    assert address in listed
    assert "/console/changes/interest" in listed


def test_a_limit_shows_what_stood_before(signed_in: SignIn, token: Token, store: Store) -> None:
    """Before beside after; then the participant has it."""
    address = ask(signed_in("maker"), token, "limit", party="33.medical-fund", limit_fen="600000")
    checker = signed_in("checker")
    page = checker.get(address).get_data(as_text=True)
    assert "变更前" in page
    assert "500,000.00" in page
    assert "600,000.00" in page
    approve(checker, token, address)
    assert next(one for one in store.parties() if one.name == "33.medical-fund").limit_fen == 60_000_000


def test_a_node_is_suspended_by_two_and_back(signed_in: SignIn, token: Token, store: Store) -> None:
    """From its page, whose form then offers to let it sign again."""
    maker, checker = signed_in("maker"), signed_in("checker")
    approve(checker, token, ask(maker, token, "node", node="33.node", act="suspend"))
    assert not next(one for one in store.nodes() if one.name == "33.node").active
    page = maker.get("/console/nodes/33.node").get_data(as_text=True)
    assert 'value="resume" selected' in page
    assert "停用" in maker.get("/console/nodes/?state=disabled").get_data(as_text=True)


def test_nobody_asks_for_another_province(signed_in: SignIn, token: Token, office: Office) -> None:
    """The form comes back; nothing waits for a decision."""
    client = signed_in("maker")
    data = {"party": "31.medical-fund", "limit_fen": "1", "reason": "x", "csrf": token(client), "_back": "/console/changes/limit"}
    answer = client.post("/console/changes/limit", data=data)
    assert answer.status_code == 422
    assert "CS-4102" in answer.get_data(as_text=True)
    assert office.requests.page(before=None, size=5, scope=None) == []


def test_a_prepayment_says_when_its_red_warning_is_expected(signed_in: SignIn, store: Store) -> None:
    """By the month's use so far: 22 days used 74 %, so 90 % five days later; what is red, or will not be, says none."""
    (one,) = (one for one in store.desk.prefunds("medical-2026-11") if one.level == "yellow")
    page = signed_in("centre").get("/console/prefunds/?level=yellow").get_data(as_text=True)
    assert (one.percent, one.thresholds.red) == (74, 90)
    assert 'data-label="预计红色预警日">2026-11-27' in page
    for level in ("red", "normal"):
        none = signed_in("centre").get(f"/console/prefunds/?level={level}").get_data(as_text=True)
        assert search('data-label="预计红色预警日">(<span[^>]*>)?—', none)


def test_an_emergency_increase_goes_its_way(signed_in: SignIn, token: Token, store: Store, clock: Clock) -> None:
    """Asked for at red usage, noticed to who pays, its payment confirmed by two; every step on the page."""
    centre, chief = signed_in("centre"), signed_in("chief")
    red = next(one for one in store.desk.prefunds("medical-2026-11") if one.level == "red")
    value = f"medical-2026-11~{red.debtor}~{red.creditor}"
    form = {"prefund": value, "amount": "5000", "reason": "用款超预期", "csrf": token(centre)}
    assert centre.post("/console/prefunds/increases", data=form).status_code == 303
    clock.forward(timedelta(minutes=1))
    step = {"step": "notice", "reason": "已电话与书面通知", "csrf": token(centre)}
    wrong = centre.post("/console/prefunds/increases/1", data=step | {"reason": "", "_back": "/console/prefunds/"})
    assert wrong.status_code == 422
    assert centre.post("/console/prefunds/increases/1", data=step).status_code == 303
    assert "已通知预付方" in centre.get("/console/prefunds/").get_data(as_text=True)
    approve(chief, token, ask(centre, token, "increase-pay", increase="1"))
    (made,) = store.desk.increases()
    assert made.stage is Increase.PAID
    after = next(
        one for one in store.desk.prefunds("medical-2026-11") if (one.debtor, one.creditor) == (red.debtor, red.creditor)
    )
    assert after.held_fen == red.held_fen + 500_000
    assert signed_in("elsewhere").post("/console/prefunds/increases/1", data=step).status_code in {400, 403}


def test_the_rest_of_a_payment_is_ordered_from_its_page(both: Everything, token: Token) -> None:
    """Its page says what is left and leads to the form; approved, the page shows both instructions."""
    store, now, client = both.means.ledger, both.means.at, both.client
    window = next(one.id for one in store.windows(cycle="transit") if one.stage == "pending")
    sent = store.desk.release(window, Two("centre", "overseer"), now=now)
    first = next(one for one in sent if one.amount_fen > 100)
    account = {str(party.name): party.account for party in store.parties()}.get(first.debtor, "centre")
    booked = BankLine(account, first.id, "b1", Fen(first.amount_fen - 100), Side.DEBIT, now.date())
    store.desk.take_lines([booked], actor="bank", now=now)
    page = client.get(f"/console/settlements/instructions/{first.id}").get_data(as_text=True)
    form = f"/console/changes/rest?payment={first.id}"
    assert form in page
    assert first.id in client.get(form).get_data(as_text=True)
    told = {"csrf": token(client), "payment": first.id, "amount_fen": "", "reason": "x", "_form": "rest"}
    asked = client.post("/console/changes/rest", data=told).location.rsplit("/", 1)[1]
    chief = both.means.office.people.operator("overseer")
    assert chief is not None
    done = commands.settle(asked, Decision("overseer", approve=True, reason="", at=now), by=chief, means=both.means)
    assert (done.state, done.amount_fen) == (State.DONE, 100)
    assert f"{first.id}-2" in client.get(f"/console/settlements/instructions/{first.id}").get_data(as_text=True)
    failed = replace(booked, reference=f"{first.id}-2", bank_reference="b2", amount_fen=Fen(0), returned=True)
    offer = f'action="/console/settlements/{window}/release"'
    store.desk.take_lines([failed], actor="bank", now=now)
    assert offer in client.get(f"/console/windows/{window}").get_data(as_text=True)
    store.desk.take_lines([replace(booked, bank_reference="b3", amount_fen=Fen(1))], actor="bank", now=now)
    assert offer not in client.get(f"/console/windows/{window}").get_data(as_text=True)


def test_a_node_is_registered_from_the_list_of_nodes(signed_in: SignIn, token: Token, store: Store) -> None:
    """What was typed stays beside the fault; the deciders see the certificate's subject; its page is there once both agreed."""
    maker, (_, _, leaf) = signed_in("maker"), node_trust("bus of Hangzhou")
    assert "/console/changes/node-new" in maker.get("/console/nodes/").get_data(as_text=True)
    assert "/console/changes/node-new" not in signed_in("checker").get("/console/nodes/").get_data(as_text=True)
    told = {"node": "33.operator.bus", "title_zh": "杭州公交（虚构）", "role": "operator", "relays": "no", "csrf": token(maker)}
    form = told | {"certificate": "no certificate", "reason": "接入", "_form": "node-new", "_back": "/console/changes/node-new"}
    fault = maker.post("/console/changes/node-new", data=form)
    assert fault.status_code == 422
    assert all(one in fault.get_data(as_text=True) for one in ("CS-4106", "PEM", "杭州公交（虚构）", "no certificate"))
    asked = ask(maker, token, "node-new", **told | {"certificate": pem("CERTIFICATE", leaf).decode()})
    page = maker.get(asked).get_data(as_text=True)
    assert all(one in page for one in ("CN=bus of Hangzhou", "CN=test authority", "证书有效期至", "运营单位"))
    assert "/console/nodes/33.operator.bus" not in page
    approve(signed_in("checker"), token, asked)
    assert maker.get("/console/nodes/33.operator.bus").status_code == 404
    done = approve(signed_in("approver"), token, asked)
    assert "/console/nodes/33.operator.bus" in done
    assert "CN=bus of Hangzhou" in maker.get("/console/nodes/33.operator.bus").get_data(as_text=True)
    assert store.node_of("CN=bus of Hangzhou") is not None


def test_a_participant_is_registered_from_the_list_of_participants(signed_in: SignIn, token: Token, store: Store) -> None:
    """With an account and a limit in yuan, once checker and approver agreed."""
    maker = signed_in("maker")
    assert "/console/changes/party-new" in maker.get("/console/participants/").get_data(as_text=True)
    told = {"party": "33.bus-fund", "title_zh": "公交专户（虚构）", "account": "invented 33", "limit_fen": "1,000.50"}
    asked = ask(maker, token, "party-new", **told)
    approve(signed_in("checker"), token, asked)
    approve(signed_in("approver"), token, asked)
    made = next(one for one in store.parties() if one.name == "33.bus-fund")
    assert (made.title.en, made.account, made.limit_fen) == ("公交专户（虚构）", "invented 33", 100_050)


def test_a_nodes_institutions_are_asked_for_from_its_page(both: Everything, token: Token) -> None:
    """Its page leads to the form with what stands now; the request shows it beside what is wanted, and their list leads back."""
    client, (node, *_) = both.client, both.means.ledger.nodes()
    form = f"/console/changes/node-institutions?node={node.name}&amp;institutions="
    assert form in client.get(f"/console/nodes/{node.name}").get_data(as_text=True)
    told = {"csrf": token(client), "node": str(node.name), "institutions": "H33 P33", "reason": "x", "_form": "node-institutions"}
    asked = client.post("/console/changes/node-institutions", data=told)
    assert "H33 P33" in client.get(asked.location).get_data(as_text=True)
    assert f"/console/nodes/{node.name}" in client.get("/console/approvals/").get_data(as_text=True)
