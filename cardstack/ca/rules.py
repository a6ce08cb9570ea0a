"""The rules of path validation, RFC 5280 §6.1: one function each, in the order of the RFC.

A rule looks at one `Step` and answers None, or which rule of `tables.RULES` is broken and by what. Two things are
dear, signatures and revocation; both are asked of the step's `Bench`, which remembers and counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from cardstack.ca import baseline, conformity, constraints, policy, purposes, signatures, tables
from cardstack.ca.baseline import Baseline
from cardstack.ca.certificate import Certificate
from cardstack.ca.extensions import ANY_POLICY, KEY_CERT_SIGN, Subtrees
from cardstack.ca.matching import is_expected
from cardstack.ca.names import GeneralName, Name
from cardstack.ca.policy import Level
from cardstack.ca.purposes import Purpose
from cardstack.ca.signatures import Verdict
from cardstack.ca.standing import Holder
from cardstack.ca.tables import Breach
from cardstack.text import Text

UNLIMITED = 1 << 30


@dataclass(slots=True)
class State:
    """What a path has established so far: the variables of RFC 5280 §6.1.2 and the certificates behind them."""

    path: tuple[Certificate, ...]
    holders: tuple[Holder, ...]
    visited: frozenset[tuple[Name, bytes]]
    """The entities of the path, by name and key; none is passed twice (RFC 4158 §2.4.2)."""
    levels: tuple[Level, ...]
    """The policy graph; an empty last level is the NULL tree of RFC 5280."""
    explicit_policy: int
    policy_mapping: int
    inhibit_any: int
    max_path_length: int
    constraints: tuple[Subtrees, ...]
    uses: frozenset[str] | None = None
    """The purposes that every authority so far allows; None where none of them lists any."""

    @property
    def working(self) -> Holder:
        """The issuer of the next certificate: its name and its key."""
        return self.holders[-1]


class Bench(Protocol):
    """What rules ask about that lies outside the certificate and its path."""

    at: datetime
    policies: frozenset[str]
    purpose: Purpose | None
    names: tuple[GeneralName, ...]
    conforming: bool
    baseline: Baseline | None

    def spend(self, amount: int) -> None:
        """Count work against the budget."""
        ...

    def standing(self, certificate: Certificate, holders: tuple[Holder, ...]) -> Breach | None:
        """Why a certificate does not stand, by the revocation policy in force."""
        ...


@dataclass(slots=True)
class Step:
    """One certificate of the path, what the path has established before it, and whether it is the last."""

    certificate: Certificate
    state: State
    bench: Bench
    last: bool
    level: Level


Check: TypeAlias = Callable[[Step], Breach | None]


def names_its_issuer(step: Step) -> Breach | None:
    """§6.1.3 (a)(4)."""
    return None if step.certificate.issuer == step.state.working.name else (tables.CHAINING, "")


def is_signed(step: Step) -> Breach | None:
    """§6.1.3 (a)(1)."""
    certificate, key = step.certificate, step.state.working.spki
    step.bench.spend(signatures.price(certificate.fingerprint, key))
    verdict = signatures.verdict(
        certificate.fingerprint, key, certificate.outer_algorithm, certificate.signature, certificate.tbs
    )
    if verdict is Verdict.GOOD:
        return None
    return (tables.BAD_SIGNATURE if verdict is Verdict.BAD else tables.UNKNOWN_ALGORITHM), ""


def _moment(en: str, zh: str, at: datetime) -> Text:
    shown = f"{at:%Y-%m-%d %H:%M:%S}Z"
    return Text(f"{en} {shown}", f"{zh} {shown}")


def is_in_time(step: Step) -> Breach | None:
    """§6.1.3 (a)(2): both ends belong to the validity."""
    if step.bench.at < step.certificate.valid_from:
        return tables.NOT_YET_VALID, _moment("from", "自", step.certificate.valid_from)
    if step.bench.at > step.certificate.valid_until:
        return tables.EXPIRED, _moment("until", "至", step.certificate.valid_until)
    return None


def is_well_formed(step: Step) -> Breach | None:
    """§4.1, §4.2: what no validator may overlook."""
    return conformity.always(step.certificate)


def conforms(step: Step) -> Breach | None:
    """§4.1, §4.2: what binds issuers, where a purpose or a name is asked for."""
    if not step.bench.conforming:
        return None
    return conformity.profile(step.certificate) or (conformity.loose_constraints(step.certificate) if binds(step.bench) else None)


def binds(bench: Bench) -> bool:
    """Whether constraints have to be critical: TLS BR §7.1.2.10.8 excepts its own from §4.2.1.10."""
    return bench.baseline is not baseline.TLS


def meets_the_baseline(step: Step) -> Breach | None:
    """What public TLS servers' and e-mail certificates are held to, where one of them is asked for."""
    if step.bench.baseline is None:
        return None
    look = baseline.of_the_last if step.last else baseline.of_an_authority
    found = look(step.bench.baseline, step.certificate)
    return (tables.BASELINE, step.bench.baseline.says(found)) if found else None


def keeps_to_constraints(step: Step) -> Breach | None:
    """§6.1.3 (b), (c): not asked of self-issued certificates on the way."""
    if not step.state.constraints or (step.certificate.self_issued and not step.last):
        return None
    step.bench.spend(constraints.work(step.certificate, step.state.constraints) // constraints.COMPARED)
    return constraints.broken(step.certificate, step.state.constraints)


def has_a_policy(step: Step) -> Breach | None:
    """§6.1.3 (f)."""
    return None if step.level or step.state.explicit_policy > 0 else (tables.POLICY, "")


def maps_no_any_policy(step: Step) -> Breach | None:
    """§6.1.4 (a)."""
    if any(ANY_POLICY in pair for pair in step.certificate.mappings):
        return tables.MAPPING, ""
    return None


def is_an_authority(step: Step) -> Breach | None:
    """§6.1.4 (k)."""
    if step.certificate.is_ca:
        return None
    absent = step.certificate.basic_constraints is None
    return tables.NOT_CA, Text("basicConstraints is absent", "没有 basicConstraints") if absent else Text(
        "cA is false", "cA 为 false"
    )


def has_room(step: Step) -> Breach | None:
    """§6.1.4 (l): a self-issued certificate does not count."""
    return None if step.certificate.self_issued or step.state.max_path_length > 0 else (tables.PATH_LENGTH, "")


def may_sign_certificates(step: Step) -> Breach | None:
    """§6.1.4 (n)."""
    usage = step.certificate.key_usage
    return None if usage is None or KEY_CERT_SIGN in usage else (tables.ISSUER_USAGE, "")


def is_consistent(step: Step) -> Breach | None:
    """§4.2.1.3, §4.2.1.9: keyCertSign and a path length go with cA."""
    return conformity.usage(step.certificate)


def says_nothing_unknown(step: Step) -> Breach | None:
    """§6.1.4 (o), §6.1.5 (f)."""
    unknown = step.certificate.unknown_critical
    return (tables.UNKNOWN_CRITICAL, unknown[0]) if unknown else None


def serves_the_purpose(step: Step) -> Breach | None:
    """§4.2.1.12: where an authority lists purposes, those below it have no others."""
    purpose = step.bench.purpose
    if purpose is None:
        return None
    found = purposes.not_listed(step.certificate, purpose) or (purposes.unfit(step.certificate, purpose) if step.last else None)
    return (tables.PURPOSE, found) if found else None


def shares_a_purpose(step: Step) -> Breach | None:
    """§4.2.1.12: what the lists of purposes along the path leave over; nothing at all is for no use."""
    if not step.bench.conforming or purposes.narrowed(step.state.uses, step.certificate) != frozenset():
        return None
    return tables.PURPOSE, Text("no purpose is allowed all along the path", "路径上没有共同允许的用途")


def answers_to_names(step: Step) -> Breach | None:
    """RFC 9525 §6: every name that was asked for is among the alternative names."""
    for wanted in step.bench.names:
        if not any(is_expected(name, wanted) for name in step.certificate.alternative_names):
            return tables.NAME_MISMATCH, str(wanted)
    return None


def stands(step: Step) -> Breach | None:
    """§6.1.3 (a)(3)."""
    return step.bench.standing(step.certificate, step.state.holders)


EVERY: tuple[Check, ...] = (
    names_its_issuer,
    is_signed,
    is_in_time,
    is_well_formed,
    conforms,
    keeps_to_constraints,
    has_a_policy,
)
"""§6.1.3: asked of every certificate."""

PREPARE: tuple[Check, ...] = (
    maps_no_any_policy,
    may_sign_certificates,
    is_an_authority,
    has_room,
    is_consistent,
    says_nothing_unknown,
    serves_the_purpose,
    shares_a_purpose,
    meets_the_baseline,
    stands,
)
"""§6.1.4: asked of every certificate that signs the next; whether it stands comes last, being the dearest question."""

FINAL: tuple[Check, ...] = (
    says_nothing_unknown,
    is_consistent,
    serves_the_purpose,
    shares_a_purpose,
    meets_the_baseline,
    answers_to_names,
    stands,
)
"""§6.1.5: asked of the last."""


def take(certificate: Certificate, state: State, bench: Bench, *, last: bool) -> State | Breach:
    """The path one certificate longer, or the rule that forbids it."""
    step = Step(certificate, state, bench, last, _descend(certificate, state, bench, last=last))
    for check in EVERY + (FINAL if last else PREPARE):
        breach = check(step)
        if breach is not None:
            return breach
    after = _wrapped_up(step) if last else _prepared(step)
    if after.explicit_policy == 0 and not policy.acceptable(after.levels[-1], bench.policies):
        # §6.1.5 (g) at the end. On the way too: the graph only shrinks, so this path can never be accepted.
        return tables.POLICY, ""
    return after


def _descend(certificate: Certificate, state: State, bench: Bench, *, last: bool) -> Level:
    """§6.1.3 (d), (e)."""
    if certificate.policies is None or not state.levels[-1]:
        return {}
    any_allowed = state.inhibit_any > 0 or (certificate.self_issued and not last)
    level = policy.descend(state.levels[-1], certificate.policies, any_allowed=any_allowed)
    bench.spend(len(level) // constraints.COMPARED)
    return level


def _less(counter: int, limit: int | None = None) -> int:
    return counter if limit is None else min(counter, limit)


def _prepared(step: Step) -> State:
    """§6.1.4 (b) to (m): the state that the next certificate meets."""
    certificate, state, level = step.certificate, step.state, step.level
    if certificate.mappings:
        level = policy.map_policies(level, state.levels[-1], certificate.mappings, allowed=state.policy_mapping > 0)
    passed = 0 if certificate.self_issued else 1
    asked = certificate.policy_constraints
    basic = certificate.basic_constraints
    working = Holder(certificate.subject, signatures.working_key(certificate.spki, state.working.spki), certificate)
    return State(
        path=(*state.path, certificate),
        holders=(*state.holders, working),
        visited=state.visited | {certificate.entity},
        levels=(*state.levels, level),
        explicit_policy=_less(max(state.explicit_policy - passed, 0), asked.require_explicit if asked else None),
        policy_mapping=_less(max(state.policy_mapping - passed, 0), asked.inhibit_mapping if asked else None),
        inhibit_any=_less(max(state.inhibit_any - passed, 0), certificate.inhibit_any),
        max_path_length=_less(state.max_path_length - passed, basic.path_length if basic else None),
        constraints=(*state.constraints, certificate.name_constraints) if certificate.name_constraints else state.constraints,
        uses=purposes.narrowed(state.uses, certificate),
    )


def _wrapped_up(step: Step) -> State:
    """§6.1.5 (a), (b)."""
    certificate, state = step.certificate, step.state
    asked = certificate.policy_constraints
    explicit = max(state.explicit_policy - 1, 0)
    return State(
        path=(*state.path, certificate),
        holders=state.holders,
        visited=state.visited,
        levels=(*state.levels, step.level),
        explicit_policy=0 if asked and asked.require_explicit == 0 else explicit,
        policy_mapping=state.policy_mapping,
        inhibit_any=state.inhibit_any,
        max_path_length=state.max_path_length,
        constraints=state.constraints,
    )
