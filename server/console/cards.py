"""卡片与终端: the kinds of card this installation knows, and conversations with a card explained line by line."""

import json
from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.apdu.atr import Atr
from cardstack.card.profiles import PROFILES
from cardstack.errors import CardstackError, faulty
from cardstack.text import Text
from server.console import evidence, listing
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import language
from server.permissions import Pages, Permission

pages = Pages("cards", __name__, url_prefix="/console/cards")
TRACE_MOST = 400
TRACE_BYTES = 1 << 20


def _fetch(query: Query) -> Slice:
    rows = [
        {
            "id": one.name,
            "title": one.title,
            "version": one.version or None,
            "applications": "、".join(application.name for application in one.applications),
            "algorithm": one.algorithm.value,
            "contactless": Text("yes", "是") if one.contactless else Text("no", "否"),
        }
        for one in PROFILES.values()
        if query.where.get("id", "") in one.name and query.where.get("version") in {None, one.version}
    ]
    return listing.part_of(rows, query, key=lambda one: str(one["id"]), row=dict)


def _profile(row: Any) -> str:
    return url_for("cards.show", name=row["id"])


LISTING = Listing(
    name="cards",
    title=Text("Cards and terminals", "卡片与终端"),
    columns=(
        Column("id", Text("Profile", "卡片规范"), "id", link=_profile),
        Column("title", Text("Name", "名称")),
        Column("version", Text("Generation", "规范版本"), "code"),
        Column("applications", Text("Applications", "应用"), "wide"),
        Column("algorithm", Text("Algorithm", "算法"), "code"),
        Column("contactless", Text("Contactless", "非接触")),
    ),
    filters=(
        Filter("id", Text("Profile", "卡片规范")),
        Filter(
            "version",
            Text("Generation", "规范版本"),
            "choice",
            choices=[(one, Text(one, one)) for one in sorted({one.version for one in PROFILES.values() if one.version})],
        ),
    ),
    fetch=_fetch,
    template="cards/index.html",
)


@pages.page("/", needs=Permission.CARD_READ)
def index() -> ResponseReturnValue:
    """Every declared kind of card."""
    return listing.show(LISTING)


@pages.page("/profiles/<name>", needs=Permission.CARD_READ)
def show(name: str) -> ResponseReturnValue:
    """One profile: its applications and their files, from the declaration that reads and emulates them."""
    profile = PROFILES.get(name) or abort(404)
    return render_template("cards/show.html", profile=profile)


@pages.page("/trace", needs=Permission.CARD_READ)
def trace() -> ResponseReturnValue:
    """The form for a conversation to explain."""
    return render_template("cards/trace.html", said=[], typed_trace="", problem=None, atr=None)


@pages.page("/trace", needs=Permission.CARD_READ, method="POST")
def explain() -> ResponseReturnValue:
    """A pasted conversation in words: JSON lines, or lines of command and answer in hexadecimal. Nothing of it is kept."""
    text = request.form.get("trace", "")
    file = request.files.get("file")
    if file is not None and file.filename:
        text = file.read(TRACE_BYTES).decode("utf-8", errors="replace")
    problem, said, atr = None, [], None
    try:
        said = [evidence.hidden(one) for one in conversation(text)]
        if request.form.get("atr", "").strip():
            atr = Atr.parse(_hex(request.form["atr"], "atr"))
    except CardstackError as error:
        problem = error.say(language())
    return render_template(
        "cards/trace.html", said=said, typed_trace=request.form.get("trace", "")[:20_000], problem=problem, atr=atr
    )


def conversation(text: str) -> list[evidence.Said]:
    """The exchanges of a pasted trace.

    >>> print(conversation("0084000008" + chr(10) + "11223344556677889000")[0].what)
    取随机数 GET CHALLENGE
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()][: 2 * TRACE_MOST]
    if lines and lines[0].startswith("{"):
        return evidence.explained([_record(line, number) for number, line in enumerate(lines, start=1)])
    plain = ["".join(character for character in line if character in "0123456789abcdefABCDEF*") for line in lines]
    if len(plain) % 2:
        raise faulty("trace", "each command needs its answer on the next line", "每条命令的下一行须为其应答")
    return evidence.explained([{"command": one, "answer": other} for one, other in zip(plain[::2], plain[1::2], strict=True)])


def _record(line: str, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise faulty("trace", f"line {number} is not JSON", f"第 {number} 行不是 JSON") from error
    if not isinstance(record, dict):
        raise faulty("trace", f"line {number} is not an object", f"第 {number} 行不是 JSON 对象")
    return record


def _hex(text: str, name: str) -> bytes:
    try:
        return bytes.fromhex(text.strip())
    except ValueError as error:
        raise faulty(name, "hexadecimal expected", "应为十六进制") from error
