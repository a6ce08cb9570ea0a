"""What time alone brings to a ledger: windows to cut off, and entries, disputes and requests whose time has run out."""

from datetime import datetime

from server import approvals
from server.clock import Clock
from server.looping import Loop
from server.store.office.requests import RequestStore
from server.store.store import Store

EVERY_S = 60.0


def lapse(store: Store, requests: RequestStore, now: datetime) -> dict[str, int]:
    """Let lapse what has run out of time, at most a thousand of a kind; how many of each kind did."""
    approved = requests.page(before=None, size=1000, scope=None, state=approvals.State.APPROVED.value)
    entries = store.lapse(now)
    given_up = sum(approvals.give_up(requests, one.id, now) for one in approved)
    return {"entries": entries, "disputes": len(store.desk.lapse_disputes(now)), "requests": given_up}


def minder(store: Store, requests: RequestStore, clock: Clock, *, every_s: float = EVERY_S) -> Loop:
    """What does once a minute what `settle cut-off` and `settle lapse` do when asked.

    Each is idempotent, so any number of workers may mind one ledger. First it settles by the figures and lists as they are kept
    now: another worker, or a command, may have added some.
    """
    tasks = (store.settle_by_own_figures, lambda: store.cut_off_due(clock()), lambda: lapse(store, requests, clock()))
    return Loop("minder", *tasks, every_s=every_s)
