"""Payments a page at a time and counted, and what a party has in its windows."""

from typing import Any

from cardstack.settlement.netting import Position
from cardstack.settlement.transaction import Party
from cardstack.settlement.window import Stage
from cardstack.values import Fen
from server.permissions import Scope
from server.store.commit import View
from server.store.reads import INSTRUCTION_COLUMNS, instruction_of
from server.store.values import PreparedInstruction, Window, moment


def instructions(
    view: View, *, before: str | None, size: int, scope: Scope, window: str | None = None, state: str | None = None
) -> list[PreparedInstruction]:
    """Payment instructions from the last id down, one side of which is in the provinces."""
    asked = [(text, value) for text, value in (("window_id = ?", window), ("state = ?", state), ("id < ?", before)) if value]
    tests, values = [text for text, _ in asked], [value for _, value in asked]
    if scope is not None:
        marks = ", ".join("?" * len(scope)) or "NULL"
        tests.append(f"(substr(debtor, 1, 2) IN ({marks}) OR substr(creditor, 1, 2) IN ({marks}))")
        values += sorted(scope) * 2
    where = " AND ".join(tests) or "1 = 1"
    query = f"SELECT {INSTRUCTION_COLUMNS} FROM instruction WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608  # own names
    return [instruction_of(row) for row in view.all(query, [*values, size])]


def instruction(view: View, id_: str) -> PreparedInstruction | None:
    """The payment with that id."""
    rows = view.all(f"SELECT {INSTRUCTION_COLUMNS} FROM instruction WHERE id = ?", (id_,))  # noqa: S608  # own names
    return instruction_of(rows[0]) if rows else None


def payment_states(view: View) -> dict[str, int]:
    """How many payments are in each state."""
    return {row[0]: int(row[1]) for row in view.all("SELECT state, COUNT(*) FROM instruction GROUP BY state")}


def nets_of(view: View, party: str, size: int) -> list[tuple[Window, Position]]:
    """A party's nets in its newest windows."""
    rows = view.all(
        "SELECT id, cycle, stage, opened_at, receives_fen, pays_fen FROM balance "
        "JOIN settlement_window ON settlement_window.id = balance.window_id WHERE party = ? "
        "ORDER BY opened_at DESC, id DESC LIMIT ?",
        (party, size),
    )
    return [(_window(row), Position(Party(party), Fen(row[4]), Fen(row[5]))) for row in rows]


def owing(view: View) -> dict[str, int]:
    """What each party owes net in the windows that are neither settled nor aborted, all of them together."""
    rows = view.all(
        "SELECT party, SUM(pays_fen - receives_fen) FROM settlement_window "
        "JOIN balance ON balance.window_id = settlement_window.id WHERE stage NOT IN (?, ?) GROUP BY party",
        (Stage.SETTLED.value, Stage.ABORTED.value),
    )
    return {party: max(0, int(amount)) for party, amount in rows}


def _window(row: Any) -> Window:
    return Window(row[0], row[1], Stage(row[2]), moment(row[3]))
