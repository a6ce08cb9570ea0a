"""A citizen's two certificates: one to sign, whose key nobody else has, and one to encrypt, whose key is kept in escrow.

GM/T 0034-2014 has the key management centre make the encryption key, keep it for recovery, and hand it out under the
key that the citizen already has: the SM2 enveloped key of GM/T 0009-2012 §7.4.
"""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from cardstack.ca import der as read
from cardstack.ca import encoding as der
from cardstack.crypto.problems import KEY_FORM
from cardstack.crypto.sm2 import Sm2Public, Sm2Signer
from cardstack.errors import Malformed, faulty
from cardstack.text import Text

SM4_ECB = "1.2.156.10197.1.104.1"


def envelope(private: Sm2Signer, recipient: Sm2Public, session_key: bytes) -> bytes:
    """The encryption key pair for the holder of `recipient`'s key alone, DER.

    `session_key` is 16 random bytes, drawn by the caller and used for nothing else, so that ECB over the two blocks of
    the number hides them.
    """
    if len(session_key) != 16:
        raise Malformed(
            Text(f"an SM4 key has 16 bytes, got {len(session_key)}", f"SM4 密钥应为 16 字节，实为 {len(session_key)} 字节"),
            problem=KEY_FORM,
        )
    sealed = Cipher(algorithms.SM4(session_key), modes.ECB()).encryptor()  # noqa: S305  # the mode that GM/T 0009 gives
    return der.sequence(
        der.sequence(der.oid(SM4_ECB)),
        recipient.encrypt(session_key),
        der.bits(private.public.point),
        der.bits(sealed.update(private.number) + sealed.finalize()),
    )


def opened(raw: bytes, own: Sm2Signer) -> Sm2Signer:
    """The encryption key pair in an envelope; `Malformed` where it is none, or for somebody else."""
    parts = read.Fields(raw, read.fields(raw, "envelope"), "envelope")
    algorithm = read.inside(raw, parts.need(read.SEQUENCE), read.SEQUENCE, "algorithm")
    if not algorithm or algorithm[0].tag != read.OID or read.oid(raw, algorithm[0]) != SM4_ECB:
        raise faulty("envelope", "SM4 in ECB was expected", "应为 SM4 ECB")
    key = own.decrypt(read.encoded(raw, parts.need(read.SEQUENCE)))
    point = read.bit_string(raw, parts.need(read.BITS), "public key")
    number = read.bit_string(raw, parts.need(read.BITS), "private key")
    parts.end()
    if len(key) != 16 or len(number) != 32:
        raise faulty("envelope", "a key of another length", "密钥长度不符")
    clear = Cipher(algorithms.SM4(key), modes.ECB()).decryptor()  # noqa: S305  # as above
    pair = Sm2Signer.from_number(clear.update(number) + clear.finalize())
    if pair.public.point != point:
        raise faulty("envelope", "the two halves do not belong together", "公私钥不匹配")
    return pair
