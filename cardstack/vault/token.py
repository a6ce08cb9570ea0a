"""Keys in a PKCS #11 token: SoftHSM2 in tests, an HSM in service; the private key never leaves it.

ECDSA P-256 and P-384 and RSA by the standard's mechanisms. PKCS #11 has none for SM2: a token that offers it does so by a
mechanism of its maker's own, whose number and habits are told as data (`Sm2Mechanism`); no such token was at hand to try.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import RLock
from typing import Any

from cardstack.ca import encoding as der
from cardstack.crypto import local, sm2
from cardstack.crypto.keys import Algorithm, PublicKey
from cardstack.crypto.sm2 import Sm2Public
from cardstack.crypto.suite import MEANS, RSA_KEY, digest
from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text

NO_PKCS11 = problem(
    "CS-2330",
    Text("The token library {library} cannot be used", "无法使用密码模块库 {library}"),
    Text(
        "Install python-pkcs11 (extra pkcs11) and the maker's library; for SoftHSM2: apt-get install softhsm2.",
        "请安装 python-pkcs11（附加项 pkcs11）与厂商库；SoftHSM2：apt-get install softhsm2。",
    ),
)
NO_TOKEN = problem(
    "CS-2331",
    Text("The token {token} does not open", "密码模块 {token} 无法打开"),
    Text("Check its label and the PIN; it may be locked after wrong ones.", "请核对标签与 PIN；多次错误可能已被锁定。"),
)
NO_KEY = problem(
    "CS-2332",
    Text("The token {token} has no key {label} of this kind", "密码模块 {token} 中没有该类型的密钥 {label}"),
    Text("Make it with `ca create --token`, or choose another label.", "请用 ca create --token 生成，或更换标签。"),
)
_CURVES = {Algorithm.ECDSA_P256_SHA256: "secp256r1", Algorithm.ECDSA_P384_SHA384: "secp384r1"}


class Takes(StrEnum):
    """What a token's SM2 mechanism is given to sign."""

    DIGEST = "digest"
    """e of GB/T 32918.2 §6.1: SM3 over the signer's Z and the message, computed here."""
    MESSAGE = "message"
    """The message; the token knows the signer's ID and hashes by itself."""


@dataclass(frozen=True, slots=True)
class Sm2Mechanism:
    """How a maker's token signs with SM2: the numbers are those of its manual. Signatures are r and s, 32 bytes each."""

    sign: int
    takes: Takes = Takes.DIGEST
    generate: int | None = None
    """How it makes key pairs; None where it is by the standard's CKM_EC_KEY_PAIR_GEN with the curve's identifier."""

    def as_data(self) -> dict[str, Any]:
        made = None if self.generate is None else hex(self.generate)
        return {"sign": hex(self.sign), "takes": self.takes, "generate": made}

    @classmethod
    def of_data(cls, held: Any) -> "Sm2Mechanism":
        """From `token.json`; `Malformed` where it is none."""
        try:
            generate = held["generate"]
            return cls(int(held["sign"], 0), Takes(held["takes"]), None if generate is None else int(generate, 0))
        except (KeyError, TypeError, ValueError):
            raise Malformed(
                Text("an SM2 mechanism has sign, takes and generate", "SM2 机制应含 sign、takes、generate"), field="token.json"
            ) from None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token key is: the maker's library, the token's label, the key's label, and how the token does SM2."""

    library: str
    token: str
    label: str
    sm2: Sm2Mechanism | None = None

    def as_data(self) -> dict[str, Any]:
        named = {"library": self.library, "token": self.token, "label": self.label}
        return named if self.sm2 is None else named | {"sm2": self.sm2.as_data()}

    @classmethod
    def of_data(cls, held: Any) -> "Place":
        """From `token.json`; `Malformed` where a field is missing."""
        if not isinstance(held, dict) or not all(isinstance(held.get(name), str) for name in ("library", "token", "label")):
            raise Malformed(
                Text("a token key has library, token and label", "令牌密钥应含 library、token、label"), field="token.json"
            )
        sm2 = Sm2Mechanism.of_data(held["sm2"]) if "sm2" in held else None
        return cls(held["library"], held["token"], held["label"], sm2)


class TokenSigner:
    """A key pair in a token. Its session is used by one thread at a time."""

    def __init__(self, session: Any, private: Any, public: PublicKey, place: Place) -> None:
        self._session, self._private, self.public, self.place = session, private, public, place
        self._turn = RLock()

    def sign(self, message: bytes) -> bytes:
        """ECDSA gets the digest and its raw r and s become DER; RSA hashes inside."""
        from pkcs11 import Mechanism
        from pkcs11.util.ec import encode_ecdsa_signature

        algorithm = self.public.algorithm
        with self._turn, _said(self.place):
            if algorithm is Algorithm.RSA_SHA256:
                return bytes(self._private.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS))
            if isinstance(self.public, Sm2Public):
                return bytes(encode_ecdsa_signature(self._sm2(message, self.public)))
            raw = self._private.sign(digest(MEANS[algorithm].digest, message), mechanism=Mechanism.ECDSA)
            return bytes(encode_ecdsa_signature(raw))

    def _sm2(self, message: bytes, public: Sm2Public) -> bytes:
        """The signature as r and s by the maker's mechanism; `Refused` where that is not known."""
        means = self.place.sm2
        if means is None:
            raise Refused(
                Text("the token's SM2 mechanism is not known", "未知该令牌的 SM2 机制"),
                problem=NO_KEY,
                token=self.place.token,
                label=self.place.label,
            )
        given = message if means.takes is Takes.MESSAGE else public.hashed(message)
        raw = bytes(self._private.sign(given, mechanism=_vendor(means.sign)))
        if len(raw) != 64:
            raise Refused(
                Text("its signature is not r and s", "其签名不是 r 与 s"),
                problem=NO_KEY,
                token=self.place.token,
                label=self.place.label,
            )
        return raw

    def __repr__(self) -> str:
        return f"TokenSigner({self.place.token}/{self.place.label}, {self.public!r})"


def generate(place: Place, pin: bytes, algorithm: Algorithm, *, rsa_bits: int = 3072) -> TokenSigner:
    """A new key pair in the token, not to be extracted; `Refused` for an algorithm that PKCS #11 does not know."""
    session = _session(place, pin)
    with _said(place):
        from pkcs11 import Attribute, KeyType
        from pkcs11.util.ec import encode_named_curve_parameters

        keep = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.SIGN: True}
        if algorithm is Algorithm.RSA_SHA256:
            session.generate_keypair(KeyType.RSA, rsa_bits, label=place.label, store=True, private_template=keep)
        elif algorithm in _CURVES:
            curve = {Attribute.EC_PARAMS: encode_named_curve_parameters(_CURVES[algorithm])}
            domain = session.create_domain_parameters(KeyType.EC, curve, local=True)
            domain.generate_keypair(label=place.label, store=True, private_template=keep)
        elif algorithm is Algorithm.SM2_SM3 and place.sm2 is not None:
            domain = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: sm2.OID}, local=True)
            by = {} if place.sm2.generate is None else {"mechanism": _vendor(place.sm2.generate)}
            domain.generate_keypair(label=place.label, store=True, private_template=keep, **by)
        else:
            raise Refused(
                Text(f"{algorithm} has no PKCS #11 mechanism", f"{algorithm} 无对应的 PKCS #11 机制"),
                problem=NO_KEY,
                token=place.token,
                label=place.label,
            )
    return _found(session, place)


def _vendor(number: int) -> Any:
    """A mechanism that the package's list does not have, as the package wants it."""
    from pkcs11 import Mechanism

    try:
        return Mechanism(number)
    except ValueError:
        made = int.__new__(Mechanism, number)
        made._name_, made._value_ = f"VENDOR_{number:X}", number
        return made


def find(place: Place, pin: bytes) -> TokenSigner:
    """A key pair that is in the token; `Refused` where it is not."""
    return _found(_session(place, pin), place)


def _found(session: Any, place: Place) -> TokenSigner:
    from pkcs11 import KeyType, ObjectClass
    from pkcs11.exceptions import NoSuchKey
    from pkcs11.util.ec import encode_ec_public_key
    from pkcs11.util.rsa import encode_rsa_public_key

    with _said(place):
        for kind, encode in ((KeyType.EC, encode_ec_public_key), (KeyType.RSA, _spki(encode_rsa_public_key))):
            try:
                private = session.get_key(ObjectClass.PRIVATE_KEY, kind, place.label)
                public = session.get_key(ObjectClass.PUBLIC_KEY, kind, place.label)
            except NoSuchKey:
                continue
            return TokenSigner(session, private, local.public_key(bytes(encode(public))), place)
    raise Refused(problem=NO_KEY, token=place.token, label=place.label)


def _spki(encode: Any) -> Any:
    """The package writes a bare RSAPublicKey (PKCS #1); the header of SubjectPublicKeyInfo goes around it."""

    def wrapped(key: Any) -> bytes:
        return der.sequence(der.sequence(der.oid(RSA_KEY), der.NULL), der.bits(encode(key)))

    return wrapped


def _session(place: Place, pin: bytes) -> Any:
    try:
        import pkcs11
        from pkcs11.exceptions import PKCS11Error

        library = pkcs11.lib(str(Path(place.library)))
    except (ImportError, RuntimeError, OSError) as error:
        raise Refused(type(error).__name__, problem=NO_PKCS11, library=place.library) from None
    try:
        library.reinitialize()
        token = library.get_token(token_label=place.token)
        return token.open(rw=True, user_pin=pin.decode())
    except (PKCS11Error, UnicodeDecodeError) as error:
        raise Refused(type(error).__name__, problem=NO_TOKEN, token=place.token) from None


@contextmanager
def _said(place: Place) -> Iterator[None]:
    """The package's errors by our code; none of them carries a key or a PIN."""
    from pkcs11.exceptions import PKCS11Error

    try:
        yield
    except PKCS11Error as error:
        raise Refused(type(error).__name__, problem=NO_TOKEN, token=place.token) from None
