"""Load, unload, overdraft and the proof of a torn purchase, against the emulated purse and deposit."""

import pytest

from cardstack.apdu.script import run
from cardstack.card import loading, paying
from cardstack.card.keys import Usage
from cardstack.card.layout import pack
from cardstack.card.loading import LoadHost
from cardstack.card.paying import LocalSam, Written
from cardstack.card.profile import PurseKind
from cardstack.card.profiles import profile
from cardstack.card.profiles.transit import RailRecord
from cardstack.card.reading import open_application, read_file
from cardstack.crypto.payment import Kind, Load
from cardstack.errors import Refused, Untrusted
from cardstack.values import Fen
from emulator.slot import Slot
from tests.cards import EP, MOMENT, card, ordered

TERMINAL = bytes.fromhex("310100000001")


def key(name: str, application: str, usage: Usage, kid: int = 1) -> bytes:
    """This test card's own key."""
    order, place = ordered(name), profile(name).application(application)
    found = place.key(kid, usage)
    assert found is not None
    return order.key(place, found)


def test_a_load_is_receipted_and_a_false_request_refused() -> None:
    """MAC1 convinces the host, the TAC the issuer; another card's key convinces nobody."""
    slot, kind = Slot(card("t-union")), profile("t-union")
    host = LoadHost(key("t-union", "T-UNION", Usage.LOAD))
    receipt = run(loading.transit_load(kind, host, Fen(1000), MOMENT, terminal=TERMINAL, pin="123456"), slot)
    assert run(paying.transit_balance(kind), slot) == 6000
    assert isinstance(receipt.load, Load)
    expected = receipt.load.tac(key("t-union", "T-UNION", Usage.TAC, 0), 6000, receipt.opening.sequence, receipt.moment)
    assert receipt.tac == expected
    with pytest.raises(Untrusted):
        run(loading.transit_load(kind, LoadHost(bytes(16)), Fen(1), MOMENT, terminal=TERMINAL, pin="123456"), slot)


def test_an_unload_and_a_limit_of_the_deposit() -> None:
    """MAC3 proves the unload; the limit lets more be spent than is there."""
    slot, kind = Slot(card("ep-ed")), profile("ep-ed")
    order = ordered("ep-ed").balances["EP-ED", PurseKind.ED]
    host = LoadHost(key("ep-ed", "EP-ED", Usage.UNLOAD))
    run(loading.unload(kind, host, Fen(500), MOMENT, terminal=TERMINAL, pin="123456"), slot)
    assert run(paying.transit_balance(kind, "EP-ED", PurseKind.ED, "123456"), slot) == order - 500
    raised = LoadHost(key("ep-ed", "EP-ED", Usage.OVERDRAFT))
    receipt = run(loading.overdraft_limit(kind, raised, Fen(2000), MOMENT, terminal=TERMINAL, pin="123456"), slot)
    assert len(receipt.tac) == 4
    sam = LocalSam(key("ep-ed", "EP-ED", Usage.PURCHASE), TERMINAL, 1)
    spend = paying.transit_purchase(kind, sam, Fen(order + 1000), MOMENT, application="EP-ED", purse=PurseKind.ED, pin="123456")
    assert run(spend, slot).opening.overdraft_fen == 2000


def test_a_ride_writes_its_journey_with_the_money() -> None:
    """Rail record 2701 by number beside the trip log, all in one debit; its proof can be asked for afterwards."""
    slot, kind = Slot(card("t-union")), profile("t-union")
    sam = LocalSam(key("t-union", "T-UNION", Usage.PURCHASE), TERMINAL, 1)
    journey = RailRecord(state=2, entry_city="2900", exit_city="2900", left=MOMENT)
    writes = (Written(0x1A, 1, pack(journey)),)
    receipt = run(paying.transit_purchase(kind, sam, Fen(300), MOMENT, writes=writes), slot)
    run(open_application(kind, "T-UNION"), slot)
    assert run(read_file(kind.file("T-UNION", 0x001A)), slot).rail == journey
    mac2, tac = run(paying.transaction_proof(Kind.CAPP, receipt.opening.sequence), slot)
    assert (tac, len(mac2)) == (receipt.tac, 4)


def test_a_torn_purchase_that_never_happened_is_known() -> None:
    """9406 means that the money is still there."""
    slot = Slot(card("t-union"))
    run(open_application(profile("t-union"), "T-UNION"), slot)
    with pytest.raises(Refused) as torn:
        run(paying.transaction_proof(Kind.PURCHASE_EP, bytes(2)), slot)
    assert torn.value.code == "CS-1232"
    assert ordered("t-union").balances["T-UNION", EP] == run(paying.transit_balance(profile("t-union")), slot)
