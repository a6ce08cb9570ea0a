"""The otherNames that are understood: what they say, and which of them lie in a subtree of their own kind.

An otherName carries its kind as an object identifier, and a constraint on one kind says nothing about another (RFC 5280
§4.2.1.10 leaves each kind to its own standard). A constraint on a kind that does not stand here cannot be applied.
"""

from functools import lru_cache
from typing import NamedTuple

from cardstack.ca import der
from cardstack.errors import Malformed

UPN = "1.3.6.1.4.1.311.20.2.3"
"""userPrincipalName: who logs in, as user@realm ([MS-WCCE] §2.2.2.7.7.3; its constraints are written as those of e-mail [M])."""
SERVICE = "1.3.6.1.5.5.7.8.7"
"""SRVName: a service of a domain, as _service.domain (RFC 4985 §2)."""
MAILBOX = "1.3.6.1.5.5.7.8.9"
"""SmtpUTF8Mailbox: an e-mail address beyond ASCII (RFC 9598 §3); constraints on e-mail apply to it (§6)."""
REMEMBERED_SIZE = 1 << 12
_TEXTS = {UPN: (0x0C, "utf-8"), SERVICE: (0x16, "ascii"), MAILBOX: (0x0C, "utf-8")}


class Other(NamedTuple):
    """One otherName: its kind, and its text where the kind is known and the text can be read."""

    kind: str
    text: str | None


def read(content: bytes) -> Other:
    """The otherName in the content of its general name; without a kind where even that cannot be read.

    >>> read(bytes.fromhex("06082b06010505070807a0071605" + "5f782e7979")[:-1]).kind
    ''
    """
    return _remembered(content) if len(content) <= REMEMBERED_SIZE else _read(content)


@lru_cache(maxsize=1024)
def _remembered(content: bytes) -> Other:
    return _read(content)


def _read(content: bytes) -> Other:
    try:
        parts = der.items(content, 0, len(content))
        if len(parts) != 2 or parts[0].tag != der.OID or parts[1].tag != 0xA0:
            return Other("", None)
        kind = der.oid(content, parts[0])
        (inner,) = der.items(content, parts[1].start, parts[1].stop) or (parts[1],)
        tag, charset = _TEXTS.get(kind, (0, ""))
        return Other(kind, der.value(content, inner).decode(charset) if inner.tag == tag else None)
    except (Malformed, ValueError):
        return Other("", None)


def service(text: str) -> tuple[str, str]:
    """The service of an SRVName without case, and its domain; either may be missing in a constraint (RFC 4985 §4).

    >>> service("_Mail.example.com"), service("_mail"), service("example.com")
    (('_mail', 'example.com'), ('_mail', ''), ('', 'example.com'))
    """
    if not text.startswith("_"):
        return "", text.lower()
    name, _, domain = text.lower().partition(".")
    return name, domain
