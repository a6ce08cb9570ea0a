"""What `conformance diff` does: the card under test and an emulated one side by side, sent the same."""

import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from cardstack.apdu.script import Exchange
from cardstack.card.issuing import master_for_tests
from cardstack.card.profile import Profile
from cardstack.card.profiles import profile
from cardstack.card.proving import LocalKeys
from cardstack.cli.conforming import city, given_keys, risk_of
from cardstack.conformance.case import Risk, Subject
from cardstack.conformance.differential import Difference, Pair, Side, allowed, saved, script
from cardstack.conformance.forking import side
from cardstack.conformance.moves import Move
from cardstack.errors import Refused, problem
from cardstack.text import Text
from emulator.opening import Opened, is_ours, open_card
from emulator.samples import ORDER, sample
from emulator.slot import Slot

NO_HYPOTHESIS = problem(
    "CS-5010",
    Text("Differential runs need Hypothesis", "差分检测需要 Hypothesis"),
    Text("Install the extra: pip install 'cardstack[conformance]'", "请安装附加组件：pip install 'cardstack[conformance]'"),
)
MANY, FEW = 20_000, 300
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
    test_card: bool = False
    keys: Path | None = None


def differ(asked: Asked) -> dict[str, Any]:
    """What was found, as data; `script` and `case` are empty where nothing was.

    A card that is not made here is only read and asked to refuse; one said to be a test card also proves and pays.
    """
    kind = profile(asked.profile)
    with open_card(asked.reader or f"emu:{asked.profile}", psam=asked.psam) as opened:
        slot = opened.reader.exchange
        forks = type(slot) is Slot
        known = asked.test_card or is_ours(opened.reader)
        risk = risk_of(asked.risk or (Risk.DESTROY if forks else Risk.TEST if asked.test_card else Risk.SAFE))
        pin = asked.pin or ("123456" if known else None)
        keys = given_keys(asked.keys) or (opened.keys if known or asked.psam else None)
        subject = Subject(kind, city(opened, asked.profile), opened.factor, pin, keys)
        tested = side(subject, slot) if type(slot) is Slot else Side(subject, renewed(opened), opened.partners, exact=False)
        reference = _reference(kind, subject, exact=forks)
        pair = Pair(tested, reference, asked.commands or (MANY if forks else FEW))
        clock = time.monotonic()
        found = _explored(pair, allowed(subject, risk), asked.seed)
        seconds = round(time.monotonic() - clock, 3)
    told = {"reader": opened.reader.name, "profile": kind.name, "seed": asked.seed, "risk": risk.value}
    told |= {"sent": tested.sent, "sequences": pair.tried, "seconds": seconds}
    if found is None:
        return told | {"after": None, "moves": [], "commands": [], "script": "", "case": ""}
    return told | {
        "after": found.sent,
        "moves": [move.name for move in found.moves],
        "commands": [{"command": command.hex().upper(), "sw": sw} for command, sw in found.commands],
        "script": script(found, profile=kind.name, seed=asked.seed),
        "case": saved(found, reference),
    }


def _explored(pair: Pair, pool: Sequence[Move], seed: int) -> Difference | None:
    """The machine's run; its files, if any, go with the folder."""
    try:
        configuration = import_module("hypothesis.configuration")
    except ModuleNotFoundError as error:
        raise Refused(problem=NO_HYPOTHESIS) from error
    from cardstack.conformance.machine import explore

    with TemporaryDirectory(prefix="cs") as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            return explore(pair, pool, seed)
        finally:
            configuration.set_hypothesis_home_dir(None)


def _reference(kind: Profile, subject: Subject, *, exact: bool) -> Side:
    """An emulated card that proves and is proved as the one under test; without a PIN or keys given there are no such moves."""
    card = sample(kind, seed=b"reference")
    pin = subject.pin if subject.pin is None else "123456"
    keys = None if subject.keys is None else LocalKeys(master_for_tests)
    return side(Subject(kind, ORDER.city, card.atr[-8:], pin, keys), Slot(card), exact=exact)


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
