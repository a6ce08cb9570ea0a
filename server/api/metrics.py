"""Figures of the ledger in Prometheus' text form, read from the store when asked for, so that every worker says the same."""

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from server.store.queries import settling
from server.store.store import Store


def exposition(store: Store) -> bytes:
    """Entries, blocks, lines that wait, windows by stage, and payments by state."""
    registry = CollectorRegistry()
    newest = store.transactions(limit=1)
    entries = Gauge("cardstack_ledger_entries", "Entries in the ledger", registry=registry)
    entries.set(newest[0].seq if newest else 0)
    blocks = Gauge("cardstack_ledger_blocks", "Sealed blocks", registry=registry)
    blocks.set(newest[0].block if newest else 0)
    waiting = Gauge("cardstack_waiting_lines", "Received lines that wait to be judged", registry=registry)
    waiting.set(store.waiting())
    windows = Gauge("cardstack_windows", "Settlement windows by stage", ["stage"], registry=registry)
    for window in store.windows():
        windows.labels(window.stage.value).inc()
    payments = Gauge("cardstack_payments", "Payment instructions by state", ["state"], registry=registry)
    with store.view() as view:
        for state, count in settling.payment_states(view).items():
            payments.labels(state).set(count)
    text: bytes = generate_latest(registry)
    return text
