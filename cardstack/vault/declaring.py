"""What an authority says of itself: as data, and the usual way for a new one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cardstack.ca import encoding as der
from cardstack.ca.agreement import Level
from cardstack.ca.issue import Places
from cardstack.ca.profile import ARC
from cardstack.errors import Malformed
from cardstack.text import Text
from cardstack.vault import files


@dataclass(frozen=True, slots=True)
class Declared:
    """What an authority says of itself when it is made."""

    id: str
    title: Text
    subject: bytes
    profile: str = "province-root"
    policies: Mapping[Level, str] = field(default_factory=dict)
    namespace: tuple[bytes, ...] = ()
    domains: tuple[str, ...] = ()
    places: Places = field(default_factory=Places)

    def as_data(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title._asdict(),
            "subject": self.subject.hex(),
            "profile": self.profile,
            "policies": dict(self.policies),
            "namespace": [one.hex() for one in self.namespace],
            "domains": list(self.domains),
            "places": {name: list(getattr(self.places, name)) for name in ("crl", "delta", "issuer", "ocsp")},
        }

    @classmethod
    def of_data(cls, held: Mapping[str, Any]) -> "Declared":
        """From its file; `Malformed` CS-2302."""
        try:
            return cls(
                id=str(held["id"]),
                title=Text(**held["title"]),
                subject=bytes.fromhex(held["subject"]),
                profile=str(held["profile"]),
                policies={Level(level): str(oid) for level, oid in held["policies"].items()},
                namespace=tuple(map(bytes.fromhex, held["namespace"])),
                domains=tuple(held["domains"]),
                places=Places(**{name: tuple(urls) for name, urls in held["places"].items()}),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Malformed(problem=files.UNREADABLE, file="authority.json") from None


def declare(
    id_: str,
    title: str,
    *,
    province: str = "",
    profile: str = "province-root",
    domains: tuple[str, ...] = (),
    base: str = "http://127.0.0.1:8650",
) -> Declared:
    """What an authority says of itself if nobody says otherwise.

    Its policies lie under the illustrative arc, numbered by its id and the level.

    >>> declare("31", "上海市人社局", province="上海市").policies[Level.HIGH]
    '2.999.310018.1.31.3'
    """
    if not re.fullmatch(r"[0-9a-z][0-9a-z-]{0,30}", id_):
        raise Malformed(
            Text("an id is up to 31 small letters, digits and hyphens", "id 至多 31 个小写字母、数字或连字符"), field="id"
        )
    number = int(id_) if id_.isdigit() else int.from_bytes(id_.encode())
    names = {"C": "CN"} | ({"ST": province} if province else {})
    place = f"{base}/pki/{id_}"
    return Declared(
        id_,
        Text(title, title),
        der.name(**names, O=title, CN=f"{title} CA"),
        profile=profile,
        policies={level: f"{ARC}.1.{number}.{rank}" for rank, level in enumerate(Level, 1)},
        namespace=(der.name(**names),) if province else (),
        domains=domains,
        places=Places((f"{place}.crl",), (f"{place}-delta.crl",), (f"{place}.cer",), (f"{place}/ocsp",)),
    )
