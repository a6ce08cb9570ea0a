"""The endpoints of the authorities' publications.

    /pki/ID.cer  /pki/ID.crl  /pki/ID-delta.crl        RFC 5280 §4.2.1.13, §4.2.2.1; RFC 2585
    /pki/ID/trustlist.json                              `cardstack.ca.trustlist`
    /pki/ID/ocsp                                        RFC 6960 appendix A, GET and POST
    /.well-known/est/ID/cacerts, simpleenroll, …        RFC 7030

They are open to everybody, as what certificates point to has to be, but for enrolment, which takes a ticket or the
certificate that is to be renewed.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, request

from cardstack.ca import csr
from cardstack.ca.certificate import Certificate
from cardstack.ca.responder import REQUEST_MAX, Answer, Served, answer, failure
from cardstack.errors import CardstackError, Untrusted
from cardstack.vault.enrolment import Enrolment
from cardstack.vault.home import AuthorityHome

ANSWER_LASTS = timedelta(minutes=10)
EST = "/.well-known/est/<id_>"
_BUNDLE = "application/pkcs7-mime; smime-type=certs-only"


@dataclass(frozen=True, slots=True)
class Published:
    """One authority on the air: its folder, who answers for its status, and whether machines may enrol."""

    home: AuthorityHome
    responders: Callable[[str], Sequence[Served]] = lambda _: ()
    """Who answers for an authority: for its present key, and for earlier ones."""
    enrolment: Enrolment | None = None
    fresh: Callable[[], None] = lambda: None
    """Called before anything is given out, so that what is due is made first."""


def pki(published: Iterable[Published], clock: Callable[[], datetime]) -> Blueprint:
    """The blueprint; `clock` gives the moment of an answer."""
    authorities = {one.home.id: one for one in published}
    pages = Blueprint("pki", __name__)
    _files(pages, authorities)
    _status(pages, authorities, clock)
    _enrolment(pages, authorities, clock)
    return pages


def _files(pages: Blueprint, authorities: Mapping[str, Published]) -> None:
    def fresh(id_: str) -> Published | None:
        found = authorities.get(id_)
        if found is not None:
            found.fresh()
        return found

    @pages.get("/pki/<id_>.cer")
    def certificate(id_: str) -> Response:
        """The authority's certificate, DER."""
        found = authorities.get(id_)
        return _file(None if found is None else found.home.certificate.raw, "application/pkix-cert")

    @pages.get("/pki/<id_>.crl")
    def crl(id_: str) -> Response:
        """The newest complete CRL, or the delta of `ID-delta.crl`, DER."""
        whole, _, delta = id_.rpartition("-delta")
        found = fresh(whole if whole and not delta else id_)
        kind = "delta" if whole and not delta else "full"
        return _file(None if found is None else found.home.crl(kind), "application/pkix-crl")

    @pages.get("/pki/<id_>/trustlist.json")
    def trust_list(id_: str) -> Response:
        """The newest signed trust list."""
        found = fresh(id_)
        return _file(None if found is None else found.home.trust_list(), "application/json")


def _status(pages: Blueprint, authorities: Mapping[str, Published], clock: Callable[[], datetime]) -> None:
    def say(id_: str, raw: bytes) -> Response:
        found = authorities.get(id_)
        if found is not None:
            found.fresh()
        responders = () if found is None else found.responders(id_)
        body = answer(raw, responders, at=clock(), valid_for=ANSWER_LASTS) if responders else failure(Answer.UNAUTHORIZED)
        return Response(body, mimetype="application/ocsp-response", headers={"Cache-Control": "no-cache"})

    @pages.post("/pki/<id_>/ocsp")
    def ocsp(id_: str) -> Response:
        """A status request in the body."""
        return say(id_, request.get_data(cache=False) if (request.content_length or 0) <= REQUEST_MAX else b"")

    @pages.get("/pki/<id_>/ocsp/<path:encoded>")
    def ocsp_get(id_: str, encoded: str) -> Response:
        """A status request in the path, base64 (RFC 6960 appendix A.1)."""
        try:
            return say(id_, base64.b64decode(encoded, validate=True))
        except (binascii.Error, ValueError):
            return say(id_, b"")


def _enrolment(pages: Blueprint, authorities: Mapping[str, Published], clock: Callable[[], datetime]) -> None:
    @pages.get(f"{EST}/cacerts")
    def est_certificates(id_: str) -> Response:
        """The authority's certificates: its own, and after a key change the old one and the links (RFC 7030 §4.1.3)."""
        found = authorities.get(id_)
        if found is None:
            return _file(None, _BUNDLE)
        links = [one for one, _ in found.home.crosses(clock(), "link")]
        return _bundle([*found.home.chain, *found.home.retired, *links])

    @pages.get(f"{EST}/csrattrs")
    def est_attributes(id_: str) -> Response:  # noqa: ARG001  # the route names the authority
        """Nothing in particular is asked of a request (§4.5)."""
        return Response(status=204)

    @pages.post(f"{EST}/simpleenroll")
    def est_enrol(id_: str) -> Response:
        """One certificate against a ticket, given as HTTP Basic user and password (§4.2.1)."""
        who = request.authorization
        if who is None or who.type != "basic" or not who.username:
            return Response("ticket and secret\n", 401, {"WWW-Authenticate": 'Basic realm="enrolment"'}, "text/plain")
        ticket, secret = who.username, who.password or ""
        return _enrolled(authorities.get(id_), lambda one, raw: one.enrol(raw, ticket=ticket, secret=secret, at=clock()))

    @pages.post(f"{EST}/simplereenroll")
    def est_renew(id_: str) -> Response:
        """The successor of the certificate that the client shows in TLS (§4.2.2)."""
        shown = request.environ.get("SSL_CLIENT_CERT")
        if not isinstance(shown, str) or not shown:
            return Response("a client certificate is needed\n", 401, mimetype="text/plain")
        return _enrolled(
            authorities.get(id_),
            lambda one, raw: one.renew(raw, held=Certificate.parse(shown.encode()), at=clock()),
        )


def _enrolled(found: Published | None, work: Callable[[Enrolment, bytes], Certificate]) -> Response:
    if found is None or found.enrolment is None:
        return Response("no enrolment here\n", 404, mimetype="text/plain")
    if (request.content_length or 0) > csr.SIZE_MAX:
        return Response("too large\n", 413, mimetype="text/plain")
    try:
        raw = base64.b64decode(b"".join(request.get_data(cache=False).split()), validate=True)
        return _bundle([work(found.enrolment, raw)])
    except (binascii.Error, ValueError) as error:
        said = error.say("en") if isinstance(error, CardstackError) else "the body is not base64"
        return Response(said + "\n", 400, mimetype="text/plain")
    except CardstackError as error:
        return Response(error.say("en") + "\n", 401 if isinstance(error, Untrusted) else 403, mimetype="text/plain")


def _bundle(certificates: list[Certificate]) -> Response:
    body = base64.encodebytes(csr.bundle(certificates))
    return Response(body, headers={"Content-Transfer-Encoding": "base64"}, content_type=_BUNDLE)


def _file(content: bytes | None, mimetype: str) -> Response:
    if content is None:
        return Response("not published here\n", 404, mimetype="text/plain")
    return Response(content, mimetype=mimetype, headers={"Cache-Control": "max-age=300"})
