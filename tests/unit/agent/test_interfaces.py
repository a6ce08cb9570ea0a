"""`iType` chooses the interface: contact, contactless, or whichever has a card."""

import pytest

from cardstack.agent import codes
from cardstack.agent.family import call
from cardstack.agent.interfaces import Slots
from cardstack.agent.sscard import SscApi
from emulator.desk import handled, slot
from emulator.pcsc.service import Service
from emulator.tcp import Door
from tests.pcsc import SOCKET, need_library, point_here

ICC, PICC, SAM = "Vendor Dual ICC 00 00", "Vendor Dual PICC 00 01", "Vendor Dual SAM 00 02"


def basics(slots: Slots, i_type: int) -> int:
    """The return code of iReadCardBas."""
    return call(SscApi(slots), "iReadCardBas", {"iType": i_type})[0]


@pytest.mark.parametrize(("i_type", "name"), [(1, ICC), (2, PICC), (3, ICC), (4, PICC)])
def test_each_type_finds_its_reader(i_type: int, name: str) -> None:
    """Among all readers of the service, by their makers' names; the PSAM's is left alone."""
    need_library()
    point_here()
    with Service(SOCKET) as service:
        for reader, kind in ((ICC, "3.00"), (PICC, "3.00-contactless"), (SAM, "psam")):
            service.add(reader, handled(slot(kind)))
        with Slots("pcsc:*")(i_type) as opened:
            assert opened.reader.name == f"pcsc:{name}"
        with Slots(f"pcsc:{ICC}", f"pcsc:{PICC}")(i_type) as opened:
            assert opened.reader.name == f"pcsc:{name}"
        assert basics(Slots("pcsc:*"), i_type) == 0


def test_whichever_has_a_card() -> None:
    """3 and 4 go on to the other reader; 1 and 2 do not."""
    need_library()
    point_here()
    with Service(SOCKET) as service:
        for reader in (ICC, PICC):
            service.add(reader)
        for slots in (Slots("pcsc:*"), Slots(f"pcsc:{ICC}", f"pcsc:{PICC}")):
            assert {basics(slots, i_type) for i_type in (1, 2, 3, 4)} == {codes.NO_CARD_THERE}
        service.readers[1].insert(handled(slot("3.00-contactless")))
        for slots in (Slots("pcsc:*"), Slots(f"pcsc:{ICC}", f"pcsc:{PICC}")):
            assert [basics(slots, i_type) for i_type in (1, 2, 3, 4)] == [codes.NO_CARD_THERE, 0, 0, 0]


def test_one_reader_serves_the_interface_that_it_is_of() -> None:
    """A contact reader alone is none for iType 2; an emulated card with a contactless sister has both."""
    for i_type, code in ((1, 0), (2, codes.READER_FAILED), (3, 0), (4, 0)):
        with Door(handled(slot("2.00")), "127.0.0.1", 0) as door:
            assert basics(Slots(door.name), i_type) == code
    with Door(handled(slot("2.00")), "127.0.0.1", 0) as door:
        assert basics(Slots(door.name, door.name), 2) == 0
    for i_type, name in ((1, "emu:3.00"), (2, "emu:3.00-contactless"), (3, "emu:3.00"), (4, "emu:3.00-contactless")):
        with Slots("emu:3.00")(i_type) as opened:
            assert opened.reader.name == name
