"""The other side of a payment, for tests: terminal and bank with the keys of one card."""

from cardstack.apdu.message import Command
from cardstack.card.keys import Usage
from cardstack.card.paying import LoadHost, Opening
from cardstack.codec import Moment
from cardstack.crypto import cryptogram
from cardstack.crypto.payment import Debit, Kind, Load, MedicalDebit
from cardstack.values import Fen
from emulator.card import Card, answer
from emulator.slot import Slot
from tests.cards import MOMENT, SSSE, card, ordered, say

TERMINAL, SEQUENCE = bytes.fromhex("310000000001"), bytes.fromhex("00000007")
TUNION = "00A4040008A00000063201010500"
WHEN = Moment().encode(MOMENT)


class Bank:
    """Whoever has the keys of a card of a profile."""

    def __init__(self, name: str) -> None:
        self.order = ordered(name)

    def key(self, application: str, usage: Usage, kid: int) -> bytes:
        """The card's own key of a use."""
        declared = self.order.profile.application(application)
        key = declared.key(kid, usage)
        assert key is not None
        return self.order.key(declared, key)


def ready_to_debit(*, trip: bool = False, amount: int = 200) -> tuple[Card, bytes]:
    """A card after INIT (and a trip record), and the DEBIT that fits."""
    slot, key = Slot(card()), Bank("2.00").key("T-UNION", Usage.PURCHASE, 1)
    say(slot, TUNION)
    begun = slot(bytes(Command(0x80, 0x50, 3 if trip else 1, 0x02, b"\x01" + amount.to_bytes(4) + TERMINAL, 15)))
    if trip:
        assert slot(bytes.fromhex("80DC00F030" + "06" + "00" * 47)) == b"\x90\x00"
    session = cryptogram.session_key(key, begun[11:15], begun[4:6], SEQUENCE[2:])
    debit = Debit(Fen(amount), Kind.CAPP if trip else Kind.PURCHASE_EP, TERMINAL, SEQUENCE, WHEN)
    return slot.card, bytes(Command(0x80, 0x54, 0x01, 0x00, SEQUENCE + WHEN + debit.mac1(session), 8))


def ready_to_load(amount: int = 1000) -> tuple[Card, bytes]:
    """A card after INIT FOR LOAD, and the CREDIT that fits."""
    slot = Slot(card())
    say(slot, TUNION, "0020000003123456")
    said = slot(bytes(Command(0x80, 0x50, 0x00, 0x02, b"\x01" + amount.to_bytes(4) + TERMINAL, 16)))
    opening = Opening(Fen(int.from_bytes(said[:4])), said[4:6], 0, said[6], said[7], said[8:12])
    host = LoadHost(Bank("2.00").key("T-UNION", Usage.LOAD, 1))
    session = cryptogram.session_key(host.key, opening.random, opening.sequence, bytes.fromhex("8000"))
    mac2 = Load(Fen(amount), Kind.LOAD_EP, TERMINAL).mac2(session, WHEN)
    return slot.card, bytes(Command(0x80, 0x52, 0x00, 0x00, WHEN + mac2, 4))


def ready_to_settle() -> tuple[Card, bytes]:
    """A card after B028, and the B02C that fits."""
    slot, key = Slot(card()), Bank("2.00").key("DF04", Usage.PURCHASE, 1)
    amounts = bytes(4) + (12000).to_bytes(4) + (34000).to_bytes(4)
    say(slot, SSSE, "00A4000002DF04", "0020000003123456")
    begun = slot(bytes(Command(0xB0, 0x28, 0x01, 0x01, b"\x01" + amounts + TERMINAL, 22)))
    session = cryptogram.session_key(key, begun[18:22], begun[14:16], SEQUENCE[2:])
    debit = MedicalDebit(Fen(0), Fen(12000), Fen(34000), TERMINAL, SEQUENCE, WHEN)
    return slot.card, bytes(Command(0xB0, 0x2C, 0x01, 0x00, SEQUENCE + WHEN + debit.mac1(session), 8))


__all__ = ["Bank", "answer", "ready_to_debit", "ready_to_load", "ready_to_settle"]
