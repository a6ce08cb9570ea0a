"""SM2 signatures with SM3 (GB/T 32918.2-2016 on the curve of GB/T 32918.5-2017) over the system's libcrypto.

The signer's ID is part of what is signed. GM/T 0009 gives one for everybody who has no other: 1234567812345678.
OpenSSL's own default is the empty ID, so on its command line say `-sigopt distid:1234567812345678`.
"""

from cardstack.crypto import libcrypto
from cardstack.crypto.keys import Algorithm, BadSignature
from cardstack.crypto.problems import KEY_FORM
from cardstack.crypto.suite import digest
from cardstack.errors import Malformed
from cardstack.text import Text

STANDARD_ID = b"1234567812345678"

_HEADER = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
"""SubjectPublicKeyInfo of an uncompressed SM2 point, up to x: id-ecPublicKey with 1.2.156.10197.1.301."""
_PRIVATE = bytes.fromhex("3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420")
"""PrivateKeyInfo of an SM2 key without its public point, up to the 32 bytes of the number."""
OID = bytes.fromhex("06082a811ccf5501822d")
"""The curve's object identifier, DER: what tells an SM2 key from others of id-ecPublicKey."""
_CURVE = bytes.fromhex(
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc"  # a
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"  # b
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"  # x of G
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"  # y of G
)


class Sm2Public:
    """An SM2 public key; `Malformed` where the bytes are none on the curve.

    The standard's example key begins with 09, which a well-known package mistakes for the 04 of the point's form.

    >>> x = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    >>> y = "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    >>> Sm2Public.from_point(bytes.fromhex("04" + x + y)).z.hex()
    'b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3'
    """

    algorithm = Algorithm.SM2_SM3

    def __init__(self, spki: bytes, key: libcrypto.Key | None = None) -> None:
        self._key = key or libcrypto.from_spki(spki)
        self.spki = libcrypto.to_spki(self._key)
        if not self.spki.startswith(_HEADER):
            # RFC 5480 §2.2 lets a certificate use the compressed form; GM/T 0015 does not, and cards cannot read it.
            raise Malformed(Text("an SM2 public key is an uncompressed point", "SM2 公钥应为未压缩点"), problem=KEY_FORM)
        self.z = _z(self.point, STANDARD_ID)

    @classmethod
    def from_point(cls, point: bytes) -> "Sm2Public":
        """The key at an uncompressed point (04, x, y), as cards and signatures without certificates carry it."""
        return cls(_HEADER + point[1:] if len(point) == 65 and point[0] == 4 else b"")

    @property
    def point(self) -> bytes:
        """04, x and y: 65 bytes."""
        return self.spki[len(_HEADER) - 1 :]

    def verify(self, signature: bytes, message: bytes, signer_id: bytes = STANDARD_ID) -> None:
        if not libcrypto.verifies(self._key, signature, self.hashed(message, signer_id)):
            raise BadSignature

    def hashed(self, message: bytes, signer_id: bytes = STANDARD_ID) -> bytes:
        """What is signed for a message: e of GB/T 32918.2 §6.1, for a token that does not compute it."""
        z = self.z if signer_id == STANDARD_ID else _z(self.point, signer_id)
        return digest("sm3", z + message)

    def encrypt(self, data: bytes) -> bytes:
        """Data for the holder of the key alone (GB/T 32918.4), DER: x, y, hash, ciphertext."""
        return libcrypto.encrypt(self._key, data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sm2Public) and self.spki == other.spki

    def __hash__(self) -> int:
        return hash(self.spki)

    def __repr__(self) -> str:
        return f"Sm2Public({digest('sm3', self.spki).hex()[:16]})"


class Sm2Signer:
    """An SM2 key pair in memory; its `repr` shows the public half alone."""

    def __init__(self, key: libcrypto.Key) -> None:
        self._key = key
        self.public = Sm2Public(b"", key)

    @classmethod
    def generate(cls) -> "Sm2Signer":
        return cls(libcrypto.generate())

    @classmethod
    def from_number(cls, number: bytes) -> "Sm2Signer":
        """The key pair of a private number of 32 bytes, as vectors and split keys give it."""
        if len(number) != 32:
            raise Malformed(
                Text(f"an SM2 private key has 32 bytes, got {len(number)}", f"SM2 私钥应为 32 字节，实为 {len(number)} 字节"),
                problem=KEY_FORM,
            )
        return cls(libcrypto.from_pkcs8(_PRIVATE + number, None))

    @classmethod
    def from_pkcs8(cls, der: bytes, password: bytes | None = None) -> "Sm2Signer":
        return cls(libcrypto.from_pkcs8(der, password))

    def to_pkcs8(self, password: bytes | None) -> bytes:
        """PKCS#8, DER; encrypted (PBES2, AES-256-CBC) where there is a password."""
        return libcrypto.to_pkcs8(self._key, password)

    @property
    def number(self) -> bytes:
        """The private number, 32 bytes: for envelopes and split keys, never for output."""
        der = libcrypto.to_pkcs8(self._key, None)
        start = der.index(b"\x02\x01\x01\x04\x20") + 5  # ECPrivateKey: version 1, then the number (RFC 5915 §3)
        return der[start : start + 32]

    def sign(self, message: bytes, signer_id: bytes = STANDARD_ID) -> bytes:
        """The signature over Z and message, DER."""
        return libcrypto.sign(self._key, self.public.hashed(message, signer_id))

    def decrypt(self, sealed: bytes) -> bytes:
        r"""What `Sm2Public.encrypt` put in; `Malformed` where it does not decrypt.

        >>> signer = Sm2Signer.from_number(bytes(31) + bytes((7,)))
        >>> signer.decrypt(signer.public.encrypt(b"sixteen bytes..."))
        b'sixteen bytes...'
        """
        return libcrypto.decrypt(self._key, sealed)

    def __repr__(self) -> str:
        return f"Sm2Signer({self.public!r})"


def _z(point: bytes, signer_id: bytes) -> bytes:
    """The hash of the signer's ID, the curve and the public point (GB/T 32918.2 §5.5)."""
    if len(signer_id) >= 8192:
        raise Malformed(
            Text(
                f"a signer's ID has fewer than 8192 bytes, got {len(signer_id)}",
                f"签名者 ID 应少于 8192 字节，实为 {len(signer_id)} 字节",
            ),
            problem=KEY_FORM,
        )
    return digest("sm3", (8 * len(signer_id)).to_bytes(2) + signer_id + _CURVE + point[1:])
