"""The authorities of one machine and the agreements between them: plan, two officers' approval, apply, trust lists."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cardstack.ca import agreed, officers
from cardstack.ca.agreement import CHINA, Agreement, Member
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.cross import Change, Move, implied, plan
from cardstack.ca.graph import NO_EDGE, Counts, Graph, Holder
from cardstack.ca.officers import Approval, Officer
from cardstack.ca.profile import profile
from cardstack.ca.register import Act, Reason, Record, State
from cardstack.ca.trustlist import TrustList, services, sign
from cardstack.ca.whatif import count
from cardstack.crypto import local
from cardstack.crypto.armour import pem
from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text
from cardstack.vault import files
from cardstack.vault.foreign import Foreign
from cardstack.vault.home import AuthorityHome

PLAN_MOVED = problem(
    "CS-2320",
    Text("The plan is not the one that would be carried out now", "该计划与当前应执行的内容不一致"),
    Text("Make it again with `ca plan` and have it approved again.", "请用 ca plan 重新生成并重新批准。"),
)
NO_AUTHORITY = problem(
    "CS-2321",
    Text("There is no authority {authority} here", "此处没有机构 {authority}"),
    Text("Make it with `ca create`, or look at `ca show`.", "请用 ca create 创建，或用 ca show 查看。"),
)
TWICE = problem(
    "CS-2322",
    Text("There is an officer {officer}, or one with the same key, already", "已有管理员 {officer} 或相同密钥的管理员"),
    Text("Each officer has an id and a key of their own.", "每名管理员须有各自的标识与密钥。"),
)
OFFICERS_NEEDED = 2
LIST_LASTS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, as it is shown, signed and carried out."""

    changes: tuple[Change, ...]

    def content(self) -> bytes:
        """What officers sign: every change with all that will stand in its certificate."""
        return json.dumps(self.as_data(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def as_data(self) -> list[dict[str, Any]]:
        return [_change(one) for one in self.changes]


def _change(one: Change) -> dict[str, Any]:
    cross = one.cross
    return {
        "move": one.move,
        "issuer": one.issuer,
        "subject": one.subject,
        "why": one.why._asdict(),
        "replaces": None if one.certificate is None else one.certificate.fingerprint,
        "certificate": None
        if cross is None
        else {
            "agreements": list(cross.agreements),
            "mappings": [{"issuer": ours, "subject": theirs} for ours, theirs in cross.mappings],
            "permitted": [name.hex() for name in cross.permitted],
            "domains": list(cross.domains),
            "excluded": [name.hex() for name in cross.excluded],
            "path_length": cross.path_length,
            "purposes": list(cross.purposes),
            "until": cross.until.isoformat(),
        },
    }


class Network:
    """A folder with an authority in each subfolder, `agreements.toml` and `officers.json`.

    `password` opens every key, or says which one opens an authority's.
    """

    def __init__(self, folder: Path, password: bytes | Callable[[str], bytes] | None = None) -> None:
        self.folder = folder
        self.homes: dict[str, AuthorityHome] = {}
        for path in sorted(folder.glob("*/authority.json")):
            opening = password(path.parent.name) if callable(password) else password
            home = AuthorityHome.open(path.parent, opening)
            self.homes[home.id] = home
        self._foreign: tuple[object, dict[str, Foreign]] = None, {}

    def home(self, id_: str) -> AuthorityHome:
        """One authority; `Refused` CS-2321 where there is none."""
        if id_ not in self.homes:
            raise Refused(problem=NO_AUTHORITY, authority=id_)
        return self.homes[id_]

    @property
    def members(self) -> dict[str, Member]:
        """All of them, those whose keys are elsewhere too."""
        return {id_: home.member for id_, home in self.homes.items()} | {id_: one.member for id_, one in self.foreign.items()}

    @property
    def foreign(self) -> dict[str, Foreign]:
        """Provinces whose keys are elsewhere; those that were entered since are found."""
        entered = {path: path.stat().st_mtime_ns for path in sorted(self.folder.glob("*/foreign.json"))}
        if self._foreign[0] != entered:
            self._foreign = entered, {path.parent.name: Foreign(path.parent) for path in entered}
        return self._foreign[1]

    def stranger(self, id_: str) -> Foreign:
        """One province whose keys are elsewhere; `Refused` CS-2321 where there is none."""
        if id_ not in self.foreign:
            raise Refused(problem=NO_AUTHORITY, authority=id_)
        return self.foreign[id_]

    def agreements(self) -> tuple[Agreement, ...]:
        """What `agreements.toml` says; nothing where there is no such file."""
        path = self.folder / "agreements.toml"
        if not path.exists():
            return ()
        try:
            return agreed.load(files.read(path).decode("utf-8"))
        except UnicodeDecodeError:
            raise Malformed(Text("not UTF-8", "不是 UTF-8"), problem=files.UNREADABLE, file=path.name) from None

    def agree(self, agreements: Iterable[Agreement]) -> None:
        """Replace the table of agreements."""
        files.write(self.folder / "agreements.toml", agreed.dump(agreements).encode())

    def crosses(self, at: datetime) -> list[tuple[str, Certificate, Record]]:
        """The cross certificates that have not run out: issuer, certificate, where it stands."""
        return [(id_, one, record) for id_, home in self.homes.items() for one, record in home.crosses(at)]

    def cross(self, issuer: str, fingerprint: str, at: datetime) -> Certificate:
        """One of them, or one that a province issued whose keys are elsewhere; `Refused` CS-2230 where there is none."""
        own = [(id_, one) for id_, one, _ in self.crosses(at)]
        theirs = [(id_, one) for id_, stranger in self.foreign.items() for one, _ in stranger.crosses(at)]
        found = next((one for id_, one in (*own, *theirs) if (id_, one.fingerprint) == (issuer, fingerprint)), None)
        if found is None:
            raise Refused(problem=NO_EDGE, edge=fingerprint)
        return found

    def plan(self, at: datetime, agreements: Iterable[Agreement] | None = None) -> Plan:
        """The difference between what is issued and the agreements in force: those of the table, or others that are proposed."""
        members = self.members
        in_use = [(issuer, one) for issuer, one, record in self.crosses(at) if record.state is not State.REVOKED]
        agreed_on = self.agreements() if agreements is None else agreements
        # What others issue is theirs to do.
        wanted = [one for one in implied(agreed_on, members, at) if one.issuer in self.homes]
        return Plan(plan(wanted, in_use, members, at))

    def apply(self, approved: bytes, approvals: Sequence[Approval], *, at: datetime) -> tuple[Certificate, ...]:
        """Carry a plan out: `approved` is its content as the officers signed it, and must be the present one's."""
        now = self.plan(at)
        if now.content() != approved:
            raise Refused(problem=PLAN_MOVED)
        agreeing = officers.agreed(approved, approvals, self.officers(), needed=OFFICERS_NEEDED, at=at)
        return self.carry_out(now, actor="+".join(agreeing), at=at)

    def carry_out(self, now: Plan, *, actor: str, at: datetime) -> tuple[Certificate, ...]:
        """What a plan says, by those who approved it.

        New certificates come first and revocations after them, so that recognition has no gap.
        """
        members, made = self.members, []
        for change in now.changes:
            if change.cross is not None and change.move is not Move.REVOKE:
                issuer = self.home(change.issuer)
                made.append(issuer.certify(change.cross, members[change.subject], at=at, actor=actor))
        for change in now.changes:
            if change.certificate is not None and change.move is not Move.ISSUE:
                reason = Reason.SUPERSEDED if change.move is Move.REPLACE else Reason.CESSATION_OF_OPERATION
                home = self.home(change.issuer)
                home.act(change.certificate.serial, Act.REVOKE, at=at, actor=actor, reason=reason)
        for id_ in {change.issuer for change in now.changes if change.certificate is not None}:
            self.home(id_).publish(at=at, actor=actor, force="full")
        return tuple(made)

    def officers(self) -> dict[str, Officer]:
        """Who may approve."""
        path = self.folder / "officers.json"
        held = files.read_json(path) if path.exists() else []
        return {one.id: one for one in map(Officer.of_data, held)}

    @staticmethod
    def appointing(officer: Officer) -> bytes:
        """What the others sign to have an officer appointed."""
        return json.dumps(officer.as_data(), sort_keys=True).encode()

    def appoint(self, officer: Officer, *, approvals: Sequence[Approval] = (), at: datetime) -> None:
        """Enter an officer. The first two found the circle; from then on two of them have to approve each further one."""
        present = self.officers()
        if officer.id in present or officer.spki in {one.spki for one in present.values()}:
            raise Refused(problem=TWICE, officer=officer.id)
        if len(present) >= OFFICERS_NEEDED:
            officers.agreed(self.appointing(officer), approvals, present, needed=OFFICERS_NEEDED, at=at)
        files.write_json(self.folder / "officers.json", [one.as_data() for one in (*present.values(), officer)])

    def graph(self, at: datetime, counts: Mapping[str, Counts] | None = None) -> Graph:
        """The trust graph of what is issued; counts of members without any are those of their registers."""
        crosses = self.crosses(at)
        issued = [(issuer, one) for issuer, one, _ in crosses]
        revoked = {one.fingerprint for _, one, record in crosses if record.state is not State.GOOD}
        holders = {id_: tuple(_holders(home, at)) for id_, home in self.homes.items()}
        for id_, stranger in self.foreign.items():
            holders[id_] = stranger.holders()
            issued += [(id_, one) for one, _ in stranger.crosses(at)]
            revoked |= {one.fingerprint for one, is_revoked in stranger.crosses(at) if is_revoked}
        counted = {id_: count(held) for id_, held in holders.items()} | dict(counts or {})
        return Graph.build(self.members, issued, revoked=revoked, counts=counted, holders=holders)

    def pool(self, at: datetime) -> list[Certificate]:
        """The cross certificates, links of key changes and authorities that paths are built from."""
        homes = self.homes.values()
        links = [one for home in homes for one, _ in home.crosses(at, "link")]
        chains = [one for home in homes for one in home.chain]
        theirs = [one for stranger in self.foreign.values() for one, _ in stranger.crosses(at)]
        return [*(one for _, one, _ in self.crosses(at)), *links, *chains, *theirs]

    def state(self) -> object:
        """What changes whenever one of the authorities does something."""
        theirs = tuple((id_, crl and crl.fingerprint) for id_, crl in ((id_, one.crl) for id_, one in self.foreign.items()))
        own = tuple((id_, home.journal.last.number if home.journal.last else 0) for id_, home in self.homes.items())
        return own, theirs

    def crls(self) -> list[Crl]:
        """The CRLs that the authorities have published."""
        held = [home.crl(kind) for home in self.homes.values() for kind in ("full", "delta")]
        theirs = [stranger.crl for stranger in self.foreign.values()]
        return [*(Crl.parse(raw) for raw in held if raw is not None), *(one for one in theirs if one is not None)]

    def publish_list(self, id_: str, *, at: datetime, actor: str, password: bytes) -> TrustList:
        """The next trust list of a member, signed by a key of its own that lies beside it."""
        home, path = self.home(id_), self.home(id_).folder / "trustlist.json"
        signer, certificate = _list_signer(home, at, actor, password)
        sequence = 1 + (int(files.read_json(path)["signed"]["sequence"]) if path.exists() else 0)
        certificates = {other: one.certificate for other, one in self.homes.items()}
        certificates |= {other: one.certificate for other, one in self.foreign.items()}
        day = at.astimezone(CHINA).date()
        listed = services(id_, self.agreements(), self.members, certificates, day)
        made = TrustList(id_, sequence, at, at + LIST_LASTS, listed, (certificate.raw,))
        with home.alone():
            files.write(path, sign(made, signer, certificate))
            home.note(at=at, actor=actor, action="trust-list", facts={"sequence": sequence, "services": len(listed)})
        return made


def _list_signer(home: AuthorityHome, at: datetime, actor: str, password: bytes) -> tuple[local.LocalSigner, Certificate]:
    key_file, certificate_file = home.folder / "trustlist-key.pem", home.folder / "trustlist.pem"
    if certificate_file.exists():
        held = Certificate.parse(files.read(certificate_file))
        if at + LIST_LASTS < held.valid_until:
            return local.load_pkcs8(files.read(key_file), password), held
    signer = local.generate(home.certificate.public_key.algorithm)
    made = home.issue(
        profile("trust-list"),
        subject=home.name(CN=f"Trust list {home.id} {at:%Y%m%d}"),
        public=signer.public,
        at=at,
        actor=actor,
        until=min(at + timedelta(days=1500), home.certificate.valid_until),
    )
    files.write(key_file, signer.to_pkcs8(password), secret=True)
    files.write(certificate_file, pem("CERTIFICATE", made.raw))
    return signer, made


_KINDS = {"sub-ca": "issuer", "terminal": "terminal", "node-tls": "node", "node-message": "node"}


def _holders(home: AuthorityHome, at: datetime) -> Iterator[Holder]:
    """The authority itself, and whom it certified that others have to recognise."""
    levels = {policy: level for level, policy in home.declared.policies.items()}
    yield Holder("issuer", home.certificate.subject.text)
    for record in home.register.of(*_KINDS):
        if record.state is State.GOOD and record.valid_until >= at:
            yield Holder(
                _KINDS[record.profile], record.subject, frozenset(levels[one] for one in record.policies if one in levels)
            )
