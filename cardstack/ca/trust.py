"""The one place where a certificate becomes `Trusted`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from cardstack.ca import anchoring, baseline, purposes, tables
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.extensions import ANY_POLICY, Subtrees
from cardstack.ca.names import GeneralName
from cardstack.ca.ocsp import OcspResponse
from cardstack.ca.path import Attempt, Exhausted, Pool, Reach, Search
from cardstack.ca.policy import ROOT, acceptable
from cardstack.ca.purposes import Purpose
from cardstack.ca.rules import UNLIMITED, State
from cardstack.ca.standing import Crls, Finding, Holder, Inquiry, standing
from cardstack.ca.tables import Breach
from cardstack.errors import Malformed, Untrusted
from cardstack.text import Text


class Revocation(StrEnum):
    """How much must be known about revocation."""

    REQUIRE = "require"
    """Every certificate below the anchor is proved not to be revoked."""
    SOFT = "soft"
    """A certificate known to be revoked is refused; where nothing is known it passes."""
    OFF = "off"


@dataclass(frozen=True)
class Anchor:
    """Whom a relying party trusts by itself, and how far.

    The constraints in the anchor's own certificate hold too (RFC 5937 §3.2) unless `own` is False.
    """

    certificate: Certificate
    constraints: tuple[Subtrees, ...] = ()
    path_length: int | None = None
    policies: frozenset[str] | None = None
    """The policies, in the relying party's domain, for which this anchor is trusted; None is all."""
    own: bool = True


@dataclass(frozen=True)
class Settings:
    """What a relying party asks of a path (RFC 5280 §6.1.1), of revocation, and of the certificate itself."""

    policies: frozenset[str] = frozenset({ANY_POLICY})
    explicit_policy: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False
    max_depth: int | None = None
    """How many authorities that are not self-issued may stand between anchor and certificate."""
    purpose: Purpose | None = None
    names: tuple[GeneralName, ...] = ()
    revocation: Revocation = Revocation.REQUIRE
    edges: Mapping[str, Revocation] = field(default_factory=lambda: MappingProxyType({}))
    """Another revocation policy for single certificates, by fingerprint: an edge of the trust graph is one."""
    levels: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """The assurance level that the relying party gives to each of its policies."""
    minimum_level: int = 0
    conforming: bool | None = None
    """Whether rules that bind issuers are enforced; None: where a purpose or a name is asked for.

    What the CA/Browser Forum adds is enforced where a TLS server or an e-mail certificate is asked for by purpose and name.
    """
    budget: int = 10_000
    """The work of one validation at most: a step of the search is 1, a signature not yet remembered 8, 64 names compared 1."""
    pool_max: int = 20_000

    @property
    def asked(self) -> frozenset[str]:
        """The policies that are good enough."""
        if self.minimum_level <= 0:
            return self.policies
        enough = frozenset(policy for policy, level in self.levels.items() if level >= self.minimum_level)
        return enough if ANY_POLICY in self.policies else enough & self.policies


DEFAULT = Settings()
NESTED_MAX = 4
"""How many CRL signers may each need the CRL of the next."""
Observer: TypeAlias = Callable[[Attempt, Mapping[str, list[Finding]]], None]


@dataclass(frozen=True)
class Trusted:
    """A certificate that a path has vouched for at a moment. Only `validate` makes one."""

    path: tuple[Certificate, ...]
    """From the anchor's certificate down."""
    policies: frozenset[str]
    """The policies of the relying party under which it is accepted; anyPolicy where none restricts it."""
    at: datetime
    anchor: Anchor
    level: int = 0
    """The highest assurance level among these policies, 0 where levels were not given."""

    @property
    def certificate(self) -> Certificate:
        """The certificate that is trusted."""
        return self.path[-1]


class PathRejected(Untrusted):
    """The first rule broken by the path that came furthest."""

    def __init__(self, rule: str, certificate: Certificate | None, detail: str | Text = "") -> None:
        known = tables.RULES[rule]
        self.rule, self.clause, self.certificate = rule, known.clause, certificate
        # An authority is named; a holder may be a person, and errors end up in logs.
        whose = "" if certificate is None else f"certificate {certificate.fingerprint[:16]}"
        subject = str(certificate.subject) if certificate is not None and certificate.is_ca else whose
        facts = {"rule": rule, "clause": known.clause, "certificate": certificate.fingerprint if certificate else None}
        what = Text(detail, detail) if isinstance(detail, str) else detail
        en, zh = ("; ".join(filter(None, (subject, said, known.clause))) for said in what)
        super().__init__(Text(en, zh), known.problem, **facts)


def validate(
    certificate: Certificate,
    *,
    anchors: Iterable[Anchor],
    pool: Pool | Iterable[Certificate] = (),
    crls: Crls | Iterable[Crl] = (),
    ocsp: Iterable[OcspResponse] = (),
    at: datetime,
    settings: Settings = DEFAULT,
    observe: Observer | None = None,
) -> Trusted:
    """The proof that a path leads from an anchor to the certificate under these settings, or `PathRejected`.

    `at` is aware; fractions of a second, which certificates do not have, are left off. `pool` and `crls` may hold anything;
    give a `Pool` and `Crls` where they serve many validations. A certificate that is an anchor needs no path.
    `observe` is told of every path tried, with what was found about revocation by fingerprint.
    """
    if at.tzinfo is None:
        raise Malformed(Text("the moment of a validation has a time zone", "验证时间应带时区"), field="at")
    task = _Task(
        at=at.replace(microsecond=0),
        pool=pool if isinstance(pool, Pool) else Pool(pool),
        crls=crls if isinstance(crls, Crls) else Crls(crls),
        ocsp=tuple(ocsp),
        settings=settings,
        left=settings.budget,
        observe=observe,
    )
    return task.validate(certificate, tuple(anchors))


@dataclass
class _Task:
    """One validation: what it was given, what it has spent, and which CRL signers it is in the middle of checking."""

    at: datetime
    pool: Pool
    crls: Crls
    ocsp: tuple[OcspResponse, ...]
    settings: Settings
    left: int
    observe: Observer | None
    signers: dict[tuple[str, bytes], bool] = field(default_factory=dict)
    nested: int = 0

    def validate(self, certificate: Certificate, anchors: tuple[Anchor, ...]) -> Trusted:
        reach = Reach.of(certificate, self.pool, self.settings.pool_max)
        worst: tuple[tuple[int, int], Breach, Certificate] | None = None
        for anchor in anchors:
            bench = _Bench(self, anchor, self.settings)
            if anchor.certificate == certificate and not _explicit(anchor, self.settings):
                return self._itself(anchor, bench)
            if anchor.certificate.subject not in reach.below:
                continue
            search = Search(reach, bench, self._watch(bench))
            try:
                found = self._from(anchor, search, bench, self.settings)
            except Exhausted:
                raise PathRejected(tables.BUDGET, certificate) from None
            if found is not None:
                return self._trusted(found, anchor, bench)
            if search.worst is not None and (worst is None or search.worst[0] > worst[0]):
                worst = search.worst
        if worst is None:
            raise PathRejected(tables.CHAINING, max(reach.distance, key=reach.distance.__getitem__))
        raise PathRejected(worst[1][0], worst[2], worst[1][1])

    def _itself(self, anchor: Anchor, bench: "_Bench") -> Trusted:
        """The certificate is an anchor: there is no path to check, so only itself is looked at."""
        start = replace(_start(anchor, self.settings), constraints=anchor.constraints)
        breach = anchoring.problem_of_itself(anchor.certificate, start, bench)
        if self.observe:
            self.observe(Attempt(start, anchor.certificate, breach), bench.findings)
        if breach is not None:
            raise PathRejected(breach[0], anchor.certificate, breach[1])
        return self._trusted(start, anchor, bench)

    def _from(self, anchor: Anchor, search: Search, bench: "_Bench", settings: Settings) -> State | None:
        start = _start(anchor, settings)
        breach = anchoring.problem(anchor.certificate, bench, own=anchor.own)
        if breach is not None:
            search.refuse(start, anchor.certificate, breach)
            return None
        return search.run(start)

    def _watch(self, bench: "_Bench") -> Callable[[Attempt], None] | None:
        observe = self.observe
        if observe is None:
            return None

        return lambda attempt: observe(attempt, bench.findings)

    def _trusted(self, state: State, anchor: Anchor, bench: "_Bench") -> Trusted:
        policies = acceptable(state.levels[-1], bench.policies)
        level = max((self.settings.levels.get(policy, 0) for policy in policies), default=0)
        return Trusted(state.path, policies, self.at, anchor, level)

    def vouch(self, signer: Certificate, anchor: Anchor) -> bool:
        """Whether a CRL signer's own path leads to the same anchor.

        A signer whose check is under way counts as vouched for while it lasts: a CRL may speak about its own signer
        (PKITS 4.14.30), and every other rule is asked of that signer all the same.
        """
        question = (signer.fingerprint, anchor.certificate.spki)
        if question not in self.signers:
            if self.nested >= NESTED_MAX:
                return False
            before = frozenset(self.signers)
            self.signers[question] = True
            self.nested += 1
            # Policies, names, depth and purpose are asked of the certificate, not of who signs its CRL (§6.3.3 (f)).
            settings = Settings(revocation=self.settings.revocation, edges=self.settings.edges)
            plain = replace(anchor, policies=None)
            reach = Reach.of(signer, self.pool, self.settings.pool_max)
            bench = _Bench(self, plain, settings)
            search = Search(reach, bench)
            vouched = self._from(plain, search, bench, settings) is not None
            self.nested -= 1
            if not vouched:
                # What was found meanwhile may have relied on this signer.
                self.signers = {asked: known for asked, known in self.signers.items() if asked in before}
            self.signers[question] = vouched
        return self.signers[question]


class _Bench:
    """What the rules ask one search: its arguments, its budget, and the standing of a certificate."""

    def __init__(self, task: _Task, anchor: Anchor, settings: Settings) -> None:
        self.at = task.at
        self.policies = _limited(settings.asked, anchor.policies)
        self.purpose, self.names = settings.purpose, settings.names
        asked_for = bool(settings.names) or settings.purpose is not None
        self.conforming = asked_for if settings.conforming is None else settings.conforming
        self.baseline = baseline.asked(settings.purpose, settings.names) if self.conforming else None
        self.findings: dict[str, list[Finding]] = {}
        self._task, self._anchor, self._settings = task, anchor, settings

    def spend(self, amount: int) -> None:
        self._task.left -= amount
        if self._task.left < 0:
            raise Exhausted

    def standing(self, certificate: Certificate, holders: tuple[Holder, ...]) -> Breach | None:
        settings = self._settings
        mode = settings.edges.get(certificate.fingerprint, settings.revocation) if settings.edges else settings.revocation
        if mode is Revocation.OFF or certificate == self._anchor.certificate:
            return None
        task = self._task
        inquiry = Inquiry(
            at=self.at,
            crls=task.crls,
            ocsp=task.ocsp,
            signers=task.pool.named,
            vouch=self._vouch,
            spend=self.spend,
            conforming=self.conforming,
            baseline=self.baseline,
            findings=self.findings.setdefault(certificate.fingerprint, []) if task.observe else None,
        )
        breach = standing(certificate, holders, inquiry)
        return None if mode is Revocation.SOFT and breach is not None and breach[0] != tables.REVOKED else breach

    def _vouch(self, signer: Certificate) -> bool:
        return self._task.vouch(signer, self._anchor)


def _limited(asked: frozenset[str], allowed: frozenset[str] | None) -> frozenset[str]:
    """The policies asked for, as far as an anchor is trusted for them."""
    if allowed is None or ANY_POLICY in allowed:
        return asked
    return allowed if ANY_POLICY in asked else asked & allowed


def _explicit(anchor: Anchor, settings: Settings) -> bool:
    """Whether a policy has to hold from the beginning."""
    return settings.explicit_policy or settings.minimum_level > 0 or anchor.policies is not None


def _start(anchor: Anchor, settings: Settings) -> State:
    """§6.1.2, with the anchor's constraints as RFC 5937 §3.2 merges them."""
    certificate = anchor.certificate
    own = anchor.own
    asked = certificate.policy_constraints if own else None
    basic = certificate.basic_constraints if own else None
    lengths = (settings.max_depth, anchor.path_length, basic.path_length if basic else None)
    explicit = _explicit(anchor, settings)
    own_names = (certificate.name_constraints,) if own and certificate.name_constraints else ()
    return State(
        path=(certificate,),
        holders=(Holder(certificate.subject, certificate.spki, certificate),),
        visited=frozenset({certificate.entity}),
        levels=(ROOT,),
        explicit_policy=_first(0 if explicit else None, asked.require_explicit if asked else None),
        policy_mapping=_first(0 if settings.inhibit_mapping else None, asked.inhibit_mapping if asked else None),
        inhibit_any=_first(0 if settings.inhibit_any else None, certificate.inhibit_any if own else None),
        max_path_length=_first(*lengths),
        constraints=(*anchor.constraints, *own_names),
        uses=purposes.narrowed(None, certificate) if own else None,
    )


def _first(*limits: int | None) -> int:
    """The lowest of the limits that there are."""
    return min((limit for limit in limits if limit is not None), default=UNLIMITED)
