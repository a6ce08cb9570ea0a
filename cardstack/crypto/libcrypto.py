"""The calls of the system's libcrypto that SM2 needs, by ctypes: OpenSSL 3, patched by the distribution.

Threads may share a key: each call takes an idle context of the key or sets up a new one. ctypes releases the
interpreter lock while the library works.
"""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CDLL, POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_ubyte, c_void_p, create_string_buffer
from functools import cache
from typing import Any, Literal, TypeAlias

from cardstack.crypto.problems import KEY_FORM, KEY_PASSWORD, KEY_WORK, NO_LIBCRYPTO, NO_SM2
from cardstack.errors import Malformed, Refused

NAMES = ("libcrypto.so.3", "libcrypto.3.dylib", "libcrypto-3-x64.dll")
PBKDF2_ROUNDS, SIGNATURE_MAX = 100_000, 80
Work: TypeAlias = Literal["sign", "verify", "encrypt", "decrypt"]
_SEQUENCE = b"\x30"

_DECLARED: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_PKEY_CTX_new_from_name": (c_void_p, (c_void_p, c_char_p, c_char_p)),
    "EVP_PKEY_CTX_new_from_pkey": (c_void_p, (c_void_p, c_void_p, c_char_p)),
    "EVP_PKEY_CTX_free": (None, (c_void_p,)),
    "EVP_PKEY_keygen_init": (c_int, (c_void_p,)),
    "EVP_PKEY_generate": (c_int, (c_void_p, POINTER(c_void_p))),
    "EVP_PKEY_sign_init": (c_int, (c_void_p,)),
    "EVP_PKEY_sign": (c_int, (c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "EVP_PKEY_verify_init": (c_int, (c_void_p,)),
    "EVP_PKEY_verify": (c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
    "EVP_PKEY_encrypt_init": (c_int, (c_void_p,)),
    "EVP_PKEY_encrypt": (c_int, (c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "EVP_PKEY_decrypt_init": (c_int, (c_void_p,)),
    "EVP_PKEY_decrypt": (c_int, (c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "d2i_PUBKEY": (c_void_p, (c_void_p, POINTER(c_char_p), c_long)),
    "i2d_PUBKEY": (c_int, (c_void_p, POINTER(POINTER(c_ubyte)))),
    "d2i_PKCS8_PRIV_KEY_INFO": (c_void_p, (c_void_p, POINTER(c_char_p), c_long)),
    "i2d_PKCS8_PRIV_KEY_INFO": (c_int, (c_void_p, POINTER(POINTER(c_ubyte)))),
    "PKCS8_PRIV_KEY_INFO_free": (None, (c_void_p,)),
    "EVP_PKCS82PKEY": (c_void_p, (c_void_p,)),
    "EVP_PKEY2PKCS8": (c_void_p, (c_void_p,)),
    "d2i_X509_SIG": (c_void_p, (c_void_p, POINTER(c_char_p), c_long)),
    "i2d_X509_SIG": (c_int, (c_void_p, POINTER(POINTER(c_ubyte)))),
    "X509_SIG_free": (None, (c_void_p,)),
    "PKCS8_encrypt": (c_void_p, (c_int, c_void_p, c_char_p, c_int, c_void_p, c_int, c_int, c_void_p)),
    "PKCS8_decrypt": (c_void_p, (c_void_p, c_char_p, c_int)),
    "EVP_aes_256_cbc": (c_void_p, ()),
    "EVP_PKEY_is_a": (c_int, (c_void_p, c_char_p)),
    "ERR_clear_error": (None, ()),
    "CRYPTO_free": (None, (c_void_p, c_char_p, c_int)),
}


@cache
def library() -> Any:
    """The library with its calls declared; `Refused` (CS-2002) where the machine has none."""
    for name in NAMES:
        try:
            found = CDLL(name)
        except OSError:
            continue
        for call, (result, arguments) in _DECLARED.items():
            function = getattr(found, call)
            function.restype, function.argtypes = result, arguments
        return found
    raise Refused(problem=NO_LIBCRYPTO)


class Key:
    """An EVP_PKEY of type SM2 that frees itself; made by `generate`, `from_spki` and `from_pkcs8`."""

    __slots__ = ("__weakref__", "idle", "pointer")

    def __init__(self, pointer: int) -> None:
        self.pointer = pointer
        self.idle: dict[Work, list[int]] = {"sign": [], "verify": [], "encrypt": [], "decrypt": []}
        # At the end of the process the library tidies up for itself, in an order of its own.
        weakref.finalize(self, _free, pointer, self.idle).atexit = False

    @contextmanager
    def context(self, work: Work) -> Iterator[int]:
        """A context for one call; put back for the next where the call went well (taking from a list is atomic)."""
        lib, idle = library(), self.idle[work]
        try:
            ready = idle.pop()
        except IndexError:
            ready = lib.EVP_PKEY_CTX_new_from_pkey(None, self.pointer, None)
            getattr(lib, f"EVP_PKEY_{work}_init")(ready)
        try:
            yield ready
        except BaseException:
            lib.EVP_PKEY_CTX_free(ready)
            raise
        idle.append(ready)


def _free(pointer: int, idle: dict[Work, list[int]]) -> None:
    lib = library()
    for contexts in idle.values():
        for one in contexts:
            lib.EVP_PKEY_CTX_free(one)
    lib.EVP_PKEY_free(pointer)


def generate() -> Key:
    """A new SM2 key pair."""
    lib = library()
    context = lib.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
    if not context:
        lib.ERR_clear_error()
        raise Refused(problem=NO_SM2)
    made = c_void_p()
    try:
        done = lib.EVP_PKEY_keygen_init(context) == 1 and lib.EVP_PKEY_generate(context, byref(made)) == 1
    finally:
        lib.EVP_PKEY_CTX_free(context)
    if not done or not made.value:
        lib.ERR_clear_error()
        raise Refused(problem=KEY_WORK)
    return Key(made.value)


def from_spki(spki: bytes) -> Key:
    """The public key in a SubjectPublicKeyInfo, DER; `Malformed` where it is no SM2 key on its curve."""
    return _sm2(library().d2i_PUBKEY(None, byref(c_char_p(spki)), len(spki)) if spki[:1] == _SEQUENCE else None)


def to_spki(key: Key) -> bytes:
    """SubjectPublicKeyInfo, DER."""
    return _encoded(library().i2d_PUBKEY, key.pointer)


def from_pkcs8(der: bytes, password: bytes | None) -> Key:
    """The key pair in a PrivateKeyInfo, or with a password in an EncryptedPrivateKeyInfo, DER."""
    lib = library()
    if password is None:
        info = lib.d2i_PKCS8_PRIV_KEY_INFO(None, byref(c_char_p(der)), len(der))
    else:
        sealed = lib.d2i_X509_SIG(None, byref(c_char_p(der)), len(der))
        info = lib.PKCS8_decrypt(sealed, password, len(password)) if sealed else None
        lib.X509_SIG_free(sealed)
    if not info:
        lib.ERR_clear_error()
        raise Malformed(problem=KEY_FORM if password is None else KEY_PASSWORD)
    try:
        return _sm2(lib.EVP_PKCS82PKEY(info))
    finally:
        lib.PKCS8_PRIV_KEY_INFO_free(info)


def to_pkcs8(key: Key, password: bytes | None) -> bytes:
    """PrivateKeyInfo, or with a password EncryptedPrivateKeyInfo (PBES2, AES-256-CBC), DER."""
    lib = library()
    info = lib.EVP_PKEY2PKCS8(key.pointer)
    if not info:
        lib.ERR_clear_error()
        raise Refused(problem=KEY_WORK)
    try:
        if password is None:
            return _encoded(lib.i2d_PKCS8_PRIV_KEY_INFO, info)
        sealed = lib.PKCS8_encrypt(-1, lib.EVP_aes_256_cbc(), password, len(password), None, 0, PBKDF2_ROUNDS, info)
    finally:
        lib.PKCS8_PRIV_KEY_INFO_free(info)
    try:
        return _encoded(lib.i2d_X509_SIG, sealed)
    finally:
        lib.X509_SIG_free(sealed)


def sign(key: Key, digest: bytes) -> bytes:
    """The SM2 signature over a digest e = H(Z || M), DER."""
    return _worked(key, "sign", digest, SIGNATURE_MAX)


def verifies(key: Key, signature: bytes, digest: bytes) -> bool:
    """Whether the key made this DER signature over the digest e = H(Z || M)."""
    lib = library()
    with key.context("verify") as context:
        right = lib.EVP_PKEY_verify(context, signature, len(signature), digest, len(digest)) == 1
    if not right:
        lib.ERR_clear_error()
    return bool(right)


def encrypt(key: Key, data: bytes) -> bytes:
    """SM2 encryption (GB/T 32918.4) to a public key, DER: x, y, hash, ciphertext."""
    return _worked(key, "encrypt", data, len(data) + 160)


def decrypt(key: Key, sealed: bytes) -> bytes:
    """What an SM2 ciphertext in DER holds; `Malformed` where it does not decrypt."""
    return _worked(key, "decrypt", sealed, len(sealed) + 32)


def _worked(key: Key, work: Work, data: bytes, room: int) -> bytes:
    """One operation of a key on data, with room for its result."""
    lib = library()
    out, size = create_string_buffer(room), c_size_t(room)
    with key.context(work) as context:
        if getattr(lib, f"EVP_PKEY_{work}")(context, out, byref(size), data, len(data)) != 1:
            lib.ERR_clear_error()
            raise Malformed(problem=KEY_WORK)
    return out.raw[: size.value]


def _sm2(pointer: int | None) -> Key:
    """A key of a pointer that libcrypto gave out, which may be null or of another kind."""
    lib = library()
    if not pointer:
        lib.ERR_clear_error()
        raise Malformed(problem=KEY_FORM)
    key = Key(pointer)
    if lib.EVP_PKEY_is_a(pointer, b"SM2") != 1:
        raise Malformed(problem=KEY_FORM)
    return key


def _encoded(encode: Any, pointer: int | None) -> bytes:
    """What an i2d call writes."""
    lib = library()
    out = POINTER(c_ubyte)()
    size = encode(pointer, byref(out)) if pointer else 0
    if size <= 0:
        lib.ERR_clear_error()
        raise Refused(problem=KEY_WORK)
    try:
        return bytes(out[:size])
    finally:
        lib.CRYPTO_free(out, None, 0)
