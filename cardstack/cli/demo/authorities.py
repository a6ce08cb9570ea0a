"""The demo's four province CAs and their bridge: kept on disk as any authority is, with test keys under a test password."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from cardstack.ca import agreed
from cardstack.ca import encoding as der
from cardstack.ca.agreement import Agreement, Event, Level, Step
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.cross import implied
from cardstack.ca.issue import Wish
from cardstack.ca.path import Pool
from cardstack.ca.profile import ARC, PURPOSES, profile
from cardstack.ca.purposes import purpose
from cardstack.ca.register import Act, Reason
from cardstack.ca.standing import Crls
from cardstack.ca.trust import Anchor, Settings, Trusted, validate
from cardstack.cli.demo.people import Flaw, Person
from cardstack.crypto import local
from cardstack.crypto.armour import pem
from cardstack.crypto.keys import Algorithm, PublicKey
from cardstack.crypto.local import LocalSigner
from cardstack.text import Text
from cardstack.vault import files
from cardstack.vault.home import AuthorityHome, Declared

PASSWORD = b"cardstack demo, not secret"
ACTOR = "demo"
BRIDGE = "00"


@dataclass(frozen=True, slots=True)
class Founding:
    """How one authority of the demo begins."""

    id: str
    title: Text
    short: str
    algorithm: Algorithm


FOUNDINGS = (
    Founding("31", Text("Shanghai", "上海市"), "沪", Algorithm.SM2_SM3),
    Founding("32", Text("Jiangsu", "江苏省"), "苏", Algorithm.ECDSA_P256_SHA256),
    Founding("33", Text("Zhejiang", "浙江省"), "浙", Algorithm.SM2_SM3),
    Founding("34", Text("Anhui", "安徽省"), "皖", Algorithm.ECDSA_P384_SHA384),
    Founding(BRIDGE, Text("Delta bridge", "长三角桥"), "桥", Algorithm.SM2_SM3),
)
STRANGER = Founding("37", Text("Shandong", "山东省"), "鲁", Algorithm.SM2_SM3)


def policies(id_: str) -> dict[Level, str]:
    """A province's own policy identifiers, level by level, in the arc for examples."""
    return {level: f"{ARC}.1.{int(id_)}.{number}" for number, level in enumerate(Level, 1)}


def found(folder: Path, founding: Founding, at: datetime) -> AuthorityHome:
    """The authority of a folder, made where it is not there yet."""
    if (folder / "authority.json").exists():
        return AuthorityHome.open(folder, PASSWORD)
    title = founding.title.zh
    declared = Declared(
        founding.id,
        founding.title,
        der.name(C="CN", ST=title, O="演示 Demo", CN=f"{title}根 CA（测试 TEST）"),
        "bridge" if founding.id == BRIDGE else "province-root",
        policies(founding.id),
        (der.name(C="CN", ST=title),),
    )
    signer = local.generate(founding.algorithm)
    made = AuthorityHome.create(folder, declared, signer, at=at, actor=ACTOR)
    files.write(folder / "key.pem", signer.to_pkcs8(PASSWORD), secret=True)
    return made


def agreements(at: datetime) -> tuple[Agreement, ...]:
    """Everyone recognises everyone through the bridge, level for level."""
    provinces = [one.id for one in FOUNDINGS if one.id != BRIDGE]
    levels = tuple((level, level) for level in Level)
    signed = Event(date(2026, 1, 1), Step.SIGN, "invented for the demo 演示协议")
    until = date(at.year + 3, 12, 31)
    return tuple(
        Agreement(f"{by}-{of}", by, of, date(2026, 1, 1), until, levels, BRIDGE, history=(signed,))
        for by in provinces
        for of in provinces
        if by != of
    )


class Authorities:
    """The four provinces and the bridge, with what they have issued to each other."""

    def __init__(self, folder: Path, at: datetime) -> None:
        self.folder, self.at = folder, at
        self.began = at - timedelta(days=1)
        self.homes = {one.id: found(folder / one.id, one, self.began) for one in FOUNDINGS}
        if not any(record.profile == "cross" for record in self.homes[BRIDGE].register):
            self._cross()

    def _cross(self) -> None:
        members = {id_: home.member for id_, home in self.homes.items()}
        files.write(self.folder / "agreements.toml", agreed.dump(agreements(self.at)).encode())
        for cross in implied(agreements(self.at), members, self.at):
            self.homes[cross.issuer].certify(cross, members[cross.subject], at=self.began, actor=ACTOR)

    @property
    def crosses(self) -> list[Certificate]:
        """Every cross certificate in force."""
        return [certificate for home in self.homes.values() for certificate, _ in home.crosses(self.at)]

    def publish(self) -> None:
        """A complete CRL of everyone who has none or whose CRL is due."""
        for home in self.homes.values():
            home.publish(at=self.at - timedelta(minutes=1), actor=ACTOR)

    def crls(self) -> list[Crl]:
        """Everyone's newest complete CRL."""
        return [Crl.parse(raw) for home in self.homes.values() if (raw := home.crl("full"))]

    def card_certificate(self, person: Person, public: PublicKey) -> Certificate:
        """A card's certificate from its province; that of a revoked card is revoked at once."""
        home = self.homes[person.province]
        made = home.issue(
            profile("card"),
            subject=home.name(O="演示 Demo", CN=f"社会保障卡 {person.key}"),
            public=public,
            at=self.began,
            actor=ACTOR,
            wish=Wish(policies=(home.declared.policies[Level.HIGH],), numbers={"social-insurance": str(person.number)}),
        )
        if person.flaw is Flaw.REVOKED:
            moment = self.at - timedelta(hours=1)
            home.act(made.serial, Act.REVOKE, at=moment, actor=ACTOR, reason=Reason.KEY_COMPROMISE)
        return made

    def node(self, province: str, name: str, signer: LocalSigner) -> Certificate:
        """A settlement node's certificate for messages."""
        home = self.homes[province]
        return home.issue(
            profile("node-message"),
            subject=home.name(O="演示 Demo", CN=name),
            public=signer.public,
            at=self.began,
            actor=ACTOR,
            wish=Wish(policies=(home.declared.policies[Level.HIGH],)),
        )

    def recogniser(self, province: str) -> "Recogniser":
        """How a province sees certificates: from its own anchor, under its own policies."""
        home = self.homes[province]
        settings = Settings(
            policies=frozenset({home.declared.policies[Level.HIGH]}), explicit_policy=True, purpose=purpose(PURPOSES["card"])
        )
        return Recogniser(Anchor(home.certificate), Pool(self.crosses), Crls(self.crls()), settings, self.at)

    def write_trust(self, folder: Path, province: str = BRIDGE) -> None:
        """What the settlement service trusts, as files: one anchor, the cross certificates, the CRLs."""
        files.write(folder / "anchors" / f"{province}.pem", pem("CERTIFICATE", self.homes[province].certificate.raw))
        files.write(folder / "pool" / "cross.pem", b"".join(pem("CERTIFICATE", one.raw) for one in self.crosses))
        for id_, home in self.homes.items():
            files.write(folder / "crls" / f"{id_}.crl", home.crl("full") or b"")


@dataclass(frozen=True)
class Recogniser:
    """A relying party's door: a certificate goes in, a `Trusted` or an error comes out."""

    anchor: Anchor
    pool: Pool
    crls: Crls
    settings: Settings
    at: datetime

    def __call__(self, certificate: Certificate) -> Trusted:
        return validate(certificate, anchors=[self.anchor], pool=self.pool, crls=self.crls, at=self.at, settings=self.settings)
