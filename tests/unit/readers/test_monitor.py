"""Hot plug: readers and cards that come and go, and a service that restarts."""

import queue
import threading
from collections.abc import Iterator

import pytest

from cardstack.readers.monitor import Event, Kind, Monitor, snapshot, wait_for_card
from cardstack.readers.ports import Api
from cardstack.readers.problems import ReaderError
from cardstack.readers.roles import Role, assign
from emulator.pcsc.service import Service
from tests.fakes import ATR, OTHER_ATR, FakeCard
from tests.pcsc import SOCKET


@pytest.fixture
def events(library: Api) -> Iterator["queue.Queue[Event]"]:
    """What a monitor in a thread of its own sees."""
    seen: queue.Queue[Event] = queue.Queue()
    monitor = Monitor(library)

    def work() -> None:
        for event in monitor.events():
            seen.put(event)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield seen
    monitor.stop()
    thread.join(5)


def next_kinds(events: "queue.Queue[Event]", count: int) -> list[Kind]:
    return [events.get(timeout=5).kind for _ in range(count)]


def test_a_card_and_a_reader_come_and_go(service: Service, events: "queue.Queue[Event]") -> None:
    """Every change is one event, in order, with the answer to reset of what came."""
    assert next_kinds(events, 1) == [Kind.SERVICE_STARTED]
    emulated = service.add("Emulated")
    assert events.get(timeout=5) == Event(Kind.READER_ADDED, "Emulated")
    emulated.insert(FakeCard())
    assert events.get(timeout=5) == Event(Kind.CARD_INSERTED, "Emulated", ATR)
    emulated.insert(FakeCard(OTHER_ATR))
    assert events.get(timeout=5) == Event(Kind.CARD_REMOVED, "Emulated")
    assert events.get(timeout=5) == Event(Kind.CARD_INSERTED, "Emulated", OTHER_ATR)
    service.remove("Emulated")
    assert next_kinds(events, 2) == [Kind.CARD_REMOVED, Kind.READER_REMOVED]


def test_a_restart_takes_everything_with_it_and_brings_it_back(service: Service, events: "queue.Queue[Event]") -> None:
    """Pyscard's own monitor ends here without a word (trap 18)."""
    service.add("Emulated", FakeCard())
    assert next_kinds(events, 3) == [Kind.SERVICE_STARTED, Kind.READER_ADDED, Kind.CARD_INSERTED]
    service.stop()
    assert next_kinds(events, 3) == [Kind.CARD_REMOVED, Kind.READER_REMOVED, Kind.SERVICE_STOPPED]
    with Service(SOCKET) as again:
        again.add("Emulated", FakeCard())
        assert set(next_kinds(events, 3)) == {Kind.SERVICE_STARTED, Kind.READER_ADDED, Kind.CARD_INSERTED}


def test_readers_that_come_and_go_quickly_are_no_end_of_the_service(service: Service, events: "queue.Queue[Event]") -> None:
    """A reader unplugged between the list and the wait is a reader removed, nothing else."""
    assert next_kinds(events, 1) == [Kind.SERVICE_STARTED]
    for _ in range(60):
        service.add("Emulated")
        service.remove("Emulated")
    service.add("Last")
    seen = list(iter(lambda: events.get(timeout=5), Event(Kind.READER_ADDED, "Last")))
    assert Kind.SERVICE_STOPPED not in [event.kind for event in seen]


def test_waiting_for_a_card_ends(service: Service, library: Api) -> None:
    """With the card that comes, or with nothing when the time is up."""
    emulated = service.add("Emulated")
    assert wait_for_card(library, "emulated", 0.05) is None
    threading.Timer(0.05, lambda: emulated.insert(FakeCard())).start()
    assert wait_for_card(library, "emulated", 5) == Event(Kind.CARD_INSERTED, "Emulated", ATR)


def test_cancel_ends_another_threads_wait(service: Service, library: Api) -> None:
    """SCardCancel comes over a second connection and names the context."""
    service.add("Emulated")
    context = library.establish()
    ended = threading.Event()

    def wait() -> None:
        library.changes(context, {"Emulated": snapshot(library)[0].bits}, 60_000)
        ended.set()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    # A cancel that comes before the wait ends nothing, and nobody can see from outside that the wait has begun.
    for _ in range(50):
        library.cancel(context)
        if ended.wait(0.1):
            break
    waiting.join(5)
    assert ended.is_set()
    library.release(context)


def test_roles_by_name_by_maker_and_by_slot() -> None:
    """A binding wins over a maker's name, which wins over the slot."""
    names = ["Reader A 00 00", "Reader A 00 01", "Operator B 01 00"]
    assert assign(names) == {Role.USER: names[0], Role.PSAM: names[1], Role.OPERATOR: names[2]}
    assert assign(names, {Role.USER: "operator"})[Role.USER] == names[2]
    with pytest.raises(ReaderError):
        assign(names, {Role.PSAM: "Reader A"})
