"""From agreements to cross certificates: what is implied, what is issued, and the difference."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from cardstack.ca import fields
from cardstack.ca.agreement import CHINA, Agreement, Level, Member
from cardstack.ca.certificate import Certificate
from cardstack.ca.issue import Authority, Wish, issue
from cardstack.ca.profile import PURPOSES, profile
from cardstack.crypto import local
from cardstack.errors import Refused, problem
from cardstack.text import Text

THROUGH_BRIDGE = problem(
    "CS-2211",
    Text(
        "The bridge {bridge} cannot tell these agreements of {by} apart: {agreements}",
        "桥 {bridge} 无法区分 {by} 的协议：{agreements}",
    ),
    Text(
        "Give them the same levels and purposes, or certify one of the parties directly (leave out `via`).",
        "请统一其等级与用途，或对其中一方直接签发交叉证书（去掉 via）。",
    ),
)
UNKNOWN_MEMBER = problem(
    "CS-2212",
    Text("The agreement {agreement} names {member}, which lacks what it needs", "协议 {agreement} 涉及的 {member} 缺少所需资料"),
    Text("Enter the member with its policies and its names.", "请登记该成员的策略与名称空间。"),
)
RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Cross:
    """One cross certificate that agreements imply: all that stands in it but key material and dates of issue."""

    issuer: str
    subject: str
    mappings: tuple[tuple[str, str], ...]
    """Policy of the issuer's domain, policy of the subject's that counts as it."""
    permitted: tuple[bytes, ...]
    domains: tuple[str, ...]
    excluded: tuple[bytes, ...]
    path_length: int
    mapping_after: int
    """After how many more certificates no policy is mapped any more: 1 towards a bridge, else 0."""
    purposes: tuple[str, ...]
    until: date
    agreements: tuple[str, ...]

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(ours for ours, _ in self.mappings))

    @property
    def end(self) -> datetime:
        """The end of the last day, in China."""
        return datetime.combine(self.until, time(23, 59, 59), CHINA).astimezone(UTC)


def implied(agreements: Iterable[Agreement], members: Mapping[str, Member], at: datetime) -> tuple[Cross, ...]:
    """The cross certificates that the agreements in force ask for, each pair of issuer and subject once.

    Through a bridge several agreements share a certificate. Where that would recognise more than one of them says, it
    is `Refused` (CS-2211): a bridge passes levels and purposes on, not the reasons for them.
    """
    direct: list[Cross] = []
    towards: dict[tuple[str, str], list[Agreement]] = defaultdict(list)
    onwards: dict[tuple[str, str], list[Agreement]] = defaultdict(list)
    for agreement in agreements:
        if not agreement.in_force(at):
            continue
        _known(agreement, members)
        if agreement.via is None:
            direct.append(_direct(agreement, members))
        else:
            towards[agreement.by, agreement.via].append(agreement)
            onwards[agreement.via, agreement.of].append(agreement)
    for (by, bridge), group in towards.items():
        _tell_apart(by, bridge, group)
    made = [
        *direct,
        *(_towards(members[by], members[bridge], group, members) for (by, bridge), group in towards.items()),
        *(_onwards(members[bridge], members[of], group) for (bridge, of), group in onwards.items()),
    ]
    return tuple(sorted(made, key=lambda one: (one.issuer, one.subject)))


def _known(agreement: Agreement, members: Mapping[str, Member]) -> None:
    """Every party is there, with the policies and names that the certificates will say."""
    needs = {agreement.by: {ours for _, ours in agreement.levels}, agreement.of: {theirs for theirs, _ in agreement.levels}}
    if agreement.via is not None:
        needs[agreement.via] = needs[agreement.of]
    for id_, levels in needs.items():
        member = members.get(id_)
        if member is None or not levels <= set(member.policies) or (id_ == agreement.of and not member.namespace):
            raise Refused(problem=UNKNOWN_MEMBER, agreement=agreement.id, member=id_)


def _tell_apart(by: str, bridge: str, group: Sequence[Agreement]) -> None:
    first = group[0]
    if any(set(one.levels) != set(first.levels) or set(one.purposes) != set(first.purposes) for one in group):
        names = ", ".join(one.id for one in group)
        raise Refused(problem=THROUGH_BRIDGE, bridge=bridge, by=by, agreements=names)


def _direct(agreement: Agreement, members: Mapping[str, Member]) -> Cross:
    by, of = members[agreement.by], members[agreement.of]
    return Cross(
        by.id,
        of.id,
        tuple((by.policies[ours], of.policies[theirs]) for theirs, ours in agreement.levels),
        permitted=of.namespace,
        domains=of.domains,
        excluded=agreement.excluded,
        path_length=agreement.path_length,
        mapping_after=0,
        purposes=agreement.purposes,
        until=agreement.until,
        agreements=(agreement.id,),
    )


def _towards(by: Member, bridge: Member, group: Sequence[Agreement], members: Mapping[str, Member]) -> Cross:
    """From a province to the bridge: the names are those of every province that it recognises through it."""
    ends = [members[one.of] for one in group]
    return Cross(
        by.id,
        bridge.id,
        tuple((by.policies[ours], bridge.policies[theirs]) for theirs, ours in group[0].levels),
        permitted=tuple(name for end in ends for name in end.namespace),
        domains=tuple(domain for end in ends for domain in end.domains),
        excluded=tuple(dict.fromkeys(name for one in group for name in one.excluded)),
        path_length=1 + max(one.path_length for one in group),
        mapping_after=1,
        purposes=group[0].purposes,
        until=min(one.until for one in group),
        agreements=tuple(one.id for one in group),
    )


def _onwards(bridge: Member, of: Member, group: Sequence[Agreement]) -> Cross:
    """From the bridge to a province: the same level on both sides, whoever relies on it."""
    levels = [level for level in Level if any(one.equivalent(level) for one in group)]
    return Cross(
        bridge.id,
        of.id,
        tuple((bridge.policies[level], of.policies[level]) for level in levels),
        permitted=of.namespace,
        domains=of.domains,
        excluded=(),
        path_length=max(one.path_length for one in group),
        mapping_after=0,
        purposes=(),
        until=max(one.until for one in group),
        agreements=tuple(one.id for one in group),
    )


def extensions(cross: Cross) -> tuple[fields.Extension, ...]:
    """What a cross certificate says beside the fields of its profile."""
    made = [
        fields.policy_mappings(cross.mappings),
        fields.policy_constraints(explicit=0, no_mapping=cross.mapping_after),
        fields.inhibit_any_policy(0),
        names(cross.permitted, cross.domains, cross.excluded),
    ]
    if cross.purposes:
        # Status and CRLs of the other side stay checkable, whatever the purposes.
        named = dict.fromkeys((*cross.purposes, "ocsp-signing"))
        made.append(fields.extended_key_usage([PURPOSES[name] for name in named]))
    return tuple(made)


def names(permitted: Iterable[bytes], domains: Iterable[str], excluded: Iterable[bytes]) -> fields.Extension:
    """The names that count across: whoever declares no domains may give out no host names, and addresses never count."""
    hosts = [fields.dns(domain) for domain in domains]
    nowhere = [fields.address(network, network=True) for network in ("0.0.0.0/0", "::/0")]
    none = [*map(fields.directory, excluded), *([] if hosts else [fields.dns("")]), *nowhere]
    return fields.name_constraints([*map(fields.directory, permitted), *hosts], none)


def certify(cross: Cross, *, issuer: Authority, subject: Member, at: datetime, serial: int) -> Certificate:
    """The cross certificate, signed by the issuer's key over the subject's name and key."""
    kind = profile("cross")
    longest = at + timedelta(days=kind.days_max)
    wish = Wish(
        policies=cross.policies,
        path_length=cross.path_length,
        extensions=extensions(cross),
        subject_key=subject.subject_key,
    )
    return issue(
        kind,
        subject=subject.subject,
        public=local.public_key(subject.spki),
        issuer=issuer,
        at=at,
        serial=serial,
        until=min(cross.end, longest, *([issuer.certificate.valid_until] if issuer.certificate else [])),
        wish=wish,
    )


class Move(StrEnum):
    """What has to happen with a cross certificate."""

    ISSUE = "issue"
    REPLACE = "replace"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan."""

    move: Move
    issuer: str
    subject: str
    why: Text
    cross: Cross | None = None
    certificate: Certificate | None = None


def plan(
    wanted: Sequence[Cross], issued: Sequence[tuple[str, Certificate]], members: Mapping[str, Member], at: datetime
) -> tuple[Change, ...]:
    """The difference between what agreements imply and the cross certificates in use (issuer's id, certificate).

    `issued` holds those that are neither revoked nor expired. A certificate that says something else than agreed, or
    that ends within 30 days while its agreement does not, is replaced; one that no agreement asks for is revoked.
    """
    holders = {(member.subject, member.spki): member.id for member in members.values()}
    in_use: dict[tuple[str, str], list[Certificate]] = defaultdict(list)
    for issuer, certificate in issued:
        in_use[issuer, holders.get((certificate.subject.raw, certificate.spki), certificate.subject.text)].append(certificate)
    changes: list[Change] = []
    for cross in wanted:
        found = in_use.pop((cross.issuer, cross.subject), [])
        changes += _changes(cross, found, at)
    for (issuer, subject), orphans in in_use.items():
        why = Text("no agreement in force asks for it", "没有生效的协议要求该证书")
        changes += [Change(Move.REVOKE, issuer, subject, why, certificate=one) for one in orphans]
    return tuple(changes)


def _changes(cross: Cross, found: Sequence[Certificate], at: datetime) -> list[Change]:
    right = [one for one in found if not differences(cross, one, at)]
    wrong = [one for one in found if one not in right]
    if not found:
        why = Text(f"agreed in {', '.join(cross.agreements)}", f"协议 {'、'.join(cross.agreements)} 要求")
        return [Change(Move.ISSUE, cross.issuer, cross.subject, why, cross=cross)]
    changes = []
    for place, one in enumerate(wrong):
        faults = differences(cross, one, at)
        why = Text("; ".join(fault.en for fault in faults), "；".join(fault.zh for fault in faults))
        move = Move.REVOKE if right or place else Move.REPLACE
        changes.append(Change(move, cross.issuer, cross.subject, why, cross=cross, certificate=one))
    return changes


def differences(cross: Cross, certificate: Certificate, at: datetime) -> tuple[Text, ...]:
    """In what a certificate is not the one that the agreements imply."""
    wanted = {one.oid: one for one in extensions(cross)}
    purposes = wanted.pop("2.5.29.37", None)
    basic = certificate.basic_constraints
    ends_soon = certificate.valid_until < min(at + RENEW_BEFORE, cross.end)
    faults = {
        Text("policies or their mapping differ", "策略或策略映射不同"): set(certificate.mappings) != set(cross.mappings),
        Text("other constraints than agreed", "约束与协议不符"): not all(
            one.encode() in certificate.tbs for one in wanted.values()
        ),
        Text("other purposes than agreed", "用途与协议不符"): (
            certificate.extended_key_usage is not None if purposes is None else purposes.encode() not in certificate.tbs
        ),
        Text("another path length", "路径长度不同"): basic is None or basic.path_length != cross.path_length,
        Text("it outlives its agreement", "有效期超出协议"): certificate.valid_until > cross.end,
        Text("it ends within 30 days", "将在 30 天内到期"): ends_soon,
    }
    return tuple(fault for fault, found in faults.items() if found)
