"""What `perso run` does: card after card, each recorded in the return file before the next is begun."""

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from cardstack.apdu.script import Exchange, run
from cardstack.card.batch import Bad, Row, decoded, finished, parse, personalisation, return_head, return_line
from cardstack.card.injecting import HsmPort, KeyPort, Masters, is_issued, issue
from cardstack.card.issuing import Personalisation, master_for_tests
from cardstack.card.profiles import profile
from cardstack.card.proving import HsmKeys, KeySource, LocalKeys
from cardstack.card.reading import read_issuer
from cardstack.card.writing import plan, write
from cardstack.cli.inputs import content
from cardstack.cli.output import words
from cardstack.errors import CardstackError, Refused, problem
from cardstack.text import Text
from cardstack.values import CardNumber, CitizenNumber
from emulator import factory
from emulator.hsm import hsm
from emulator.opening import Opened, is_ours, need_keys, open_card
from emulator.slot import Slot
from emulator.state import Card
from emulator.store import save

RUNNING = problem(
    "CS-1502",
    Text("Another run writes this return file", "另一制卡进程正在写入该回盘文件"),
    Text("Wait until it has ended, or choose another return file.", "请等待其结束，或更换回盘文件。"),
)
NOT_READ_BACK = problem(
    "CS-1503",
    Text("The card does not say what was written", "写入后回读不一致"),
    Text("Put the card aside; the line stays open and can be run again.", "请将该卡作废处理；该行保持未完成，可重新制卡。"),
)
TEST_KEYS = problem(
    "CS-1504",
    Text("Only test keys are at hand, and the card is none of ours", "仅有测试密钥，而该卡不是本软件的模拟卡"),
    Text(
        "Write cards that carry their keys already (--keys delivered), or connect your HSM to `cardstack.card.injecting`.",
        "请使用已预置密钥的卡（--keys delivered），或将加密机接入 `cardstack.card.injecting`。",
    ),
)
OTHER_CARD = problem(
    "CS-1505",
    Text("The card in the reader is not the one of this line", "读卡器中的卡与该行不符"),
    Text("Put in the card whose chip number stands in the line's code.", "请放入芯片号与该行卡识别码一致的卡。"),
)
SYNC_EVERY = 200


class Keys(StrEnum):
    """Who puts the keys on a card."""

    DELIVERED = "delivered"
    TEST = "test"
    HSM = "hsm"


@dataclass(frozen=True, slots=True)
class Order:
    """What `perso run` was told."""

    batch: Path
    returned: Path
    profile: str
    reader: str | None
    psam: str | None
    images: Path | None
    pin: str
    stop_after: int
    direct: bool = False
    mpin: str = ""
    keys: Keys | None = None
    """None: test keys are injected into emulated cards, those in a reader carry theirs."""


def make(order: Order, *, quiet: bool) -> dict[str, Any]:
    """Make what is not made yet; how many were made, skipped, and failed."""
    rows = list(parse(decoded(content(order.batch))))
    maker = _reader_maker(order) if order.reader else _emulated_maker(order)
    counts = {"cards": len(rows), "made": 0, "already": 0, "failed": 0}
    with _returned(order.returned) as (file, done):
        for number, row in enumerate(_shown(rows, quiet=quiet), 1):
            if isinstance(row, Row) and row.key in done:
                counts["already"] += 1
                continue
            atr, error = (b"", row.error) if isinstance(row, Bad) else _made(maker, row)
            file.write(return_line(row.line, row if isinstance(row, Row) else None, atr, error) + "\n")
            file.flush()
            counts["failed" if error else "made"] += 1
            if number % SYNC_EVERY == 0:
                os.fsync(file.fileno())
            if counts["made"] == order.stop_after:
                break
    return counts


Maker = Callable[[Personalisation], bytes]


@lru_cache(maxsize=40)
def _hsm(kind: str, province: str) -> Exchange:
    """The emulated HSM of a province; its transport key is a test key like all others."""
    return hsm([profile(kind)], master=master_for_tests, province=province, transport=master_for_tests("HSM transport"))


def _injected(made: Personalisation, keys: Keys, source: KeySource, exchange: Exchange, **partners: Exchange) -> None:
    """Issue a blank card; with the HSM's keys the HSM also proves them."""
    port: KeyPort = Masters(master_for_tests)
    if keys is Keys.HSM:
        port, source = HsmPort(master_for_tests("HSM transport")), HsmKeys()
        partners = {**partners, "hsm": _hsm(made.profile.name, made.factors.city[:2])}
    run(issue(made, port, source), exchange, **partners)


def _made(maker: tuple[Callable[[Row], Personalisation], Maker], row: Row) -> tuple[bytes, CardstackError | None]:
    """The card's answer to reset, or why there is none; one bad card does not end a batch."""
    order_of, write_card = maker
    try:
        return write_card(order_of(row)), None
    except CardstackError as error:
        return b"", error


def _emulated_maker(order: Order) -> tuple[Callable[[Row], Personalisation], Maker]:
    """Emulated cards: a blank one issued over APDUs, one with its keys written over APDUs, or one made whole."""
    kind = profile(order.profile)
    keys = LocalKeys(master_for_tests)

    def order_of(row: Row) -> Personalisation:
        return replace(personalisation(kind, row, pin=order.pin, master=master_for_tests), admin=order.mpin)

    def write_card(made: Personalisation) -> bytes:
        if order.direct:
            card = factory.personalise(made)
        elif order.keys is not Keys.DELIVERED:
            slot = Slot(factory.delivered(made))
            _injected(made, order.keys or Keys.TEST, keys, slot)
            card = _finished(made, slot)
        else:
            # What the chip maker delivers: files and keys, and nothing in the files that the plan will write.
            blank = {(one.application.name, one.file.fid): one.file.blank_records for one in plan(made)}
            slot = Slot(factory.personalise(replace(made, records={**made.records, **blank})))
            run(write(made, keys), slot)
            card = _finished(made, slot)
        if order.images:
            order.images.mkdir(parents=True, exist_ok=True)
            save(card, order.images / f"{made.factors.card.hex().upper()}.json")
        return card.atr

    return order_of, write_card


def _finished(made: Personalisation, slot: Slot) -> Card:
    """The emulated card after a reset, read back."""
    slot.reset()
    _read_back(made, slot)
    return slot.card


def _reader_maker(order: Order) -> tuple[Callable[[Row], Personalisation], Maker]:
    """The cards that an operator puts into a reader; one that already says the line's code is only recorded."""
    kind = profile(order.profile)

    def order_of(row: Row) -> Personalisation:
        return replace(personalisation(kind, row, pin=order.pin, master=master_for_tests), admin=order.mpin)

    def write_card(made: Personalisation) -> bytes:
        with open_card(order.reader, psam=order.psam) as opened:
            if order.keys not in (None, Keys.DELIVERED):
                _issue_in_reader(made, order.keys, opened)
                return opened.reader.atr
            try:
                _read_back(made, opened.exchange)
            except CardstackError:
                opened.run(write(made, need_keys(opened)))
                _read_back(made, opened.exchange)
            return opened.reader.atr

    return order_of, write_card


def _issue_in_reader(made: Personalisation, keys: Keys, opened: Opened) -> None:
    """Issue the blank or half issued card in a reader; one that is issued already must be this line's."""
    if not is_ours(opened.reader):
        raise Refused(problem=TEST_KEYS)
    if opened.factor != made.factors.card:
        raise Refused(problem=OTHER_CARD)
    if not opened.run(is_issued(made)):
        _injected(made, keys, need_keys(opened), opened.exchange, **opened.partners)
    _read_back(made, opened.exchange)


def _read_back(made: Personalisation, exchange: Callable[[bytes], bytes]) -> None:
    """The card says of itself what the line says."""
    issuer = run(read_issuer(made.profile), exchange)
    if made.profile.file("SSSE", 0xEF05).encode(issuer) != made.records["SSSE", 0xEF05]:
        raise Refused(problem=NOT_READ_BACK)


@contextmanager
def _returned(path: Path) -> Iterator[tuple[IO[str], set[str]]]:
    """The return file to append to, held by this run alone, and the cards that are made; a cut-off line is taken out."""
    with path.open("a+", encoding="gb18030", newline="\n") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(str(path), RUNNING) from None
        file.seek(0)
        text = file.read()
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            file.truncate(len(whole.encode("gb18030")))
        file.seek(0, os.SEEK_END)
        if not whole:
            file.write(return_head() + "\n")
        yield file, finished(whole)
        file.flush()
        os.fsync(file.fileno())


def _shown(rows: list[Row | Bad], *, quiet: bool) -> Iterator[Row | Bad]:
    """The rows with a bar for whoever watches."""
    if quiet or not sys.stderr.isatty():
        yield from rows
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(rows, description=words("cards", "制卡"), console=Console(stderr=True))


SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈", "示例安宁平和清远景行"


def invented(count: int, city: str) -> Iterator[str]:
    """The lines of a batch of invented people, titles first."""
    from cardstack.card.batch import TITLES

    yield "|".join(TITLES.values())
    for number in range(count):
        body = f"{city}19{70 + number % 30:02d}{1 + number // 28 % 12:02d}{1 + number % 28:02d}{number // 336 % 1000:03d}"
        citizen = CitizenNumber(body + CitizenNumber.check_character(body))
        plain = f"{number:08d}"
        card = CardNumber(plain + CardNumber.check_character(plain))
        name = SURNAMES[number % 10] + GIVEN[number // 10 % 10] + GIVEN[number // 100 % 10]
        identifier = f"{city}D156000005{number:08X}00000000"
        born = citizen.born.strftime("%Y%m%d")
        parts = [
            identifier,
            f"9156000002{city}{city}01",
            "20260101",
            "20360101",
            str(card),
            str(citizen),
            name,
            "",
            citizen.sex,
            "01",
            born,
        ]
        yield "|".join(parts)
