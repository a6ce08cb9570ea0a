"""文件收发: what came in and went out, who signed it, which lines were not taken and why; taking one in, and trying it again."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.errors import CardstackError, Malformed, problem
from cardstack.text import Text
from server import filing
from server.api.filing import FILE_MAX, file_turns
from server.approvals import Person
from server.bodies import spooled
from server.console import forms, listing
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import audit, audit_now, language, moment, operator, scope, services, store, t
from server.console.states import choices
from server.jobs import Progress
from server.permissions import EVERYWHERE, Pages, Permission
from server.store.office.filing import KeptFile
from server.store.office.jobbing import Job
from server.store.office.tables import to_ms

pages = Pages("files", __name__, url_prefix="/console/files")

JOB = "file"
PATIENCE = 3.0
"""For how many seconds a page waits for a file to be taken in; what takes longer goes on in the background."""

DIRECTIONS: Mapping[str, Text] = {"in": Text("in", "接收"), "out": Text("out", "发出")}
VERDICTS: Mapping[str, tuple[str, Text]] = {
    "good": ("green", Text("signature holds", "验签通过")),
    "bad": ("red", Text("signature does not hold", "验签未通过")),
    "none": ("secondary", Text("not signed", "无签名")),
}
OTHER_PROVINCE = problem(
    "CS-4184",
    Text("This file is another province's, or the clearing centre's", "该文件属于其他省份或清算中心"),
    Text("Let an operator of that province take it in.", "请由该省份的操作员接收。"),
)


def _row(one: KeptFile) -> dict[str, Any]:
    kinds = {kind.value: title for kind, title in filing.KINDS.items()}
    return {
        "id": one.id,
        "direction": DIRECTIONS[one.direction],
        "kind": kinds.get(one.kind, Text(one.kind, one.kind)),
        "name": one.name,
        "sender": Text("bank", "银行") if one.sender == "bank" else one.sender,
        "province": one.province,
        "size": one.size,
        "ok": one.lines_ok,
        "failed": one.lines_failed,
        "total": one.total_fen,
        "verdict": VERDICTS[one.verdict][1],
        "state": f"file {one.state}",
        "at": one.at,
        "actor": one.actor,
        "sha256": one.sha256,
    }


def _rows(query: Query) -> Slice:
    where = dict(query.where)
    for key, end in (("since", False), ("until", True)):
        if where.get(key):
            where[key] = str(listing.day_ms(where[key], end=end, name=key))
    at, _, file_id = (query.after or "").partition("_")
    before = (int(at), file_id) if at.isascii() and at.isdigit() else None
    found = services().office.files.page(before=before, size=query.size + 1, scope=query.scope, where=where)
    last = found[query.size - 1] if len(found) > query.size else None
    return Slice([_row(one) for one in found[: query.size]], f"{to_ms(last.at)}_{last.id}" if last else None)


LISTING = Listing(
    name="files",
    title=Text("Files in and out", "文件收发"),
    about=Text(
        "Signed packages of transit days and medical months, banks' files, and the return files that answer them.",
        "交通日文件、医疗月度文件（签名包）、银行文件，以及对其的回盘文件。",
    ),
    empty=Text("No file yet; take one in above, or a node sends one.", "暂无文件；可在上方接收，或由节点报送。"),
    columns=(
        Column("id", Text("File", "文件编号"), "id", link=lambda row: url_for("files.show", file_id=row["id"])),
        Column("state", Text("State", "状态"), "state"),
        Column("at", Text("Moment", "时间"), "moment"),
        Column("direction", Text("Direction", "方向")),
        Column("kind", Text("Kind", "类型")),
        Column("ok", Text("Taken", "成功"), "count"),
        Column("failed", Text("Refused", "失败"), "count"),
        Column("name", Text("Name", "文件名"), "wide"),
        Column("sender", Text("Sender", "发送方")),
        Column("province", Text("Province", "省份"), "province", shown=False),
        Column("size", Text("Bytes", "字节数"), "count", shown=False),
        Column("total", Text("Sum (yuan)", "金额合计（元）"), "money", shown=False),
        Column("verdict", Text("Signature", "验签")),
        Column("actor", Text("Operator", "操作员"), shown=False),
        Column("sha256", Text("Digest (SHA-256)", "摘要 SHA-256"), "code", shown=False),
    ),
    filters=(
        Filter("name", Text("Name", "文件名")),
        Filter("sender", Text("Sender", "发送方")),
        Filter("kind", Text("Kind", "类型"), "choice", choices=[(kind.value, title) for kind, title in filing.KINDS.items()]),
        Filter("direction", Text("Direction", "方向"), "choice", choices=list(DIRECTIONS.items())),
        Filter("state", Text("State", "状态"), "choice", choices=choices("taken", "partly", "refused", of="file")),
        Filter("since", Text("From", "起始日期"), "day"),
        Filter("until", Text("To", "截止日期"), "day"),
    ),
    fetch=_rows,
    template="files/index.html",
)


@pages.page("/", needs=Permission.FILE_READ)
def index() -> ResponseReturnValue:
    """Files, the newest first; above them one's own that are still being taken in."""
    return listing.show(LISTING, may_work=operator().may(Permission.FILE_WORK), jobs=_under_way())


def _under_way() -> list[Job]:
    """One's own files that took long: those being taken in, and those of today that were or that failed."""
    since = moment() - timedelta(days=1)
    here = services()
    return [here.jobs.seen(one) for one in here.office.jobs.of(operator().id, JOB, 5) if one.created > since]


@pages.page("/work/<job_id>", needs=Permission.FILE_READ)
def live(job_id: str) -> ResponseReturnValue:
    """How far one's own file is; nothing while that has not changed."""
    job = services().office.jobs.get(job_id)
    if job is None or (job.owner, job.kind) != (operator().id, JOB):
        abort(404)
    if f"{job.state}-{job.done}" == request.args.get("seen"):
        return "", 204
    return render_template("files/job.html", job=services().jobs.seen(job))


@pages.page("/", needs=Permission.FILE_WORK, method="POST", fresh=True, size_max=FILE_MAX)
def upload() -> ResponseReturnValue:
    """Take in a file."""
    made = take_in(operator(), Permission.FILE_WORK)
    return redirect(url_for(".show", file_id=made.id) if made else url_for(".index"), 303)


def take_in(by: Person, needs: Permission) -> KeptFile | None:
    """The file of this request's form, for whoever holds the permission where the file belongs; said in the page.

    None where it takes longer than somebody waits: the page of files says then how far it is, and what came of it.
    """
    file = forms.upload("file")
    now, name = moment(), _plain_name(file.filename or "")
    number = f"{now:%Y%m%d}-{secrets.token_hex(4)}"
    waiting = filing.Waiting(spooled(file.stream), name, by.id, now, number)

    def work(here: filing.Means) -> KeptFile:
        with waiting.file:
            return filing.take(waiting.arrival(), here)

    try:
        outside, digest = filing.outside(waiting.file), waiting.digest()
        if not by.may(needs, outside.province):
            raise Malformed("", OTHER_PROVINCE, field="file")
        made = _worked(work, number, name, outside)
    except CardstackError as error:
        waiting.file.close()
        error.facts["field"] = "file"
        raise
    audit(number, outside.province, name=name, state=made.state if made else "running", sha256=digest)
    if made is not None:
        _say(made)
    return made


def _worked(work: Callable[[filing.Means], KeptFile], number: str, name: str, outside: filing.Outside) -> KeptFile | None:
    """What came of a file, if it is done soon; else it goes on in the background, and its end is in the audit log."""
    here, log, clock, by = means(), services().office.audit, services().clock, operator().id
    turns = file_turns()

    def job(_path: Path, progress: Progress) -> None:
        with turns.patiently():
            made = work(replace(here, progress=progress))
        told = {"state": made.state, "taken": made.lines_ok, "refused": made.lines_failed}
        log.append(clock(), by, outside.province, "files.taken", subject=number, detail=told)

    begun = services().jobs.start(job, kind=JOB, owner=by, title=name, file_name=number, total=outside.lines)
    if not begun.ends_within(PATIENCE):
        flash(t("The file is long: it is being taken in in the background.", "文件较大，已转入后台处理。"), "success")
        return None
    services().office.jobs.remove(begun.id)
    return services().office.files.get(number)


def _say(made: KeptFile) -> None:
    if made.lines_failed or made.state == "refused":
        said = t(
            f"{made.lines_ok} lines taken, {made.lines_failed} not.", f"已接收 {made.lines_ok} 行，{made.lines_failed} 行有误。"
        )
        flash(made.said.of(language()) or said, "warning")
    else:
        flash(t(f"{made.lines_ok} lines taken in; everything agrees.", f"已导入 {made.lines_ok} 行，全部一致。"), "success")


def means() -> filing.Means:
    """What taking in a file works with."""
    here = services()
    return filing.Means(here.office.files, store(), here.vouch, here.node, here.identity, here.name)


def _plain_name(name: str) -> str:
    """A name without folders and without what a shell or a page could take for something else."""
    return re.sub(r"[^\w.\-（）()]+", "_", name.replace("\\", "/").rpartition("/")[2])[:80] or "file"


@pages.page("/<file_id>", needs=Permission.FILE_READ)
def show(file_id: str) -> ResponseReturnValue:
    """One file: who sent it, whether its signature held, each line that was not taken, and what answers it."""
    one = _load(file_id)
    return render_template(
        "files/show.html",
        file=one,
        row=_row(one),
        verdict=VERDICTS[one.verdict],
        answer=services().office.files.answer_to(file_id),
        may_work=_kept(one) and operator().may(Permission.FILE_WORK, None if one.province == EVERYWHERE else one.province),
    )


@pages.page("/<file_id>/download", needs=Permission.FILE_WORK)
def download(file_id: str) -> ResponseReturnValue:
    """The bytes as they came. Always a download and never a page, whatever the file says that it is."""
    one = _load(file_id)
    if not _kept(one):
        abort(404)
    audit_now("files.download", file_id, one.province)
    name = f"attachment; filename={one.id}.bin; filename*=UTF-8''{quote(one.name, safe='')}"
    headers = {"Content-Disposition": name, "Content-Length": str(one.size)}
    return Response(services().office.files.pieces(file_id), mimetype="application/octet-stream", headers=headers)


@pages.page("/<file_id>/retry", needs=Permission.FILE_WORK, method="POST", fresh=True)
def retry(file_id: str) -> ResponseReturnValue:
    """Look at a refused file again."""
    one = _load(file_id)
    if one.state != "refused" or one.direction != "in" or not operator().may(Permission.FILE_WORK, one.province):
        abort(403)
    by, at = operator().id, moment()
    outside = filing.Outside(one.province, 0)
    after = _worked(lambda here: filing.retry(one, here, actor=by, at=at), file_id, one.name, outside)
    audit(file_id, one.province, state=after.state if after else "running")
    if after is None:
        return redirect(url_for(".index"), 303)
    flash(t("Looked at again.", "已重新处理。"), "success" if after.state != "refused" else "warning")
    return redirect(url_for(".show", file_id=file_id), 303)


def _kept(one: KeptFile) -> bool:
    """Whether the bytes are here: of a card list that was handed out only its digest is."""
    return not (one.kind == filing.Kind.CARD_LIST.value and one.direction == "out")


def _load(file_id: str) -> KeptFile:
    one, held = services().office.files.get(file_id), scope()
    if one is None or (held is not None and one.province not in held):
        abort(404)
    return one
