"""The state tables of the reference are what the emulated card does: every move is walked."""

from collections.abc import Callable

import pytest

from cardstack.apdu import secure
from cardstack.apdu.message import Command
from cardstack.apdu.script import run
from cardstack.card import proving
from cardstack.card.issuing import master_for_tests
from cardstack.card.keys import Usage
from cardstack.card.lifecycle import (
    APPLICATION,
    PIN,
    PROOF,
    ApplicationEvent,
    ApplicationState,
    PinEvent,
    PinState,
    ProofEvent,
    ProofState,
)
from cardstack.card.profiles import profile
from emulator.slot import Slot
from tests.cards import ORDER, SSSE, ordered, say, slot

KEYS, SECOND = proving.LocalKeys(master_for_tests), profile("2.00")
TUNION = "00A4040008A000000632010105"
TRIES = 6


def wrong_pins(times: int) -> tuple[str, ...]:
    return ("0020000003999999",) * times


def fresh() -> Slot:
    card = slot()
    say(card, SSSE)
    return card


def blocked() -> Slot:
    card = fresh()
    say(card, *wrong_pins(TRIES))
    return card


PIN_AT: dict[PinState, Callable[[], Slot]] = {PinState.UNPROVED: fresh, PinState.BLOCKED: blocked}


def proved() -> Slot:
    card = fresh()
    say(card, "0020000003123456")
    return card


def reload(card: Slot) -> None:
    puk, stk = SECOND.key("SSSE", "PUK"), SECOND.key("SSSE", "STK")
    run(proving.reload_pin(puk, stk, ORDER.factors, KEYS, "123456"), card)


PIN_DO: dict[PinEvent, Callable[[Slot], object]] = {
    PinEvent.RIGHT: lambda card: say(card, "0020000003123456"),
    PinEvent.WRONG: lambda card: say(card, *wrong_pins(1)),
    PinEvent.WRONG_LAST: lambda card: say(card, *wrong_pins(TRIES)),
    PinEvent.LEAVE: lambda card: (card.reset(), say(card, SSSE)),
    PinEvent.RELOAD: reload,
}


def pin_state(card: Slot) -> PinState:
    """What VERIFY without data says."""
    said = say(card, "00200000")
    if said == "9000":
        return PinState.PROVED
    return PinState.BLOCKED if said in ("63C0", "6983") else PinState.UNPROVED


@pytest.mark.parametrize(("state", "event"), PIN.moves, ids=str)
def test_every_move_of_the_pin(state: PinState, event: PinEvent) -> None:
    """From each state each event leads where the table says."""
    card = (PIN_AT | {PinState.PROVED: proved})[state]()
    assert pin_state(card) == state
    PIN_DO[event](card)
    assert pin_state(card) == PIN.after(state, event)


RK = SECOND.key("SSSE", "RKSSSE")
WRONG = "0082000A10" + 32 * "0"


def challenged() -> Slot:
    card = fresh()
    say(card, "0084000008")
    return card


def key_proved() -> Slot:
    card = fresh()
    run(proving.external_authenticate(RK, ORDER.factors, KEYS), card)
    return card


def right(card: Slot) -> None:
    """The right cryptogram over a fresh challenge."""
    run(proving.external_authenticate(RK, ORDER.factors, KEYS), card)


def wrong_last(card: Slot) -> None:
    for _ in range(RK.tries):
        say(card, "0084000008", WRONG)


PROOF_DO: dict[ProofEvent, Callable[[Slot], object]] = {
    ProofEvent.CHALLENGE: lambda card: say(card, "0084000008"),
    ProofEvent.RIGHT: right,
    ProofEvent.WRONG: lambda card: say(card, WRONG),
    ProofEvent.WRONG_LAST: wrong_last,
    ProofEvent.LEAVE: lambda card: (card.reset(), say(card, SSSE)),
}


def proof_state(card: Slot) -> ProofState:
    """EF08 needs the key; a wrong cryptogram is 6984 without a challenge, and with one 6983 if the key is blocked."""
    if say(card, "00A4000002EF08", "00B0000001").endswith("9000"):
        return ProofState.PROVED
    if say(card, WRONG) != "6984":
        return ProofState.CHALLENGED
    return ProofState.BLOCKED if say(card, "0084000008", WRONG) == "6983" else ProofState.NOTHING


@pytest.mark.parametrize(("state", "event"), PROOF.moves, ids=str)
def test_every_move_of_a_terminals_proof(state: ProofState, event: ProofEvent) -> None:
    """A challenge is good for one attempt; a key that failed too often is blocked."""
    card = {ProofState.NOTHING: fresh, ProofState.CHALLENGED: challenged, ProofState.PROVED: key_proved}[state]()
    PROOF_DO[event](card)
    assert proof_state(card) == PROOF.after(state, event)


def order(card: Slot, ins: int, p2: int) -> str:
    """A blocking command with its MAC."""
    place = profile("t-union").application("T-UNION")
    key = place.key(0, Usage.MAINTENANCE)
    assert key is not None
    say(card, TUNION)
    challenge = card(bytes.fromhex("0084000004"))[:4]
    iv = secure.initial_vector(challenge)
    command = secure.protect(Command(0x80, ins, 0, p2), ordered("t-union").key(place, key), iv)
    return card(bytes(command)).hex()


APPLICATION_DO = {
    ApplicationEvent.BLOCK: (0x1E, 0x00),
    ApplicationEvent.BLOCK_FOR_GOOD: (0x1E, 0x01),
    ApplicationEvent.UNBLOCK: (0x18, 0x00),
}
SELECTED = {"9000": ApplicationState.WORKING, "6283": ApplicationState.BLOCKED, "9303": ApplicationState.GONE}


@pytest.mark.parametrize(("state", "event"), APPLICATION.moves, ids=str)
def test_every_move_of_an_application(state: ApplicationState, event: ApplicationEvent) -> None:
    """6283 where it is blocked, 9303 for good."""
    card = slot("t-union")
    if state is ApplicationState.BLOCKED:
        assert order(card, 0x1E, 0x00) == "9000"
    assert order(card, *APPLICATION_DO[event]) == "9000"
    assert SELECTED[say(card, TUNION)[-4:]] == APPLICATION.after(state, event)
