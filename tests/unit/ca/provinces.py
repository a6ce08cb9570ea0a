"""Four invented provinces and a bridge for the tests of this folder, in either suite."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count

from cardstack.ca import encoding as der
from cardstack.ca import fields
from cardstack.ca.agreement import Agreement, Event, Level, Member, Step
from cardstack.ca.certificate import Certificate
from cardstack.ca.cross import Cross, certify, implied
from cardstack.ca.issue import Authority, Places, Wish, issue, self_signed
from cardstack.ca.profile import ARC, profile
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm, Signer
from cardstack.text import Text

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
TITLES = {"31": "上海市", "32": "江苏省", "33": "浙江省", "34": "安徽省", "00": "长三角桥"}
ALL_LEVELS = tuple((level, level) for level in Level)


def agreement(by: str, of: str, via: str | None = "00", levels: tuple[tuple[Level, Level], ...] = ALL_LEVELS) -> Agreement:
    signed = Event(date(2025, 12, 1), Step.SIGN, "invented notice 2025-1")
    return Agreement(f"{by}-{of}", by, of, date(2026, 1, 1), date(2030, 12, 31), levels, via, history=(signed,))


def policies(id_: str) -> dict[Level, str]:
    return {level: f"{ARC}.1.{int(id_)}.{number}" for number, level in enumerate(Level, 1)}


@dataclass
class World:
    """Authorities with their members, and a source of serial numbers."""

    authorities: dict[str, Authority]
    members: dict[str, Member]
    serials: Iterator[int] = field(default_factory=lambda: count(1000))

    def cross(self, agreements: list[Agreement], at: datetime = AT) -> dict[tuple[str, str], Certificate]:
        return {(one.issuer, one.subject): self.certify(one, at) for one in implied(agreements, self.members, at)}

    def certify(self, cross: Cross, at: datetime = AT) -> Certificate:
        issuer, subject = self.authorities[cross.issuer], self.members[cross.subject]
        return certify(cross, issuer=issuer, subject=subject, at=at - timedelta(hours=1), serial=next(self.serials))

    def card(self, of: str, level: Level = Level.HIGH, at: datetime = AT, issuer: Authority | None = None) -> Certificate:
        return issue(
            profile("card"),
            subject=der.name(C="CN", ST=TITLES[of], O="测试 Test", CN="社会保障卡 001"),
            public=local.generate(Algorithm.ECDSA_P256_SHA256).public,
            issuer=issuer or self.authorities[of],
            at=at - timedelta(hours=1),
            serial=next(self.serials),
            wish=Wish(policies=(policies(of)[level],), numbers={"social-insurance": "TEST0001"}),
        )


def world(algorithm: Algorithm = Algorithm.ECDSA_P256_SHA256, titles: Mapping[str, str] = TITLES, at: datetime = AT) -> World:
    authorities, members = {}, {}
    for number, (id_, title) in enumerate(titles.items(), 1):
        signer: Signer = local.generate(algorithm)
        kind = profile("bridge" if id_ == "00" else "province-root")
        place = f"http://127.0.0.1:1/{id_}"
        places = Places(crl=(f"{place}.crl",), delta=(f"{place}-delta.crl",), issuer=(f"{place}.cer",), ocsp=(f"{place}/ocsp",))
        subject = der.name(C="CN", ST=title, O="测试 Test", CN=f"{title}根 CA (test)")
        root = self_signed(kind, authority=Authority(subject, signer, places=places), at=at - timedelta(days=1), serial=number)
        authorities[id_] = root
        members[id_] = Member.of(
            root,
            id=id_,
            title=Text(title, title),
            policies=policies(id_),
            namespace=(der.name(C="CN", ST=title),),
            domains=(f"p{id_}.example",),
        )
    return World(authorities, members)


def host(text: str) -> Wish:
    return Wish(policies=(policies("31")[Level.HIGH],), names=(fields.dns(text),))
