"""Who answers for the status of an authority's certificates: a delegate (RFC 6960 §4.2.2.2) with a key of its own.

The delegate's key lies in the authority's folder under a password of its own, so that a service answers without the
authority's key; only making the delegate takes that.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from cardstack.ca.certificate import Certificate
from cardstack.ca.issue import Authority
from cardstack.ca.profile import profile
from cardstack.ca.register import Record
from cardstack.ca.responder import Served
from cardstack.crypto import local
from cardstack.crypto.armour import pem
from cardstack.vault import files
from cardstack.vault.home import DELEGATE, AuthorityHome

LASTS = timedelta(days=90)
RENEW_BEFORE = timedelta(days=7)
CERTIFICATE, KEY = DELEGATE


def delegate(home: AuthorityHome) -> Certificate | None:
    """The certificate of the present delegate; None where none was made."""
    path = home.folder / CERTIFICATE
    return Certificate.parse(files.read(path)) if path.exists() else None


def due(held: Certificate | None, at: datetime) -> bool:
    """Whether a delegate has to be made: there is none, or its certificate ends within a week."""
    return held is None or at + RENEW_BEFORE >= held.valid_until


def responder(home: AuthorityHome, *, at: datetime, actor: str, password: bytes) -> Served:
    """Who answers now. The delegate is made on first use and again before its certificate runs out."""
    with home.alone():
        held = delegate(home)
        if held is not None and not due(held, at):
            return _served(home, Authority.of(held, local.load_pkcs8(files.read(home.folder / KEY), password)))
        signer = local.generate(home.certificate.public_key.algorithm)
        made = home.issue(
            profile("ocsp"),
            subject=home.name(CN=f"OCSP {home.id} {at:%Y%m%d%H%M%S}"),
            public=signer.public,
            at=at,
            actor=actor,
            until=min(at + LASTS, home.certificate.valid_until),
        )
        files.write(home.folder / KEY, signer.to_pkcs8(password), secret=True)
        files.write(home.folder / CERTIFICATE, pem("CERTIFICATE", made.raw))
    return _served(home, Authority.of(made, signer))


def earlier(home: AuthorityHome, *, at: datetime, password: bytes) -> list[Served]:
    """Who still answers for what earlier keys issued: the delegates of that time, as long as their certificates last."""
    found = []
    for issuer in home.retired:
        beside = home.folder / "retired" / f"{issuer.fingerprint[:16]}-ocsp"
        if beside.is_dir():
            held = Certificate.parse(files.read(beside / CERTIFICATE))
            if at <= held.valid_until:
                signer = local.load_pkcs8(files.read(beside / KEY), password)
                found.append(Served(issuer, _status(home), Authority.of(held, signer)))
    return found


def _served(home: AuthorityHome, by: Authority) -> Served:
    return Served(home.certificate, _status(home), by)


def _status(home: AuthorityHome) -> Callable[[int], Record | None]:
    def status(serial: int) -> Record | None:
        home.refresh()
        return home.register.get(serial)

    return status
