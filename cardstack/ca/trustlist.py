"""Trust lists: what a province signs and publishes of whom it recognises, with sequence number, end and history.

The model is ETSI TS 119 612: services with status and history, a sequence number, a next update, and pivots by which
the list's own signing key changes. A reader never goes back: an older list, a stale one and one without anchors are
errors, for a list that silently yields nobody has taken whole systems down.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cardstack.ca import extensions
from cardstack.ca.agreement import Agreement, Level, Member, Status
from cardstack.ca.certificate import Certificate
from cardstack.ca.cross import names
from cardstack.ca.profile import PURPOSES
from cardstack.ca.purposes import SIGNING, Purpose
from cardstack.ca.trust import Anchor, Revocation, Settings, validate
from cardstack.crypto.keys import Signer
from cardstack.crypto.suite import digest
from cardstack.errors import Malformed, Untrusted, oversized, problem
from cardstack.text import Text

NOT_A_LIST = problem(
    "CS-2270",
    Text("This is not a trust list", "这不是信任列表"),
    Text("Fetch it again from where its province publishes it.", "请从该省发布地址重新获取。"),
)
FALSE_LIST = problem(
    "CS-2271",
    Text("The trust list is not signed by whom it should be", "信任列表签名者不符"),
    Text(
        "Keep the list that is in use; ask the province for its pivot if its key has changed.",
        "请继续使用现有列表；如对方已更换密钥，请索取枢纽（pivot）列表。",
    ),
)
ROLLED_BACK = problem(
    "CS-2272",
    Text(
        "The trust list is older than the one in use: {sequence} after {last}", "信任列表比现用列表旧：{last} 之后收到 {sequence}"
    ),
    Text("Keep the list that is in use and find out who sent the old one.", "请继续使用现有列表，并查明旧列表来源。"),
)
STALE = problem(
    "CS-2273",
    Text("The trust list ran out at {next_update}", "信任列表已于 {next_update} 过期"),
    Text("Fetch the next one; until then nothing new is recognised.", "请获取新列表；在此之前不再新增认可。"),
)
NO_ANCHORS = problem(
    "CS-2274",
    Text("The trust list recognises nobody", "信任列表未认可任何机构"),
    Text("Keep the list that is in use and ask the province; this is hardly meant.", "请继续使用现有列表并向对方核实。"),
)
SIGNER = Purpose("trust-list", PURPOSES["trust-list"], SIGNING, use_required=True)
FORMAT = "cardstack-trust-list/1"
SIZE_MAX = 4 << 20


@dataclass(frozen=True, slots=True)
class Service:
    """One authority on a list: its certificate, where it stands and stood, and what its levels count as."""

    id: str
    title: Text
    certificate: bytes
    status: Status
    history: tuple[tuple[date, Status, str], ...]
    """From when, which status, by which paper; rising."""
    levels: tuple[tuple[Level, Level], ...]
    policies: tuple[tuple[str, str], ...]
    """The same as policies: theirs, ours."""
    purposes: tuple[str, ...] = ()
    agreement: str = ""
    names: bytes = b""
    """The names that count, as the NameConstraints of a cross certificate would say it, DER; lists of before had none."""
    path_length: int | None = None

    def status_at(self, day: date) -> Status:
        """Where it stood on a day, for signatures made then."""
        held = [status for since, status, _ in self.history if since <= day]
        return held[-1] if held else Status.PROPOSED

    def anchor(self) -> Anchor:
        """The authority as an anchor: for the policies, names and depth that are recognised, and no further."""
        return Anchor(
            Certificate.parse(self.certificate),
            constraints=(extensions.name_constraints(self.names),) if self.names else (),
            path_length=self.path_length,
            policies=frozenset(theirs for theirs, _ in self.policies),
        )

    def admits(self, certificate: Certificate) -> bool:
        """Whether what a certificate is for is among the purposes that are recognised."""
        usages = certificate.extended_key_usage
        return not self.purposes or (usages is not None and any(PURPOSES[name] in usages for name in self.purposes))

    def as_data(self) -> dict[str, Any]:
        limits = {"names": base64.b64encode(self.names).decode(), "path_length": self.path_length} if self.names else {}
        return limits | {
            "id": self.id,
            "title": self.title._asdict(),
            "certificate": base64.b64encode(self.certificate).decode(),
            "status": self.status,
            "history": [{"since": str(since), "status": status, "reference": paper} for since, status, paper in self.history],
            "levels": [{"theirs": theirs, "ours": ours} for theirs, ours in self.levels],
            "policies": [{"theirs": theirs, "ours": ours} for theirs, ours in self.policies],
            "purposes": list(self.purposes),
            "agreement": self.agreement,
        }

    @classmethod
    def of_data(cls, held: Mapping[str, Any]) -> "Service":
        return cls(
            id=str(held["id"]),
            title=Text(str(held["title"]["en"]), str(held["title"]["zh"])),
            certificate=base64.b64decode(held["certificate"], validate=True),
            status=Status(held["status"]),
            history=tuple(
                (date.fromisoformat(one["since"]), Status(one["status"]), str(one["reference"])) for one in held["history"]
            ),
            levels=tuple((Level(one["theirs"]), Level(one["ours"])) for one in held["levels"]),
            policies=tuple((str(one["theirs"]), str(one["ours"])) for one in held["policies"]),
            purposes=tuple(map(str, held["purposes"])),
            agreement=str(held["agreement"]),
            names=base64.b64decode(held.get("names", ""), validate=True),
            path_length=None if held.get("path_length") is None else int(held["path_length"]),
        )


@dataclass(frozen=True, slots=True)
class TrustList:
    """A list as it is signed."""

    issuer: str
    sequence: int
    issued_at: datetime
    next_update: datetime
    services: tuple[Service, ...]
    pivots: tuple[bytes, ...] = ()
    """Certificates whose keys may sign the lists after this one, beside its own signer's."""

    @property
    def anchors(self) -> tuple[Certificate, ...]:
        """The certificates of those that are recognised now."""
        return tuple(Certificate.parse(one.certificate) for one in self.services if one.status is Status.IN_FORCE)

    def content(self) -> bytes:
        """What is signed: JSON with sorted keys and no blanks."""
        return _canonical(
            {
                "format": FORMAT,
                "issuer": self.issuer,
                "sequence": self.sequence,
                "issued_at": self.issued_at.isoformat(),
                "next_update": self.next_update.isoformat(),
                "services": [one.as_data() for one in self.services],
                "pivots": [base64.b64encode(one).decode() for one in self.pivots],
            }
        )


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def services(
    by: str, agreements: Iterable[Agreement], members: Mapping[str, Member], certificates: Mapping[str, Certificate], day: date
) -> tuple[Service, ...]:
    """What a member's agreements say on a day, ended ones too, so that old signatures stay explained."""
    mine = members[by]
    made = []
    for one in agreements:
        if one.by != by or one.of not in members or one.of not in certificates:
            continue
        theirs = members[one.of]
        history = _history(one, day)
        made.append(
            Service(
                id=one.of,
                title=theirs.title,
                certificate=certificates[one.of].raw,
                status=history[-1][1] if history else one.status(day),
                history=history,
                levels=one.levels,
                policies=tuple((theirs.policies[their], mine.policies[our]) for their, our in one.levels),
                purposes=one.purposes,
                agreement=one.id,
                names=names(theirs.namespace, theirs.domains, one.excluded).value,
                path_length=one.path_length,
            )
        )
    return tuple(made)


def _history(one: Agreement, day: date) -> tuple[tuple[date, Status, str], ...]:
    """What counted from when until a day: nothing before the agreement's first day, nothing after its last."""
    told = [(max(event.since, one.since), one.status(event.since), event.reference) for event in one.history]
    told = [entry for entry in told if entry[0] <= min(day, one.until)]
    if told and day > one.until and told[-1][1] is not Status.ENDED:
        told.append((one.until + timedelta(days=1), Status.ENDED, told[-1][2]))
    return tuple(told)


def sign(one: TrustList, signer: Signer, certificate: Certificate) -> bytes:
    """The list with its signature and its signer's certificate, JSON."""
    content = one.content()
    held = {
        "signed": json.loads(content),
        "certificate": base64.b64encode(certificate.raw).decode(),
        "signature": base64.b64encode(signer.sign(content)).decode(),
    }
    return json.dumps(held, ensure_ascii=False, indent=1).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader remembers of the list in use."""

    sequence: int
    digest: str
    pivots: frozenset[str] = frozenset()
    """Fingerprints of the certificates that may sign the next one."""
    issuer: str = ""

    @classmethod
    def of(cls, one: TrustList, signer: Certificate | None = None) -> "Seen":
        allowed = {Certificate.parse(raw).fingerprint for raw in one.pivots} | ({signer.fingerprint} if signer else set())
        return cls(one.sequence, digest("sm3", one.content()).hex(), frozenset(allowed), one.issuer)


def accept(
    raw: bytes, *, anchors: Iterable[Certificate], at: datetime, last: Seen | None = None
) -> tuple[TrustList, Certificate]:
    """The list in `raw` and its signer's certificate, if every rule holds.

    The signer is certified for trust lists by one of `anchors`, or it was named as a pivot by the list in use. The list
    is not older than that one, not another one with its number, not past its next update, and recognises somebody.
    """
    one, certificate, signature = _parse(raw)
    _check_signer(certificate, anchors, at, last)
    try:
        certificate.public_key.verify(signature, one.content())
    except Untrusted:
        raise Untrusted(problem=FALSE_LIST) from None
    if last is not None and last.issuer not in {"", one.issuer}:
        raise Untrusted(Text("it is another province's list", "是另一省份的列表"), problem=FALSE_LIST)
    if last is not None and _goes_back(one, last):
        raise Untrusted(problem=ROLLED_BACK, sequence=one.sequence, last=last.sequence)
    trouble = readiness(one, at)
    if trouble is not None:
        raise trouble
    return one, certificate


def read(raw: bytes) -> TrustList:
    """What a list says, whoever signed it: for showing one's own; `Malformed` CS-2270 where it is none."""
    return _parse(raw)[0]


def readiness(one: TrustList | None, at: datetime) -> Untrusted | None:
    """What keeps a service that relies on this list from being ready; None where nothing does."""
    if one is None or not one.anchors:
        return Untrusted(problem=NO_ANCHORS)
    if not one.issued_at <= at <= one.next_update:
        return Untrusted(problem=STALE, next_update=one.next_update.isoformat())
    return None


def _goes_back(one: TrustList, last: Seen) -> bool:
    same = one.sequence == last.sequence and digest("sm3", one.content()).hex() == last.digest
    return one.sequence <= last.sequence and not same


def _check_signer(certificate: Certificate, anchors: Iterable[Certificate], at: datetime, last: Seen | None) -> None:
    """The signer is a pivot of the list in use, or certified for trust lists."""
    if last is None or certificate.fingerprint not in last.pivots:
        asked = Settings(revocation=Revocation.OFF, purpose=SIGNER)
        validate(certificate, anchors=[Anchor(anchor) for anchor in anchors], at=at, settings=asked)
    elif not certificate.valid_from <= at <= certificate.valid_until:
        raise Untrusted(Text("the pivot's certificate has run out", "枢纽证书已过期"), problem=FALSE_LIST)


def _parse(raw: bytes) -> tuple[TrustList, Certificate, bytes]:
    if len(raw) > SIZE_MAX:
        raise oversized("trust list", SIZE_MAX, len(raw), NOT_A_LIST)
    try:
        held = json.loads(raw)
        said = held["signed"]
        one = TrustList(
            issuer=str(said["issuer"]),
            sequence=int(said["sequence"]),
            issued_at=datetime.fromisoformat(said["issued_at"]),
            next_update=datetime.fromisoformat(said["next_update"]),
            services=tuple(map(Service.of_data, said["services"])),
            pivots=tuple(base64.b64decode(one, validate=True) for one in said["pivots"]),
        )
        signature = base64.b64decode(held["signature"], validate=True)
        certificate = Certificate.parse(base64.b64decode(held["certificate"], validate=True))
        whole = one.content() == _canonical(said) and one.issued_at.tzinfo is not None and one.next_update.tzinfo is not None
        certificates = [Certificate.parse(held) for held in one.pivots]
        certificates += [each.anchor().certificate for each in one.services]
        whole = whole and all(set(each.purposes) <= set(PURPOSES) for each in one.services)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise Malformed(getattr(error, "detail", ""), problem=NOT_A_LIST) from None
    if not whole or not all(certificates):
        raise Malformed(
            Text("what is signed does not survive reading and writing", "签名内容重新编码后不一致"), problem=NOT_A_LIST
        )
    return one, certificate, signature
