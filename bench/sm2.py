"""SM2 signatures a second, beside libcrypto's own speed in the same process (its EVP_DigestSign and EVP_DigestVerify)."""

from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_void_p, create_string_buffer

from bench.harness import measure, report
from cardstack.crypto import libcrypto, local
from cardstack.crypto.keys import Algorithm
from cardstack.crypto.sm2 import STANDARD_ID, Sm2Signer

MESSAGE = b"m" * 300


def times(work: Callable[[], object]) -> Callable[[int], None]:
    """`work` as the harness calls it."""

    def run(n: int) -> None:
        for _ in range(n):
            work()

    return run


class Peer:
    """libcrypto called as its manual says for SM2: a digest context and a key context with the ID, made once each."""

    def __init__(self, signer: Sm2Signer) -> None:
        self.lib = lib = libcrypto.library()
        for name, result, arguments in (
            ("EVP_MD_CTX_new", c_void_p, ()),
            ("EVP_MD_CTX_set_pkey_ctx", None, (c_void_p, c_void_p)),
            ("EVP_PKEY_CTX_set1_id", c_int, (c_void_p, c_char_p, c_size_t)),
            ("EVP_sm3", c_void_p, ()),
            ("EVP_DigestSignInit", c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
            ("EVP_DigestVerifyInit", c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
            ("EVP_DigestSign", c_int, (c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
            ("EVP_DigestVerify", c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
        ):
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments
        self.key = signer._key  # noqa: SLF001  # the peer is given the very same key
        self.digest = lib.EVP_MD_CTX_new()
        self.context = lib.EVP_PKEY_CTX_new_from_pkey(None, self.key.pointer, None)
        lib.EVP_PKEY_CTX_set1_id(self.context, STANDARD_ID, len(STANDARD_ID))
        lib.EVP_MD_CTX_set_pkey_ctx(self.digest, self.context)

    def sign(self) -> bytes:
        self.lib.EVP_DigestSignInit(self.digest, None, self.lib.EVP_sm3(), None, self.key.pointer)
        out, size = create_string_buffer(80), c_size_t(80)
        assert self.lib.EVP_DigestSign(self.digest, out, byref(size), MESSAGE, len(MESSAGE)) == 1
        return out.raw[: size.value]

    def verify(self, signature: bytes) -> None:
        self.lib.EVP_DigestVerifyInit(self.digest, None, self.lib.EVP_sm3(), None, self.key.pointer)
        assert self.lib.EVP_DigestVerify(self.digest, signature, len(signature), MESSAGE, len(MESSAGE)) == 1


def main() -> None:
    """One JSON line a measure."""
    signer = local.generate(Algorithm.SM2_SM3)
    assert isinstance(signer, Sm2Signer)
    signature, peer = signer.sign(MESSAGE), Peer(signer)
    pairs = (
        ("sm2-sign", lambda: signer.sign(MESSAGE), peer.sign),
        ("sm2-verify", lambda: signer.public.verify(signature, MESSAGE), lambda: peer.verify(signature)),
    )
    for what, ours, theirs in pairs:
        report(what, measure(times(ours), n=500), peer=measure(times(theirs), n=500), peer_name="libcrypto EVP_Digest calls")


if __name__ == "__main__":
    main()
