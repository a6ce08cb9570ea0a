"""HTTP message signatures (RFC 9421) by a node's certificate, for requests that carry no envelope.

The certificate travels in `Client-Cert` (RFC 9440) and is covered by the signature beside method, path and query;
`keyid` is its fingerprint. ECDSA and SM2 signatures are r and s at fixed width, as RFC 9421 §3.3.4 has it for ECDSA;
`sm2-sm3` is an algorithm name of our own, because none is registered.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from asn1crypto.algos import DSASignature
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureAlgorithm, HTTPSignatureKeyResolver
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from cardstack.ca.certificate import Certificate
from cardstack.ca.trust import Trusted
from cardstack.crypto.keys import Algorithm, Signer
from cardstack.errors import Untrusted, problem
from cardstack.text import Text

COVERED: Final = ("@method", "@path", "@query", "client-cert")
AGE_MAX: Final = timedelta(minutes=5)
WIDTHS: Final = {Algorithm.SM2_SM3: 32, Algorithm.ECDSA_P256_SHA256: 32, Algorithm.ECDSA_P384_SHA384: 48}
NOT_SIGNED: Final = problem(
    "CS-4012",
    Text("The request's signature does not hold", "请求签名无效"),
    Text(
        "Cover method, path, query and Client-Cert, sign with the certificate's key within five minutes (RFC 9421).",
        "签名须覆盖方法、路径、查询与 Client-Cert，并在五分钟内用证书私钥签名（RFC 9421）。",
    ),
)


@dataclass
class Request:
    """What a signature is over; the form that the library asks for."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def covered(self) -> tuple[str, ...]:
        """What its signature covers at least: a body by its digest (RFC 9530)."""
        return (*COVERED, "content-digest") if self.body else COVERED


class _Keys(HTTPSignatureKeyResolver):
    """The one key of the request at hand."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def resolve_public_key(self, key_id: str) -> Any:
        del key_id  # compared with the certificate before
        return self.key

    def resolve_private_key(self, key_id: str) -> Any:
        del key_id
        return self.key


def _algorithm(algorithm: Algorithm) -> type[HTTPSignatureAlgorithm]:
    """The library's algorithm over our keys."""
    width = WIDTHS.get(algorithm)

    class OverPort(HTTPSignatureAlgorithm):
        algorithm_id = algorithm.value

        def __init__(self, public_key: Any = None, private_key: Any = None, password: Any = None) -> None:
            del password
            self.public_key, self.private_key = public_key, private_key

        def sign(self, message: bytes) -> bytes:
            return _flat(self.private_key.sign(message), width)

        def verify(self, signature: bytes, message: bytes) -> None:
            self.public_key.verify(_der(signature, width), message)

    return OverPort


def _flat(signature: bytes, width: int | None) -> bytes:
    if width is None:
        return signature
    parts = DSASignature.load(signature).native
    return int(parts["r"]).to_bytes(width) + int(parts["s"]).to_bytes(width)


def _der(signature: bytes, width: int | None) -> bytes:
    if width is None:
        return signature
    if len(signature) != 2 * width:
        raise Untrusted("signature", NOT_SIGNED)
    parts = {"r": int.from_bytes(signature[:width]), "s": int.from_bytes(signature[width:])}
    encoded: bytes = DSASignature(parts).dump()
    return encoded


def sign(request: Request, signer: Signer, certificate: bytes, at: datetime) -> Mapping[str, str]:
    """The headers that prove who asks."""
    request.headers["Client-Cert"] = f":{b64encode(certificate).decode()}:"
    made = HTTPMessageSigner(signature_algorithm=_algorithm(signer.public.algorithm), key_resolver=_Keys(signer))
    made.sign(
        request,
        key_id=Certificate.parse(certificate).fingerprint,
        created=at,
        label="cardstack",
        covered_component_ids=COVERED,
        body=request.body or None,
    )
    return request.headers


class _Verifier(HTTPMessageVerifier):
    """A verifier by the service's clock, which a sandbox may set."""

    now: datetime

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        del max_age
        created = sig_input.params.get("created")
        if not isinstance(created, int) or abs(self.now.timestamp() - created) > AGE_MAX.total_seconds():
            raise Untrusted("created", NOT_SIGNED, field="created")
        expires = sig_input.params.get("expires")
        if expires is not None and (type(expires) is not int or expires < self.now.timestamp()):
            raise Untrusted("expires", NOT_SIGNED, field="expires")


def verify(request: Request, vouch: Callable[[tuple[bytes, ...], datetime], Trusted], now: datetime) -> Trusted:
    """Whose certificate signed the request; `Untrusted` (CS-4012 or why the path fails) where none did."""
    name = next((value for key, value in request.headers.items() if key.lower() == "client-cert"), "")
    try:
        certificate = b64decode(name.strip().removeprefix(":").removesuffix(":"), validate=True)
        trusted = vouch((certificate,), now)
        key = trusted.certificate.public_key
        verifier = _Verifier(signature_algorithm=_algorithm(key.algorithm), key_resolver=_Keys(key))
        verifier.now = now
        results = verifier.verify(request, max_age=None, require_components=request.covered, body=request.body or None)
    except (HTTPMessageSignaturesException, ValueError, KeyError, TypeError) as error:
        raise Untrusted("signature", NOT_SIGNED) from error
    if any(one.parameters.get("keyid") != trusted.certificate.fingerprint for one in results):
        raise Untrusted("keyid", NOT_SIGNED, field="keyid")
    return trusted
