"""Why a certificate is trusted or not: every path tried, the rule that ended it, the policies at each step, the evidence used.

An explanation is data first; text and drawing (`cardstack.ca.drawing`) are made from the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from cardstack.ca import tables
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.extensions import ANY_POLICY
from cardstack.ca.ocsp import OcspResponse
from cardstack.ca.path import Attempt, Pool
from cardstack.ca.policy import Level
from cardstack.ca.rules import UNLIMITED, State
from cardstack.ca.standing import Crls, Finding
from cardstack.ca.trust import DEFAULT, Anchor, PathRejected, Settings, Trusted, validate
from cardstack.text import Language, Text

ATTEMPTS_MAX = 500
"""How many paths an explanation keeps; how many there were is counted on."""


class PolicyNode(TypedDict):
    """One node of the policy graph."""

    policy: str
    expected: list[str]
    parents: list[str]
    origins: list[str]


class StepData(TypedDict):
    """One certificate of a path tried."""

    subject: str
    issuer: str
    fingerprint: str
    serial: str
    valid_from: str
    valid_until: str
    policies: list[PolicyNode] | None
    """The level of the policy graph after this certificate; None for one that broke a rule before it was reached."""
    counters: dict[str, int | None] | None
    evidence: list[dict[str, str | None]]


@dataclass(frozen=True)
class Tried:
    """One path tried: its steps, and the rule that ended it."""

    steps: tuple[StepData, ...]
    rule: str | None
    detail: Text

    @property
    def accepted(self) -> bool:
        """Whether this is the path that held."""
        return self.rule is None

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        known = tables.RULES[self.rule] if self.rule else None
        return {
            "accepted": self.accepted,
            "rule": self.rule,
            "clause": known.clause if known else None,
            "title": known.problem.title._asdict() if known else None,
            "remedy": known.problem.remedy._asdict() if known else None,
            "detail": self.detail.en or None,
            "steps": list(self.steps),
        }


@dataclass(frozen=True)
class Explanation:
    """A verdict with everything that led to it."""

    certificate: Certificate
    at: datetime
    verdict: Trusted | PathRejected
    tried: tuple[Tried, ...]
    count: int
    """How many paths were tried in all."""

    @property
    def trusted(self) -> bool:
        return isinstance(self.verdict, Trusted)

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        verdict = self.verdict
        refused = verdict if isinstance(verdict, PathRejected) else None
        return {
            "subject": str(self.certificate.subject),
            "fingerprint": self.certificate.fingerprint,
            "at": self.at.isoformat(),
            "trusted": self.trusted,
            "policies": sorted(verdict.policies) if isinstance(verdict, Trusted) else [],
            "rule": refused.rule if refused else None,
            "clause": refused.clause if refused else None,
            "paths_tried": self.count,
            "paths": [one.as_data() for one in self.tried],
        }

    def text(self, language: Language) -> str:
        """For people, in one language."""
        lines = [
            _VERDICTS[self.trusted].of(language).format(subject=self.certificate.subject, at=f"{self.at:%Y-%m-%d %H:%M:%S}Z")
        ]
        if isinstance(self.verdict, PathRejected):
            lines.append(self.verdict.say(language))
        lines.append(_COUNT.of(language).format(count=self.count))
        for number, one in enumerate(self.tried, 1):
            lines += _told(number, one, language)
        return "\n".join(lines)


_VERDICTS = {
    True: Text("Trusted at {at}: {subject}", "可信（{at}）：{subject}"),
    False: Text("Not trusted at {at}: {subject}", "不可信（{at}）：{subject}"),
}
_COUNT = Text("{count} paths were tried:", "共尝试 {count} 条路径：")
_PATH = Text("Path {number}: {ending}", "路径 {number}：{ending}")
_HELD = Text("holds", "成立")
_POLICIES = Text("policies: {policies}", "策略：{policies}")
_NO_POLICIES = Text("no policy is left", "已无有效策略")
_EVIDENCE = Text("{source}: {outcome}", "{source}：{outcome}")
_USED = {
    "not listed": Text("used, does not list it", "已采用，未列入吊销"),
    "listed": Text("used, lists it as revoked", "已采用，列为已吊销"),
    "good": Text("used, says good", "已采用，状态正常"),
    "revoked": Text("used, says revoked", "已采用，状态为已吊销"),
    "unknown": Text("used, knows nothing of it", "已采用，状态未知"),
}


def _told(number: int, one: Tried, language: Language) -> Iterable[str]:
    ending = _HELD.of(language)
    if one.rule:
        rule = tables.RULES[one.rule]
        ending = f"{rule.problem.title.of(language)} [{one.rule}; {rule.clause}]" + (
            f" {one.detail.of(language)}" if one.detail.en else ""
        )
    yield _PATH.of(language).format(number=number, ending=ending)
    for depth, step in enumerate(one.steps):
        stopped = one.rule is not None and depth == len(one.steps) - 1
        yield f"  {'✗' if stopped else '✓'} {'  ' * depth}{step['subject']}"
        if depth and step["policies"] is not None:
            shown = ", ".join(map(_shown, step["policies"]))
            yield f"      {'  ' * depth}" + (
                _POLICIES.of(language).format(policies=shown) if shown else _NO_POLICIES.of(language)
            )
        for found in step["evidence"]:
            yield f"      {'  ' * depth}" + _EVIDENCE.of(language).format(
                source=found["source"], outcome=_outcome(found, language)
            )


def _shown(node: PolicyNode) -> str:
    """A policy, what it is mapped to, and from which of ours it comes."""
    expected = [policy for policy in node["expected"] if policy != node["policy"]]
    origins = [policy for policy in node["origins"] if policy != node["policy"]]
    text = "anyPolicy" if node["policy"] == ANY_POLICY else node["policy"]
    return text + (f" → {'|'.join(expected)}" if expected else "") + (f" (← {'|'.join(origins)})" if origins else "")


def _outcome(found: Mapping[str, str | None], language: Language) -> str:
    rule = found["rule"]
    if rule:
        return f"{tables.RULES[rule].problem.title.of(language)} [{rule}]"
    return _USED.get(found["outcome"] or "", Text("used", "已采用")).of(language)


@dataclass
class _Recorder:
    """Keeps what a validation tells of the paths it tries."""

    tried: list[Tried] = field(default_factory=list)
    count: int = 0

    def __call__(self, attempt: Attempt, evidence: Mapping[str, list[Finding]]) -> None:
        self.count += 1
        # The path that holds is always kept; it is the last.
        if len(self.tried) < ATTEMPTS_MAX or attempt.breach is None:
            self.tried.append(_recorded(attempt, evidence))


def _recorded(attempt: Attempt, evidence: Mapping[str, list[Finding]]) -> Tried:
    state = attempt.state
    steps = [_step(one, level, evidence) for one, level in zip(state.path, state.levels, strict=True)]
    if attempt.breach is not None and attempt.certificate is not state.path[-1]:
        steps.append(_step(attempt.certificate, None, evidence))
    if len(steps) > 1 or attempt.breach is None:
        steps[len(state.path) - 1]["counters"] = _counters(state)
    rule, detail = attempt.breach or (None, "")
    return Tried(tuple(steps), rule, Text(detail, detail) if isinstance(detail, str) else detail)


def _step(certificate: Certificate, level: Level | None, evidence: Mapping[str, list[Finding]]) -> StepData:
    return {
        "subject": str(certificate.subject),
        "issuer": str(certificate.issuer),
        "fingerprint": certificate.fingerprint,
        "serial": f"{certificate.serial:x}",
        "valid_from": certificate.valid_from.isoformat(),
        "valid_until": certificate.valid_until.isoformat(),
        "policies": None if level is None else policy_nodes(level),
        "counters": None,
        "evidence": [
            {"source": found.source, "outcome": found.about or None, "rule": found.rule}
            for found in evidence.get(certificate.fingerprint, ())
        ],
    }


def policy_nodes(level: Level) -> list[PolicyNode]:
    """One level of the policy graph as data."""
    return [
        {
            "policy": node.policy,
            "expected": sorted(node.expected),
            "parents": sorted(node.parents),
            "origins": sorted(node.origins),
        }
        for node in level.values()
    ]


def _counters(state: State) -> dict[str, int | None]:
    """The counters of §6.1.2 (d) to (k) as the next certificate meets them; None is without limit."""
    held = {
        "explicit_policy": state.explicit_policy,
        "policy_mapping": state.policy_mapping,
        "inhibit_any_policy": state.inhibit_any,
        "max_path_length": state.max_path_length,
    }
    return {name: None if value > UNLIMITED // 2 else value for name, value in held.items()}


def explain(
    certificate: Certificate,
    *,
    anchors: Iterable[Anchor],
    pool: Pool | Iterable[Certificate] = (),
    crls: Crls | Iterable[Crl] = (),
    ocsp: Iterable[OcspResponse] = (),
    at: datetime,
    settings: Settings = DEFAULT,
) -> Explanation:
    """Validate, and tell everything that was tried; the arguments are those of `trust.validate`."""
    recorder = _Recorder()
    verdict: Trusted | PathRejected
    try:
        verdict = validate(
            certificate, anchors=anchors, pool=pool, crls=crls, ocsp=ocsp, at=at, settings=settings, observe=recorder
        )
    except PathRejected as refusal:
        verdict = refusal
    return Explanation(certificate, at, verdict, tuple(recorder.tried), recorder.count)
