"""Figures in the store: dated rows that two people added, and the process that settles by them."""

import json
from datetime import date, datetime, timedelta

from cardstack.errors import Refused
from cardstack.settlement import amending
from cardstack.settlement.amending import Amendment
from cardstack.settlement.intake import SKEW
from cardstack.settlement.transaction import SHANGHAI
from cardstack.settlement.window import Stage, following, period
from cardstack.text import Text
from server.store import reads
from server.store.adjusting import Two
from server.store.commit import Commit, View, add_rows
from server.store.values import moment

COLUMNS = "seq, name, kind, since, figures, maker, checker, at"


def add(commit: Commit, told: Amendment, two: Two) -> int:
    """Add a dated row for everybody; its number. `Refused` (CS-3131) where it would begin today or in what was cut off."""
    from cardstack.settlement.proposing import TOO_EARLY  # noqa: PLC0415  # only those who change figures need every scheme's shapes

    two.check(commit)
    since = date.fromisoformat(told.row["since"])
    first = earliest(commit, told.table, moment(commit.at))
    if since < first:
        raise Refused(Text(f"since: not before {first}", f"since：不得早于 {first}"), TOO_EARLY, field="since")
    ((seq,),) = commit.all("SELECT COALESCE(MAX(seq), 0) + 1 FROM figure")
    row = json.dumps(told.row, ensure_ascii=False)
    commit.insert("figure", COLUMNS, [(seq, told.name, told.table, since.isoformat(), row, *two, commit.at)])
    commit.tell(
        "figure-added", f"{told.name} {told.table}", {"since": since.isoformat(), "maker": two.maker, "checker": two.checker}
    )
    return int(seq)


def earliest(view: View, table: str, now: datetime) -> date:
    """The first day on which a new row may begin: after today, and after every window of its cycle that was cut off.

    Today ends a little early, because what happens a few minutes from now may have been judged already.
    """
    from cardstack.settlement.proposing import TABLES  # noqa: PLC0415  # as above

    first = (now + SKEW).astimezone(SHANGHAI).date() + timedelta(days=1)
    closed = [one.id for one in reads.windows(view, cycle=TABLES[table].cycle) if one.stage is not Stage.OPEN]
    return max([first, *(period(following(window))[1] for window in closed)])


def added(view: View) -> tuple[Amendment, ...]:
    """Every row that was added, in order."""
    rows = view.all("SELECT name, kind, figures FROM figure ORDER BY seq")
    return tuple(Amendment(name, table, json.loads(row)) for name, table, row in rows)


def seal(commit: Commit) -> None:
    """Seal that from now on these figures are in force: a block of its own, before anything is judged by them."""
    add_rows(commit, [], [], [])


def settle_by(view: View) -> None:
    """Let this process settle by what is kept here."""
    amending.amend(added(view))
