"""Provinces whose keys are elsewhere: known here by their certificate, where their CRL is found, and what they published.

One folder each, beside the authorities of this machine: `foreign.json`, `ca.pem`, the newest CRL, and the cross certificates
that they issued to others, if somebody brought them.
"""

import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cardstack.ca.agreement import Level, Member
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.graph import Holder
from cardstack.crypto.armour import pem
from cardstack.crypto.keys import BadSignature
from cardstack.errors import CardstackError, Malformed, Refused, Untrusted, problem
from cardstack.text import Text
from cardstack.vault import files

KNOWN = problem(
    "CS-2350",
    Text("{authority} is known here already", "{authority} 已登记"),
    Text(
        "Choose another id; a new certificate is entered with `ca foreign add --replace`.",
        "请更换标识；更换证书请用 `ca foreign add --replace`。",
    ),
)
NOT_THEIRS = problem(
    "CS-2351",
    Text("This was not issued by {authority}", "该文件并非 {authority} 签发"),
    Text("Fetch it again from where that province publishes it.", "请从该省发布地址重新获取。"),
)
OLDER = problem(
    "CS-2352",
    Text("The CRL of {authority} is older than the one that is kept", "{authority} 的 CRL 比现存的旧"),
    Text("The one that is kept stays in use.", "继续使用现存 CRL。"),
)
UNREACHABLE = problem(
    "CS-2353",
    Text("The CRL of {authority} could not be fetched", "无法获取 {authority} 的 CRL"),
    Text(
        "Check the address and the network, or bring the file: `ca foreign crl`.",
        "请检查地址与网络，或用 ca foreign crl 导入文件。",
    ),
)
SIZE_MAX, SECONDS = 64 << 20, 20
EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Stranger:
    """What is said of a province when it is entered."""

    id: str
    title: Text
    policies: Mapping[Level, str]
    namespace: tuple[bytes, ...] = ()
    domains: tuple[str, ...] = ()
    crl: tuple[str, ...] = ()
    """Where its complete CRL is published; URLs."""

    def as_data(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title._asdict(),
            "policies": dict(self.policies),
            "namespace": [one.hex() for one in self.namespace],
            "domains": list(self.domains),
            "crl": list(self.crl),
        }

    @classmethod
    def of_data(cls, held: Mapping[str, Any]) -> "Stranger":
        """From its file; `Malformed` CS-2302."""
        try:
            return cls(
                id=str(held["id"]),
                title=Text(**held["title"]),
                policies={Level(level): str(oid) for level, oid in held["policies"].items()},
                namespace=tuple(map(bytes.fromhex, held["namespace"])),
                domains=tuple(map(str, held["domains"])),
                crl=tuple(map(str, held["crl"])),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Malformed(problem=files.UNREADABLE, file="foreign.json") from None


@dataclass
class Foreign:
    """One such province."""

    folder: Path
    declared: Stranger = field(init=False)
    certificate: Certificate = field(init=False)

    def __post_init__(self) -> None:
        self.declared = Stranger.of_data(files.read_json(self.folder / "foreign.json"))
        self.certificate = Certificate.parse(files.read(self.folder / "ca.pem"))

    @classmethod
    def enter(cls, folder: Path, declared: Stranger, certificate: Certificate, *, replace: bool = False) -> "Foreign":
        """Write it down; `Refused` where its id or folder is taken, or its certificate is no authority's."""
        if (folder / "authority.json").exists() or ((folder / "foreign.json").exists() and not replace):
            raise Refused(problem=KNOWN, authority=declared.id)
        if not certificate.is_ca:
            raise Refused(
                Text("an authority's certificate was expected", "应为 CA 证书"), problem=NOT_THEIRS, authority=declared.id
            )
        files.write(folder / "ca.pem", pem("CERTIFICATE", certificate.raw))
        files.write_json(folder / "foreign.json", declared.as_data())
        return cls(folder)

    @property
    def id(self) -> str:
        return self.declared.id

    @property
    def member(self) -> Member:
        """The province as agreements know it."""
        said, own = self.declared, self.certificate
        return Member(
            said.id, said.title, own.subject.raw, own.spki, said.policies, said.namespace, said.domains, own.subject_key
        )

    @property
    def crl(self) -> Crl | None:
        """The newest CRL that was brought here."""
        path = self.folder / "crl" / "full.crl"
        return Crl.parse(path.read_bytes()) if path.exists() else None

    def take(self, raw: bytes, at: datetime) -> Crl:
        """Keep a CRL, if it is theirs, complete and not older than the one that is kept."""
        crl = Crl.parse(raw)
        if crl.issuer != self.certificate.subject or crl.is_delta or crl.indirect:
            raise self._not_theirs()
        self._verify(crl.signature, crl.raw[slice(*crl.tbs)])
        if crl.next_update is None or crl.this_update > at:
            raise Untrusted(
                Text("it has no next update, or begins later", "无下次更新时间或尚未生效"), problem=NOT_THEIRS, authority=self.id
            )
        kept = self.crl
        if kept is not None and (crl.number or 0, crl.this_update) < (kept.number or 0, kept.this_update):
            raise Untrusted(problem=OLDER, authority=self.id)
        files.write(self.folder / "crl" / "full.crl", crl.raw)
        return crl

    def take_cross(self, raw: bytes) -> Certificate:
        """Keep a cross certificate that they issued."""
        made = Certificate.parse(raw)
        if made.issuer != self.certificate.subject or made.subject == made.issuer or not made.is_ca:
            raise self._not_theirs()
        self._verify(made.signature, made.tbs)
        files.write(self.folder / "crosses" / f"{made.fingerprint[:32]}.cer", made.raw)
        return made

    def crosses(self, at: datetime) -> Iterator[tuple[Certificate, bool]]:
        """What they issued to others and has not run out, with whether their CRL has it."""
        crl = self.crl
        for path in sorted((self.folder / "crosses").glob("*.cer")):
            made = Certificate.parse(path.read_bytes())
            if made.valid_until >= at:
                yield made, crl is not None and crl.entry(made.issuer, made.serial) is not None

    def holders(self) -> tuple[Holder, ...]:
        """The authority itself is all that is known."""
        return (Holder("issuer", self.certificate.subject.text),)

    def due(self, at: datetime) -> bool:
        """Whether its CRL should be fetched: there is an address, and what is kept is an hour old or runs out."""
        kept = self.folder / "crl" / "full.crl"
        if not self.declared.crl:
            return False
        if not kept.exists():
            return True
        crl = self.crl
        assert crl is not None
        return at.timestamp() - kept.stat().st_mtime >= EVERY.total_seconds() or crl.next_update is None or crl.next_update <= at

    def fetch(self, at: datetime) -> Crl:
        """The CRL from the first of its addresses that gives a good one; `Refused` CS-2353 where none does."""
        why = Text("no address", "未登记地址")
        for url in self.declared.crl:
            try:
                return self.take(_get(url), at)
            except (OSError, ValueError, urllib.error.URLError, CardstackError) as error:
                name = type(error).__name__
                why = error.told if isinstance(error, CardstackError) and error.detail else Text(name, name)
        raise Refused(why, problem=UNREACHABLE, authority=self.id)

    def _verify(self, signature: bytes, message: bytes) -> None:
        try:
            self.certificate.public_key.verify(signature, message)
        except BadSignature:
            raise self._not_theirs() from None

    def _not_theirs(self) -> Untrusted:
        return Untrusted(problem=NOT_THEIRS, authority=self.id)


def _get(url: str) -> bytes:
    """A file over HTTP, bounded in time and size."""
    if not url.startswith(("http://", "https://")):
        raise Malformed(Text("an address begins with http:// or https://", "地址应以 http:// 或 https:// 开头"), field="crl")
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310  # the scheme is checked above
        raw: bytes = answer.read(SIZE_MAX + 1)
    if len(raw) > SIZE_MAX:
        raise Malformed(Text(f"at most {SIZE_MAX} bytes", f"至多 {SIZE_MAX} 字节"), field="crl")
    return raw
