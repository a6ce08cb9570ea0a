"""What a certificate is used for, and what that asks of it (RFC 5280 §4.2.1.3, §4.2.1.12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cardstack.ca import extensions
from cardstack.ca.profile import PURPOSES as ISSUED
from cardstack.errors import Malformed

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


_KNOWN = (
    Purpose("any", None),
    Purpose("server-auth", _PKIX + "1", HANDSHAKE),
    Purpose("client-auth", _PKIX + "2", HANDSHAKE),
    Purpose("code-signing", _PKIX + "3", SIGNING),
    Purpose("email-protection", _PKIX + "4"),
    Purpose("time-stamping", _PKIX + "8", SIGNING, use_required=True),
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
        "timestamp": "time-stamping",
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
    raise Malformed(f"purpose: none is called by this name; known are {', '.join(PURPOSES)}", field="purpose")
