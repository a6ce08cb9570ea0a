"""A dispute's page: every step with its evidence, whose turn it is, and steps that are said why."""

from collections.abc import Callable
from hashlib import sha256
from io import BytesIO

from flask.testing import FlaskClient

from cardstack.settlement.dispute import Stage
from cardstack.values import Fen, yuan
from server.store.store import Store

SignIn = Callable[[str], FlaskClient]
Token = Callable[[FlaskClient], str]


def test_steps_and_evidence_in_order(signed_in: SignIn) -> None:
    """Opened, answered, escalated: who, when and what was said."""
    page = signed_in("chief").get("/console/disputes/3").get_data(as_text=True)
    trail = page.split('id="evidence-title"')[1].split("</ol>")[0]
    assert trail.index("提出异议") < trail.index("答复") < trail.index("申请仲裁")
    assert trail.count("<blockquote>") == 3
    assert "剩余时间" in page


def test_a_step_without_words_comes_back(signed_in: SignIn, token: Token, store: Store) -> None:
    """The form with the message by its field; with words the step is taken."""
    client = signed_in("centre")
    form = {"step": "reject", "csrf": token(client), "_back": "/console/disputes/3"}
    wrong = client.post("/console/disputes/3/step", data=form)
    assert wrong.status_code == 422
    assert 'id="e-reason"' in wrong.get_data(as_text=True)
    said = form | {"reason": "证据不足", "file": (BytesIO(b"b"), "回函.pdf")}
    assert client.post("/console/disputes/3/step", data=said).status_code == 303
    assert sha256(b"b").hexdigest() in client.get("/console/disputes/3").get_data(as_text=True)
    assert next(one.stage for one in store.desk.disputes() if one.seq == 3) is Stage.REJECTED
    assert "证据不足" in client.get("/console/disputes/3").get_data(as_text=True)


def test_upholding_waits_for_another(signed_in: SignIn, token: Token) -> None:
    """The page says that a step waits."""
    client = signed_in("centre")
    form = {"step": "uphold", "reason": "重复结算属实", "csrf": token(client)}
    assert "/console/approvals/" in client.post("/console/disputes/3/step", data=form).location
    assert "待复核" in client.get("/console/disputes/3").get_data(as_text=True).split("<main")[1]


def test_a_part_is_upheld_by_two(signed_in: SignIn, token: Token, store: Store) -> None:
    """More than is disputed comes back by its field; what is approved is booked, and shown in the dispute's history."""
    client, checker = signed_in("centre"), signed_in("overseer")
    disputed = next(one for one in store.desk.disputes() if one.seq == 3).disputed_fen
    form = {"step": "uphold", "reason": "部分属实", "csrf": token(client), "_back": "/console/disputes/3"}
    wrong = client.post("/console/disputes/3/step", data=form | {"amount_fen": yuan(Fen(disputed + 1))})
    assert wrong.status_code == 422
    assert 'id="e-amount_fen"' in wrong.get_data(as_text=True)
    asked = client.post(
        "/console/disputes/3/step", data=form | {"amount_fen": "0.01", "file": (BytesIO(b"a"), "病历.pdf")}
    ).location
    page = checker.get(asked).get_data(as_text=True)
    assert all(one in page for one in ("0.01", "病历.pdf", sha256(b"a").hexdigest()))
    checker.post(f"{asked}/decide", data={"decision": "approve", "csrf": token(checker)})
    assert next(one.stage for one in store.desk.disputes() if one.seq == 3) is Stage.UPHELD
    assert store.transactions(limit=1)[0].amount_fen == 1
    shown = client.get("/console/disputes/3").get_data(as_text=True)
    assert "upheld_fen" not in shown
    assert all(one in shown for one in ("退还金额（元）", "证据文件", "病历.pdf", sha256(b"a").hexdigest()))
