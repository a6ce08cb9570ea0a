"""Running cases against a card: one reset before each, everything said is kept, one verdict with its reason after."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from cardstack.apdu.message import Response
from cardstack.apdu.script import Exchange, run
from cardstack.apdu.trace import Exchanged, in_full, traced
from cardstack.card.proving import NOT_HELD, accepted, pin_bytes
from cardstack.card.verdict import Verdict
from cardstack.card.watching import Watcher
from cardstack.conformance.capabilities import command_name, lacking
from cardstack.conformance.case import AGAIN, Case, Differs, Risk, Subject, Unready
from cardstack.errors import CardstackError
from cardstack.readers.problems import SHORT_ONLY
from cardstack.text import Text

RISK_ORDER = tuple(Risk)
NO_REASON = Text("", "")


@dataclass(frozen=True, slots=True)
class Card:
    """A card under test: what carries commands, and what powers it off and on."""

    exchange: Exchange
    reset: Callable[[], object]
    partners: dict[str, Exchange] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """One case's verdict, why, and what was said; the trace is masked, the script is not and stays with the tester."""

    case: Case
    verdict: Verdict
    reason: Text = NO_REASON
    got: str = ""
    allowed: str = ""
    seconds: float = 0.0
    trace: tuple[Exchanged, ...] = ()
    script: tuple[str, ...] = ()
    timing: tuple[tuple[str, float], ...] = ()
    """Class and instruction of each command in hexadecimal, and the seconds until its answer."""


def select(cases: Iterable[Case], patterns: Sequence[str]) -> tuple[Case, ...]:
    """The cases whose identifiers match one of the patterns; all where there is none.

    >>> select((), ("SSSE_*",))
    ()
    """
    return tuple(case for case in cases if not patterns or any(fnmatchcase(case.id, one) for one in patterns))


def run_all(
    cases: Iterable[Case],
    subject: Subject,
    card: Card,
    *,
    risk: Risk = Risk.SAFE,
    told: Callable[[Result], None] = lambda _: None,
) -> tuple[Result, ...]:
    """Every case in order; what is too risky is not run, and says so."""
    results = []
    for case in cases:
        result = _skipped(case, subject, risk) or run_one(case, subject, card)
        told(result)
        results.append(result)
    return tuple(results)


def _skipped(case: Case, subject: Subject, risk: Risk) -> Result | None:
    lacks = lacking(subject.without, case.uses | {case.feature, f"application {case.feature}"})
    if lacks:
        return Result(case, Verdict.NOT_APPLICABLE, _not_claimed(lacks[0]))
    if RISK_ORDER.index(case.risk) > RISK_ORDER.index(risk):
        why = Text(f"it {case.risk}s; allow it with --risk {case.risk}", f"风险级别为 {case.risk}，需以 --risk {case.risk} 允许")
        return Result(case, Verdict.NOT_RUN, why)
    missing = [need for need in sorted(case.needs) if not subject.has(need)]
    if missing:
        names = ", ".join(missing)
        return Result(case, Verdict.NOT_RUN, Text(f"it needs {names}", f"需要提供 {names}"))
    return None


def _gives_pin(subject: Subject, command: bytes) -> bool:
    """Whether a command is VERIFY with the tester's PIN."""
    return command[1:2] == b"\x20" and subject.pin is not None and command[5:].startswith(pin_bytes(subject.pin))


def _not_claimed(what: str) -> Text:
    return Text(f"the capability statement says the card has no {what}", f"能力声明：该卡无 {what}")


def _why(error: CardstackError) -> Text:
    return error.told if error.detail else error.title


class NotClaimed(Exception):
    """A case sends a command that the card is not said to have."""


def _watched(subject: Subject, card: Card, timing: list[tuple[str, float]]) -> Exchange:
    """The card's exchange, timed; what is not claimed is not sent, and a PIN that was refused is not tried again."""
    taken: list[bytes] = []

    def watched(command: bytes) -> bytes:
        if (name := command_name(*command[:2])) in subject.without:
            raise NotClaimed(name)
        own = _gives_pin(subject, command)
        if own and "PIN" in subject.refused:
            raise Unready(AGAIN)
        asked = time.perf_counter()
        answer = card.exchange(command)
        timing.append((command[:2].hex().upper(), time.perf_counter() - asked))
        if own and answer == b"\x90\x00":
            taken.append(command)
        elif own and not taken and answer[:1] in (b"\x63", b"\x69"):
            _remember(subject, Response.parse(answer))
        return answer

    return watched


def _remember(subject: Subject, answer: Response) -> None:
    try:
        accepted(answer)
    except CardstackError as error:
        subject.refused["PIN"] = error


def run_one(case: Case, subject: Subject, card: Card) -> Result:
    """One case on a freshly reset card."""
    said: list[Exchanged] = []
    script: list[str] = []
    watcher = Watcher(subject.profile)

    def hide(command: bytes, answer: bytes) -> tuple[str, str]:
        shown = in_full(command, answer)
        script.append(f"{shown[0]}  # {shown[1][-4:]}")
        return watcher.hide(command, answer)

    timing: list[tuple[str, float]] = []
    exchange = traced(_watched(subject, card, timing), said.append, hide=hide, describe=watcher.describe)
    began = time.monotonic()
    verdict, reason, got, allowed = Verdict.PASS, NO_REASON, "", ""
    try:
        card.reset()
        run(case.talk(subject), exchange, **card.partners)
    except Differs as error:
        verdict, reason = Verdict.FAIL, _why(error)
        got, allowed = str(error.facts.get("got", "")), str(error.facts.get("allowed", ""))
    except NotClaimed as error:
        verdict, reason = Verdict.NOT_APPLICABLE, _not_claimed(str(error))
    except Unready as error:
        verdict, reason = Verdict.INCONCLUSIVE, _why(error)
    except CardstackError as error:
        # A key that the tester lacks says nothing about the card, nor does a length that the reader cannot carry.
        verdict = Verdict.INCONCLUSIVE if error.problem in (NOT_HELD, SHORT_ONLY) else Verdict.FAIL
        reason, allowed = error.title, "9000"
        got = str(error.facts.get("sw", error.code))
    seconds = time.monotonic() - began
    return Result(case, verdict, reason, got, allowed, seconds, tuple(said), tuple(script), tuple(timing))
