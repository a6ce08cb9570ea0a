"""总览: what needs attention today."""

from flask import render_template
from flask.typing import ResponseReturnValue

from server.permissions import Pages, Permission

pages = Pages("overview", __name__, url_prefix="/console")


@pages.page("/", needs=Permission.OVERVIEW_READ)
def show() -> ResponseReturnValue:
    """Windows, nets, prefunds, alarms, certificates."""
    return render_template("overview/show.html")
