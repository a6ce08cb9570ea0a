"""The certificate application of generation 3: file 0018 holds a certificate for the key that signs."""

from collections.abc import Iterator

from cardstack.apdu import commands
from cardstack.apdu.message import Command
from cardstack.apdu.script import Script
from cardstack.ca.certificate import Certificate
from cardstack.card.profile import Application, Profile
from cardstack.card.proving import PROOF, signature_der, verify_pin
from cardstack.card.reading import open_application, read_certificate
from cardstack.conformance.case import Case, Differs, Need, Subject, Talk, Unready, demand, insist, ready
from cardstack.crypto.sm2 import Sm2Public
from cardstack.errors import CardstackError
from cardstack.text import Text

CLAUSE = "PKI middleware of third-generation cards (id 46244496087); GM/T 0015-2023"
SIGNING = "ISO/IEC 7816-8 §11.8; GB/T 32918.2-2016"
MESSAGE = PROOF + bytes(range(16))
SIGN = Command(0x00, 0x2A, 0x9E, 0x9A, MESSAGE, 64)
PUBLIC_KEY, POINT = 0x0012, 64


def derive(profile: Profile) -> Iterator[Case]:
    """Cases for an application that signs: its certificate, and its signature."""
    for application in profile.applications:
        if application.signing:
            parses = Text("file 0018 holds a certificate", "0018 文件为有效证书")
            yield Case("CHECK_CERT/parse", parses, CLAUSE, _parses(application), feature=application.name)
            fits = Text("the certificate is for the card's own key", "证书公钥与卡内公钥一致")
            yield Case("CHECK_CERT/key", fits, CLAUSE, _fits(application), feature=application.name)
            signs = Text("an SM2 signature of the card verifies under its public key", "卡片 SM2 签名可用其公钥验证")
            talk, needs = _signs(application), frozenset({Need.PIN})
            yield Case("CHECK_CERT/signature", signs, SIGNING, talk, needs=needs, feature=application.name)
            shut = Text("no signature without the PIN", "未校验密码不可签名")
            yield Case("CHECK_CERT/unproved", shut, SIGNING, _shut(application), feature=application.name)


def _certificate(subject: Subject) -> Script[Certificate]:
    raw = yield from ready(read_certificate(subject.profile))
    if not raw.strip(b"\0"):
        raise Unready(Text("no certificate was written", "未写入证书"))
    try:
        return Certificate.parse(raw)
    except CardstackError as error:
        raise Differs(error.told, got="other bytes", allowed="a certificate, DER") from error


def _parses(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from _certificate(subject)

    return talk


def _signs(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from ready(verify_pin(subject.pin or ""))
        yield from demand(commands.select_file(PUBLIC_KEY), "9000", "61XX")
        held = (yield from demand(commands.read_binary(0, 256), "9000")).data
        signature = (yield from demand(SIGN, "9000")).data
        pair = Text("a signature of r and s", "签名由 r 与 s 组成")
        insist(len(signature) == POINT, pair, f"{len(signature)} bytes", f"{POINT} bytes")
        try:
            Sm2Public.from_point(b"\x04" + held[-POINT:]).verify(signature_der(signature), MESSAGE)
        except CardstackError as error:
            raise Differs(error.title, got="another signature", allowed="one under the key of file 0012") from error

    return talk


def _shut(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from demand(SIGN, "6982", "6985")

    return talk


def _fits(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        certificate = yield from _certificate(subject)
        yield from ready(open_application(subject.profile, application.name))
        yield from demand(commands.select_file(PUBLIC_KEY), "9000", "61XX")
        held = (yield from demand(commands.read_binary(0, 256), "9000")).data
        point = certificate.spki[-POINT:]
        insist(point in held, Text("the certificate's key in file 0012", "0012 文件中为证书公钥"), "another key", "the same key")

    return talk
