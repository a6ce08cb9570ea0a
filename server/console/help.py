"""帮助: what the pages are for, the keys, the codes of problems; and finding a thing by its id."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.errors import catalogue
from server.console import finding
from server.console.guides import GLOSSARY, GUIDES
from server.console.navigation import GROUPS
from server.console.services import operator, services, t
from server.permissions import Pages, Permission

pages = Pages("help", __name__, url_prefix="/console/help")


@pages.page("/", needs=Permission.OWN)
def show() -> ResponseReturnValue:
    """Habits, keys, and every problem code with what to do."""
    titles = {entry.endpoint.partition(".")[0]: entry.title for group in GROUPS for entry in group.entries}
    pages_told = [(noun, titles.get(noun), guide) for noun, guide in GUIDES.items()]
    return render_template("help/show.html", problems=catalogue().values(), guides=pages_told, glossary=GLOSSARY)


@pages.page("/find", needs=Permission.OWN)
def search() -> ResponseReturnValue:
    """Straight to the thing whose id was typed; ids of other provinces are as if they did not exist."""
    asked = request.args.get("q", "").strip()
    address = finding.address_of(asked, operator(), services())
    if address is None:
        flash(t(f"Nothing is known under {asked[:60]!r}.", f"未找到编号“{asked[:60]}”。"), "warning")
        return redirect(url_for("transactions.index") if asked else url_for("overview.show"), 303)
    return redirect(address, 303)
