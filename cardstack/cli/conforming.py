"""What `conformance run` does: open the card, see whose it is, derive the cases, run them under a progress bar."""

import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cardstack.card.profile import Profile
from cardstack.card.profiles import profile
from cardstack.card.proving import LocalKeys
from cardstack.card.reading import open_application, read_issuer
from cardstack.cli.inputs import text_of
from cardstack.cli.output import choices, words
from cardstack.conformance.capabilities import read_capabilities
from cardstack.conformance.case import Case, Risk, Subject
from cardstack.conformance.cases import derive
from cardstack.conformance.conversation import load
from cardstack.conformance.keyset import read_keys
from cardstack.conformance.limits import Limits
from cardstack.conformance.report import Head
from cardstack.conformance.run import Card, Result, run_all, select
from cardstack.errors import CardstackError, Malformed, told
from emulator.opening import Opened, is_ours, open_card


class Order(NamedTuple):
    """What was asked for on the command line."""

    reader: str | None
    profile: str
    select: tuple[str, ...]
    risk: str
    pin: str | None
    psam: str | None
    without: frozenset[str]
    operator: str
    quiet: bool
    test_card: bool = False
    limits: Limits = ()
    cases: Path | None = None
    keys: Path | None = None
    capabilities: Path | None = None


def test(order: Order) -> tuple[Head, tuple[Result, ...]]:
    """Run the chosen cases.

    A card made here, or one said to be a test card, brings the published test PIN and keys and may be written to; any
    other is only read, with what the tester brings: at a socket there may be anybody's.
    """
    kind = profile(order.profile)
    reader = order.reader or f"emu:{order.profile}"
    with open_card(reader, psam=order.psam, test_card=order.test_card) as opened:
        known = order.test_card or is_ours(opened.reader)
        risk = risk_of(order.risk or ("test" if known else "safe"))
        subject = Subject(
            kind,
            city(opened, order.profile),
            opened.factor,
            order.pin or ("123456" if known else None),
            given_keys(order.keys) or (opened.keys if known or order.psam else None),
            order.without | _not_claimed(order.capabilities, kind),
        )
        cases = select((*derive(kind), *more_cases(order.cases, kind)), order.select)
        card = Card(opened.exchange, opened.reader.on_reset or (lambda: None), opened.partners)
        began, clock = datetime.now(UTC), time.monotonic()
        with _progress(order.quiet) as progress:
            task = progress.add_task(order.profile, total=len(cases))
            results = run_all(cases, subject, card, risk=risk, told=lambda _: progress.advance(task))
        atr = opened.reader.atr.hex().upper()
        seconds = time.monotonic() - clock
    return _head(reader, atr, order, subject, began=began, seconds=seconds, risk=risk), results


def given_keys(path: Path | None) -> LocalKeys | None:
    """The key set of a file; whoever can read it is told of, and so are keys not marked as test keys."""
    if path is None:
        return None
    held = read_keys(text_of(path, "keys"))
    if path.stat().st_mode & 0o077:
        print(words(f"{path.name}: others can read it; chmod 600", f"{path.name}：其他用户可读，请 chmod 600"), file=sys.stderr)
    if not held.test:
        print(words(f"{path.name}: not marked as test keys", f"{path.name}：未标明为测试密钥"), file=sys.stderr)
    return LocalKeys(held.master)


def _not_claimed(path: Path | None, kind: Profile) -> frozenset[str]:
    return read_capabilities(text_of(path, "capabilities"), kind) if path is not None else frozenset()


def more_cases(folder: Path | None, kind: Profile) -> tuple[Case, ...]:
    """The cases in the files of a folder that are for a profile; `Malformed` names the file."""
    found: list[Case] = []
    for path in sorted(folder.glob("*.toml")) if folder else ():
        try:
            found += [case for one in load(text_of(path, "cases")) for case in one.cases(kind)]
        except Malformed as error:
            raise Malformed(told(error, path.name), field="cases") from error
    return tuple(found)


def _head(reader: str, atr: str, order: Order, subject: Subject, *, began: datetime, seconds: float, risk: Risk) -> Head:
    tool = f"cardstack {version('cardstack')}"
    serial = subject.factor[-4:].hex().upper()
    version_of = subject.profile.version
    return Head(reader, atr, order.profile, version_of, serial, tool, began, seconds, risk.value, order.operator, order.limits)


def risk_of(name: str) -> Risk:
    """The risk that a word names."""
    if name not in list(Risk):
        raise Malformed(choices("risk", Risk), field="risk")
    return Risk(name)


def city(opened: Opened, name: str) -> str:
    """The city that the card's keys are diversified by; empty for a card that does not say."""
    kind = profile(name)
    if not kind.has("SSSE"):
        return ""
    try:
        opened.run(open_application(kind, "SSSE"))
        return str(opened.run(read_issuer(kind)).region)
    except CardstackError:
        return ""


def _progress(quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(file=sys.stderr), disable=quiet, transient=True)
