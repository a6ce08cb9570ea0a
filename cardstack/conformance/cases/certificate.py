"""The certificate application of generation 3: file 0018 holds a certificate for the key that signs."""

from collections.abc import Iterator

from cardstack.apdu import commands
from cardstack.apdu.script import Script
from cardstack.ca.certificate import Certificate
from cardstack.card.profile import Application, Profile
from cardstack.card.reading import open_application, read_certificate
from cardstack.conformance.case import Case, Differs, Subject, Talk, Unready, demand, insist, ready
from cardstack.errors import CardstackError
from cardstack.text import Text

CLAUSE = "PKI middleware of third-generation cards (id 46244496087); GM/T 0015-2023"
PUBLIC_KEY, POINT = 0x0012, 64


def derive(profile: Profile) -> Iterator[Case]:
    """Two cases for an application that signs."""
    for application in profile.applications:
        if application.signing:
            parses = Text("file 0018 holds a certificate", "0018 文件为有效证书")
            yield Case("CHECK_CERT/parse", parses, CLAUSE, _parses(application), feature=application.name)
            fits = Text("the certificate is for the card's own key", "证书公钥与卡内公钥一致")
            yield Case("CHECK_CERT/key", fits, CLAUSE, _fits(application), feature=application.name)


def _certificate(subject: Subject) -> Script[Certificate]:
    raw = yield from ready(read_certificate(subject.profile))
    if not raw.strip(b"\0"):
        raise Unready("no certificate was written")
    try:
        return Certificate.parse(raw)
    except CardstackError as error:
        raise Differs(str(error), got="other bytes", allowed="a certificate, DER") from error


def _parses(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        yield from ready(open_application(subject.profile, application.name))
        yield from _certificate(subject)

    return talk


def _fits(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        certificate = yield from _certificate(subject)
        yield from ready(open_application(subject.profile, application.name))
        yield from demand(commands.select_file(PUBLIC_KEY), "9000", "61XX")
        held = (yield from demand(commands.read_binary(0, 256), "9000")).data
        point = certificate.spki[-POINT:]
        insist(point in held, "the certificate's key in file 0012", "another key", "the same key")

    return talk
