"""Power lost at every byte a command writes: the card is as before or as after, never in between."""

from collections.abc import Callable

import pytest

from emulator.card import Card, answer
from emulator.faults import Fault, Faulty, Trouble, every_tear, points
from emulator.handlers import purse as purses
from emulator.slot import Slot
from tests.cards import EP, SSSE, card, say
from tests.payments import Bank, ready_to_debit, ready_to_load, ready_to_settle

bank = Bank("2.00")


def _after(*commands: str) -> Callable[[], Card]:
    def prepare() -> Card:
        slot = Slot(card())
        say(slot, *commands)
        return slot.card

    return prepare


WRITING: dict[str, Callable[[], tuple[Card, bytes]]] = {
    "purchase": ready_to_debit,
    "compound purchase with a trip record": lambda: ready_to_debit(trip=True),
    "load": ready_to_load,
    "medical settlement": ready_to_settle,
}


def _moved(before: Card, after: Card) -> set[str]:
    return {cell for cell, value in after.memory.items() if before.memory.get(cell) != value}


@pytest.mark.parametrize("prepare", WRITING.values(), ids=WRITING)
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
        money = purses.read(one, one.blueprint.named[bytes.fromhex("A000000632010105")].purses[EP])
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
