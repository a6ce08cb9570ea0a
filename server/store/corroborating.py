"""Rows against the feed of events, for the auditor: when, by whom and of how much something was written was told then, too.

Both are rows that somebody with the database in his hands can change; but the feed has been read by those who follow it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from cardstack.settlement.audit import Fault, Finding
from server.store.commit import View
from server.store.paying import LINE_COLUMNS, joined, seal_of
from server.store.values import moment

PIECE: Final = 4096
"""How many events are read at once."""
OWN: Final = ("adjustment", "decision", "lapse")
"""What the ledger writes itself, at once."""
KEPT: Final = tuple(f"{kind}-{word}" for kind in ("envelope", "file", *OWN) for word in ("accepted", "received"))
"""What is told of a kept record: that it was received, or what was accepted of it."""
KEPT_ROWS: Final = "SELECT seq, kind, node, lines, received_at, signed_at FROM envelope WHERE seq > ? AND seq <= ? ORDER BY seq"
BLOCK_ROWS: Final = "SELECT seq, sealed_at, entries FROM block WHERE seq > ? AND seq <= ? ORDER BY seq"
END: Final = 2**62
PREPARED: Final = "instructions-prepared"
REST: Final = "payment-rest-ordered"
OPENED: Final = (
    "SELECT id, opened_at, (SELECT MIN(at) FROM window_move WHERE window_id = id), (SELECT sealed_at FROM block WHERE seq = "
    "(SELECT block FROM entry WHERE window_id = settlement_window.id ORDER BY entry.seq LIMIT 1)) FROM settlement_window"
)
"""When each window came to be, first moved, and had its first entry."""
STEPS: Final = (
    "SELECT dispute_move.dispute, dispute_move.stage, step, actor, checker, evidence, at, posting, opened_by, ground, "
    "disputed_fen, since, deadline FROM dispute_move JOIN dispute ON dispute.seq = dispute ORDER BY dispute_move.seq"
)


class Said(NamedTuple):
    """Something that a row and an event both say: its moment, and facts by their names."""

    kind: str
    at: int
    facts: Mapping[str, Any]

    def agrees(self, told: "Said | None") -> bool:
        """Whether an event says the same, of what it says; before version 0.2 some said less."""
        if told is None or (told.kind, told.at) != (self.kind, self.at):
            return False
        return all(told.facts.get(name, fact) == fact for name, fact in self.facts.items())


def data_of(text: str) -> dict[str, Any]:
    """The data of an event; nothing where that is not of its form."""
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        return {}


def corroborate(view: View) -> Iterator[Finding]:
    """What a row says otherwise than was told of it when it was written."""
    yield from (Finding(Fault.RECORD, f"{what} {seq}") for what, seq in sorted(set(_kept(view))))
    yield from (Finding(Fault.STAGE, f"window {id_}") for id_ in _moves(view))
    yield from (Finding(Fault.STAGE, f"dispute {number}") for number in _steps(view))
    yield from (Finding(Fault.STAGE, f"prepayment change {place}") for place in _prefunds(view))
    yield from (Finding(Fault.STAGE, f"payment {id_}") for id_ in _prepared(view))
    yield from (Finding(Fault.STAGE, f"prepayment increase {number}") for number in _told(view, "increase-%", _increases(view)))
    yield from (Finding(Fault.RECORD, f"thresholds {pair}") for pair in _told(view, "prefund-thresholds-%", _thresholds(view)))
    yield from (Finding(Fault.RECORD, f"figure {name}") for name in _told(view, "figure-%", _figures(view)))
    yield from (Finding(Fault.RECORD, f"card list {kind}") for kind in _told(view, "card-list-%", _lists(view)))
    yield from (Finding(Fault.STAGE, f"bank lines of {at}") for at in _bank_lines(view))


def _kept(view: View) -> Iterator[tuple[str, int]]:
    """Kept records and blocks are told in the order of their numbers, each for the first time by the next number."""
    envelope, block, after = 0, 0, 0
    marks = ", ".join("?" * len(KEPT))
    query = f"SELECT seq, at, kind, subject, data FROM event WHERE seq > ? AND kind IN ({marks}) ORDER BY seq LIMIT ?"  # noqa: S608  # own names
    while rows := view.all(query, (after, *KEPT, PIECE)):
        told: dict[int, Said] = {}
        sealed: dict[int, int] = {}
        for _, at, kind, subject, data in rows:
            said = data_of(data)
            number, booked = int(subject) if subject.isdecimal() else 0, said.get("block")
            if number > envelope:
                told.setdefault(number, Said(kind, at, said))
            if isinstance(booked, int) and booked > block:
                sealed.setdefault(booked, at)
        yield from _envelopes(view, told, envelope, envelope := max(told, default=envelope))
        yield from _blocks(view, sealed, block, block := max(sealed, default=block))
        after = rows[-1][0]
    yield from _envelopes(view, {}, envelope, END)
    yield from _blocks(view, {}, block, END)


def _envelopes(view: View, told: Mapping[int, Said], after: int, upto: int) -> Iterator[tuple[str, int]]:
    known = set(told)
    for seq, kind, node, lines, at, signed_at in view.all(KEPT_ROWS, (after, upto)):
        known.discard(seq)
        said = told.get(seq)
        word = "received" if said is not None and said.kind.endswith("-received") else "accepted"
        if not Said(f"{kind}-{word}", at, {"node": node, word: lines}).agrees(said) or (kind in OWN and signed_at != at):
            yield "envelope", seq
    yield from (("envelope", seq) for seq in known)


def _blocks(view: View, sealed: Mapping[int, int], after: int, upto: int) -> Iterator[tuple[str, int]]:
    known = set(sealed)
    for seq, at, entries in view.all(BLOCK_ROWS, (after, upto)):
        known.discard(seq)
        if entries and sealed.get(seq) != at:  # one without any begins other figures, which is told in its own words
            yield "block", seq
    yield from (("block", seq) for seq in known)


def _told(view: View, kinds: str, of: Iterable[tuple[str, Said]]) -> Iterator[str]:
    """The subjects of which rows, given in their order, say otherwise than the events of these kinds (`prefix-%`)."""
    told: dict[str, list[Said]] = {}
    for kind, at, subject, data in view.all("SELECT kind, at, subject, data FROM event WHERE kind LIKE ? ORDER BY seq", (kinds,)):
        told.setdefault(subject, []).append(Said(kind, at, data_of(data)))
    for subject, said in of:
        mine = told.get(subject)
        if not said.agrees(mine.pop(0) if mine else None):
            yield subject
    yield from (subject for subject, left in told.items() if left)


def _moves(view: View) -> Iterator[str]:
    """Each move as it was told; a window came to be with its first entry, or where it has none before that, to be cut off."""
    rows = view.all("SELECT window_id, stage, event, actor, reason, at FROM window_move ORDER BY seq")
    said = [(row[0], Said(f"window-{row[1]}", row[5], {"event": row[2], "actor": row[3], "reason": row[4]})) for row in rows]
    yield from _told(view, "window-%", said)
    for id_, opened, moved, booked in view.all(OPENED):
        if opened not in (moved, booked):
            yield id_


def _steps(view: View) -> Iterator[str]:
    """Each step of a dispute as it was told, what was disputed with the first one, since when it stands so with the last."""
    rows = view.all(STEPS)
    last = {row[0]: place for place, row in enumerate(rows)}
    said = []
    for place, (number, stage, step, actor, checker, evidence, at, posting, by, ground, disputed, since, until) in enumerate(
        rows
    ):
        facts = {"step": step, "actor": actor, "checker": checker, "evidence": sha256(evidence.encode()).hexdigest()}
        if step == "open":
            facts |= {"posting": posting, "opened_by": by, "ground": ground, "disputed_fen": disputed}
        if place == last[number]:
            facts["deadline"] = until
            if since != at:
                yield str(number)
        said.append((str(number), Said(f"dispute-{stage}", at, facts)))
    yield from _told(view, "dispute-%", said)


def _prefunds(view: View) -> Iterator[int]:
    kept = view.all("SELECT debtor, creditor, amount_fen, kind, reference, maker, checker, at FROM prefund ORDER BY seq")
    events = view.all("SELECT subject, at, data FROM event WHERE kind = 'prefund-changed' ORDER BY seq")
    for place, (row, event) in enumerate(zip_longest(kept, events), start=1):
        debtor, creditor, amount, kind, reference, maker, checker, at = row or (*("",) * 7, 0)
        told = None if event is None else Said(event[0], event[1], data_of(event[2]))
        facts = {"amount_fen": amount, "kind": kind, "reference": reference, "maker": maker, "checker": checker}
        if row is None or maker == checker or not Said(f"{debtor} {creditor}", at, facts).agrees(told):
            yield place


def _increases(view: View) -> Iterator[tuple[str, Said]]:
    columns = "increase, stage, at, debtor, creditor, amount_fen, actor, reason, checker"
    for number, stage, at, *facts in view.all(f"SELECT {columns} FROM prefund_increase ORDER BY seq"):  # noqa: S608  # own names
        yield str(number), Said(f"increase-{stage}", at, dict(zip(columns.split(", ")[3:], facts, strict=True)))


def _thresholds(view: View) -> Iterator[tuple[str, Said]]:
    columns = "debtor, creditor, at, yellow_percent, red_percent, maker, checker"
    for debtor, creditor, at, yellow, red, maker, checker in view.all(f"SELECT {columns} FROM prefund_threshold ORDER BY seq"):  # noqa: S608  # own names
        facts = {"yellow": yellow, "red": red, "maker": maker, "checker": checker}
        yield f"{debtor} {creditor}", Said("prefund-thresholds-changed", at, facts)


def _figures(view: View) -> Iterator[tuple[str, Said]]:
    for name, kind, since, maker, checker, at in view.all(
        "SELECT name, kind, since, maker, checker, at FROM figure ORDER BY seq"
    ):
        yield f"{name} {kind}", Said("figure-added", at, {"since": since, "maker": maker, "checker": checker})


def _lists(view: View) -> Iterator[tuple[str, Said]]:
    rows = view.all("SELECT kind, version, base, since, changes, maker, checker FROM card_list ORDER BY kind, version")
    for kind, version, base, since, changes, maker, checker in rows:
        by = {"maker": maker, "checker": checker, "sha256": sha256(bytes(changes)).hexdigest()}
        yield kind, Said("card-list-published", since, {"version": version, "base": base, **by})


def _prepared(view: View) -> Iterator[str]:
    """Payments are prepared when that is told of their window, and what orders a rest when that is."""
    at: dict[str, int] = {}
    for kind, subject, data, when in view.all("SELECT kind, subject, data, at FROM event WHERE kind IN (?, ?)", (PREPARED, REST)):
        at[subject if kind == PREPARED else str(data_of(data).get("instruction"))] = when
    for id_, of, prepared in view.all("SELECT id, window_id, prepared_at FROM instruction"):
        if prepared != at.get(id_, at.get(of)):
            yield str(id_)


def _bank_lines(view: View) -> Iterator[str]:
    """What banks' files brought, by the moment at which it was taken: as many lines, all of them as they came."""
    told: dict[int, list[dict[str, Any]]] = {}
    for at, data in view.all("SELECT at, data FROM event WHERE kind = 'bank-lines-taken'"):
        told.setdefault(at, []).append(data_of(data))
    kept: dict[int, list[Any]] = {}
    for row in view.all(f"SELECT {LINE_COLUMNS} FROM bank_line"):  # noqa: S608  # own names
        kept.setdefault(row[-1], []).append(row)
    for at in sorted(told.keys() | kept.keys()):
        said, rows = told.get(at, []), kept.get(at, [])
        seals = [one["seal"] for one in said if one.get("lines") and "seal" in one]
        whole = len(seals) == sum(bool(one.get("lines")) for one in said)  # before version 0.2 none was told
        if sum(one.get("lines", 0) for one in said) != len(rows) or (whole and joined(seals) != seal_of(rows)):
            yield moment(at).isoformat()
