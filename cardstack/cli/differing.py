"""What `conformance diff` does: the card under test and an emulated one side by side, sent the same."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from cardstack.apdu.script import Exchange
from cardstack.card.issuing import master_for_tests
from cardstack.card.profile import Profile
from cardstack.card.profiles import profile
from cardstack.card.proving import LocalKeys
from cardstack.cli.conforming import city
from cardstack.conformance.case import Risk, Subject
from cardstack.conformance.differential import Pair, Side, allowed, explore, script
from cardstack.errors import Malformed
from emulator.opening import Opened, is_ours, open_card
from emulator.samples import ORDER, sample
from emulator.slot import Slot

MANY, FEW = 3000, 300
"""How many commands a card is sent unless told: one that is made new each time, one that is not."""


class Asked(NamedTuple):
    """What was asked for on the command line."""

    reader: str | None
    profile: str
    seed: int
    commands: int
    risk: str
    pin: str | None
    psam: str | None


def differ(asked: Asked) -> dict[str, Any]:
    """What was found, as data; `script` is empty where nothing was."""
    kind = profile(asked.profile)
    with open_card(asked.reader or f"emu:{asked.profile}", psam=asked.psam) as opened:
        forks = type(opened.reader.exchange) is Slot
        risk = _risk(asked.risk or (Risk.DESTROY if forks else Risk.SAFE))
        known = is_ours(opened.reader)
        pin = asked.pin or ("123456" if known else None)
        keys = opened.keys if known or asked.psam else None
        subject = Subject(kind, city(opened, asked.profile), opened.factor, pin, keys)
        tested = Side(subject, renewed(opened), opened.partners, exact=forks)
        pair = Pair(tested, _reference(kind, subject, exact=forks), asked.commands or (MANY if forks else FEW))
        clock = time.monotonic()
        found = explore(pair, allowed(subject, risk), asked.seed)
        seconds = round(time.monotonic() - clock, 3)
    told = {"reader": opened.reader.name, "profile": kind.name, "seed": asked.seed, "risk": risk.value}
    told |= {"sent": tested.sent, "seconds": seconds, "after": found.sent if found else None}
    return told | {
        "moves": list(found.moves) if found else [],
        "commands": [{"command": command.hex().upper(), "sw": sw} for command, sw in found.commands] if found else [],
        "script": script(found, profile=kind.name, seed=asked.seed) if found else "",
    }


def _risk(name: str) -> Risk:
    if name not in list(Risk):
        raise Malformed(f"risk: one of {', '.join(Risk)}", field="risk")
    return Risk(name)


def _reference(kind: Profile, subject: Subject, *, exact: bool) -> Side:
    """An emulated card that proves and is proved as the one under test; without a PIN or keys given there are no such moves."""
    card = sample(kind, seed=b"reference")
    pin = subject.pin if subject.pin is None else "123456"
    keys = None if subject.keys is None else LocalKeys(master_for_tests)

    def fresh() -> Exchange:
        slot = Slot(card)
        slot.reset()
        return slot

    return Side(Subject(kind, ORDER.city, card.atr[-8:], pin, keys), fresh, exact=exact)


def renewed(opened: Opened) -> Callable[[], Exchange]:
    """A reset; an emulated card in this process is put back to what it was as well."""
    slot = opened.reader.exchange
    if type(slot) is not Slot:

        def powered() -> Exchange:
            opened.reader.reset()
            return opened.exchange

        return powered
    first = slot.card

    def restored() -> Exchange:
        slot.card = first
        slot.reset()
        return opened.exchange

    return restored
