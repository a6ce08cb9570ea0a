"""What a certificate is used for, and what that asks of it (RFC 5280 §4.2.1.3, §4.2.1.12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cardstack.ca import extensions
from cardstack.ca.certificate import Certificate
from cardstack.ca.extensions import ANY_USE, EXTENDED_KEY_USAGE
from cardstack.ca.profile import PURPOSES as ISSUED
from cardstack.errors import faulty
from cardstack.text import Text

_PKIX = "1.3.6.1.5.5.7.3."
SIGNING = frozenset({extensions.DIGITAL_SIGNATURE, extensions.NON_REPUDIATION})
HANDSHAKE = frozenset({extensions.DIGITAL_SIGNATURE, extensions.KEY_ENCIPHERMENT, extensions.KEY_AGREEMENT})


@dataclass(frozen=True, slots=True)
class Purpose:
    """One use: the extended key usage that allows it, and the key usages of which one must be set."""

    name: str
    use: str | None
    usages: frozenset[int] = frozenset()
    use_required: bool = False
    """Whether an absent extended key usage, which otherwise allows everything, is a refusal."""
    alone: bool = False
    """Whether the extended key usage has to be critical and no other, and the key usage nothing beside `usages`."""


_KNOWN = (
    Purpose("any", None),
    Purpose("server-auth", _PKIX + "1", HANDSHAKE),
    Purpose("client-auth", _PKIX + "2", HANDSHAKE),
    Purpose("code-signing", _PKIX + "3", SIGNING),
    Purpose("email-protection", _PKIX + "4"),
    # RFC 3161 §2.3; the key usages are those of ETSI EN 319 422 §8.1.
    Purpose("time-stamping", _PKIX + "8", SIGNING, use_required=True, alone=True),
    Purpose("ocsp-signing", _PKIX + "9", SIGNING, use_required=True),
    Purpose("signature", None, SIGNING),
    Purpose("encryption", None, frozenset({extensions.KEY_ENCIPHERMENT, extensions.KEY_AGREEMENT})),
    Purpose("authority", None, frozenset({extensions.KEY_CERT_SIGN})),
    *(Purpose(name, use, use_required=True) for name, use in ISSUED.items() if not use.startswith(_PKIX)),
)
PURPOSES: Mapping[str, Purpose] = MappingProxyType({purpose.name: purpose for purpose in _KNOWN})
"""The purposes by name; an extended key usage in dotted form is one too."""

# The spellings of RFC 5280's ASN.1 and of common tools, as they are without hyphens and case.
_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        **{purpose.name.replace("-", ""): purpose.name for purpose in _KNOWN},
        "server": "server-auth",
        "client": "client-auth",
        "tlsserver": "server-auth",
        "tlsclient": "client-auth",
        "sslserver": "server-auth",
        "sslclient": "client-auth",
        "tls": "server-auth",
        "email": "email-protection",
        "smime": "email-protection",
        "smimesign": "email-protection",
        "smimeencrypt": "email-protection",
        "timestamp": "time-stamping",
        "timestampsign": "time-stamping",
        "codesign": "code-signing",
        "ocsp": "ocsp-signing",
        "anyextendedkeyusage": "any",
        "sign": "signature",
        "digitalsignature": "signature",
        "encrypt": "encryption",
        "ca": "authority",
    }
)


def purpose(name: str) -> Purpose:
    """The purpose of a name, in any common spelling, or of an extended key usage in dotted form.

    >>> purpose("serverAuth").name, purpose("TLS_SERVER").name, purpose("1.3.6.1.5.5.7.3.2").name
    ('server-auth', 'server-auth', 'client-auth')
    """
    text = name.strip()
    plain = "".join(letter for letter in text.lower() if letter.isalnum())
    if plain.removeprefix("idkp") in _SPELLINGS:
        return PURPOSES[_SPELLINGS[plain.removeprefix("idkp")]]
    if text.isascii() and text.replace(".", "").isdigit() and "." in text.strip("."):
        return next((known for known in _KNOWN if known.use == text), None) or Purpose(text, text, use_required=True)
    raise faulty(
        "purpose", f"none is called by this name; known are {', '.join(PURPOSES)}", f"没有该用途，可选 {'、'.join(PURPOSES)}"
    )


def not_listed(certificate: Certificate, purpose: Purpose) -> Text | None:
    """What is wrong where a certificate lists purposes and this one is not among them."""
    uses = certificate.extended_key_usage
    if purpose.use is None or uses is None or purpose.use in uses or ANY_USE in uses:
        return None
    return Text(f"extended key usage without {purpose.use}", f"扩展密钥用途不含 {purpose.use}")


def unfit(certificate: Certificate, purpose: Purpose) -> Text | None:
    """What keeps the certificate that is asked about from its use."""
    usage, uses = certificate.key_usage, certificate.extended_key_usage
    if purpose.use_required and uses is None:
        return Text("no extended key usage", "没有扩展密钥用途")
    if purpose.usages and usage is not None and not purpose.usages & usage:
        return Text("key usage", "密钥用途不符")
    if not purpose.alone:
        return None
    if EXTENDED_KEY_USAGE not in certificate.critical or (uses is not None and len(uses) > 1):
        return Text(
            "an extended key usage that is not critical, or has other purposes too", "扩展密钥用途不是关键扩展，或含有其他用途"
        )
    if usage is None or not usage - purpose.usages:
        return None
    return Text("a key usage for more than this purpose", "密钥用途超出该用途")


def narrowed(uses: frozenset[str] | None, certificate: Certificate) -> frozenset[str] | None:
    """The purposes left over when a certificate has listed its own; None where nobody lists any."""
    listed = certificate.extended_key_usage
    if listed is None or ANY_USE in listed:
        return uses
    return listed if uses is None else uses & listed
