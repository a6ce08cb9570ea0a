"""A card at a hospital's desk in Hangzhou, step by step, over real APDUs; the first step that fails ends the visit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cardstack.apdu.script import Exchange, Script, run
from cardstack.apdu.trace import Exchanged, traced
from cardstack.ca.certificate import Certificate
from cardstack.ca.trust import Trusted
from cardstack.card import proving, reading, validity
from cardstack.card.keys import Factors
from cardstack.card.profile import Profile
from cardstack.card.profiles import PROFILES
from cardstack.card.profiles.social import Issuer
from cardstack.card.watching import Watcher
from cardstack.cli.demo.cards import PIN, PKI
from cardstack.errors import CardstackError
from cardstack.text import Text


@dataclass(frozen=True, slots=True)
class Desk:
    """What the hospital has: its PSAM, a line to the issuers' HSMs, whom it trusts, and a source of nonces."""

    psam: Callable[[Profile], Exchange]
    hsm: Callable[[Profile], Exchange]
    directory: Callable[[Issuer], Certificate]
    """The issuer's directory of certificates by identification code, for cards that carry none (generation 2)."""
    recognise: Callable[[Certificate], Trusted]
    nonce: Callable[[int], bytes]
    at: datetime


@dataclass(slots=True)
class Visit:
    """One card's way through the steps, and what is known of it so far."""

    desk: Desk
    card: Exchange
    factor: bytes
    """Last eight bytes of the ATR."""
    pin: str = PIN
    done: list[Text] = field(default_factory=list)
    trace: list[Exchanged] = field(default_factory=list)
    watcher: Watcher = field(default_factory=Watcher)
    failed_at: Text | None = None
    error: CardstackError | None = None
    profile: Profile | None = None
    issuer: Issuer | None = None
    holder: Any = None
    trusted: Trusted | None = None

    def say(self, script: Script[Any]) -> Any:
        """One conversation with the card, traced with personal data masked."""
        seen = self.watcher
        card = traced(
            self.card, self.trace.append, clock=lambda: self.desk.at, reader="desk", hide=seen.hide, describe=seen.describe
        )
        if self.profile is None:
            return run(script, card)
        return run(script, card, psam=self.desk.psam(self.profile), hsm=self.desk.hsm(self.profile))

    @property
    def factors(self) -> Factors:
        """What the card's keys are diversified by; known once EF05 was read."""
        assert self.issuer is not None
        return Factors(self.issuer.region, self.factor)


def identify(visit: Visit) -> None:
    """Select the application and see which generation answers."""
    visit.profile = reading.fitting(visit.say(reading.detect()), PROFILES)


def read_issuer(visit: Visit) -> None:
    """EF05, which everyone may read."""
    visit.issuer = visit.say(reading.read_issuer(_profile(visit)))


def check_in_date(visit: Visit) -> None:
    """Neither expired nor from the future."""
    assert visit.issuer is not None
    validity.check_in_date(visit.issuer, visit.desk.at.date())


def recognise(visit: Visit) -> None:
    """The certificate from the card (generation 3) or the issuer's directory, validated from the hospital's own anchor."""
    assert visit.issuer is not None
    profile = _profile(visit)
    if profile.has(PKI):
        certificate = Certificate.parse(visit.say(reading.read_certificate(profile)))
    else:
        certificate = visit.desk.directory(visit.issuer)
    visit.trusted = visit.desk.recognise(certificate)


def prove_card(visit: Visit) -> None:
    """INTERNAL AUTHENTICATE under the national key, checked by the PSAM."""
    profile = _profile(visit)
    visit.say(reading.open_application(profile, "SSSE"))
    nonce = visit.desk.nonce(16)
    visit.say(proving.internal_authenticate(profile.key("SSSE", "IRK"), visit.factors, proving.PsamKeys(), nonce))


def read_holder(visit: Visit) -> None:
    """EF06; on generation 3 after the issuer's HSM has proved RKSSSE."""
    terminal = reading.Terminal(proving.HsmKeys(), visit.factor)
    visit.holder = visit.say(reading.read_holder(_profile(visit), terminal))


def verify_pin(visit: Visit) -> None:
    """The holder's PIN."""
    visit.say(proving.verify_pin(visit.pin))


def prove_certificate(visit: Visit) -> None:
    """A third-generation card also signs with the key of the certificate that was recognised."""
    profile = _profile(visit)
    if profile.has(PKI):
        assert visit.trusted is not None
        visit.say(reading.open_application(profile, PKI))
        visit.say(proving.verify_pin(visit.pin))
        visit.say(proving.prove_by_certificate(visit.trusted, visit.desk.nonce(16)))


STEPS: tuple[tuple[Text, Callable[[Visit], None]], ...] = (
    (Text("select the application, see the generation", "选择社保应用，识别卡代次"), identify),
    (Text("read the issuer (EF05)", "读取发行信息（EF05）"), read_issuer),
    (Text("check the dates", "检查有效期"), check_in_date),
    (Text("recognise the certificate through the bridge", "经桥 CA 验证卡证书"), recognise),
    (Text("the card proves itself (INTERNAL AUTHENTICATE)", "卡片内部认证"), prove_card),
    (Text("the terminal proves itself, read the holder (EF06)", "终端外部认证，读取持卡人信息（EF06）"), read_holder),
    (Text("verify the PIN", "校验密码"), verify_pin),
    (Text("the card signs with its certificate's key", "卡片以证书密钥签名"), prove_certificate),
)


def attend(desk: Desk, card: Exchange, factor: bytes, pin: str = PIN) -> Visit:
    """Every step in order, up to the first that an error ends."""
    visit = Visit(desk, card, factor, pin)
    for title, step in STEPS:
        try:
            step(visit)
        except CardstackError as error:
            visit.failed_at, visit.error = title, error
            break
        visit.done.append(title)
    return visit


def _profile(visit: Visit) -> Profile:
    assert visit.profile is not None
    return visit.profile
