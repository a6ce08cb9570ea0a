"""The baseline requirements of the CA/Browser Forum, where a certificate is asked about as what they are for.

Browsers and mail programs hold public authorities to more than RFC 5280 says: a TLS server's certificate is for nothing
else, a root lists no purposes, a CRL is the issuer's own. So a TLS server's certificate, asked about by its purpose and by
a host name or an address, is held to the TLS requirements here too, an e-mail certificate asked about by its purpose
and an address to those for S/MIME, and one for signing code to theirs. Nothing else is: the requirements do not bind
cards, terminals or messages.

Sources: Baseline Requirements for the Issuance and Management of Publicly-Trusted TLS Server Certificates (TLS BR) §7.1.2,
§7.2.2; Baseline Requirements for … S/MIME Certificates (S/MIME BR) §7.1.2; Baseline Requirements for … Code Signing
Certificates (CS BR) §7.1.2.
"""

from dataclasses import dataclass

from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.extensions import ALTERNATIVE_NAMES, ANY_USE, CRL_SIGN, EXTENDED_KEY_USAGE, KEY_CERT_SIGN, KEY_USAGE
from cardstack.ca.names import DNS, IP, MAIL, URI, GeneralName
from cardstack.ca.purposes import PURPOSES, Purpose
from cardstack.text import Text

_USE = {name: one.use for name, one in PURPOSES.items() if one.use}
_SIGNERS = frozenset({KEY_CERT_SIGN, CRL_SIGN})
_PRECERTIFICATE = "1.3.6.1.4.1.11129.2.4.4"


@dataclass(frozen=True, slots=True)
class Baseline:
    """One of the requirements: what brings it in, and what it asks beyond RFC 5280."""

    title: str
    purpose: str
    forms: frozenset[int]
    """The forms of names one of which is asked for; none: the purpose is enough."""
    foreign: frozenset[str]
    """Purposes that must not stand beside its own, in the certificate or in an authority's."""
    stated: bool
    """Whether key usage and extended key usage have to be there; RFC 5280 lets both be absent."""
    plain_use: bool
    """Whether the extended key usage must not be critical."""
    own_lists: bool
    """Whether CRLs are the issuer's own, found by URI alone, and list nobody twice."""
    lists_signed: bool
    """Whether every authority below the root may sign CRLs."""
    firm_usage: bool = False
    """Whether the key usage has to be critical."""

    def says(self, what: Text) -> Text:
        """What is broken, under its title."""
        return Text(f"{self.title}: {what.en}", f"{self.title}：{what.zh}")


_FOREIGN = frozenset({_USE["code-signing"], _USE["time-stamping"], ANY_USE})
TLS = Baseline(
    title="TLS BR",
    purpose="server-auth",
    forms=frozenset({DNS, IP}),
    foreign=_FOREIGN | {_USE["email-protection"], _USE["ocsp-signing"], _PRECERTIFICATE},
    # §7.1.2.7.6 asks for it, RFC 5280 §4.2.1.12 lets an absent one allow every purpose; private authorities rely on that.
    stated=False,
    plain_use=True,
    own_lists=True,
    lists_signed=False,
)
MAIL_PROTECTION = Baseline(
    title="S/MIME BR",
    purpose="email-protection",
    forms=frozenset({MAIL}),
    foreign=_FOREIGN | {_USE["server-auth"]},
    stated=True,
    plain_use=False,
    own_lists=False,
    lists_signed=True,
)
CODE = Baseline(
    title="CS BR",
    purpose="code-signing",
    forms=frozenset(),
    foreign=frozenset({_USE["server-auth"], ANY_USE}),
    stated=True,
    plain_use=False,
    own_lists=False,
    lists_signed=False,
    firm_usage=True,
)


def asked(purpose: Purpose | None, names: tuple[GeneralName, ...]) -> Baseline | None:
    """The requirements that a question brings in, None for nearly all."""
    forms = {name.form for name in names}
    for one in (TLS, MAIL_PROTECTION, CODE):
        if purpose is not None and purpose.name == one.purpose and (not one.forms or one.forms & forms):
            return one
    return None


def of_the_last(baseline: Baseline, certificate: Certificate) -> Text | None:
    """What the certificate that is asked about breaks, with the paragraph."""
    if ALTERNATIVE_NAMES in certificate.critical and certificate.subject:
        return Text("a critical subjectAltName beside a subject (§7.1.2)", "有主体而 subjectAltName 为关键扩展（§7.1.2）")
    if baseline.plain_use and EXTENDED_KEY_USAGE in certificate.critical:
        return Text("a critical extended key usage (§7.1.2.7.6)", "扩展密钥用途为关键扩展（§7.1.2.7.6）")
    if baseline.stated and (certificate.key_usage is None or certificate.extended_key_usage is None):
        return Text("key usage or extended key usage is missing (§7.1.2.3)", "缺少密钥用途或扩展密钥用途（§7.1.2.3）")
    if (baseline.firm_usage and KEY_USAGE not in certificate.critical) or _SIGNERS & (certificate.key_usage or frozenset()):
        return Text(
            "a key usage that is not critical, or for certificates or CRLs (§7.1.2)",
            "密钥用途不是关键扩展，或用于签发证书或 CRL（§7.1.2）",
        )
    if baseline.own_lists and any(name.form != URI for point in certificate.points for name in point.names):
        return Text("a CRL distribution point that is no URI (§7.1.2.11.2)", "CRL 分发点不是 URI（§7.1.2.11.2）")
    return _of_any(baseline, certificate)


def of_an_authority(baseline: Baseline, certificate: Certificate) -> Text | None:
    """What an authority between root and certificate breaks."""
    usage = certificate.key_usage
    if baseline.lists_signed and usage is not None and CRL_SIGN not in usage:
        return Text("an authority that may not sign CRLs (§7.1.2.2)", "机构不得签发 CRL（§7.1.2.2）")
    return _of_any(baseline, certificate)


def of_the_anchor(baseline: Baseline, certificate: Certificate) -> Text | None:
    """What a root breaks; an authority that is trusted by itself is held to the rules of authorities."""
    if not certificate.self_issued:
        return of_an_authority(baseline, certificate)
    if certificate.extended_key_usage is not None:
        return Text("a root with extended key usage (§7.1.2.1)", "根证书含扩展密钥用途（§7.1.2.1）")
    named = certificate.authority_key
    if named is not None and (named.issuer or named.serial is not None):
        return Text("a root that names its issuer's certificate (§7.1.2.1.3)", "根证书指明了签发者证书（§7.1.2.1.3）")
    return _of_any(baseline, certificate)


def of_a_list(baseline: Baseline, crl: Crl) -> Text | None:
    """What keeps a CRL from being used."""
    if not baseline.own_lists:
        return None
    scope = crl.scope
    if scope is not None and (scope.indirect or scope.relative or any(name.form != URI for name in scope.names)):
        return Text("a CRL for others, or not found by URI (§7.2.2.1)", "CRL 涉及其他签发者，或不以 URI 定位（§7.2.2.1）")
    return Text("a CRL that lists one certificate twice (§7.2.2)", "CRL 中同一证书列出两次（§7.2.2）") if crl.doubled else None


def _of_any(baseline: Baseline, certificate: Certificate) -> Text | None:
    found = baseline.foreign & (certificate.extended_key_usage or frozenset())
    return Text(f"extended key usage with {min(found)} (§7.1.2)", f"扩展密钥用途含 {min(found)}（§7.1.2）") if found else None
