"""系统状态: what runs, on what, and which certificates it rests on."""

import platform
from importlib.metadata import version

from flask import render_template
from flask.typing import ResponseReturnValue

from server.console import alarms
from server.console.services import moment, services
from server.permissions import Pages, Permission
from server.store.queries import figures

pages = Pages("system", __name__, url_prefix="/console/system")


@pages.page("/", needs=Permission.SYSTEM_READ)
def show() -> ResponseReturnValue:
    """Version, database, ledger, clock, certificates."""
    held = services()
    newest = None
    if held.store is not None:
        with held.store.view() as view:
            newest = figures.last_number(view)
    return render_template(
        "system/show.html",
        version=version("cardstack"),
        python=platform.python_version(),
        database=held.office.engine.dialect.name,
        newest=newest,
        at=moment(),
        certificates=alarms.certificates(),
        audit=held.office.audit.tip(),
    )
