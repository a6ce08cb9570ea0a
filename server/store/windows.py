"""Moving windows through their life, and making the payments that settle them."""

from collections.abc import Collection, Iterable
from datetime import datetime, time
from typing import Final

from cardstack.errors import Refused, problem
from cardstack.settlement.cutoff import cut_off
from cardstack.settlement.instruction import Instruction, Payment, instructions
from cardstack.settlement.netting import Position
from cardstack.settlement.scheme import Cycle
from cardstack.settlement.transaction import SHANGHAI
from cardstack.settlement.window import WINDOW, Event, Stage, following, period
from cardstack.text import Text
from server.store.commit import Commit, View, open_windows
from server.store.reads import INSTRUCTION_COLUMNS, positions
from server.store.reads import instructions as instructions_of
from server.store.resting import debts
from server.store.values import moment

BY_CALENDAR: Final = Text("by the calendar, ", "按清算日历，")
BACK: Final = Text("a payment came back", "有划款退回")
BOOKED: Final = Text("all payments booked by the bank", "银行已全部入账")
IN_ORDER = problem(
    "CS-3020",
    Text("An earlier window of this cycle is still open", "同一清算周期中较早的清算窗口尚未截止"),
    Text("Close {earlier} first.", "请先截止 {earlier}。"),
)
NO_WINDOW = problem(
    "CS-3021",
    Text("No such settlement window", "没有该清算窗口"),
    Text("List the windows to see which there are.", "请查看清算窗口列表。"),
)
NOT_AGREED = problem(
    "CS-3022",
    Text("The window's nets are not agreed yet", "该清算窗口的净额尚未确认一致"),
    Text("Reconcile and agree the window, then prepare the payments.", "请先对账一致，再生成付款指令。"),
)


def stage(commit: Commit, window: str) -> Stage:
    """The stage a window is in; `Refused` (CS-3021) where there is none."""
    rows = commit.all("SELECT stage FROM settlement_window WHERE id = ?", (window,))
    if not rows:
        raise Refused(window, NO_WINDOW, window=window)
    return Stage(rows[0][0])


def move(commit: Commit, window: str, event: Event, *, actor: str, reason: str) -> Stage:
    """Move a window on, with who did it and why; `Refused` where its stage does not allow it."""
    if event is Event.CUT_OFF:
        _close_in_order(commit, window)
    after = WINDOW.after(stage(commit, window), event)
    ((seq,),) = commit.all("SELECT COALESCE(MAX(seq), 0) + 1 FROM window_move")
    commit.run("UPDATE settlement_window SET stage = ? WHERE id = ?", [(after.value, window)])
    columns = "seq, window_id, event, stage, actor, reason, at"
    commit.insert("window_move", columns, [(seq, window, event.value, after.value, actor, reason, commit.at)])
    commit.tell(f"window-{after.value}", window, {"event": event.value, "actor": actor, "reason": reason})
    return after


def said(reason: str) -> Text:
    """Why a window was moved: what people wrote is as they wrote it, what the service kept of itself is said in both languages.

    >>> said("all payments booked by the bank").zh, said("by the calendar, 2026-11-23 00:00").zh, said("核对无误").en
    ('银行已全部入账', '按清算日历，2026-11-23 00:00', '核对无误')
    """
    if reason.startswith(BY_CALENDAR.en):
        return Text(reason, BY_CALENDAR.zh + reason.removeprefix(BY_CALENDAR.en))
    return next((one for one in (BACK, BOOKED) if one.en == reason), Text(reason, reason))


def _close_in_order(commit: Commit, window: str) -> None:
    """A window that nothing fell into is closed all the same, so that nothing late can open it."""
    cycle, _ = period(window)
    rows = commit.all("SELECT MIN(id) FROM settlement_window WHERE cycle = ? AND stage = 'open' AND id < ?", (cycle, window))
    if rows and rows[0][0] is not None:
        raise Refused(window, IN_ORDER, earlier=rows[0][0])
    later = commit.all("SELECT 1 FROM settlement_window WHERE cycle = ? AND stage <> 'open' AND id > ?", (cycle, window))
    if later:
        raise Refused(Text("a later window has closed already", "较晚的清算窗口已截止"), window=window)
    open_windows(commit, [window])


def is_window(commit: Commit, window: str, cycles: Collection[Cycle]) -> None:
    """`Refused` (CS-3021) for what is not there and cannot come to be now: no cycle's own, or far in the future.

    A window that nothing has fallen into can be cut off too, up to today's or, after that, the next in turn.
    """
    if commit.all("SELECT 1 FROM settlement_window WHERE id = ?", (window,)):
        return
    name, first = period(window)
    begins = datetime.combine(first, time(), SHANGHAI)
    if window not in {cycle.window(begins) for cycle in cycles if cycle.name == name}:
        raise Refused(Text("window: not of a cycle here", "window：不属于本系统的清算周期"), NO_WINDOW, window=window)
    ((last,),) = commit.all("SELECT MAX(id) FROM settlement_window WHERE cycle = ? AND stage <> 'open'", (name,))
    if begins > moment(commit.at) and (last is None or window != following(last)):
        raise Refused(Text("window: it has not begun", "window：尚未开始"), NO_WINDOW, window=window)


def cut_off_due(commit: Commit, now: datetime, *, actor: str) -> list[str]:
    """Cut off every open window whose moment has come, the oldest of a cycle first; which they were.

    One whose moment no calendar tells yet stays open, and those after it with it.
    """
    closed: list[str] = []
    held: set[str] = set()
    for window, cycle in commit.all("SELECT id, cycle FROM settlement_window WHERE stage = 'open' ORDER BY cycle, id"):
        due = None if cycle in held else cut_off(window)
        if due is None or due > now:
            held.add(cycle)
            continue
        move(commit, window, Event.CUT_OFF, actor=actor, reason=f"{BY_CALENDAR.en}{due:%Y-%m-%d %H:%M}")
        closed.append(window)
    return closed


def instruct(commit: Commit, window: str) -> tuple[Instruction, ...]:
    """Make the payments of a window whose nets are agreed, once; asked again, the same ones.

    Where nothing is left to be paid, because all nets are nought or it was paid before, the window is settled at once.
    """
    if stage(commit, window) is not Stage.PENDING:
        raise Refused(window, NOT_AGREED, window=window)
    nets = {one.party: one.net_fen for one in positions(commit, window) if one.net_fen}
    made = instructions(window, nets)
    if not commit.all("SELECT 1 FROM instruction WHERE window_id = ? LIMIT 1", (window,)):
        prepare(commit, made)
        commit.tell("instructions-prepared", window, {"count": len(made)})
    settle_paid(commit, window, actor="rule")
    return made


def prepare(commit: Commit, made: Iterable[Instruction]) -> None:
    """Keep new instructions, to be released."""
    rows = [(one.id, one.window, one.debtor, one.creditor, one.amount_fen, Payment.PREPARED.value, 0, commit.at) for one in made]
    commit.insert("instruction", INSTRUCTION_COLUMNS, rows)


def is_paid(view: View, window: str) -> bool:
    """Whether the bank has paid every payment of a window, each by itself or with what ordered its rest."""
    return all(one.paid_fen >= one.amount_fen for one in debts(instructions_of(view, window)))


def settle_paid(commit: Commit, window: str, *, actor: str) -> None:
    """Settle a window that waits for nothing but payments, and has none that is not paid."""
    rows = commit.all("SELECT stage FROM settlement_window WHERE id = ?", (window,))
    if rows and rows[0][0] == Stage.PENDING.value and is_paid(commit, window):
        move(commit, window, Event.SETTLE, actor=actor, reason=BOOKED.en)


def total_fen(found: tuple[Position, ...]) -> int:
    """What changes hands when a window is settled: the sum of what is received net."""
    return sum(one.net_fen for one in found if one.net_fen > 0)
