"""Figures in the console: one row in full, the next one proposed from it, what it would change, and who decides."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from html import unescape
from re import DOTALL, search
from typing import get_args, get_type_hints

import pytest
from flask.testing import FlaskClient

from cardstack.settlement.amending import amend, amendments
from cardstack.settlement.answer import Answer, Outcome
from cardstack.settlement.proposing import TABLES
from cardstack.settlement.scheme import Reason
from cardstack.settlement.transaction import MessageId
from cardstack.text import Text
from server.console import figure_words, figures
from server.store.commit import Commit, Kept
from server.store.refusals import Refused, record
from server.store.store import Store
from tests.ledgers import NOON, message_id
from tests.unit.console.test_changes import approve

SignIn = Callable[[str], FlaskClient]
Token = Callable[[FlaskClient], str]


@pytest.fixture(autouse=True)
def as_shipped() -> Iterator[None]:
    """The figures of the package, whatever a test added."""
    yield
    amend(())


def proposed(client: FlaskClient) -> str:
    """The text in which the next fee of buses in Zhejiang is proposed, from its page."""
    page = client.get("/console/figures/?file=transit/fees&word=33").get_data(as_text=True)
    addresses = [unescape(one) for one in page.split('href="') if one.startswith("/console/figures/row/transit/fees:fee")]
    shown = client.get(addresses[0].split('"')[0]).get_data(as_text=True)
    link = search(r'href="(/console/changes/figures\?[^"]+)"', shown)
    assert link is not None
    form = client.get(unescape(link.group(1))).get_data(as_text=True)
    text = search(r"<textarea[^>]*name=\"row\"[^>]*>(.*?)</textarea>", form, DOTALL)
    assert text is not None
    return unescape(text.group(1)).strip()


def test_every_value_of_a_figure_has_words() -> None:
    """Each name of a shipped row and of a declared table, and each word among the values; ratios in percent, money in yuan."""
    declared = {name for one in TABLES.values() for name in names_of(one.shape)}
    assert declared <= set(figure_words.NAMES)
    own = {"place", "province", "reference", "code", "name", "title", "city", "trade", "vehicle", "until", "since"}
    for row in figures.rows():
        for one in figure_words.told(row["row"]):
            parts = [part.partition("[")[0] for part in one.path.split(".")]
            assert set(parts) <= set(figure_words.NAMES), one.path
            worded = parts[-1] in own or any(letter.isdigit() for letter in one.value.en) or one.value.en != one.value.zh
            assert worded or parts[-2:] == ["registrations", "name"], one
    said = figure_words.valued("layers[0].rows[1].bands[0].permille", 725), figure_words.valued("rate_ppm", 3_800)
    assert [one.zh for one in said] == ["72.5%", "0.38%"]


def names_of(shape: object) -> Iterator[str]:
    """The names of everything that a shape declares, whatever it is made of."""
    if is_dataclass(shape) or hasattr(shape, "__struct_fields__"):
        own = [one.name for one in fields(shape)] if is_dataclass(shape) else shape.__struct_fields__
        hints = get_type_hints(shape)
        yield from own
        for name in own:
            yield from names_of(hints[name])
    for one in get_args(shape):
        yield from names_of(one)


def test_a_figures_page_speaks_words(signed_in: SignIn) -> None:
    """Titles and values in the reader's language, no path; a word finds its rows in either language."""
    client = signed_in("centre")
    page = client.get("/console/figures/row/medical/31:policy:0").get_data(as_text=True)
    assert all(word in page for word in ("医疗待遇政策", "起付标准 1 · 金额", "600.00 元", "普通门诊、定点药店购药", "在职"))
    assert ">deductibles[0].fen" not in page
    assert "invented for tests" not in page
    english = client.get("/console/figures/row/medical/31:policy:0?lang=en", follow_redirects=True).get_data(as_text=True)
    assert all(word in english for word in ("medical benefits", "Deductible 1 · Amount", "600.00 yuan", "invented for tests"))
    assert "示意数据，非真实政策" not in english
    found = client.get("/console/figures/?file=medical/31&word=公务员&lang=zh", follow_redirects=True).get_data(as_text=True)
    assert "医疗待遇政策" in found


def test_a_figure_is_previewed_and_decided(signed_in: SignIn, token: Token) -> None:
    """Proposed from the row in force; the differences before it is asked for, and again before it is decided."""
    client, chief, checker = signed_in("centre"), signed_in("chief"), signed_in("overseer")
    row = proposed(client)
    assert "rate_ppm" in row
    changed = row.replace("rate_ppm = ", "rate_ppm = 1", 1)
    form = {"name": "transit/fees", "table": "fee", "row": changed, "csrf": token(client), "_form": "figures"}
    preview = client.post("/console/changes/figures", data=form | {"preview": "yes"}).get_data(as_text=True)
    assert "与现行参数的差异" in preview
    assert "典型情形试算" in preview
    assert "rate_ppm = 1" in unescape(preview)
    asked = client.post("/console/changes/figures", data=form | {"reason": "年度调整"})
    assert asked.status_code == 303
    shown = chief.get(asked.location).get_data(as_text=True)
    assert "典型情形试算" in shown
    approve(checker, token, asked.location)
    assert "已完成" in approve(chief, token, asked.location)
    assert len(amendments()) == 1
    amend(())  # as in another worker, which has not heard of it yet
    assert "操作员" in client.get("/console/figures/?file=transit/fees&col=by&col=file").get_data(as_text=True)


def test_a_wrong_row_comes_back(signed_in: SignIn, token: Token) -> None:
    """With the text as it was typed."""
    client = signed_in("centre")
    form = {
        "name": "transit/fees",
        "table": "fee",
        "row": "since = oops",
        "reason": "x",
        "csrf": token(client),
        "_form": "figures",
    }
    answer = client.post("/console/changes/figures", data=form | {"_back": "/console/changes/figures"})
    assert answer.status_code == 422
    assert "since = oops" in answer.get_data(as_text=True)


def refuse(store: Store, node: str, serial: int) -> MessageId:
    """A line of a node that was refused."""
    answer = Answer(message_id(serial), Outcome.REFUSED, reason=Reason("tac-wrong", Text("The TAC is wrong", "TAC验证失败")))
    kept = Kept("envelope", bytes(32), b"", node, NOON)
    with store.database.writing() as connection:
        record(Commit(store.database, connection, NOON), [Refused(kept, serial, bytes(32), answer)])
    return message_id(serial)


def test_refused_lines_are_found(signed_in: SignIn, store: Store) -> None:
    """By id from the search field, by node, by answer; those of other provinces' nodes are not there."""
    mine, other = refuse(store, "33.node", 7), refuse(store, "31.node", 8)
    client = signed_in("maker")
    found = client.get(f"/console/help/find?q={mine}")
    assert found.location == f"/console/refusals/?id={mine}"
    page = client.get(found.location).get_data(as_text=True)
    assert "TAC验证失败" in page
    assert "第 1–1 条" in page
    assert str(other) not in client.get("/console/refusals/").get_data(as_text=True)
    assert str(mine) in client.get(f"/console/refusals/?node=33&outcome={Outcome.REFUSED.value}").get_data(as_text=True)
    assert "refusals" not in client.get(f"/console/help/find?q={other}").location
