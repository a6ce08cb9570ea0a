"""A blank card issued over APDUs alone is the card that the factory makes: keys, files, PIN, purse."""

from dataclasses import replace

import pytest

from cardstack.apdu.message import StatusError
from cardstack.apdu.script import run
from cardstack.card import certifying, injecting, loading, paying
from cardstack.card.injecting import HsmPort, KeyPort, Masters, issue
from cardstack.card.issuing import master_for_tests, public_point
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
from cardstack.errors import Malformed, Refused, Untrusted
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


class Stopped(Exception):
    """The power of the issuing station."""


@pytest.mark.parametrize("before_the_end", range(1, 14))
def test_issuing_begun_again_ends_in_the_same_card(before_the_end: int) -> None:
    """Stopped in front of any of the last commands: PINs, key pair and tries are what they would have been."""
    order = ordered("3.00", pin="135790", balances={})
    slot, said = Slot(factory.delivered(order)), 0

    def counted(command: bytes) -> bytes:
        nonlocal said
        said += 1
        if said == stop:
            raise Stopped
        return slot(command)

    stop = 0
    run(issue(order, MASTERS, KEYS), counted)
    slot, stop, said = Slot(factory.delivered(order)), said + 1 - before_the_end, 0
    with pytest.raises(Stopped):
        run(issue(order, MASTERS, KEYS), counted)
    slot.reset()
    run(issue(order, MASTERS, KEYS), slot)
    slot.reset()
    assert dict(slot.card.memory) == dict(issued("3.00").card.memory)


def test_the_certificate_application_gets_its_pin_and_its_pair() -> None:
    """The administrator's PIN of the order, the pair of the key centre; both halves fit, and an order may bring none."""
    order = ordered("3.00", balances={}, pin="135790")
    place = order.profile.application("PKI-ADF1")
    made = replace(order, admin="87654321", pairs=lambda _, __: bytes(31) + b"\x09")
    slot = Slot(factory.delivered(made))
    run(issue(made, MASTERS, KEYS), slot)
    assert slot.card.memory["PKI-ADF1/pair/0015"] == bytes(31) + b"\x09"
    assert slot.card.memory["PKI-ADF1/0014"] == b"\xca\x40" + public_point(bytes(31) + b"\x09")
    run(open_application(order.profile, place.name), slot)
    run(certifying.prove_pin("87654321", certifying.ADMINISTRATOR), slot)
    with pytest.raises(Refused):
        run(certifying.prove_pin("12345678", certifying.ADMINISTRATOR), slot)
    bare = replace(order, pairs=None)
    slot = Slot(factory.delivered(bare))
    run(issue(bare, MASTERS, KEYS), slot)
    assert "PKI-ADF1/pair/0015" not in slot.card.memory


def test_a_signature_key_that_is_not_the_files_is_noticed() -> None:
    """The envelope goes to the public key of file 0012; a card that cannot open it, or opens another, is put aside."""
    order = ordered("3.00", balances={})
    slot = Slot(factory.delivered(order))
    run(issue(order, MASTERS, KEYS), slot)
    run(open_application(order.profile, "PKI-ADF1"), slot)
    run(certifying.prove_pin("12345678", certifying.ADMINISTRATOR), slot)

    def another(command: bytes) -> bytes:
        return bytes(16) + b"\x90\x00" if command[:2] == b"\x80\x4e" else slot(command)

    with pytest.raises(Untrusted) as caught:
        run(certifying.bring_pair(bytes(31) + b"\x09"), another)
    assert caught.value.problem is certifying.NOT_OPENED
    with pytest.raises(Malformed):
        run(certifying.bring_pair(bytes(31) + b"\x09"), lambda _: bytes(66) + b"\x90\x00")


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
