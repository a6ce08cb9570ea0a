"""一致性报告: reports of the conformance kit kept beside the data, opened case by case and compared."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.card.verdict import HEAD, VERDICTS, Verdict
from cardstack.text import Text
from server.console import listing
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import services
from server.console.states import choices
from server.console.words import clock
from server.permissions import Pages, Permission

pages = Pages("conforming", __name__, url_prefix="/console/conformance")

MOST, SIZE_MAX = 200, 16 << 20
COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.INCONCLUSIVE: "yellow"}


def _folder() -> Path | None:
    home = services().home
    folder = home / "conformance" if home else None
    return folder if folder is not None and folder.is_dir() else None


def _load(path: Path) -> dict[str, Any] | None:
    """A report, or None where the file is none."""
    try:
        if path.stat().st_size > SIZE_MAX:
            return None
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    fine = isinstance(data, dict) and isinstance(data.get("cases"), list) and isinstance(data.get("head"), dict)
    return data if fine else None


def _named(name: str) -> dict[str, Any] | None:
    folder = _folder()
    if folder is None or not name.replace("-", "").replace("_", "").replace(".", "").isalnum() or name.startswith("."):
        return None
    return _load(folder / f"{name}.json")


def _row(path: Path, data: dict[str, Any]) -> dict[str, Any]:
    counts = data.get("counts", {})
    return {
        "id": path.stem,
        "profile": str(data["head"].get("profile", "")) or None,
        "began": _said("began", data["head"].get("began", "")) or None,
        "cases": len(data["cases"]),
        "passed": int(counts.get("pass", 0)),
        "failed": int(counts.get("fail", 0)),
        "state": "failed" if counts.get("fail") else "ok",
    }


def _rows(query: Query) -> Slice:
    folder, where = _folder(), query.where
    paths = sorted(folder.glob("*.json"), key=lambda one: one.stat().st_mtime, reverse=True)[:MOST] if folder else []
    found = [
        row
        for path in paths
        if (data := _load(path)) is not None
        and (row := _row(path, data))
        and where.get("profile", "") in str(row["profile"])
        and where.get("state") in {None, row["state"]}
    ]
    return listing.part_of(found, query, key=lambda one: str(one["id"]), row=dict)


LISTING = Listing(
    name="conforming",
    title=Text("Conformance reports", "一致性报告"),
    about=Text(
        "Reports that `cardstack conformance run --json` wrote into the folder `conformance` beside the data.",
        "由 cardstack conformance run --json 写入数据目录 conformance 文件夹的报告。",
    ),
    empty=Text(
        "No report yet; run cardstack conformance run --json into the folder.",
        "暂无报告；请用 cardstack conformance run --json 写入该文件夹。",
    ),
    columns=(
        Column("id", Text("Report", "报告"), "id", link=lambda row: url_for("conforming.show", name=row["id"])),
        Column("profile", Text("Profile", "卡片规范"), "code"),
        Column("began", Text("Begun", "开始时间")),
        Column("cases", Text("Cases", "用例数"), "count"),
        Column("passed", Text("Passed", "通过"), "count"),
        Column("failed", Text("Failed", "不通过"), "count"),
        Column("state", Text("State", "状态"), "state"),
    ),
    filters=(
        Filter("profile", Text("Profile", "卡片规范")),
        Filter("state", Text("State", "状态"), "choice", choices=choices("ok", "failed")),
    ),
    fetch=_rows,
)


@pages.page("/", needs=Permission.CARD_READ)
def index() -> ResponseReturnValue:
    """Every report, the newest first."""
    return listing.show(LISTING)


def _said(key: str, value: object) -> str:
    """A value of a report's head: the moment on the wall clock, the others as they are."""
    try:
        return clock(datetime.fromisoformat(str(value))) if key == "began" else str(value)
    except ValueError:
        return str(value)


@pages.page("/<name>", needs=Permission.CARD_READ)
def show(name: str) -> ResponseReturnValue:
    """One report case by case; beside another, what changed between them."""
    data = _named(name) or abort(404)
    other_name = request.args.get("with", "")
    other = _named(other_name) if other_name else None
    before = {str(one.get("id")): str(one.get("verdict")) for one in other["cases"]} if other else {}
    cases = [one for one in data["cases"] if isinstance(one, dict) and one.get("id")]
    changed = [
        (one, before[str(one["id"])]) for one in cases if before.get(str(one["id"])) not in {None, str(one.get("verdict"))}
    ]
    folder = _folder()
    return render_template(
        "cards/report.html",
        name=name,
        head=[
            (HEAD[key], _said(key, value))
            for key, value in data["head"].items()
            if key in HEAD and isinstance(value, str | int | float)
        ],
        counts=data.get("counts", {}),
        failed=[one for one in cases if one.get("verdict") == "fail"][:200],
        cases=cases[:2000],
        verdicts={one.value: (COLOURS.get(one, "secondary"), title) for one, title in VERDICTS.items()},
        others=sorted(path.stem for path in folder.glob("*.json") if path.stem != name)[:MOST] if folder else [],
        compared=other_name if other else "",
        changed=changed[:500],
    )
