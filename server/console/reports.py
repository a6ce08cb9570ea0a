"""报表: every list as a file of exactly what is filtered; what is long is made in the background."""

import tempfile
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path

from flask import Response, abort, current_app, flash, g, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from server.console import exporting, formats, listing
from server.console.exporting import Sheet
from server.console.listing import Listing, Query, Row
from server.console.services import LOCAL, audit, language, moment, operator, services, t
from server.permissions import Pages, Permission, Scope

pages = Pages("reports", __name__, url_prefix="/console/reports")

AT_ONCE = 3_000
"""Up to so many rows are exported while one waits."""

MOST = 1_000_000


def listings() -> dict[str, tuple[Listing, Permission]]:
    """Every list that can be exported, and the permission of its own page."""
    from server.console import NOUNS  # noqa: PLC0415  # the package imports its nouns

    found = {}
    for noun in NOUNS:
        module = import_module(f"server.console.{noun}")
        first = getattr(module, "LISTING", None)
        for held in getattr(module, "LISTINGS", (first,) if isinstance(first, Listing) else ()):
            index = next((rule.needs for rule in module.pages.rules if rule.endpoint == f"{module.pages.name}.index"), None)
            needs = held.needs or index
            assert needs is not None, f"{held.name}: which permission shows it?"
            found[held.name] = (held, needs)
    return found


@pages.page("/", needs=Permission.REPORT_READ)
def index() -> ResponseReturnValue:
    """What can be exported, and one's own exports."""
    available = [
        (held.title, needs, name)
        for name, (held, needs) in listings().items()
        if operator().may(needs) and len(held.asked) == len(held.filters)
    ]
    return render_template(
        "reports/index.html",
        available=available,
        jobs=[services().jobs.seen(one) for one in services().office.jobs.of(operator().id, "export")],
        formats=formats.formats(),
        exportable=operator().may(Permission.EXPORT),
    )


@pages.page("/export/<listed>.<ending>", needs=Permission.EXPORT)
def export(listed: str, ending: str) -> ResponseReturnValue:
    """A list as a file, at once or as a job."""
    held, kind = _asked_for(listed, ending)
    query = held.query()._replace(after=None)
    rows = listing.every(held, query, MOST)
    first = list(islice(rows, AT_ONCE + 1))
    file_name = f"{listed}-{moment().astimezone(LOCAL):%Y%m%d-%H%M%S}.{kind.ending}"
    services().office.audit.append(
        moment(), operator().id, "*", "reports.export", subject=listed, detail={"form": ending, "where": dict(query.where)}
    )
    if len(first) > AT_ONCE:
        _start(held, query, kind, file_name)
        flash(t("The list is long: it is being written in the background.", "数据量较大，已转入后台生成。"), "success")
        return redirect(url_for(".index"), 303)
    return _file(held, first, kind, file_name)


@pages.page("/selected/<listed>.<ending>", needs=Permission.EXPORT, method="POST")
def export_selected(listed: str, ending: str) -> ResponseReturnValue:
    """The selected rows of the page of a list that was looked at, as a file."""
    held, kind = _asked_for(listed, ending)
    chosen = set(request.form.getlist("id"))
    rows = [row for row in held.fetch(held.query()).rows if str(row[held.key]) in chosen]
    audit(listed, form=ending, where=dict(held.query().where), rows=len(rows))
    return _file(held, rows, kind, f"{listed}-{moment().astimezone(LOCAL):%Y%m%d-%H%M%S}.{kind.ending}")


def _asked_for(name: str, form: str) -> tuple[Listing, formats.Format]:
    """The list and the format that an address names, within the provinces in which both may be used."""
    held, needs = listings().get(name) or abort(404)
    kind = next((one for one in formats.formats() if one.key == form), None) or abort(404)
    g.scope = _both(operator().scope(needs), g.scope)
    if g.scope is not None and not g.scope:
        abort(403)
    return held, kind


def _file(held: Listing, rows: list[Row], kind: formats.Format, file_name: str) -> Response:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file_name
        exporting.write(_sheet(held, rows), kind.key, path)
        content = path.read_bytes()
    return Response(content, mimetype=kind.media_type, headers={"Content-Disposition": f'attachment; filename="{file_name}"'})


@pages.page("/jobs/<job_id>", needs=Permission.EXPORT)
def download(job_id: str) -> ResponseReturnValue:
    """The file of one's own finished job."""
    job = services().office.jobs.get(job_id)
    if job is None or job.owner != operator().id or job.state != "done":
        abort(404)
    return send_file(job.path, mimetype=job.media_type, as_attachment=True, download_name=job.file_name)


@pages.page("/jobs/<job_id>/live", needs=Permission.EXPORT)
def live(job_id: str) -> ResponseReturnValue:
    """How far one's own job is; nothing while that has not changed."""
    job = services().office.jobs.get(job_id)
    if job is None or job.owner != operator().id:
        abort(404)
    if f"{job.state}-{job.done}" == request.args.get("seen"):
        return "", 204
    return render_template("reports/job.html", job=services().jobs.seen(job))


def _sheet(held: Listing, rows: list[Row] | Iterator[Row]) -> Sheet:
    columns = held.shown()
    heads = [column.title.of(language()) for column in columns]
    at = moment().astimezone(LOCAL)
    return Sheet(held.title.of(language()), columns, heads, rows, operator().name, at, services().demo)


def _start(held: Listing, query: Query, kind: formats.Format, file_name: str) -> None:
    """The same export in the background, as the same operator and in the same language."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # how Flask hands an app to a thread
    kept = {name: getattr(g, name) for name in ("operator", "signed_in", "preferences", "language", "scope", "session_token")}
    address = request.full_path

    def work(path: Path, progress: exporting.Progress) -> None:
        with app.test_request_context(address):
            for name, value in kept.items():
                setattr(g, name, value)
            exporting.write(_sheet(held, listing.every(held, query, MOST)), kind.key, path, progress)

    services().jobs.start(
        work,
        kind="export",
        owner=operator().id,
        title=f"{held.title.of(language())} · {kind.title.of(language())}",
        file_name=file_name,
        media_type=kind.media_type,
    )


def _both(one: Scope, other: Scope) -> Scope:
    if one is None or other is None:
        return other if one is None else one
    return one & other
