"""A blank card issued over APDUs alone is the card that the factory makes: keys, files, PIN, purse."""

import pytest

from cardstack.apdu.message import StatusError
from cardstack.apdu.script import run
from cardstack.card import injecting, loading, paying
from cardstack.card.injecting import HsmPort, KeyPort, Masters, issue
from cardstack.card.issuing import master_for_tests
from cardstack.card.keys import Usage
from cardstack.card.loading import LoadHost
from cardstack.card.paying import LocalSam
from cardstack.card.profiles import PROFILES, profile
from cardstack.card.proving import (
    HsmKeys,
    KeySource,
    LocalKeys,
    external_authenticate,
    internal_authenticate,
    verify_pin,
)
from cardstack.card.reading import open_application
from cardstack.errors import Untrusted
from cardstack.values import Fen
from emulator import factory
from emulator.hsm import Hsm, hsm
from emulator.slot import Slot
from tests.cards import MOMENT, ordered

TRANSPORT = bytes(range(16))
KEYS = LocalKeys(master_for_tests)
MASTERS = Masters(master_for_tests)


def machine(name: str, transport: bytes = TRANSPORT) -> Hsm:
    return hsm([profile(name)], master=master_for_tests, province="31", transport=transport)


def key_of(name: str, usage: Usage) -> bytes:
    """Key 01 of a usage in the transit application, as the issuer's host derives it."""
    place = profile(name).application("T-UNION")
    key = place.key(0x01, usage)
    assert key is not None
    return ordered(name).key(place, key)


def issued(name: str, port: KeyPort = MASTERS, keys: KeySource = KEYS, pin: str = "135790") -> Slot:
    """A blank card of a profile after its issuing, reset."""
    order = ordered(name, pin=pin, balances={})
    slot = Slot(factory.delivered(order))
    run(issue(order, port, keys), slot, hsm=machine(name))
    slot.reset()
    return slot


@pytest.mark.parametrize("name", PROFILES)
def test_a_blank_card_becomes_the_card_of_the_factory(name: str) -> None:
    """Cell by cell the same memory: contents, keys with version, cipher and tries, PINs, purses, state of life."""
    assert dict(issued(name).card.memory) == dict(factory.personalise(ordered(name, pin="135790", balances={})).memory)


@pytest.mark.parametrize("name", ["2.00", "3.00"])
def test_the_keys_of_an_hsm_make_the_same_card(name: str) -> None:
    """Given out under the transport key, injected, and used by the same HSM to open the files and to reload the PIN."""
    slot = issued(name, HsmPort(TRANSPORT), HsmKeys())
    assert dict(slot.card.memory) == dict(issued(name).card.memory)


@pytest.mark.parametrize("name", ["2.00", "3.00"])
def test_the_issued_card_proves_its_keys_takes_its_pin_and_pays(name: str) -> None:
    """External and internal authentication, VERIFY in both applications, a load and a purchase in the transit purse."""
    slot, kind, factors = issued(name), profile(name), ordered(name).factors
    run(open_application(kind, "SSSE"), slot)
    for key in kind.application("SSSE").keys:
        if key.usage is Usage.EXTERNAL:
            run(external_authenticate(key, factors, KEYS), slot)
    run(internal_authenticate(kind.key("SSSE", "IRK"), factors, KEYS, bytes(range(16))), slot)
    run(verify_pin("135790"), slot)
    host, terminal = LoadHost(key_of(name, Usage.LOAD)), bytes.fromhex("310000000001")
    run(loading.transit_load(kind, host, Fen(1000), MOMENT, terminal=terminal, pin="135790"), slot)
    run(paying.transit_purchase(kind, LocalSam(key_of(name, Usage.PURCHASE), terminal, 1), Fen(300), MOMENT), slot)
    assert run(paying.transit_balance(kind), slot) == 700


def test_an_issued_card_takes_no_key_in_the_clear() -> None:
    """6982 to a second injection; a card that lacks a key is not activated (6985)."""
    order = ordered("3.00")
    with pytest.raises(StatusError, match="6982"):
        run(injecting.inject(order, MASTERS), issued("3.00"))
    with pytest.raises(StatusError, match="6985"):
        run(injecting.activate(), Slot(factory.delivered(order)))


def test_issuing_cut_off_anywhere_and_begun_again_ends_in_the_same_card() -> None:
    """Power lost before every seventh command of the plan."""
    order = ordered("2.00", pin="135790", balances={})
    whole = dict(issued("2.00").card.memory)
    for cut in range(1, 90, 7):
        slot, said = Slot(factory.delivered(order)), list[bytes]()

        def torn(raw: bytes, slot: Slot = slot, said: list[bytes] = said, cut: int = cut) -> bytes:
            said.append(raw)
            if len(said) > cut:
                raise ConnectionError
            return slot(raw)

        with pytest.raises(ConnectionError):
            run(issue(order, MASTERS, KEYS), torn)
        slot.reset()
        run(issue(order, MASTERS, KEYS), slot)
        assert dict(slot.card.memory) == whole


def test_an_hsm_gives_no_key_to_another_transport_key() -> None:
    """One without a transport key refuses; an answer under another key, or to another message, is not believed."""
    order, kind = ordered("3.00"), profile("3.00").application("SSSE")
    port, blank = HsmPort(TRANSPORT), Slot(factory.delivered(order))
    for other in (b"", bytes(16)):
        with pytest.raises(Untrusted):
            run(port.value(order, kind, kind.keys[0]), blank, hsm=machine("3.00", other))
    one, two = (injecting.export_message(order, kind, key) for key in kind.keys[:2])
    with pytest.raises(Untrusted):
        injecting.unsealed(TRANSPORT, two, injecting.sealed(TRANSPORT, one, bytes(16)))
    assert machine("3.00")(one[:-1])[:1] == b"E"
