"""The other side of a payment, for tests: terminal and bank with the keys of one card."""

from dataclasses import dataclass
from functools import lru_cache

from cardstack.apdu.message import Command
from cardstack.card.keys import Usage
from cardstack.card.profile import PurseKind
from cardstack.codec import Moment
from cardstack.crypto import cryptogram
from cardstack.crypto.payment import LOAD_PART, Debit, Kind, Load, MedicalDebit
from cardstack.values import Fen
from emulator.handlers import purse as purses
from emulator.slot import Slot
from emulator.state import Card
from tests.cards import EP, MOMENT, ORDER, SSSE, card, ordered, say

TERMINAL, SEQUENCE = bytes.fromhex("310000000001"), bytes.fromhex("00000007")
WHEN = Moment().encode(MOMENT)
PIN = "0020000003123456"


_ordered = lru_cache(maxsize=8)(ordered)


@dataclass(frozen=True)
class Bank:
    """Whoever has the keys of a card: a profile, one application of it, and one of its purses."""

    profile: str = "2.00"
    application: str = "T-UNION"
    purse: PurseKind = EP

    @property
    def p2(self) -> int:
        """How payment commands name the purse."""
        return 2 if self.purse is EP else 1

    def key(self, usage: Usage, kid: int = 1) -> bytes:
        """The card's own key of a use."""
        order = _ordered(self.profile)
        declared = order.profile.application(self.application)
        key = declared.key(kid, usage)
        assert key is not None
        return order.key(declared, key)

    def open(self) -> Slot:
        """A fresh card with the application selected and the PIN given."""
        slot = Slot(card(self.profile))
        aid = _ordered(self.profile).profile.application(self.application).aid
        slot(bytes(Command(0x00, 0xA4, 0x04, 0x00, aid, 256)))
        assert say(slot, PIN) == "9000"
        return slot

    def held(self, one: Card) -> purses.Purse:
        """What a card's purse holds."""
        aid = _ordered(self.profile).profile.application(self.application).aid
        return purses.read(one, one.blueprint.named[aid].purses[self.purse])

    def init(self, slot: Slot, p1: int, amount: int) -> bytes:
        """INIT with an amount (none for an overdraft limit); its answer."""
        data = b"\x01" + (b"" if p1 == 4 else amount.to_bytes(4)) + TERMINAL
        said = slot(bytes(Command(0x80, 0x50, p1, self.p2, data)))
        if said[-2] == 0x61:
            said = slot(bytes((0x00, 0xC0, 0, 0, said[-1])))
        return said

    def debit(self, slot: Slot, amount: int, *, p1: int = 1, trip: str = "") -> bytes:
        """INIT for purchase (and a trip record); the DEBIT that fits."""
        begun = self.init(slot, p1, amount)
        if trip:
            assert say(slot, trip) == "9000"
        session = cryptogram.session_key(self.key(Usage.PURCHASE), begun[11:15], begun[4:6], SEQUENCE[2:])
        kind = {1: Kind.PURCHASE_EP if self.purse is EP else Kind.PURCHASE_ED, 2: Kind.CASH, 3: Kind.CAPP}[p1]
        debit = Debit(Fen(amount), kind, TERMINAL, SEQUENCE, WHEN)
        return bytes(Command(0x80, 0x54, 0x01, 0x00, SEQUENCE + WHEN + debit.mac1(session), 8))

    def credit(self, slot: Slot, amount: int) -> bytes:
        """INIT for load, its MAC1 checked; the CREDIT that fits."""
        load = Load(Fen(amount), Kind.LOAD_EP if self.purse is EP else Kind.LOAD_ED, TERMINAL)
        session = self._online(slot, 0, amount, load, Usage.LOAD)
        return bytes(Command(0x80, 0x52, 0x00, 0x00, WHEN + load.mac2(session, WHEN), 4))

    def unload(self, slot: Slot, amount: int) -> bytes:
        """INIT for unload; the DEBIT FOR UNLOAD that fits."""
        load = Load(Fen(amount), Kind.UNLOAD, TERMINAL)
        session = self._online(slot, 5, amount, load, Usage.UNLOAD)
        return bytes(Command(0x80, 0x54, 0x03, 0x00, WHEN + load.mac2(session, WHEN), 4))

    def _online(self, slot: Slot, p1: int, amount: int, load: Load, usage: Usage) -> bytes:
        begun = self.init(slot, p1, amount)
        session = cryptogram.session_key(self.key(usage), begun[8:12], begun[4:6], LOAD_PART)
        assert load.mac1(session, int.from_bytes(begun[:4])) == begun[12:16]
        return session

    def limit(self, slot: Slot, limit: int) -> bytes:
        """INIT for an overdraft limit; the UPDATE that fits."""
        begun = self.init(slot, 4, 0)
        session = cryptogram.session_key(self.key(Usage.OVERDRAFT), begun[11:15], begun[4:6], LOAD_PART)
        said = limit.to_bytes(3) + bytes((Kind.OVERDRAFT,)) + TERMINAL + WHEN
        mac2 = cryptogram.mac(session, said)
        return bytes(Command(0x80, 0x58, 0x00, 0x00, said[:3] + WHEN + mac2, 4))


def ready_to_debit(*, trip: bool = False, amount: int = 200) -> tuple[Card, bytes]:
    """A card after INIT (and a trip record), and the DEBIT that fits."""
    bank = Bank()
    slot = bank.open()
    raw = bank.debit(slot, amount, p1=3 if trip else 1, trip="80DC00F030" + "06" + "00" * 47 if trip else "")
    return slot.card, raw


def ready_to_load(amount: int = 1000) -> tuple[Card, bytes]:
    """A card after INIT FOR LOAD, and the CREDIT that fits."""
    bank = Bank()
    slot = bank.open()
    raw = bank.credit(slot, amount)
    return slot.card, raw


def ready_to_settle() -> tuple[Card, bytes]:
    """A card after B028, and the B02C that fits."""
    slot, key = Slot(card()), Bank(application="DF04").key(Usage.PURCHASE)
    amounts = bytes(4) + (12000).to_bytes(4) + (34000).to_bytes(4)
    say(slot, SSSE, "00A4000002DF04", PIN)
    begun = slot(bytes(Command(0xB0, 0x28, 0x01, 0x01, b"\x01" + amounts + TERMINAL, 22)))
    session = cryptogram.session_key(key, begun[18:22], begun[14:16], SEQUENCE[2:])
    debit = MedicalDebit(Fen(0), Fen(12000), Fen(34000), TERMINAL, SEQUENCE, WHEN)
    return slot.card, bytes(Command(0xB0, 0x2C, 0x01, 0x00, SEQUENCE + WHEN + debit.mac1(session), 8))


def proved(slot: Slot, *names: str, profile: str = "2.00", application: str = "SSSE") -> Slot:
    """The slot after EXTERNAL AUTHENTICATE with keys of its current application."""
    order = _ordered(profile)
    declared = order.profile.application(application)
    for name in names:
        key = next(one for one in declared.keys if one.name == name and one.usage is Usage.EXTERNAL)
        challenge = slot(bytes.fromhex("0084000008"))[:8]
        cipher = cryptogram.authentication(order.key(declared, key), challenge, bytes(8), key.algorithm)[:8]
        assert say(slot, f"008200{key.kid:02X}10{cipher.hex()}{'00' * 8}") == "9000"
    return slot


__all__ = ["ORDER", "Bank", "proved", "ready_to_debit", "ready_to_load", "ready_to_settle"]
