"""Windows, payments and disputes against the records of their steps, for the auditor: each stands where these lead."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar

from cardstack.errors import CardstackError
from cardstack.fsm import Machine
from cardstack.settlement import dispute, window
from cardstack.settlement.audit import Fault, Finding
from cardstack.settlement.instruction import Payment
from cardstack.settlement.ledger import RESERVE
from server.store import reads
from server.store.commit import View
from server.store.corroborating import REST, corroborate, data_of
from server.store.disputing import is_reversed
from server.store.paying import beyond_its_lines
from server.store.values import PreparedInstruction

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)
RELEASED: Final = "instructions-released"
PAYMENTS: Final = {f"payment-{one.value}": one.value for one in Payment}


GIVEN_BACK: Final = (
    "SELECT adjustment.dispute, posting.amount_fen FROM adjustment JOIN posting ON posting.entry = adjustment.entry "
    "WHERE adjustment.dispute IS NOT NULL"
)
DISPUTED: Final = (
    "SELECT dispute.seq, dispute.posting, disputed_fen, stage, posting.amount_fen, message, entry.id, opened_by, against, "
    "debtor, creditor FROM dispute LEFT JOIN posting ON posting.seq = dispute.posting "
    "LEFT JOIN entry ON entry.seq = posting.entry"
)


def follow(view: View) -> Iterator[Finding]:
    """What stands otherwise than its recorded steps lead, or has no step to it; each thing once."""
    yield from dict.fromkeys(_follow(view))


def _follow(view: View) -> Iterator[Finding]:
    yield from _windows(view)
    yield from _disputes(view)
    yield from corroborate(view)
    told = list(_told(view))
    for (id_,) in view.all("SELECT DISTINCT window_id FROM instruction ORDER BY window_id"):
        try:
            found = reads.instructions(view, id_)
            wrong = [*_strayed(found, told), *beyond_its_lines(view, found)]
        except (CardstackError, ValueError, LookupError, TypeError):
            wrong = [f"window {id_}"]
        yield from (Finding(Fault.STAGE, one) for one in sorted(set(wrong)))


def _led(machine: Machine[State, Event], before: str, by: str) -> str:
    """Where a step leads; nowhere where it is none of that state."""
    moves = {(state.value, event.value): after.value for (state, event), after in machine.moves.items()}
    return moves.get((before, by), "")


def _windows(view: View) -> Iterator[Finding]:
    now: dict[str, str] = {}
    for id_, event, stage in view.all("SELECT window_id, event, stage FROM window_move ORDER BY seq"):
        if _led(window.WINDOW, now.get(id_, window.Stage.OPEN.value), event) != stage:
            yield Finding(Fault.STAGE, f"window {id_}")
        now[id_] = stage
    kept = {id_: (cycle, stage) for id_, cycle, stage in view.all("SELECT id, cycle, stage FROM settlement_window")}
    used = {id_ for (id_,) in view.all("SELECT DISTINCT window_id FROM balance") if id_ != RESERVE}
    for id_ in sorted(kept.keys() | now.keys() | used):
        cycle, stage = kept.get(id_, ("", ""))
        if stage != now.get(id_, window.Stage.OPEN.value) or not id_.startswith(f"{cycle}-20"):
            yield Finding(Fault.STAGE, f"window {id_}")


def _disputes(view: View) -> Iterator[Finding]:
    now: dict[int, str] = {}
    part: dict[int, Any] = {}
    for number, step, stage, evidence in view.all("SELECT dispute, step, stage, evidence FROM dispute_move ORDER BY seq"):
        after = _led(dispute.DISPUTE, now[number], step) if number in now else dispute.Stage.OPENED.value
        if after != stage or (number in now) == (step == "open"):
            yield Finding(Fault.STAGE, f"dispute {number}")
        now[number], part[number] = stage, data_of(evidence).get("upheld_fen")
    booked: dict[int, list[int]] = {}
    for number, amount in view.all(GIVEN_BACK):
        booked.setdefault(number, []).append(amount)
    for number, posting, disputed, stage, amount, message, id_, *sides in view.all(DISPUTED):
        back, upheld = booked.pop(number, []), stage == dispute.Stage.UPHELD.value
        told = part.get(number)
        given = told if isinstance(told, int) else disputed
        right = back == ([given] if upheld else []) or (upheld and not back and is_reversed(view, posting))
        about = amount is not None and given <= disputed <= amount and sorted(sides[:2]) == sorted(sides[2:]) and message == id_
        if now.pop(number, "") != stage or not right or not about:
            yield Finding(Fault.STAGE, f"dispute {number}")
    yield from (Finding(Fault.STAGE, f"dispute {number}") for number in sorted(booked.keys() | now.keys()))


def _told(view: View) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What happened to payments, in order: kind, subject and data."""
    rows = view.among("SELECT seq, kind, subject, data FROM event WHERE kind IN {these}", [*PAYMENTS, RELEASED, REST])
    for _, kind, subject, data in sorted(rows):
        yield kind, subject, data_of(data)


def _strayed(found: Sequence[PreparedInstruction], told: Sequence[tuple[str, str, dict[str, Any]]]) -> Iterator[str]:
    """The payments of a window that are not in the state, or not paid as much, as what happened to them says."""
    known = {one.instruction.id: one for one in found}
    state, paid = dict.fromkeys(known, Payment.PREPARED.value), dict.fromkeys(known, 0)
    for kind, subject, data in told:
        if kind == RELEASED and known and subject == found[0].instruction.window:
            # Before version 0.2 a release did not name its payments.
            ids = data.get("instructions", [one for one, at in state.items() if at in ("prepared", "failed")])
            state.update(dict.fromkeys((one for one in ids if one in known), Payment.RELEASED.value))
        elif kind == REST:
            partly = [id_ for id_, one in known.items() if one.instruction.first == subject and state[id_] == "partly-paid"]
            state.update(dict.fromkeys(partly, Payment.CONTINUED.value))
        elif subject in known:
            state[subject], paid[subject] = PAYMENTS[kind], data.get("paid_fen", -1)
    for id_, one in known.items():
        if (one.state.value, one.paid_fen) != (state[id_], paid[id_]):
            yield f"payment {id_}"
