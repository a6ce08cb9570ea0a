"""Readers by name: everything `cardstack.readers` opens, and the emulator's own cards.

A card of ours brings its test keys along (`is_ours`); any other needs a PSAM.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cardstack.apdu.lengths import shortened
from cardstack.apdu.script import Exchange, Script, run
from cardstack.apdu.trace import Exchanged, in_full
from cardstack.apdu.trace import traced as told
from cardstack.card.issuing import master_for_tests
from cardstack.card.keys import Factors, Usage, derive
from cardstack.card.loading import LoadHost
from cardstack.card.profile import NOT_DECLARED, Diversified, Profile
from cardstack.card.profiles import PROFILES, profile
from cardstack.card.proving import LocalKeys, PsamKeys
from cardstack.card.reading import Terminal, detect, fitting, open_application, read_file, read_issuer
from cardstack.card.watching import Watcher
from cardstack.errors import Refused, problem
from cardstack.readers import connect
from cardstack.readers.reader import Reader
from cardstack.text import Text
from emulator.desk import PSAM, slot

DEFAULT = "emu:3.00"
NO_KEYS = problem(
    "CS-1416",
    Text("The card gives this only to a terminal with its key", "该数据需终端密钥认证后方可读取"),
    Text(
        "Name the reader with the PSAM: --psam pcsc:1. For a card that has the published test keys set CARDSTACK_TEST_CARD=1.",
        "请指定装有 PSAM 的读卡器：--psam pcsc:1。使用公开测试密钥的测试卡可设置 CARDSTACK_TEST_CARD=1。",
    ),
)
TEST_CARD = "CARDSTACK_TEST_CARD"


@dataclass(eq=False)
class Opened:
    """An open card, what keys there are for it, and where its exchanges are told."""

    reader: Reader
    exchange: Exchange
    keys: Any
    partners: dict[str, Exchange]
    psam: Reader | None = None

    def run(self, script: Script[Any]) -> Any:
        """Drive a script with this card and its partners; long commands are shortened where they would not go through."""
        exchange = self.exchange if self.reader.extended_length else shortened(self.exchange)
        return run(script, exchange, **self.partners)

    @property
    def factor(self) -> bytes:
        """What the card's keys are diversified by: the last eight bytes of its answer to reset."""
        return self.reader.atr[-8:]

    @property
    def terminal(self) -> Terminal | None:
        """What this terminal can prove with; None without keys."""
        return Terminal(self.keys, self.factor) if self.keys is not None else None

    def kind(self, name: str | None = None) -> Profile:
        """The profile asked for, the one an emulated card was made of, or what the card says of itself."""
        if name:
            return profile(name)
        kind, _, rest = self.reader.name.partition(":")
        if kind == "emu" and rest in PROFILES:
            return profile(rest)
        return fitting(self.run(detect()), PROFILES)

    def close(self) -> None:
        """Let go of the card and of the PSAM."""
        self.reader.close()
        if self.psam:
            self.psam.close()

    def __enter__(self) -> "Opened":  # noqa: PYI034  # a class of this package alone
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()


def reader_name(given: str | None) -> str:
    """The reader asked for, or the one that the environment names, or the emulator's."""
    return given or os.environ.get("CARDSTACK_READER") or DEFAULT


def open_reader(name: str) -> Reader:
    """A reader by name; `emu:` is made on the spot."""
    kind, _, rest = name.partition(":")
    if kind == "emu":
        return emulated(rest)
    return connect(name)


def emulated(rest: str) -> Reader:
    """A sample card of a profile, or of an image file."""
    path = Path(rest)
    card = slot("", image=path) if path.suffix and path.is_file() else slot(rest or "3.00")
    return Reader(f"emu:{rest}", card.atr, card, on_reset=card.reset)


def is_ours(reader: Reader) -> bool:
    """Whether this card may be shown the test PIN and keys: tries cost a stranger's card dearly.

    One made in this process, a recording, one that our own PC/SC service vouches for, and whatever the user says is a
    test card (CARDSTACK_TEST_CARD=1). At a port or behind vpcd there may be anybody's card.
    """
    made_here = reader.name.partition(":")[0] in ("emu", "replay")
    return made_here or reader.test_card or os.environ.get(TEST_CARD) == "1"


def open_card(
    name: str | None,
    *,
    psam: str | None = None,
    trace: Path | None = None,
    unmasked: bool = False,
    test_card: bool = False,
) -> Opened:
    """A card, its keys (test keys for one of ours, or one said to be a test card), and a trace of what is said to it."""
    reader = open_reader(reader_name(name))
    if psam:
        second = open_reader(psam)
        keys: Any = PsamKeys()
        return Opened(reader, traced(reader, trace, unmasked=unmasked), keys, {"psam": second}, second)
    keys = LocalKeys(master_for_tests) if test_card or is_ours(reader) else None
    return Opened(reader, traced(reader, trace, unmasked=unmasked), keys, {})


def with_psam(opened: Opened, kind: Profile) -> None:
    """A PSAM with the test keys beside an emulated card that has none."""
    if "psam" in opened.partners:
        return
    need_keys(opened)
    opened.partners["psam"] = slot(PSAM, serves=kind.name)


def load_host(opened: Opened, kind: Profile, application: str) -> LoadHost:
    """The issuer's host with the test load key of this card."""
    need_keys(opened)
    one = kind.application(application)
    opened.run(open_application(kind, application))
    if one.diversified is Diversified.BY_CARD:
        chain = Factors(opened.run(read_issuer(kind)).region, opened.factor).chain(3)
    else:
        public = opened.run(read_file(kind.file(application, 0x0015)))
        chain = (public.issuer, public.serial8)
    key = next((key for key in one.keys if key.usage is Usage.LOAD and key.kid == 1), None)
    if key is None:
        raise Refused(problem=NOT_DECLARED, profile=kind.name, what=f"{application} load key")
    return LoadHost(derive(master_for_tests(key.name), chain, key.algorithm))


def need_keys(opened: Opened) -> Any:
    """The key source, or what to do to have one."""
    if opened.keys is None:
        raise Refused(problem=NO_KEYS)
    return opened.keys


def traced(reader: Reader, trace: Path | None, *, unmasked: bool = False) -> Exchange:
    """The reader's exchange, told to a file line by line where one is named."""
    if trace is None:
        return reader
    now = datetime.now(UTC).isoformat()
    first = Exchanged(now, reader.name, 0, "", reader.atr.hex().upper(), "ATR")
    trace.write_text(first.line() + "\n", "utf-8")

    def sink(record: Exchanged) -> None:
        with trace.open("a", encoding="utf-8") as file:
            file.write(record.line() + "\n")

    watcher = Watcher()

    def shown(command: bytes, answer: bytes) -> tuple[str, str]:
        masked = watcher.hide(command, answer)
        return in_full(command, answer) if unmasked else masked

    return told(reader, sink, clock=lambda: datetime.now(UTC), reader=reader.name, hide=shown, describe=watcher.describe)
