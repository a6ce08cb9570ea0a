"""Certification requests, PKCS #10 (RFC 2986), read and written; and bundles of certificates, PKCS #7 (RFC 5652 §5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from cardstack.ca import der as read
from cardstack.ca import encoding as der
from cardstack.ca import fields
from cardstack.ca.certificate import Certificate, extension_list, signature_bytes, signed_parts
from cardstack.ca.extensions import alternative_names
from cardstack.ca.issue import algorithm_identifier, signed
from cardstack.ca.names import GeneralName, Name
from cardstack.crypto import local
from cardstack.crypto.keys import BadSignature, PublicKey, Signer
from cardstack.errors import Malformed, oversized, problem, told
from cardstack.text import Text

REQUEST = problem(
    "CS-2240",
    Text("The certification request is not acceptable", "证书申请不可接受"),
    Text(
        "Make a PKCS #10 request signed by the key that it asks for.",
        "请用所申请的密钥签名，生成 PKCS #10 申请。",
    ),
)
SIZE_MAX = 65_536
_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_ALTERNATIVE_NAMES = "2.5.29.17"


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks to be certified; its signature has been verified with its own key."""

    subject: Name
    public: PublicKey
    names: tuple[GeneralName, ...]

    @classmethod
    def parse(cls, raw: bytes) -> "Request":
        """A request in DER or PEM; `Malformed` CS-2240 where it is none, or its key did not sign it."""
        try:
            return _parse(read.blocks(raw, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")[0])
        except BadSignature:
            raise Malformed(Text("the key that it asks for did not sign it", "未用所申请的密钥签名"), problem=REQUEST) from None
        except Malformed as error:
            raise Malformed(told(error), problem=REQUEST) from None


def _parse(raw: bytes) -> Request:
    if len(raw) > SIZE_MAX:
        raise oversized("request", SIZE_MAX, len(raw))
    content, algorithm, signature = signed_parts(raw, "request")
    parts = read.Fields(raw, read.items(raw, content.start, content.stop), "request")
    parts.need(read.INTEGER)
    subject, spki = parts.need(read.SEQUENCE), parts.need(read.SEQUENCE)
    attributes = parts.maybe(0xA0)
    parts.end()
    public = local.public_key(read.encoded(raw, spki))
    if read.encoded(raw, algorithm) != algorithm_identifier(public.algorithm):
        raise Malformed(Text("signature algorithm: not the one of its key", "签名算法：与其密钥不符"))
    public.verify(signature_bytes(raw, signature), read.encoded(raw, content))
    asked = b"" if attributes is None else _names(raw, attributes)
    names = alternative_names(asked) if asked else ()
    return Request(Name.parse(read.encoded(raw, subject)), public, names)


def _names(raw: bytes, attributes: read.Item) -> bytes:
    """The subjectAltName that the request asks for; its other extensions are the profile's business."""
    for attribute in read.items(raw, attributes.start, attributes.stop):
        parts = read.inside(raw, attribute, read.SEQUENCE, "attribute")
        if len(parts) == 2 and parts[0].tag == read.OID and read.oid(raw, parts[0]) == _EXTENSION_REQUEST:
            found = {oid: value for oid, _, value in extension_list(raw, parts[1])}
            return found.get(_ALTERNATIVE_NAMES, b"")
    return b""


def build(subject: bytes, signer: Signer, names: Sequence[bytes] = ()) -> bytes:
    """A request, DER, for the signer's own key."""
    wanted = fields.encode([fields.alternative_names(names)]) if names else b""
    attribute = der.sequence(der.oid(_EXTENSION_REQUEST), der.set_of([wanted])) if wanted else b""
    return signed(der.sequence(der.integer(0), subject, signer.public.spki, der.context(0, attribute)), signer)


def bundle(certificates: Sequence[Certificate]) -> bytes:
    """Certificates and nothing else, as a signed-data without signers (RFC 7030 §4.1.3), DER."""
    content = der.sequence(
        der.integer(1),
        der.set_of([]),
        der.sequence(der.oid("1.2.840.113549.1.7.1")),
        der.context(0, b"".join(sorted(one.raw for one in certificates))),
        der.set_of([]),
    )
    return der.sequence(der.oid("1.2.840.113549.1.7.2"), der.context(0, content))
