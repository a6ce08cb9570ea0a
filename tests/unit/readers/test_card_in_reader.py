"""Cards over PC/SC: our service, with pyscard and with the system's library through ctypes."""

import threading
import time

import pytest

from cardstack.apdu.commands import select_aid
from cardstack.apdu.lengths import shortened
from cardstack.apdu.message import Command, Response
from cardstack.apdu.script import ask, run
from cardstack.card.gathering import gather
from cardstack.card.profiles import profile
from cardstack.card.proving import PIN_WRONG, change_pin
from cardstack.card.reading import open_application
from cardstack.errors import Malformed, Refused
from cardstack.readers import connect, pinpad
from cardstack.readers.api import api
from cardstack.readers.card import GET_FEATURES, data_limit, features, properties
from cardstack.readers.card import connect as connect_card
from cardstack.readers.ports import EXCLUSIVE, LEAVE, RESET, SHARED, T0, T1, Api
from cardstack.readers.problems import (
    CARD_RESET,
    IN_USE,
    NO_CARD,
    NO_PIN_PAD,
    NO_READER,
    PIN_NOT_TYPED,
    READER_NAME,
    CardLost,
    CardMute,
    NoService,
    PcscError,
    ReaderError,
)
from emulator.opening import Opened
from emulator.pcsc.service import Service
from emulator.samples import sample
from emulator.slot import Slot
from tests.fakes import ATR, CONTENT, OTHER_ATR, RECORD, BrokenCard, FakeCard, MuteCard, TornCard

ANY = T0 | T1


def test_a_card_is_read_by_number_name_and_part(service: Service, library: Api) -> None:
    """The answer to reset and a record come back, whatever way the reader is named."""
    service.add("ACS Emulated 00 00", FakeCard())
    service.add("Other 00 01", FakeCard(OTHER_ATR))
    for name, atr in (("0", ATR), ("ACS Emulated 00 00", ATR), ("other", OTHER_ATR)):
        with connect_card(name, using=library) as reader:
            assert (reader.atr, reader(RECORD)) == (atr, CONTENT + b"\x90\x00")


def test_the_front_door_knows_the_names(service: Service) -> None:
    """`pcsc:0` opens, anything unknown names the problem."""
    service.add("Emulated", FakeCard())
    with connect("pcsc:0") as reader:
        assert reader.name == "pcsc:Emulated"
    with pytest.raises(ReaderError) as caught:
        connect("usb:0")
    assert caught.value.problem is READER_NAME


def test_no_reader_no_card_no_service(service: Service, library: Api) -> None:
    """Each absence has its own problem."""
    with pytest.raises(ReaderError) as caught:
        connect_card("0", using=library)
    assert caught.value.problem is NO_READER
    service.add("Empty")
    with pytest.raises(ReaderError) as caught:
        connect_card("0", using=library)
    assert caught.value.problem is NO_CARD
    service.stop()
    with pytest.raises(NoService):
        connect_card("0", using=library)


@pytest.mark.parametrize("card", [TornCard(), BrokenCard()], ids=["torn", "broken"])
def test_a_torn_card_is_lost(service: Service, library: Api, card: FakeCard) -> None:
    """Pulled in the middle of a command: lost now, and lost for good, even when another card comes (traps 5, 6)."""
    emulated = service.add("Emulated", card)
    with connect_card("0", using=library) as reader:
        with pytest.raises(CardLost):
            reader(RECORD)
        emulated.insert(FakeCard())
        with pytest.raises(CardLost):
            reader(RECORD)


def test_a_removed_or_swapped_card_is_lost(service: Service, library: Api) -> None:
    """A handle never reaches a card it was not given for (trap 5)."""
    emulated = service.add("Emulated", FakeCard())
    with connect_card("0", using=library) as reader:
        assert reader(RECORD)
        emulated.insert(FakeCard(OTHER_ATR))
        with pytest.raises(CardLost):
            reader(RECORD)


def test_a_mute_card_ends_at_the_deadline(service: Service, library: Api) -> None:
    """PC/SC itself waits for ever (trap 9)."""
    card = MuteCard()
    service.add("Emulated", card)
    reader = connect_card("0", deadline=1.0, using=library)
    with pytest.raises(CardMute):
        reader(RECORD)
    with pytest.raises(CardLost):
        reader(RECORD)
    card.release.set()
    reader.close()


def test_a_stopped_service_is_said(service: Service, library: Api) -> None:
    """A restart under an open handle is a typed error, and a new connection works again."""
    service.add("Emulated", FakeCard())
    reader = connect_card("0", using=library)
    service.stop()
    with pytest.raises((NoService, CardLost)):
        reader(RECORD)
    reader.close()
    with Service(service.path) as again:
        again.add("Emulated", FakeCard())
        with connect_card("0", using=library) as reader:
            assert reader(RECORD) == CONTENT + b"\x90\x00"


def test_short_commands_never_reach_a_reader(service: Service) -> None:
    """One byte would be a control code to a virtual reader (trap 8)."""
    card = FakeCard()
    service.add("Emulated", card)
    with connect_card("0") as reader, pytest.raises(Malformed):
        reader(b"\x00")
    assert card.commands == []


def test_exclusive_use_keeps_others_out(service: Service, library: Api) -> None:
    """A sharing violation is said at once, and only while it lasts."""
    service.add("Emulated", FakeCard())
    with connect_card("0", exclusive=True, using=library):
        with pytest.raises(ReaderError) as caught:
            connect_card("0", using=library)
        assert caught.value.problem is IN_USE
    with connect_card("0", using=library) as reader:
        assert reader(RECORD)


def test_a_reset_by_another_handle_is_noticed(service: Service, library: Api) -> None:
    """The other handle's next command is refused until it reconnects."""
    service.add("Emulated", FakeCard())
    context = library.establish()
    mine, _ = library.connect(context, "Emulated", SHARED, ANY)
    yours, _ = library.connect(context, "Emulated", SHARED, ANY)
    library.disconnect(yours, RESET)
    with pytest.raises(PcscError) as caught:
        library.transmit(mine, T0, RECORD)
    assert caught.value.problem is CARD_RESET
    assert library.reconnect(mine, SHARED, ANY, LEAVE) == T0
    assert library.transmit(mine, T0, RECORD) == CONTENT + b"\x90\x00"
    library.release(context)


def test_a_transaction_makes_others_wait(service: Service, library: Api) -> None:
    """A second handle's command comes through when the first has ended its transaction."""
    card = FakeCard()
    service.add("Emulated", card)
    mine_context, your_context = library.establish(), library.establish()
    mine, _ = library.connect(mine_context, "Emulated", SHARED, ANY)
    yours, _ = library.connect(your_context, "Emulated", SHARED, ANY)
    library.begin(mine)
    done = threading.Event()

    def other() -> None:
        library.begin(yours)
        library.transmit(yours, T0, RECORD)
        library.end(yours, LEAVE)
        done.set()

    threading.Thread(target=other, daemon=True).start()
    time.sleep(0.15)
    assert not done.is_set()
    library.end(mine, LEAVE)
    assert done.wait(5)
    library.release(mine_context)
    library.release(your_context)


def test_a_client_that_dies_in_a_transaction_frees_the_card(service: Service) -> None:
    """The card it had locked is reset and given to the next."""
    card, library = FakeCard(), api("system")
    service.add("Emulated", card)
    dying = library.establish()
    handle, _ = library.connect(dying, "Emulated", EXCLUSIVE, ANY)
    library.transmit(handle, T0, bytes.fromhex("00A40400023F00"))
    before = card.resets
    library.release(dying)
    with connect_card("0", using=library) as reader:
        assert (card.selected, card.resets) == (False, before + 1)
        assert reader(RECORD)


def test_attributes_and_features(service: Service, library: Api) -> None:
    """The ATR, names and PIN-pad features are where PC/SC Part 3 and Part 10 put them."""
    emulated = service.add("Emulated", FakeCard())
    context = library.establish()
    card, _ = library.connect(context, "Emulated", SHARED, ANY)
    assert library.attribute(card, 0x00090303) == ATR
    assert library.attribute(card, 0x7FFF0003).rstrip(b"\0") == b"Emulated"
    assert library.attribute(card, 0x00010100).rstrip(b"\0") == b"cardstack"
    with pytest.raises(PcscError):
        library.attribute(card, 0x00020125)
    library.release(context)
    with connect_card("0", using=library) as reader:
        assert set(features(reader)) == {0x12}
        emulated.pin_pad = lambda: "123456"
        assert set(features(reader)) == {0x06, 0x07, 0x0A, 0x12}


EXTENDED_ATR = bytes.fromhex("3B8501807300004037")
"""T=1, and a third software function byte that announces extended lengths (7816-4 §8.1.1.2.7)."""


class LongCard(FakeCard):
    """Joins chains, takes 300 bytes at once, and has 600 bytes to say, in parts where Le is short."""

    def __init__(self) -> None:
        super().__init__(EXTENDED_ATR)
        self.held = b""
        self.left = b""

    def __call__(self, raw: bytes) -> bytes:
        self.commands.append(raw)
        command = Command.parse(raw)
        if command.ins == 0xC0:
            return self.say(command.ne or 0)
        self.held += command.data
        if command.cla & 0x10:
            return b"\x90\x00"
        self.left, self.held = self.held * 2, b""
        return self.say(command.ne or 0)

    def say(self, ne: int) -> bytes:
        said, self.left = self.left[:ne], self.left[ne:]
        return said + (bytes((0x61, min(len(self.left), 256) & 0xFF)) if self.left else b"\x90\x00")


@pytest.mark.parametrize(("data_max", "extended"), [(0x10000, True), (1024, True), (256, False), (0, False)])
def test_the_reader_says_whether_extended_lengths_go_through(
    service: Service, library: Api, data_max: int, extended: bool
) -> None:
    """Card and reader both: its TLV properties decide; a script gets its whole answer either way."""
    card = LongCard()
    service.add("Emulated", card).data_max = data_max
    message = bytes(range(250)) + bytes(50)
    with connect_card("0", using=library) as reader:
        assert reader.extended_length is extended
        opened = Opened(reader, reader, None, {})
        answer = opened.run(ask(Command(0x00, 0x2A, 0x9E, 0x9A, message, ne=1000)))
        assert answer == Response(message * 2, 0x9000)
        assert (len(card.commands) == 1) is extended
        if not extended:
            assert {len(command) <= 261 for command in card.commands} == {True}
            with pytest.raises(PcscError):
                reader(bytes(Command(0x00, 0x2A, data=message)))


LONG = (Command(0x00, 0xD6, data=bytes(256)), Command(0x00, 0xB0, ne=257), Command(0x00, 0xD6, data=bytes(256), ne=300))


@pytest.mark.parametrize(
    "raw", [*map(bytes, LONG), bytes.fromhex("00A404000000023F00")], ids=["3E", "2E", "4E", "3E by form alone"]
)
def test_t0_carries_no_extended_length(service: Service, library: Api, raw: bytes) -> None:
    """We say so before it is sent; another program gets the driver's code, and the card hears nothing of it."""
    card = FakeCard()
    service.add("Emulated", card)
    with connect_card("0", using=library) as reader:
        with pytest.raises(ReaderError) as refused:
            reader(raw)
        assert refused.value.code == "CS-1316"
        assert len(reader(bytes.fromhex("00B2010400"))) >= 2
    context = library.establish()
    handle, protocol = library.connect(context, "Emulated", SHARED, T0)
    with pytest.raises(CardLost):
        library.transmit(handle, protocol, raw)
    library.release(context)
    assert raw not in card.commands


def test_a_reader_that_says_nothing_is_believed_the_card(service: Service) -> None:
    """T=0 carries short lengths alone; without properties and attributes the card's word stands."""
    service.add("Emulated", FakeCard())
    with connect_card("0") as reader:
        assert reader.data_max() == 256

    def nothing(*_: object) -> bytes:
        raise ReaderError

    assert data_limit(nothing, nothing) is None
    assert data_limit(nothing, lambda _: (524).to_bytes(4, "little")) == 512
    assert data_limit(lambda code, _: b"\x12\x04\x00\x00\x00\x09" if code == GET_FEATURES else b"\x0a\x04\x00", nothing) is None
    for raw in (b"\x0a", b"\x0a\x04\x00"):
        with pytest.raises(Malformed):
            properties(raw)


def test_shortening_leaves_alone_what_it_must() -> None:
    """Secured commands, short ones and nonsense go as they are; a refused link ends the chain; 6Cxx is followed."""
    said: list[bytes] = []

    def card(command: bytes) -> bytes:
        said.append(command)
        return b"\x6c\x05" if command == bytes.fromhex("00B0000000") else b"\x69\x82"

    fitted = shortened(card)
    whole = bytes(Command(0x0C, 0xD6, data=bytes(300)))
    for raw in (whole, bytes.fromhex("00B0000010"), b"\x00\xa4"):
        assert fitted(raw) == b"\x69\x82"
        assert said.pop() == raw
    assert fitted(bytes(Command(0x00, 0xD6, data=bytes(600)))) == b"\x69\x82"
    assert len(said) == 1
    assert fitted(bytes(Command(0x00, 0xB0, ne=700))) == b"\x69\x82"
    assert said[-1] == bytes.fromhex("00B0000005")


def test_a_pin_typed_at_the_reader_reaches_the_card_alone(service: Service, library: Api) -> None:
    """Verified and changed on its keys; wrong, cancelled and short entries and a reader without keys each say so."""
    emulated = service.add("Emulated", Slot(sample(profile("2.00"))))
    social = select_aid(profile("2.00").application("SSSE").aid)
    with connect_card("0", using=library) as reader:
        run(ask(social), reader)
        with pytest.raises(ReaderError) as caught:
            pinpad.verify(reader)
        assert caught.value.problem is NO_PIN_PAD
        typed: list[str | None] = ["123456", "999999", None, "12", "123456", "654321", "654321", "654321"]
        emulated.pin_pad = lambda: typed.pop(0)
        pinpad.verify(reader)
        with pytest.raises(Refused) as refused:
            pinpad.verify(reader)
        assert (refused.value.problem, refused.value.facts["left"]) == (PIN_WRONG, 5)
        for _ in range(2):
            with pytest.raises(ReaderError) as caught:
                pinpad.verify(reader)
            assert caught.value.problem is PIN_NOT_TYPED
        pinpad.change(reader)
        pinpad.verify(reader)


def test_a_pin_of_any_declared_length_is_typed_once_an_application(service: Service, library: Api) -> None:
    """Four to twelve digits reach the card as they are; who types nothing is not asked again for every file."""
    kind = profile("2.00")
    card = Slot(sample(kind))
    emulated = service.add("Emulated", card)
    typed: list[str | None] = []
    emulated.pin_pad = lambda: typed.pop(0)
    with connect_card("0", using=library) as reader:
        pad = pinpad.partner(reader)
        for old, new in (("123456", "1234"), ("1234", "123456789012"), ("123456789012", "123456")):
            run(open_application(kind, "DF01"), reader)
            run(change_pin(old, new), reader)
            typed.append(new)
            read = run(gather(kind, lambda application, _: application.name == "DF01", pad=True), reader, pad=pad)
            assert ([one.refused for one in read], typed) == ([None] * len(read), [])
        typed.append(None)
        with pytest.raises(ReaderError) as caught:
            run(gather(kind, pad=True), reader, pad=pad)
        assert (caught.value.problem, typed) == (PIN_NOT_TYPED, [])
