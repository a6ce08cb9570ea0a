"""A form with something wrong in it comes back whole: what was typed, the message by its field, the summary above."""

import re
from collections.abc import Callable
from html import unescape
from typing import NamedTuple

import pytest
from flask.testing import FlaskClient

from server.console import route_table
from server.store.adjusting import Two
from server.store.store import Store
from tests.ledgers import NOON

SignIn = Callable[[str], FlaskClient]
Token = Callable[[FlaskClient], str]


class Wrong(NamedTuple):
    """A form with one thing wrong: who fills it in on which page, where it goes, and which field is at fault."""

    who: str
    page: str
    action: str
    data: dict[str, str]
    field: str
    form: str = ""


FORMS = (
    Wrong("admin", "/console/operators/new", "/console/operators/", {"id": "x", "name": "新人", "reason": "入职"}, "id"),
    Wrong("admin", "/console/operators/new", "/console/operators/", {"id": "new.one", "name": "新人", "reason": "入职"}, "grant"),
    Wrong(
        "admin", "/console/operators/maker", "/console/operators/",
        {"id": "maker", "name": "张", "grant": "clerk@33", "reason": ""}, "reason",
    ),
    Wrong(
        "maker", "/console/participants/33.medical-fund", "/console/changes/limit",
        {"party": "33.medical-fund", "limit_fen": "一百万", "reason": "年度调整", "_form": "limit"}, "limit_fen", "limit",
    ),
    Wrong(
        "maker", "/console/changes/prefund", "/console/changes/prefund",
        {"debtor": "33.medical-fund", "creditor": "33.hospital-fund", "amount_fen": "1.234", "why": "top-up", "_form": "prefund"},
        "amount_fen", "prefund",
    ),
    Wrong(
        "maker", "/console/changes/prefund", "/console/changes/prefund",
        {"debtor": "33.medical-fund", "creditor": "33.medical-fund", "amount_fen": "5", "why": "top-up", "reason": "补足",
         "_form": "prefund"},
        "creditor", "prefund",
    ),
    Wrong(
        "maker", "/console/changes/node", "/console/changes/node",
        {"node": "33.node", "act": "suspend", "_form": "node"}, "reason", "node",
    ),
    Wrong(
        "centre", "/console/prefunds/", "/console/prefunds/increases",
        {"prefund": "{red}", "amount": "0", "reason": "用款超预期", "_form": "ask"}, "amount", "ask",
    ),
    Wrong("maker", "/console/adjustments/new", "/console/adjustments/", {"message": "NOWHERE", "reason": "重复"}, "message"),
    Wrong("maker", "/console/transactions/{bill}", "/console/transactions/{bill}/reveal", {"reason": " "}, "reason"),
    Wrong(
        "maker", "/console/disputes/new/{bill}/{posting}", "/console/disputes/new/{bill}/{posting}",
        {"opened_by": "33.hospital-fund", "ground": "amount", "disputed": "9999999", "reason": "金额不符"}, "disputed",
    ),
    Wrong("chief", "/console/approvals/{request}", "/console/approvals/{request}/decide", {"decision": "refuse"}, "reason"),
    Wrong("centre", "/console/windows/medical-2026-11", "/console/windows/medical-2026-11/move", {"event": "abort"}, "reason"),
    Wrong(
        "centre", "/console/windows/{pending}", "/console/settlements/{pending}/release",
        {"_form": "release"}, "reason", "release",
    ),
    Wrong(
        "centre", "/console/windows/{pending}", "/console/settlements/{pending}/order",
        {"form": "csv", "release": "0", "due": "2026-11-23", "_form": "order"}, "release", "order",
    ),
    Wrong("centre", "/console/reconciliation/", "/console/reconciliation/bank-file", {}, "file"),
    Wrong("maker", "/console/files/", "/console/files/", {}, "file"),
)  # fmt: skip

NO_FIELDS = {
    "/console/reports/selected/<listed>.<ending>": "the selected rows of a list",
    "/console/approvals/decide": "the selected rows of a list",
    "/console/approvals/<request_id>/withdraw": "a button",
    "/console/disputes/<int:seq>/step": "needs a dispute: see the tests of disputes",
    "/console/prefunds/increases/<int:number>": "needs an increase: see the tests of prepayments",
    "/console/files/<file_id>/retry": "a button",
    "/console/cards/trace": "answers on its own page, with what was pasted",
}
"""Changes without a field to fill in, and where else they are looked at."""

ELSEWHERE = ("/console/account/", "/console/trust/")


@pytest.fixture
def there(store: Store, signed_in: SignIn, token: Token) -> dict[str, str]:
    """What the addresses above stand for."""
    bill = next(one for one in store.transactions(limit=200) if one.scheme.startswith("medical") and one.treating[:2] == "33")
    admin = signed_in("admin")
    form = {"id": "new.one", "name": "吴新", "grant": ["clerk@33"], "reason": "joined", "csrf": token(admin)}
    asked = admin.post("/console/operators/", data=form).location.rsplit("/", 1)[1]
    pending = next(one.id for one in store.windows(cycle="transit") if one.stage == "pending")
    store.desk.release(pending, Two("centre", "overseer"), now=NOON, only=[store.instructions(pending)[0].instruction.id])
    red = next(one for one in store.desk.prefunds("medical-2026-11") if one.level == "red")
    return {
        "bill": str(bill.id),
        "posting": str(store.postings(bill.seq)[0].seq),
        "request": asked,
        "pending": pending,
        "red": f"medical-2026-11~{red.debtor}~{red.creditor}",
    }


@pytest.mark.parametrize("wrong", FORMS, ids=lambda one: f"{one.action} {one.field}")
def test_nothing_typed_is_lost(wrong: Wrong, there: dict[str, str], signed_in: SignIn, token: Token) -> None:
    """422 with the same form: values, message by the field and named by it, summary that leads there."""
    client = signed_in(wrong.who)
    page, action = wrong.page.format(**there), wrong.action.format(**there)
    assert client.get(page).status_code == 200
    data = {key: value.format(**there) for key, value in wrong.data.items()}
    answer = client.post(action, data=data | {"_back": page, "csrf": token(client)})
    shown = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    name = f"{wrong.form}-{wrong.field}" if wrong.form else wrong.field
    assert f'id="f-{name}"' in shown
    assert f'id="e-{name}"' in shown
    assert re.search(rf'aria-describedby="[^"]*\be-{name}\b', shown)
    summary = shown.split('id="fault"')[1].split("</div>")[0]
    assert f'href="#f-{name}"' in summary
    assert 'role="alert"' in shown
    for key, value in data.items():
        if not key.startswith("_") and key not in {"decision", "event"} and value.strip():
            assert value in shown, key


def test_every_form_is_looked_at() -> None:
    """A change that is neither above nor without fields has not been tried with a wrong value."""
    tried = {re.sub(r"\{\w+\}|(?<=changes/)\w+|medical-2026-11", "*", one.action) for one in FORMS}
    for rule in route_table():
        general = re.sub(r"<[^>]+>", "*", rule.rule)
        if rule.method == "POST" and rule.rule not in NO_FIELDS and not rule.rule.startswith(ELSEWHERE):
            assert general in tried, rule.rule


def test_no_secret_comes_back(signed_in: SignIn, token: Token) -> None:
    """A password that was typed is nowhere in the page that comes back."""
    client = signed_in("maker")
    form = {"password": "first secret word", "password_again": "second secret word", "csrf": token(client)}
    answer = client.post("/console/account/password", data=form | {"_back": "/console/account/"})
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "secret word" not in shown


def test_a_script_hears_of_an_error_as_data(signed_in: SignIn, token: Token) -> None:
    """A passkey that is none is answered with words, not with a page."""
    client = signed_in("maker")
    answer = client.post("/console/account/passkey", json={"answer": {}}, headers={"X-CSRF-Token": token(client)})
    assert answer.status_code == 422
    assert answer.get_json()["error"].startswith("CS-")
