"""Cases of the cross-province services as the ledger holds their messages: where each stands, and which are overdue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from cardstack.errors import CardstackError, Refused
from cardstack.settlement import envelope as envelopes
from cardstack.settlement.calendar import BEYOND, Calendar
from cardstack.settlement.ledger import RESERVE
from cardstack.settlement.scheme import Scheme
from cardstack.settlement.services.case import Service
from cardstack.settlement.transaction import SHANGHAI, Transaction
from cardstack.text import Text
from server.store import reads
from server.store.commit import View

MOST = 20_000
"""How many of the newest messages are looked at: a year of a province's cases, in bounded time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A case: its two places, its state, since when, by when that must be left, and what then follows."""

    service: str
    case: str
    home: str
    treating: str
    state: str
    since: date
    due: date | None
    overdue: Text | None
    """What is due to be done, where the day has passed."""


def cases(view: View, schemes: Mapping[str, Scheme], calendar: Calendar, today: date) -> list[Standing]:
    """Every case, the longest due first; those that nothing waits for come last."""
    found: list[Standing] = []
    for (name, _, _, case), messages in sorted(_messages(view, schemes).items()):
        service = schemes[name]
        assert isinstance(service, Service)
        found.append(_standing(service, case, messages, calendar, today))
    return sorted(found, key=lambda one: (one.due or date.max, one.service, one.case))


def _messages(view: View, schemes: Mapping[str, Scheme]) -> dict[tuple[str, str, str, str], list[Transaction]]:
    """The messages of each case: service, the two provinces, and the number that these gave it."""
    rows = reversed(_newest(view, {name: one.cycle.name for name, one in schemes.items() if isinstance(one, Service)}))
    opened: dict[int, envelopes.Sealed | None] = {}
    cases: dict[tuple[str, str, str, str], list[Transaction]] = {}
    for number, line in rows:
        if number not in opened:
            kept = reads.envelope(view, number)
            opened[number] = envelopes.parse(kept.raw) if kept and kept.kind == "envelope" else None
        sealed = opened[number]
        if sealed is not None and line < len(sealed.contents):
            told = sealed.transaction(line)
            key = told.scheme, told.home_province, told.treating_province, str(told.body.get("case", ""))
            cases.setdefault(key, []).append(told)
    return cases


def _newest(view: View, services: Mapping[str, str]) -> list[tuple[int, int]]:
    """Envelope and line of the newest messages of some services, each with its cycle.

    Looked up by their windows, and by none for what is only reserved: rides and bills, which are nearly all there is,
    stand in other windows and are not read. The windows are asked for first: a database that does not know which they are
    when it plans reads every entry.
    """
    names, cycles = list(services), sorted(set(services.values()))
    asked = f"SELECT id FROM settlement_window WHERE cycle IN ({_marks(cycles)}) ORDER BY id"  # noqa: S608  # own names
    windows = [RESERVE, *(row[0] for row in view.all(asked, cycles))]
    query = (
        f"SELECT envelope, line FROM entry WHERE window_id IN ({_marks(windows)}) "  # noqa: S608  # own names
        f"AND scheme IN ({_marks(names)}) ORDER BY seq DESC LIMIT ?"
    )
    return view.all(query, [*windows, *names, MOST])


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values)) or "NULL"


def _standing(
    service: Service[Any, Any], case: str, messages: Sequence[Transaction], calendar: Calendar, today: date
) -> Standing:
    """The state by the messages that follow one another; one that does not follow is left out, as both nodes do.

    A reminder leaves the state as it is and does not begin its term anew.
    """
    taken: list[Transaction] = []
    state, since, asked = service.machine.initial, messages[0].occurred_at, None
    for message in messages:
        try:
            after = service.state([*taken, message])
        except CardstackError:
            continue
        taken.append(message)
        if after is not state:
            state, since, asked = after, message.occurred_at, _asked(message)
    last, day = (taken or messages)[-1], since.astimezone(SHANGHAI).date()
    try:
        due = service.due(state, day, calendar, asked)
    except Refused as error:
        if error.problem is not BEYOND:
            raise
        due = None
    late = service.terms[state].overdue if due is not None and due < today else None
    return Standing(service.name, case, last.home, last.treating, str(state), day, due, late)


def _asked(message: Transaction) -> date | None:
    """By when a message asks for its answer."""
    told = message.body.get("due")
    try:
        return date.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
