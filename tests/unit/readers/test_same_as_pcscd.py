"""The same conversations with our service and with pcscd and vpcd end in the same answers."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, cast

import pytest

from cardstack.readers.api import api
from cardstack.readers.card import connect as connect_card
from cardstack.readers.monitor import snapshot
from cardstack.readers.ports import DIRECT, EXCLUSIVE, LEAVE, RAW, RESET, SHARED, T0, T1, UNPOWER, Api
from cardstack.readers.problems import ReaderError
from cardstack.readers.reader import Patient
from emulator.pcsc.service import Service
from tests import pcscd
from tests.fakes import RECORD, FakeCard, TornCard
from tests.pcsc import SOCKET, need_library, point_here

ANY = T0 | T1
SELECT = bytes.fromhex("00A40400023F00")
READER = pcscd.READER


class World(Protocol):
    """A service with one reader whose card comes and goes."""

    def insert(self, card: Any) -> None: ...
    def remove(self) -> None: ...


@pytest.fixture(scope="module")
def real() -> Iterator[pcscd.Pcscd]:
    reason = pcscd.missing()
    if reason:
        pytest.skip(reason)
    with pcscd.pcscd() as running:
        yield running


@pytest.fixture
def ours() -> Iterator[Service]:
    need_library()
    point_here()
    SOCKET.unlink(missing_ok=True)
    with Service(SOCKET) as running:
        running.add(READER)
        running.add("Virtual PCD 00 01")
        yield running


def until_present(library: Api, *, present: bool) -> None:
    """Wait until the service sees the card come or go."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if next(state.present for state in snapshot(library) if state.name == READER) == present:
            return
        time.sleep(0.01)
    raise AssertionError("the service did not see the card")


def outcome(action: Callable[..., Any], *given: Any) -> object:
    """What an action gives, or the class and code of its error."""
    try:
        result = action(*given)
    except ReaderError as error:
        return type(error).__name__, error.facts.get("code")
    return "done" if result is None else result


def still_selected(card: FakeCard, after: int) -> bool:
    """Whether the card kept its state. vpcd's word of a reset is not answered, so the card may hear it a moment later."""
    until = time.monotonic() + 2
    while after != LEAVE and card.selected and time.monotonic() < until:
        time.sleep(0.005)
    return card.selected


Talk = Callable[[Api, World, FakeCard], list[object]]


def protocols(library: Api, world: World, card: FakeCard) -> list[object]:
    """Which protocol is agreed on, and which wishes are refused."""
    context = library.establish()
    seen: list[object] = []
    for wish in (T0, ANY, T1, 0x10):
        got = outcome(library.connect, context, READER, SHARED, wish)
        seen.append(got[1] if isinstance(got, tuple) else got)
        if isinstance(got, tuple) and isinstance(got[0], int):
            library.disconnect(got[0], LEAVE)
    seen.append(outcome(library.connect, context, "No such reader", SHARED, ANY))
    seen.append(outcome(library.connect, context, READER, 7, ANY))
    library.release(context)
    return seen


def sharing(library: Api, world: World, card: FakeCard) -> list[object]:
    """Exclusive and shared use of one reader by two contexts."""
    first, second = library.establish(), library.establish()
    mine, _ = library.connect(first, READER, SHARED, ANY)
    seen = [outcome(library.connect, second, READER, EXCLUSIVE, ANY)]
    library.disconnect(mine, LEAVE)
    mine, _ = library.connect(first, READER, EXCLUSIVE, ANY)
    seen.append(outcome(library.connect, second, READER, SHARED, ANY))
    seen.append(outcome(library.connect, second, READER, DIRECT, 0))
    # pcscd 1.9.9 keeps its lock when exclusive use becomes shared: others would wait for ever. So: let go.
    library.disconnect(mine, LEAVE)
    yours, protocol = library.connect(second, READER, SHARED, ANY)
    seen.append(protocol)
    library.release(first)
    seen.append(outcome(library.reconnect, yours, EXCLUSIVE, ANY, LEAVE))
    library.release(second)
    return seen


def transactions(library: Api, world: World, card: FakeCard) -> list[object]:
    """Ends without a beginning, nested ones, and the reset that an end may ask for."""
    context = library.establish()
    handle, _ = library.connect(context, READER, SHARED, ANY)
    seen = [outcome(library.end, handle, LEAVE)]
    seen += [outcome(library.begin, handle) for _ in range(2)]
    seen += [outcome(library.end, handle, LEAVE) for _ in range(3)]
    library.transmit(handle, T0, SELECT)
    library.begin(handle)
    seen += [card.selected, outcome(library.end, handle, RESET), still_selected(card, RESET)]
    seen.append(outcome(library.transmit, handle, T0, RECORD))
    library.release(context)
    return seen


def resets(library: Api, world: World, card: FakeCard) -> list[object]:
    """Who learns of a reset, and what each way of letting go does to the card."""
    context = library.establish()
    seen: list[object] = []
    for after in (LEAVE, RESET, UNPOWER):
        mine, _ = library.connect(context, READER, SHARED, ANY)
        yours, _ = library.connect(context, READER, SHARED, ANY)
        library.transmit(yours, T0, SELECT)
        library.disconnect(yours, after)
        seen += [outcome(library.transmit, mine, T0, RECORD), still_selected(card, after)]
        seen += [outcome(library.atr, mine), outcome(library.begin, mine)]
        seen.append(outcome(library.reconnect, mine, SHARED, ANY, LEAVE))
        seen.append(outcome(library.transmit, mine, T0, RECORD))
        library.disconnect(mine, LEAVE)
    library.release(context)
    return seen


def removal(library: Api, world: World, card: FakeCard) -> list[object]:
    """A handle whose card was taken out."""
    context = library.establish()
    handle, _ = library.connect(context, READER, SHARED, ANY)
    world.remove()
    until_present(library, present=False)
    seen = [outcome(library.transmit, handle, T0, RECORD), outcome(library.atr, handle)]
    seen += [outcome(library.begin, handle), outcome(library.reconnect, handle, SHARED, ANY, LEAVE)]
    seen += [outcome(library.disconnect, handle, RESET), outcome(library.connect, context, READER, SHARED, ANY)]
    library.release(context)
    return seen


def wrong_protocol(library: Api, world: World, card: FakeCard) -> list[object]:
    """A command under a protocol that was not agreed on."""
    context = library.establish()
    handle, _ = library.connect(context, READER, SHARED, ANY)
    seen = [outcome(library.transmit, handle, T1, RECORD), outcome(library.transmit, handle, T0, RECORD)]
    library.disconnect(handle, LEAVE)
    library.release(context)
    return seen


def torn(library: Api, world: World, card: FakeCard) -> list[object]:
    """Power lost in a command: pcscd calls it success with nothing in it, our reader calls it lost either way."""
    world.remove()
    until_present(library, present=False)
    world.insert(TornCard())
    until_present(library, present=True)
    with connect_card(READER, using=library) as reader:
        return [outcome(reader, RECORD)[0], outcome(reader, RECORD)[0]]  # type: ignore[index]  # an error's class


def direct(library: Api, world: World, card: FakeCard) -> list[object]:
    """A reader without negotiating: raw commands, transactions, the way to shared use and back, with a card and without."""
    context = library.establish()
    handle, protocol = library.connect(context, READER, DIRECT, 0)
    seen: list[object] = [protocol, outcome(library.transmit, handle, RAW, RECORD), outcome(library.transmit, handle, T0, RECORD)]
    seen += [outcome(library.atr, handle), outcome(library.begin, handle), outcome(library.end, handle, LEAVE)]
    for share, wish in ((SHARED, ANY), (DIRECT, 0), (DIRECT, ANY), (SHARED, T1)):
        seen += [outcome(library.reconnect, handle, share, wish, LEAVE), outcome(library.transmit, handle, T0, RECORD)]
    library.disconnect(handle, LEAVE)
    world.remove()
    until_present(library, present=False)
    handle, protocol = library.connect(context, READER, DIRECT, 0)
    seen += [protocol, outcome(library.transmit, handle, RAW, RECORD), outcome(library.atr, handle)]
    seen += [outcome(library.begin, handle), outcome(library.end, handle, LEAVE)]
    seen += [outcome(library.reconnect, handle, share, ANY, LEAVE) for share in (SHARED, DIRECT, EXCLUSIVE)]
    seen += [outcome(library.connect, context, READER, share, ANY) for share in (SHARED, EXCLUSIVE)]
    library.release(context)
    return seen


def kept_protocols(library: Api, world: World, card: FakeCard) -> list[object]:
    """What was agreed on stays for whoever comes next, until the card loses its power; direct use asks for nothing but RAW."""
    context = library.establish()
    seen: list[object] = []
    wishes = ((DIRECT, T0), (DIRECT, ANY), (DIRECT, 0), (SHARED, T0), (DIRECT, 0), (DIRECT, T1), (SHARED, T1), (SHARED, RAW))
    for share, wish in (*wishes, (DIRECT, 0), (SHARED, T0), (DIRECT, T0), (DIRECT, RAW), (SHARED, ANY)):
        got = outcome(library.connect, context, READER, share, wish)
        seen.append(got[1] if isinstance(got, tuple) else got)
        if isinstance(got, tuple) and isinstance(got[0], int):
            library.disconnect(got[0], LEAVE)
    library.release(context)
    return seen


NOWHERE = (0x00030120, 0x00040131, 0x00090302, 0x00090304, 0x0007A003, 0x7FFF0001, 0x7FFF0007, 0x12345)
"""Attributes that neither reader has."""
CODES = ((0x42000001, b""), (0x42330006, b"\0\0\0\0"), (0, b""), (0xFFFFFFFF, b"abc"))
"""Control codes that neither reader has; vpcd 3.3 knows none at all."""


def what_nobody_has(library: Api, world: World, card: FakeCard) -> list[object]:
    """Attributes and control codes that are not there, in shared and in direct use, with a card and without."""
    context = library.establish()
    seen: list[object] = []
    for share, wish in ((SHARED, ANY), (DIRECT, 0)):
        handle, _ = library.connect(context, READER, share, wish)
        seen += [outcome(library.attribute, handle, number) for number in NOWHERE]
        seen += [outcome(library.control, handle, code, data) for code, data in CODES]
        library.disconnect(handle, LEAVE)
    world.remove()
    until_present(library, present=False)
    handle, _ = library.connect(context, READER, DIRECT, 0)
    seen += [outcome(library.attribute, handle, 0x00090303), outcome(library.control, handle, *CODES[0])]
    library.release(context)
    return seen


TALKS: tuple[Talk, ...] = (
    protocols,
    sharing,
    transactions,
    resets,
    removal,
    wrong_protocol,
    torn,
    direct,
    kept_protocols,
    what_nobody_has,
)


def run(talk: Talk, world: World) -> list[object]:
    library, card = api("system"), FakeCard()
    world.insert(card)
    until_present(library, present=True)
    try:
        return cast("list[object]", Patient(20, talk.__name__)(lambda: talk(library, world, card)))
    finally:
        world.remove()
        until_present(library, present=False)


class Ours:
    """Our service as a world."""

    def __init__(self, service: Service) -> None:
        self.reader = service.readers[0]

    def insert(self, card: Any) -> None:
        self.reader.insert(card)

    def remove(self) -> None:
        self.reader.remove()


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.__name__)
def test_the_same_talk_ends_the_same(talk: Talk, real: pcscd.Pcscd, ours: Service) -> None:
    """One conversation, two services, one list of answers."""
    here = run(talk, Ours(ours))
    ours.stop()
    SOCKET.symlink_to(real.socket)
    try:
        there = run(talk, real)
    finally:
        SOCKET.unlink()
    assert here == there
