"""OCSP answers right and wrong, by the kinds of OpenSSL's test/recipes/80-test_ocsp.t and RFC 6960 §3.2."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from cardstack.ca import encoding as der
from cardstack.ca import fields
from cardstack.ca.fields import Extension
from cardstack.ca.ocsp import key_hash
from tests.suites.kit import AT, OCSP, Made, Row, Situation, algorithm_of, ca, issue, key, leaf, root, shape, signed, spki
from tests.suites.rfc5280 import STRANGE

DAY = timedelta(days=1)
BASIC = "1.3.6.1.5.5.7.48.1.1"
GOOD, UNKNOWN = der.context(0, b"", constructed=False), der.context(2, b"", constructed=False)
REVOKED = der.context(1, der.generalized(AT - DAY) + der.context(0, der.enumerated(1)))


def answer(
    about: Made,
    by: Made,
    *,
    signer: Made | None = None,
    status: bytes = GOOD,
    name: bytes | None = None,
    info: bytes | None = None,
    responder: bytes | None = None,
    times: tuple[int, int | None] = (-1, 1),
    extra: tuple[Extension, ...] = (),
    with_key: Any = None,
    state: int = 0,
    serial: int | None = None,
) -> bytes:
    """An OCSPResponse about a certificate of `by`, signed by it or by a delegate; everything in it may be wrong."""
    signer_ = signer or by
    hashed = (
        hashlib.sha256(by.subject if name is None else name).digest(),
        key_hash("sha256", spki(by.secret) if info is None else info),
    )
    number = der.integer(about.serial if serial is None else serial)
    identity = der.sequence(der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.NULL), *map(der.octets, hashed), number)
    until = der.context(0, der.generalized(AT + times[1] * DAY)) if times[1] is not None else b""
    more = der.context(1, der.sequence(*(one.encode() for one in extra))) if extra else b""
    single = der.sequence(identity, status, der.generalized(AT + times[0] * DAY), until)
    said_by = der.context(1, signer_.subject if responder is None else responder)
    data = der.sequence(said_by, der.generalized(AT + times[0] * DAY), der.sequence(single), more)
    secret = with_key or signer_.secret
    whole = signed(data, algorithm_of(secret, "sha256"), secret, "sha256")
    if signer is not None:
        whole = der.element(0x30, whole[_head(whole) :] + der.context(0, der.sequence(signer.raw)))
    return der.sequence(der.enumerated(state), der.context(0, der.sequence(der.oid(BASIC), der.octets(whole))))


def _head(raw: bytes) -> int:
    """How long an element's tag and length are."""
    return 2 if raw[1] < 0x80 else 2 + (raw[1] & 0x7F)


Write = Callable[[Made, Made], bytes]


def asked(title: str, rule: str | None, write: Write, *, delegate: Any = None, crls: bool = True, **more: Any) -> Row:
    """The root's list covers the authority; the OCSP answer is about the server. `write` is told the server and the authority."""

    def make() -> Situation:
        top = issue(root(san=None), None)
        middle = issue(ca(san=None), top)
        end = issue(leaf(), middle)
        return Situation(end, [top], [middle], [top.crl()] if crls else [], [write(end, middle)])

    return shape(f"ocsp::{title}", rule is None, make, rule=rule, **more)


def own(title: str, rule: str | None, **more: Any) -> Row:
    """The authority answers itself."""
    return asked(title, rule, lambda end, by: answer(end, by, **more))


def by_delegate(title: str, rule: str | None, spec: Any = None, *, elsewhere: bool = False, **more: Any) -> Row:
    """Somebody answers whom the authority has certified for that, or another one `elsewhere`."""

    def write(end: Made, by: Made) -> bytes:
        plain: dict[str, Any] = {"name": "responder", "san": None, "eku": (OCSP,), "extra": [fields.ocsp_no_check()]}
        return answer(
            end,
            by,
            signer=issue(leaf(**{**plain, **(spec or {})}), issue(root(name="another", san=None), None) if elsewhere else by),
            **more,
        )

    return asked(title, rule, write)


STRANGER = key("P-256", "stranger")
BAD = "ocsp-unusable"
UNTOLD = "revocation-undetermined"

ROWS: tuple[Row, ...] = (
    own("the authority says good", None),
    own("the authority says revoked", "revoked", status=REVOKED),
    own("the authority does not know", BAD, status=UNKNOWN),
    own("invalid signature", BAD, with_key=STRANGER),
    own("wrong responder ID", BAD, responder=der.name(CN="somebody else")),
    own("wrong issuer name hash", UNTOLD, name=der.name(CN="somebody else")),
    own("wrong issuer key hash", UNTOLD, info=spki(STRANGER)),
    own("about another serial number", UNTOLD, serial=1),
    own("not an answer but an error", UNTOLD, state=6),
    own("from tomorrow", BAD, times=(1, 2)),
    own("until yesterday", BAD, times=(-3, -1)),
    own("without an end, of today", None, times=(0, None)),
    own("without an end, of last week", BAD, times=(-7, None)),
    own("unknown critical extension", BAD, extra=(STRANGE,)),
    own("unknown extension", None, extra=(STRANGE._replace(critical=False),)),
    by_delegate("a delegate says good", None),
    by_delegate("a delegate says revoked", "revoked", status=REVOKED),
    by_delegate("invalid signature of a delegate", BAD, with_key=STRANGER),
    by_delegate("wrong responder ID of a delegate", BAD, responder=der.name(CN="somebody else")),
    by_delegate("a delegate not for OCSP", BAD, {"eku": None}),
    by_delegate("a delegate whose key may not sign", BAD, {"usage": (2,)}),
    by_delegate("a delegate of yesterday", BAD, {"end": AT - DAY}),
    by_delegate("a delegate of tomorrow", BAD, {"begin": AT + DAY}),
    by_delegate("a delegate with an unknown critical extension", BAD, {"extra": [STRANGE]}),
    by_delegate("a delegate of another authority", BAD, elsewhere=True),
    asked("nothing that can be read", UNTOLD, lambda *_: b"\x30\x03\x0a\x01\x06"),
    asked("nothing about the authority", UNTOLD, answer, crls=False),
    asked("nothing about the authority, which is enough", None, answer, crls=False, revocation="soft"),
)
