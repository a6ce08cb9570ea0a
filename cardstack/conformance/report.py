"""A run as data: what was tested, by what, when, and the verdict of every case; two runs can be compared."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import median
from typing import Any, Final, NamedTuple

from cardstack.apdu.atr import Atr
from cardstack.card.verdict import Verdict
from cardstack.conformance.limits import Limits
from cardstack.conformance.run import Result
from cardstack.errors import Malformed, faulty
from cardstack.text import Text

FORMAT: Final = "cardstack-conformance/1"


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above a report."""

    reader: str
    atr: str
    profile: str
    version: str
    serial: str
    tool: str
    began: datetime
    seconds: float
    risk: str
    operator: str = ""
    limits: Limits = ()

    @property
    def cos(self) -> str:
        """The historical bytes that name chip maker and operating system (the first five); empty without them."""
        try:
            held = Atr.parse(bytes.fromhex(self.atr)).historical
        except ValueError:
            return ""
        return held[:5].hex(" ").upper()


def counts(results: Sequence[Result]) -> dict[str, int]:
    """How many of each verdict, in the order of their declaration."""
    found = Counter(result.verdict for result in results)
    return {verdict.value: found[verdict] for verdict in Verdict}


def grouped(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The results by their group, in the order in which the groups first come."""
    groups: dict[str, list[Result]] = {}
    for one in results:
        groups.setdefault(one.case.group, []).append(one)
    return groups


class Cause(NamedTuple):
    """Failures that look like one: the same command, answered the same way where the same was allowed."""

    command: str
    """Class and instruction of the last command, hexadecimal; empty where none was said."""
    got: str
    allowed: str
    members: tuple[Result, ...]
    """The shortest exchange first: it is the one to look at."""


def causes(results: Sequence[Result]) -> list[Cause]:
    """The failures by what they have in common, the most frequent first."""
    found: dict[tuple[str, str, str], list[Result]] = {}
    for one in results:
        if one.verdict is Verdict.FAIL:
            command = one.trace[-1].command[:4] if one.trace else ""
            found.setdefault((command, one.got, one.allowed), []).append(one)
    by_length = {key: tuple(sorted(members, key=lambda each: len(each.trace))) for key, members in found.items()}
    return sorted((Cause(*key, members) for key, members in by_length.items()), key=lambda cause: -len(cause.members))


def together(results: Sequence[Result]) -> list[tuple[Verdict, Text, list[Result]]]:
    """Cases by verdict and reason, how a group is told on paper; failures have theirs by cause."""
    found: dict[tuple[Verdict, Text], list[Result]] = {}
    for one in results:
        reason = Text("", "") if one.verdict is Verdict.FAIL else one.reason
        found.setdefault((one.verdict, reason), []).append(one)
    return [(verdict, reason, members) for (verdict, reason), members in found.items()]


def timing(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """By class and instruction: how many commands, and how long their answers took in milliseconds, median and 95 in 100.

    >>> timing(())
    {}
    """
    taken: dict[str, list[float]] = {}
    for result in results:
        for header, seconds in result.timing:
            taken.setdefault(header, []).append(seconds * 1000)
    return {
        header: {
            "count": len(times),
            "median_ms": round(median(times), 4),
            "p95_ms": round(sorted(times)[math.ceil(0.95 * len(times)) - 1], 4),
        }
        for header, times in sorted(taken.items())
    }


def held(times: Mapping[str, Mapping[str, float]], limits: Limits) -> dict[str, dict[str, Any]]:
    """The times beside their limits.

    >>> held({"00B2": {"p95_ms": 7.0}}, (("00B2", 5.0),))
    {'00B2': {'p95_ms': 7.0, 'limit_ms': 5.0, 'over': True}}
    """
    allowed = dict(limits)
    return {
        header: {**one, "limit_ms": allowed[header], "over": one["p95_ms"] > allowed[header]} if header in allowed else {**one}
        for header, one in times.items()
    }


Clients = Sequence[Mapping[str, Any]]
"""A row for each recorded client: `client`, `system`, `verdict`, `step`, `steps`, `why`, `differs`, `fix` (en, zh)."""


def as_data(head: Head, results: Sequence[Result], clients: Clients = ()) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "format": FORMAT,
        "head": {name: getattr(head, name) for name in (*Head.__dataclass_fields__, "cos")} | {"began": head.began.isoformat()},
        "counts": counts(results),
        "causes": [
            {"command": one.command, "got": one.got, "allowed": one.allowed, "cases": [each.case.id for each in one.members]}
            for one in causes(results)
        ],
        "timing": held(timing(results), head.limits),
        "cases": [_case(result) for result in results],
        "clients": [dict(one) for one in clients],
    }


def _case(result: Result) -> dict[str, Any]:
    case = result.case
    said: dict[str, Any] = {
        "id": case.id,
        "title": case.title._asdict(),
        "clause": case.clause,
        "risk": case.risk.value,
        "verdict": result.verdict.value,
        "seconds": round(result.seconds, 6),
    }
    if result.reason.en:
        said["reason"] = result.reason._asdict()
    if result.verdict is Verdict.FAIL:
        said |= {"got": result.got, "allowed": result.allowed}
        said["trace"] = [{"command": one.command, "answer": one.answer, "decoded": one.decoded} for one in result.trace]
    return said


def load(raw: str) -> dict[str, Any]:
    """A report that was written before; `Malformed` where it is none."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Malformed(Text("not JSON", "不是 JSON"), field="report") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("cases"), list):
        raise faulty("format", f"{FORMAT} was expected", f"应为 {FORMAT}")
    return data


class Change(StrEnum):
    """What became of a case between two reports."""

    REGRESSION = "regression"
    FIX = "fix"
    NEW = "new"
    GONE = "gone"
    OTHER = "other"


CHANGES = {
    Change.REGRESSION: Text("regressions", "退步"),
    Change.FIX: Text("fixes", "修复"),
    Change.NEW: Text("new cases", "新增用例"),
    Change.GONE: Text("cases gone", "已无的用例"),
    Change.OTHER: Text("other changes", "其他变化"),
}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """The cases whose verdict is another one, or that only one of the reports has, and what that means."""
    old, new = ({case["id"]: case["verdict"] for case in one["cases"]} for one in (before, after))
    names = sorted(name for name in set(old) | set(new) if old.get(name) != new.get(name))
    return [
        {"id": name, "before": old.get(name, "-"), "after": new.get(name, "-"), "change": _change(old.get(name), new.get(name))}
        for name in names
    ]


def _change(before: str | None, after: str | None) -> Change:
    """A pass that is none any more is a regression; so is what begins to fail.

    >>> [str(_change(*pair)) for pair in (("pass", "fail"), ("fail", "pass"), (None, "fail"), ("not-run", "pass"))]
    ['regression', 'fix', 'new', 'other']
    """
    if before is None or after is None:
        return Change.NEW if before is None else Change.GONE
    if after == Verdict.FAIL or before == Verdict.PASS:
        return Change.REGRESSION
    return Change.FIX if before == Verdict.FAIL else Change.OTHER


def script(head: Head, result: Result) -> str:
    """What reproduces a failure, as a script of the card shell: reset, then each command with its status word beside it."""
    lines = [f"# {result.case.id} ({result.case.clause})", f"# {head.atr}", "reset", *result.script]
    return "\n".join([*lines, f"# got {result.got}, allowed {result.allowed}", ""])
