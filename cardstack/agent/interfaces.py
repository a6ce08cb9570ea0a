"""Which reader a function means by its `iType`: 1 contact, 2 contactless, 3 and 4 whichever has a card, contact or not first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cardstack.card.profiles import PROFILES
from cardstack.readers.api import api
from cardstack.readers.monitor import snapshot
from cardstack.readers.problems import NO_CARD, NO_READER, ReaderError
from cardstack.readers.roles import Interface, Role, assign, interface_of
from cardstack.text import Text
from emulator.opening import Opened, open_card, reader_name

CONTACT, CONTACTLESS = Interface
CALLED: Mapping[Interface, Text] = {CONTACT: Text("contact", "接触式"), CONTACTLESS: Text("contactless", "非接触式")}
ORDERS: Mapping[int, tuple[Interface, ...]] = {
    1: (CONTACT,),
    2: (CONTACTLESS,),
    3: (CONTACT, CONTACTLESS),
    4: (CONTACTLESS, CONTACT),
}
ANY = "pcsc:*"
"""All readers of the PC/SC service, each by what it is."""


@dataclass(frozen=True, slots=True)
class Slots:
    """The readers of one terminal, called with an `iType`: its opener.

    `contactless` may be left out: then `reader` serves the interface that it is of. An emulated card of a profile that
    has a contactless sister is a dual-interface card.
    """

    reader: str | None = None
    contactless: str | None = None
    psam: str | None = None

    def __call__(self, i_type: int) -> Opened:
        """The first card that is there, in the order of the type."""
        wanted, failed = ORDERS[i_type], None
        for name in dict.fromkeys(name for interface in wanted for name in self._names(interface)):
            try:
                return self._opened(name, wanted)
            except ReaderError as error:
                failed = failed or error
        raise failed or ReaderError(_absent(wanted[0]), NO_CARD)

    def _names(self, interface: Interface) -> Iterator[str]:
        name = reader_name(self.reader)
        if interface is CONTACTLESS and self.contactless:
            yield self.contactless
        elif name == ANY:
            yield from _present(interface, self.psam)
        elif interface is CONTACTLESS and f"{name.removeprefix('emu:')}-contactless" in PROFILES:
            yield f"{name}-contactless"
        else:
            yield name

    def _opened(self, name: str, wanted: tuple[Interface, ...]) -> Opened:
        """The card in a reader; where only one reader was named it must be of an interface that is wanted."""
        opened = open_card(name, psam=self.psam)
        if self.contactless or _interface(opened) in wanted:
            return opened
        opened.close()
        kind = CALLED[wanted[0]]
        raise ReaderError(Text(f"{name} is no {kind.en} reader", f"{name} 不是{kind.zh}读卡器"), NO_READER, reader=name)


def _absent(wanted: Interface) -> Text:
    kind = CALLED[wanted]
    return Text(f"there is no card in a {kind.en} reader", f"{kind.zh}读卡器中没有卡")


def _interface(opened: Opened) -> Interface:
    kind, _, rest = opened.reader.name.partition(":")
    if kind == "emu" and rest in PROFILES:
        return CONTACTLESS if rest.endswith("-contactless") else CONTACT
    return interface_of(opened.reader.name, opened.reader.atr)


def _present(interface: Interface, psam: str | None) -> list[str]:
    """The PC/SC readers of an interface that have a card, without the one of the PSAM."""
    there = snapshot(api())
    names = [one.name for one in there]
    kept = {assign(names).get(Role.PSAM), (psam or "").removeprefix("pcsc:")}
    return [
        f"pcsc:{one.name}"
        for one in there
        if one.present and one.name not in kept and interface_of(one.name, one.atr) is interface
    ]
