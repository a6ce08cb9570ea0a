"""Pages say the next step in the operator's words: of a window, of a payment; and name what the ledger keeps in short."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from flask.testing import FlaskClient

from cardstack.settlement.banking.matching import DIFFERENCES, Difference
from cardstack.settlement.banking.statements import BankLine, Side
from cardstack.settlement.instruction import Instruction
from cardstack.settlement.schemes import SCHEMES
from cardstack.values import Fen
from server.console import kinds, route_table
from server.console.audit import ACTIONS
from server.permissions import PERMISSION_TITLES, Permission
from server.store.adjusting import Two
from server.store.office import Office
from server.store.store import Store
from tests.ledgers import NOON

SignIn = Callable[[str], FlaskClient]
Token = Callable[[FlaskClient], str]
TWO = Two("centre", "overseer")


@pytest.fixture
def waiting(store: Store) -> Instruction:
    """A payment of some yuan that waits for release, of a pending window."""
    window = next(one.id for one in store.windows(cycle="transit") if one.stage == "pending")
    return next(one.instruction for one in store.instructions(window) if one.instruction.amount_fen > 100)


def seen(client: FlaskClient, payment: Instruction) -> tuple[str, str]:
    """The page of a payment's window, and its own."""
    addresses = f"/console/windows/{payment.window}", f"/console/settlements/instructions/{payment.id}"
    window, own = (client.get(address).get_data(as_text=True) for address in addresses)
    return window, own


def booked(store: Store, payment: Instruction, amount_fen: int, reference: str, *, now: datetime = NOON) -> None:
    """The bank says that it booked so much of a payment."""
    account = {str(party.name): party.account for party in store.parties()}[str(payment.debtor)]
    line = BankLine(account, payment.id, reference, Fen(amount_fen), Side.DEBIT, now.date())
    store.desk.take_lines([line], actor="bank", now=now)


def test_a_pending_window_and_its_payment_say_who_acts_next(
    waiting: Instruction, store: Store, signed_in: SignIn, token: Token
) -> None:
    """Release, its decision, the bank's file, the rest and its decision: each page leads where the step is taken."""
    client, release = signed_in("centre"), f"/console/settlements/{waiting.window}/release"
    window, own = seen(client, waiting)
    assert 'href="#pay-title"' in window
    assert f'action="{release}"' in window
    assert f"/console/windows/{waiting.window}#pay-title" in own
    told = {"csrf": token(client), "reason": "结算", "_form": "release"}
    asked = client.post(release, data=told).location.rsplit("/", 1)[1]
    window, _ = seen(client, waiting)
    assert f"/console/approvals/{asked}" in window
    assert f'action="{release}"' not in window
    client.post(f"/console/approvals/{asked}/withdraw", data={"csrf": token(client)})
    store.desk.release(waiting.window, TWO, now=NOON)
    assert all(f"/console/reconciliation/?window={waiting.window}" in page for page in seen(client, waiting))
    for one in store.instructions(waiting.window):
        due = one.instruction.amount_fen - (100 if one.instruction.id == waiting.id else 0)
        booked(store, one.instruction, due, f"b{one.instruction.id}")
    window, own = seen(client, waiting)
    form = f"/console/changes/rest?payment={waiting.id}"
    assert f'/console/settlements/instructions/{waiting.id}">划款指令' in window
    assert form in own
    assert "1 笔部分支付" in client.get("/console/").get_data(as_text=True)
    told = {"csrf": token(client), "payment": waiting.id, "amount_fen": "", "reason": "x", "_form": "rest"}
    asked = client.post("/console/changes/rest", data=told).location.rsplit("/", 1)[1]
    _, own = seen(client, waiting)
    assert f"/console/approvals/{asked}" in own
    assert form not in own


def test_the_open_payments_name_what_failed_and_each_yuan_once(
    waiting: Instruction, store: Store, signed_in: SignIn, token: Token
) -> None:
    """A payment that came back is listed; one of which a part is ordered again stands only for what no other orders."""
    store.desk.release(waiting.window, TWO, now=NOON)
    for one in store.instructions(waiting.window):
        booked(store, one.instruction, one.instruction.amount_fen, f"b{one.instruction.id}")
    client, page = signed_in("centre"), f"/console/reconciliation/?window={waiting.window}"
    account = {str(party.name): party.account for party in store.parties()}[str(waiting.debtor)]
    back = BankLine(account, waiting.id, "back", waiting.amount_fen, Side.DEBIT, NOON.date(), returned=True)
    store.desk.take_lines([back], actor="bank", now=NOON)
    failed = client.get(page).get_data(as_text=True)
    assert f"/console/settlements/instructions/{waiting.id}" in failed
    assert DIFFERENCES[Difference.RETURNED].zh in failed.rsplit("<tbody", 1)[1]
    store.desk.release(waiting.window, TWO, now=NOON)
    booked(store, waiting, waiting.amount_fen - 100, "part")
    store.desk.order_rest(waiting.id, TWO, amount=Fen(70), now=NOON)
    listed = client.get(page).get_data(as_text=True).rsplit("<tbody", 1)[1]
    assert ("-0.30" in listed, "-0.70" in listed, "-1.00" in listed) == (True, True, False)


def test_what_was_released_is_taken_as_a_file_for_the_bank(
    waiting: Instruction, store: Store, office: Office, signed_in: SignIn, token: Token
) -> None:
    """In each form, with a line in the audit log; not before the release, nor by who may not ask for one."""
    client, address = signed_in("centre"), f"/console/settlements/{waiting.window}/order"
    assert f'action="{address}"' not in seen(client, waiting)[0]
    sent = store.desk.release(waiting.window, TWO, now=NOON)
    assert f'action="{address}"' in seen(client, waiting)[0]
    told = {"csrf": token(client), "form": "pain.001", "release": "1", "due": "", "_form": "order"}
    for form, first in (("pain.001", b"<?xml"), ("pacs.009", b"<?xml"), ("csv", "业务编号".encode("gb18030"))):
        taken = client.post(address, data=told | {"form": form})
        assert taken.status_code == 200, taken.get_data(as_text=True)
        assert taken.data.startswith(first)
        assert all(one.id.encode() in taken.data for one in sent)
        assert f"{waiting.window}.1-{form}." in taken.headers["Content-Disposition"]
        (line,) = office.audit.page(before=None, size=1, scope=None, action="settlements.order")
        assert line.detail["sha256"] == sha256(taken.data).hexdigest()
    refused = client.post(address, data=told | {"due": "2026-11-22"})
    assert refused.status_code == 422
    assert "CS-3067" in refused.get_data(as_text=True)
    other = signed_in("maker")
    assert f'action="{address}"' not in seen(other, waiting)[0]
    assert other.post(address, data=told | {"csrf": token(other)}).status_code == 403


def test_a_settled_window_asks_for_nothing(waiting: Instruction, store: Store, signed_in: SignIn) -> None:
    """Everything booked: neither page leads anywhere."""
    store.desk.release(waiting.window, TWO, now=NOON)
    for one in store.instructions(waiting.window):
        booked(store, one.instruction, one.instruction.amount_fen, f"b{one.instruction.id}", now=NOON + timedelta(hours=1))
    window, own = seen(signed_in("centre"), waiting)
    assert "下一步" not in window
    assert "/console/reconciliation/?window=" not in own


def test_a_request_leads_to_what_it_concerns_in_words(store: Store, signed_in: SignIn, token: Token) -> None:
    """The checker reads scheme and places by name, and opens the transaction from the request."""
    bill = next(one for one in store.transactions(limit=100) if one.scheme.startswith("medical"))
    client = signed_in("centre")
    told = {"csrf": token(client), "message": str(bill.id), "reason": "重复"}
    asked = client.post("/console/adjustments/", data=told).location
    page = client.get(asked).get_data(as_text=True)
    assert f'<a href="/console/transactions/{bill.id}">' in page
    assert SCHEMES[bill.scheme].title.zh in page
    assert f">{bill.scheme}<" not in page


def test_what_the_ledger_keeps_in_short_has_words(store: Store) -> None:
    """Every cycle of the shipped schemes, every kind of posting of a month, every permission, and what the log keeps."""
    assert {scheme.cycle.name for scheme in SCHEMES.values()} <= set(kinds.CYCLES)
    entries = store.transactions(limit=200)
    assert {one.posting.kind for one in store.postings(*(entry.seq for entry in entries))} <= set(kinds.POSTINGS)
    assert set(PERMISSION_TITLES) == set(Permission)
    assert {rule.endpoint for rule in route_table() if rule.method != "GET"} <= set(ACTIONS)
    for words in (*kinds.POSTINGS.values(), *kinds.CYCLES.values(), *PERMISSION_TITLES.values(), *ACTIONS.values()):
        assert words.zh != words.en


def test_a_window_says_why_the_service_moved_it(waiting: Instruction, store: Store, signed_in: SignIn) -> None:
    """In Chinese what the service kept in English, once every payment of the window is booked."""
    store.desk.release(waiting.window, TWO, now=NOON)
    for number, one in enumerate(store.instructions(waiting.window)):
        booked(store, one.instruction, one.instruction.amount_fen, f"B{number}")
    window, _ = seen(signed_in("centre"), waiting)
    assert "银行已全部入账" in window
    assert "all payments booked" not in window
