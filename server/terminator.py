"""The TLS terminator in front: believed only where it proves itself, and never because of a header alone.

A terminator that shares a secret with the service and stands where the settings say (this machine, by loopback or a Unix
socket, unless they name another address) may say which client certificate it verified, where the visitor comes from and
that the visitor came by https. From anybody else those headers are taken away before any page sees them.
"""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from cardstack.ca.certificate import Certificate
from cardstack.errors import CardstackError

Application: TypeAlias = Callable[[dict[str, Any], Any], Iterable[bytes]]
SECRET_HEADER: Final = "Cardstack-Terminator"  # noqa: S105  # the header's name
CERTIFICATE, CLAIMED = "cardstack.certificate", "cardstack.certificate_claimed"
"""Under which names of the environ a page finds the fingerprint, and whether somebody claimed one without proof."""
WHOLE: Final = "cardstack.certificate_der"
"""The certificate itself (DER), where the terminator passes on the whole of it."""

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED")


@dataclass(frozen=True, slots=True)
class Terminator:
    """What a terminator must show, and where it may stand; `unix` is any peer on a Unix socket."""

    certificate_header: str
    secret: str = field(repr=False)
    peers: frozenset[str]

    def proved(self, environ: dict[str, Any]) -> bool:
        """Whether the request comes from the terminator itself."""
        peer = str(environ.get("REMOTE_ADDR") or "unix")
        given = str(environ.get(_key(SECRET_HEADER), ""))
        known = ("unix" if peer.startswith("unix") else peer) in self.peers
        return known and hmac.compare_digest(given.encode(), self.secret.encode())

    def around(self, app: Application) -> Application:
        """The application behind it."""

        def guarded(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            proved = self.proved(environ)
            claim = environ.pop(_key(self.certificate_header), "") if self.certificate_header else ""
            environ.pop(_key(SECRET_HEADER), None)
            forwarded = {name: environ.pop(name, "") for name in FORWARDED}
            if proved:
                environ[CERTIFICATE], environ[WHOLE] = fingerprint(claim), whole(claim)
                _believe(environ, forwarded)
            elif claim:
                environ[CLAIMED] = True
            return app(environ, start)

        return guarded


def fingerprint(said: str) -> str:
    """The SHA-256 of the certificate a terminator names, as 64 hex digits or as an escaped PEM; empty where it is neither.

    >>> fingerprint("AB:" * 31 + "AB") == "ab" * 32, fingerprint("0")
    (True, '')
    """
    digits = said.replace(":", "").strip().lower()
    if len(digits) == 64 and set(digits) <= set("0123456789abcdef"):
        return digits
    found = whole(said)
    return sha256(found).hexdigest() if found else ""


def whole(said: str) -> bytes:
    """The certificate (DER) that a terminator passes on as an escaped PEM; empty where it is none."""
    try:
        return Certificate.parse(unquote(said).encode()).raw if "CERTIFICATE" in said else b""
    except CardstackError:
        return b""


def _believe(environ: dict[str, Any], forwarded: dict[str, str]) -> None:
    """The nearest address and the scheme that the terminator saw; what is no address or scheme changes nothing."""
    nearest = forwarded["HTTP_X_FORWARDED_FOR"].rpartition(",")[2].strip()
    try:
        environ["REMOTE_ADDR"] = str(ip_address(nearest))
    except ValueError:
        environ.setdefault("REMOTE_ADDR", "")
    if forwarded["HTTP_X_FORWARDED_PROTO"] in {"http", "https"}:
        environ["wsgi.url_scheme"] = forwarded["HTTP_X_FORWARDED_PROTO"]


def _key(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")
