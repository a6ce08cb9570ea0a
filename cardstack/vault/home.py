"""An authority on disk: its declaration, its key, and what it does with it; what it did is its `book`.

Private keys are encrypted or lie in a token.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from cardstack.ca import encoding as der
from cardstack.ca import precheck, renewal
from cardstack.ca.agreement import Level, Member
from cardstack.ca.audit import Line
from cardstack.ca.certificate import Certificate
from cardstack.ca.cross import Cross, certify
from cardstack.ca.issue import NOTHING_MORE, WRONG_FOR_PROFILE, Authority, Wish, issue, link, self_signed
from cardstack.ca.profile import Profile, profile
from cardstack.ca.register import State
from cardstack.ca.revocation import Schedule, delta_crl, full_crl
from cardstack.crypto import local
from cardstack.crypto.armour import pem
from cardstack.crypto.keys import PublicKey, Signer
from cardstack.errors import CardstackError, Refused, problem
from cardstack.text import Text
from cardstack.vault import files, keys
from cardstack.vault.book import Book
from cardstack.vault.declaring import Declared
from cardstack.vault.journal import Journal

__all__ = ["AuthorityHome", "Declared", "Wanted", "new_serial"]
EXISTS = problem(
    "CS-2303",
    Text("There is an authority {authority} already", "已存在机构 {authority}"),
    Text("Choose another id, or use the one that is there.", "请更换标识，或使用现有机构。"),
)
LOCKED = problem(
    "CS-2304",
    Text("The authority {authority} was opened without its key", "机构 {authority} 未打开密钥"),
    Text("Give its password (CARDSTACK_CA_PASSWORD) or its token.", "请提供口令（CARDSTACK_CA_PASSWORD）或密码模块。"),
)
NOT_AGAIN = problem(
    "CS-2305",
    Text("The certificate {serial} is not renewed", "证书 {serial} 不可续期"),
    Text("Issue a new one, or for an authority use `ca rekey` or `ca plan`.", "请重新签发；机构证书请用 ca rekey 或 ca plan。"),
)
DELEGATE = ("ocsp.pem", "ocsp-key.pem")
"""The files of who answers for its certificates (`responding`): they go to rest with the key that certified them."""


class Wanted(NamedTuple):
    """One certificate of a batch."""

    subject: bytes
    public: PublicKey
    wish: Wish


class AuthorityHome(Book):
    """One authority's folder with its key. Every act is in the audit log before it has any effect."""

    def __init__(
        self, folder: Path, signer: Signer | Callable[[], Signer] | None = None, schedule: Schedule | None = None
    ) -> None:
        self.schedule = schedule or Schedule()
        self.declared = Declared.of_data(files.read_json(folder / "authority.json"))
        # Its own certificate first, then those above it up to the anchor.
        self.chain = Certificate.parse_all(files.read(folder / "ca.pem"))
        self.certificate = self.chain[0]
        self._opener = signer if callable(signer) else None
        self._signer = None if callable(signer) else signer
        self._rekeyed = False
        super().__init__(folder)
        # What was changed before it was opened is what was opened.
        self._rekeyed = False

    @classmethod
    def create(
        cls,
        folder: Path,
        declared: Declared,
        signer: Signer,
        *,
        at: datetime,
        actor: str,
        until: datetime | None = None,
        below: "AuthorityHome | None" = None,
        wish: Wish = NOTHING_MORE,
    ) -> "AuthorityHome":
        """Make the authority: its certificate, self-signed or issued by the one it stands `below`, and its log's first line.

        The key is the caller's to keep.
        """
        with files.locked(folder):
            if (folder / "authority.json").exists():
                raise Refused(problem=EXISTS, authority=declared.id)
            chain = (
                (_root(declared, signer, at, until),)
                if below is None
                else _below(below, declared, signer, at=at, actor=actor, wish=wish)
            )
            made = chain[0]
            facts = {"id": declared.id, "fingerprint": made.fingerprint, "serial": f"{made.serial:x}"}
            Journal(folder / "audit.jsonl").append(at=at, actor=actor, action="create", facts=facts, signer=signer)
            files.write(folder / "ca.pem", b"".join(pem("CERTIFICATE", one.raw) for one in chain))
            files.write_json(folder / "authority.json", declared.as_data())
        return cls(folder, signer)

    @classmethod
    def open(cls, folder: Path, password: bytes | None = None, schedule: Schedule | None = None) -> "AuthorityHome":
        """The authority of a folder; with a password (of its key file) or PIN (of its token) it can sign.

        The key is opened when something is first signed, so that looking takes no key derivation and no right password.
        """
        return cls(folder, None if password is None else partial(keys.load, folder, password), schedule)

    @property
    def id(self) -> str:
        return self.declared.id

    @property
    def authority(self) -> Authority:
        """Who signs; `Refused` CS-2304 where it was opened without its key."""
        with self._turn:
            try:
                return Authority.of(self.certificate, self._key(), self.declared.places)
            except Refused:
                # Another process may be changing the key: its certificate is there before the key is in its place.
                self._signer = None if self._opener else self._signer
                raise

    @property
    def signs(self) -> bool:
        """Whether its key opens."""
        try:
            return self._key() is not None
        except CardstackError:
            return False

    def _key(self) -> Signer:
        with self._turn:
            if self._signer is None:
                if self._opener is None:
                    raise Refused(problem=LOCKED, authority=self.id)
                self._signer = self._opener()
            return self._signer

    @contextmanager
    def alone(self) -> Iterator[None]:
        """As of any book; a key that another process has changed meanwhile is the key from now on."""
        with super().alone():
            if self._rekeyed:
                self.chain = Certificate.parse_all(files.read(self.folder / "ca.pem"))
                self.certificate, self._rekeyed = self.chain[0], False
                self._signer = None if self._opener else self._signer
            yield

    def _fold(self, line: Line) -> None:
        super()._fold(line)
        self._rekeyed = self._rekeyed or line.action == "rekey"

    @property
    def member(self) -> Member:
        """The authority as agreements know it."""
        own, key = self.declared, self.certificate.subject_key
        return Member(own.id, own.title, own.subject, self.certificate.spki, own.policies, own.namespace, own.domains, key)

    def policy(self, level: Level) -> str:
        """Its policy of a level; `Refused` where it has none."""
        if level not in self.declared.policies:
            raise Refused(Text(f"no policy of level {level}", f"没有 {level} 级证书策略"), problem=WRONG_FOR_PROFILE, profile="-")
        return self.declared.policies[level]

    def name(self, **attributes: str) -> bytes:
        """A subject within the authority's first namespace, DER."""
        base = self.declared.namespace[0] if self.declared.namespace else der.name(C="CN")
        return der.below(base, **attributes)

    def issue(
        self,
        kind: Profile,
        *,
        subject: bytes,
        public: PublicKey,
        at: datetime,
        actor: str,
        until: datetime | None = None,
        wish: Wish = NOTHING_MORE,
    ) -> Certificate:
        """A certificate, checked against every rule of a validator, entered in the log and kept."""
        made = issue(
            kind, subject=subject, public=public, issuer=self.authority, at=at, serial=new_serial(), until=until, wish=wish
        )
        return self._enter(made, kind.name, at, actor)

    def issue_many(self, kind: Profile, wanted: Iterable[Wanted], *, at: datetime, actor: str) -> tuple[Certificate, ...]:
        """Certificates for a batch of cards: checked one by one, kept in one file, and on the disk together or not at all."""
        authority = self.authority
        made = [
            issue(kind, subject=one.subject, public=one.public, issuer=authority, at=at, serial=new_serial(), wish=one.wish)
            for one in wanted
        ]
        for one in made:
            precheck.check(one, anchors=self.chain[-1:], pool=self.chain)
        if made:
            self.keep_batch(made, kind.name, at=at, actor=actor)
        return tuple(made)

    def renew(
        self, serial: int, *, at: datetime, actor: str, public: PublicKey | None = None, until: datetime | None = None
    ) -> Certificate:
        """A successor that says the same as one of its certificates, for the same key or another; the old one stays good.

        `Refused` where that is revoked, or an authority's, a cross certificate or a link, which follow other rules.
        """
        held, record = self.issued(serial), self.register.record(serial)
        if record.state is State.REVOKED or held.is_ca:
            raise Refused(
                Text(f"a certificate that is {record.state}", f"该证书状态为 {record.state}"),
                problem=NOT_AGAIN,
                serial=f"{serial:x}",
            )
        return self.issue(
            profile(record.profile),
            subject=held.subject.raw,
            public=public or local.public_key(held.spki),
            at=at,
            actor=actor,
            until=until,
            wish=renewal.wish(held),
        )

    def rekey(self, signer: Signer, *, at: datetime, actor: str) -> tuple[Certificate, Certificate]:
        """Change the authority's key: a new self-signed certificate, and the two links between old and new (RFC 4210 §4.4).

        The line of the log that says so is signed by the old key, the links are entered like any certificate. The caller
        keeps the new key; the old certificate goes to `retired/`. Not for an authority below another one.
        """
        with self.alone():
            if len(self.chain) > 1:
                raise Refused(
                    Text("a subordinate authority is certified anew by the one above", "下级 CA 须由上级重新签发证书"),
                    problem=LOCKED,
                    authority=self.id,
                )
            old = self.authority
            made = _root(self.declared, signer, at, None)
            new = Authority.of(made, signer, self.declared.places)
            links = link(old, new, profile=profile("link"), at=at, serials=(new_serial(), new_serial()))
            self.write(at, actor, "rekey", {"fingerprint": made.fingerprint, "serial": f"{made.serial:x}"}, old.signer)
            for one in links:
                self.keep(one, "link", at=at, actor=actor)
            retired = self.folder / "retired" / self.certificate.fingerprint[:16]
            files.write(retired.with_suffix(".pem"), pem("CERTIFICATE", self.certificate.raw))
            for name in DELEGATE:
                if (self.folder / name).exists():
                    beside = retired.with_name(f"{retired.name}-ocsp")
                    beside.mkdir(exist_ok=True)
                    (self.folder / name).replace(beside / name)
            files.write(self.folder / "ca.pem", pem("CERTIFICATE", made.raw))
            self.chain, self.certificate, self._signer, self._rekeyed = (made,), made, signer, False
        return links[0], links[1]

    @property
    def retired(self) -> tuple[Certificate, ...]:
        """Its own certificates of earlier keys."""
        return tuple(Certificate.parse(files.read(path)) for path in sorted((self.folder / "retired").glob("*.pem")))

    def certify(self, cross: Cross, subject: Member, *, at: datetime, actor: str) -> Certificate:
        """The cross certificate that agreements imply."""
        made = certify(cross, issuer=self.authority, subject=subject, at=at, serial=new_serial())
        return self._enter(made, "cross", at, actor, facts={"agreements": list(cross.agreements)})

    def _enter(
        self,
        made: Certificate,
        kind: str,
        at: datetime,
        actor: str,
        facts: Mapping[str, Any] | None = None,
    ) -> Certificate:
        precheck.check(made, anchors=self.chain[-1:], pool=self.chain)
        with self.alone():
            self.keep(made, kind, at=at, actor=actor, facts=facts)
        return made

    def publish(self, *, at: datetime, actor: str, force: str | None = None) -> str | None:
        """Make the CRL that is due (or the one asked for: `full`, `delta`); which one it was, None where none was due."""
        with self.alone():
            last, last_delta = (one[1] if one else None for one in (self.full, self.delta))
            kind = force or self.schedule.due(last, last_delta, at)
            if kind == "delta" and self.full is None:
                kind = "full"
            if kind is None:
                return None
            number = 1 + max((one[0] for one in (self.full, self.delta) if one), default=0)
            if kind == "delta" and self.full is not None:
                base, base_at = self.full
                crl = delta_crl(
                    self.authority, self.register, number=number, base=base, base_at=base_at, at=at, schedule=self.schedule
                )
            else:
                crl = full_crl(self.authority, self.register, number=number, at=at, schedule=self.schedule)
            files.write(self.folder / "crl" / f"{kind}.crl", crl)
            # A CRL is also a checkpoint: the key that signed it signs the log so far.
            self.write(at, actor, "publish", {"kind": kind, "number": number}, self._key())
        return kind


def _root(declared: Declared, signer: Signer, at: datetime, until: datetime | None) -> Certificate:
    blank = Authority(declared.subject, signer, places=declared.places)
    made = self_signed(profile(declared.profile), authority=blank, at=at, serial=new_serial(), until=until).certificate
    assert made is not None
    return precheck.check(made, anchors=[made])


def _below(
    above: AuthorityHome, declared: Declared, signer: Signer, *, at: datetime, actor: str, wish: Wish
) -> tuple[Certificate, ...]:
    kind = profile(declared.profile)
    made = above.issue(kind, subject=declared.subject, public=signer.public, at=at, actor=actor, wish=wish)
    return (made, *above.chain)


def new_serial() -> int:
    """A serial number with 127 random bits (RFC 5280 §4.1.2.2 asks for unpredictable ones by way of CA practice)."""
    return secrets.randbits(127) | 1 << 127
