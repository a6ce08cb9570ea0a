"""Power lost at every byte a command writes: the card is as before or as after, never in between."""

from collections.abc import Callable

import pytest

from cardstack.apdu import commands
from cardstack.apdu.script import Script, ask, run
from cardstack.card import maintaining
from cardstack.card.keys import Usage
from cardstack.card.maintaining import Control
from cardstack.card.paying import PsamSam, transit_purchase
from cardstack.card.profiles import profile
from cardstack.card.proving import PsamKeys, external_authenticate, reload_pin, unblock_pin
from cardstack.card.reading import open_application
from cardstack.values import Fen
from emulator import factory
from emulator.card import answer
from emulator.faults import Fault, Faulty, Trouble, every_tear, points
from emulator.slot import Slot
from emulator.state import Card
from tests.cards import ED, MOMENT, ORDER, SSSE, card, ordered, sam, say
from tests.payments import Bank, proved, ready_to_debit, ready_to_load, ready_to_settle

DEPOSIT = Bank("ep-ed", "EP-ED", ED)


def _ready(prepare: Callable[[Slot], bytes], slot: Slot) -> tuple[Card, bytes]:
    raw = prepare(slot)
    return slot.card, raw


def _plain(command: str, slot: Slot) -> tuple[Card, bytes]:
    return slot.card, bytes.fromhex(command)


def _in(application: str, *names: str) -> Slot:
    slot = Slot(card())
    say(slot, SSSE)
    if application != "SSSE":
        say(slot, f"00A4000002{application}")
    return proved(slot, *names, application=application)


PAYMENTS: dict[str, Callable[[], tuple[Card, bytes]]] = {
    "purchase": ready_to_debit,
    "compound purchase with a trip record": lambda: ready_to_debit(trip=True),
    "load": ready_to_load,
    "medical settlement": ready_to_settle,
    "purchase from the deposit": lambda: _ready(lambda slot: DEPOSIT.debit(slot, 100), DEPOSIT.open()),
    "cash withdrawal": lambda: _ready(lambda slot: DEPOSIT.debit(slot, 100, p1=2), DEPOSIT.open()),
    "unload": lambda: _ready(lambda slot: DEPOSIT.unload(slot, 100), DEPOSIT.open()),
    "overdraft limit": lambda: _ready(lambda slot: DEPOSIT.limit(slot, 100), DEPOSIT.open()),
}
WRITING: dict[str, Callable[[], tuple[Card, bytes]]] = {
    **PAYMENTS,
    "UPDATE RECORD": lambda: _plain("00DC072C0B0709443231343335363900", _in("SSSE", "UKSSSE")),
    "UPDATE BINARY": lambda: _plain("00D6870080" + "5A" * 128, _in("SSSE", "UKSSSE")),
    "APPEND RECORD": lambda: _plain("00E2003855" + "31" * 7 + "20240101" + "20250101" + "20" * 70, _in("DF02", "UK3DF02")),
    "VERIFY": lambda: _plain("0020000003123456", _in("SSSE")),
    "VERIFY with a wrong PIN": lambda: _plain("0020000003111111", _in("SSSE")),
    "CHANGE PIN": lambda: _plain("805E010007123456FF654321", _in("SSSE")),
    "PUT KEY": lambda: _plain("80D4010413" + "000200" + "11" * 16, _fresh()),
}


def _captured(ins: int, script: Script[object], *, of_psam: bool = False) -> tuple[Card, bytes]:
    """The card (or the PSAM) and the command, just before a script sends it that instruction for the last time."""
    seen: list[tuple[Card, bytes]] = []
    slots = Slot(card()), Slot(sam("2.00"))

    def watched(slot: Slot) -> Callable[[bytes], bytes]:
        def exchange(raw: bytes) -> bytes:
            if raw[1] == ins and (slot is slots[1]) is of_psam:
                seen.append((slot.card, raw))
            return slot(raw)

        return exchange

    run(script, watched(slots[0]), psam=watched(slots[1]))
    return seen[-1]


KIND = profile("2.00")
PUK, STK = KIND.key("SSSE", "PUK"), KIND.key("SSSE", "STK")


def _at_counter(of_card: Script[None]) -> Script[None]:
    yield from open_application(KIND, "SSSE")
    yield from of_card


SCRIPTED: dict[str, Callable[[], tuple[Card, bytes]]] = {
    "RELOAD PIN": lambda: _captured(0x24, _at_counter(reload_pin(PUK, STK, ORDER.factors, PsamKeys(), "246810"))),
    "EXTERNAL AUTHENTICATE": lambda: _captured(0x82, _at_counter(external_authenticate(PUK, ORDER.factors, PsamKeys()))),
    "8070 of the PSAM": lambda: _captured(0x70, transit_purchase(KIND, PsamSam(0x8011), Fen(1), MOMENT), of_psam=True),
}


TUNION = KIND.application("T-UNION")
DAMK = TUNION.key(0x00, Usage.MAINTENANCE)
assert DAMK is not None
CONTROL = Control(ordered("2.00").key(TUNION, DAMK))


def _on_purse(*orders: Script[None]) -> Script[None]:
    yield from open_application(KIND, "T-UNION")
    for order in orders:
        yield from order


def _after_a_wrong_pin(order: Script[None]) -> Script[None]:
    yield from ask(commands.verify(bytes.fromhex("111111")))
    yield from order


SCRIPTED |= {
    "UNBLOCK PIN": lambda: _captured(0x24, _at_counter(_after_a_wrong_pin(unblock_pin(PUK, STK, ORDER.factors, PsamKeys())))),
    "APPLICATION BLOCK": lambda: _captured(0x1E, _on_purse(maintaining.block_application(CONTROL))),
    "APPLICATION BLOCK for good": lambda: _captured(0x1E, _on_purse(maintaining.block_application(CONTROL, for_good=True))),
    "APPLICATION UNBLOCK": lambda: _captured(
        0x18, _on_purse(maintaining.block_application(CONTROL), maintaining.unblock_application(CONTROL))
    ),
    "CARD BLOCK": lambda: _captured(0x16, _on_purse(maintaining.block_card(CONTROL))),
}


def _fresh() -> Slot:
    slot = Slot(factory.personalise(ordered("2.00"), issued=False))
    say(slot, SSSE)
    return slot


def _moved(before: Card, after: Card) -> set[str]:
    return {cell for cell, value in after.memory.items() if before.memory.get(cell) != value}


@pytest.mark.parametrize("prepare", PAYMENTS.values(), ids=PAYMENTS)
def test_money_and_log_are_written_together_or_not_at_all(prepare: Callable[[], tuple[Card, bytes]]) -> None:
    """Each byte of the journal: old memory or new memory; counters never go back."""
    before, raw = prepare()
    done, said = answer(before, raw)
    assert said[-2:] == b"\x90\x00"
    assert len(_moved(before, done)) >= 3
    seen = []
    for one in every_tear(before, raw):
        assert one.memory in (before.memory, done.memory)
        seen.append(one.memory == done.memory)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (False, True)


@pytest.mark.parametrize("prepare", [*WRITING.values(), *SCRIPTED.values()], ids=[*WRITING, *SCRIPTED])
def test_every_writing_command_is_torn_at_every_byte(prepare: Callable[[], tuple[Card, bytes]]) -> None:
    """The memory is one that the command committed, in order; no counter of payments goes back, no try is given."""
    before, raw = prepare()
    done, said = answer(before, raw)
    assert done.memory != before.memory or said[-2:] == b"\x90\x00"
    states = [before.memory, *done.commits]
    at = 0
    for one in every_tear(before, raw):
        place = states.index(one.memory, at)
        assert place >= at
        at = place
        for cell, value in one.memory.items():
            if cell.endswith((".offline", ".online", "/medical")):
                then = before.memory[cell]
                assert isinstance(value, bytes)
                assert isinstance(then, bytes)
                assert value[:4] >= then[:4]
            if cell.endswith("/tries") and one.memory not in (before.memory, done.memory):
                assert value <= before.memory[cell]  # type: ignore[operator]  # counters
    assert at == len(states) - 1


def test_a_wrong_pin_costs_its_try_whatever_happens_to_the_power() -> None:
    """A tear gives no try back, and none is lost that was not begun."""
    slot = Slot(card())
    say(slot, SSSE)
    wrong = [one.memory["SSSE/PIN/tries"] for one in every_tear(slot.card, bytes.fromhex("0020000003111111"))]
    assert wrong == sorted(wrong, reverse=True)
    assert (wrong[0], wrong[-1]) == (6, 5)


def test_a_right_pin_torn_between_its_two_commits_has_cost_a_try() -> None:
    """The counter is taken down and kept before the comparison: 6, then 5, then 6 again."""
    slot = Slot(card())
    say(slot, SSSE)
    right = [one.memory["SSSE/PIN/tries"] for one in every_tear(slot.card, bytes.fromhex("0020000003123456"))]
    assert [right[0], 5 in right, right[-1]] == [6, True, 6]


def test_a_torn_purchase_is_settled_with_its_proof() -> None:
    """Whoever lost the answer asks for MAC and TAC of that sequence: there if it was written, 9406 if not."""
    before, raw = ready_to_debit()
    done, said = answer(before, raw)
    proof, select = bytes.fromhex("805A000602000008"), bytes.fromhex("00A4040008A00000063201010500")
    answers = set()
    for one in every_tear(before, raw):
        selected, _ = answer(one, select)
        _, given = answer(selected, proof)
        money = Bank().held(one)
        answers.add((given, money.balance, money.offline))
    assert answers == {(b"\x94\x06", 5000, 0), (said[4:8] + said[:4] + b"\x90\x00", 4800, 1)}
    assert done.memory != before.memory


def test_a_command_that_writes_nothing_cannot_be_torn() -> None:
    """Reading has one point: before and after are the same."""
    assert points(card(), bytes.fromhex("0084000008")) == 1


def test_a_line_goes_wrong_as_it_was_told() -> None:
    """Mute, cut, flipped, refused, repeated; then all is well again."""
    script = (Trouble.MUTE, Trouble.CUT, Trouble.FLIPPED, Trouble.REFUSED, Trouble.AGAIN)
    faulty = Faulty(Slot(card()), *(Fault(number, trouble, 1) for number, trouble in enumerate(script, start=1)))
    said = [faulty(bytes.fromhex(SSSE)) for _ in range(7)]
    assert [each.hex() for each in said] == ["611e", "", "61", "631e", "6f00", "611e", "611e"]


def test_a_faulty_line_tears_the_card_behind_it() -> None:
    """The answer is lost, the try is spent, the session is gone."""
    slot = Slot(card())
    faulty = Faulty(slot, Fault(1, Trouble.TORN, 10_000))
    faulty(bytes.fromhex(SSSE))
    assert faulty(bytes.fromhex("0020000003111111")) == b""
    assert slot.card.memory["SSSE/PIN/tries"] == 5
    assert say(slot, "00200000") != "63C5"
