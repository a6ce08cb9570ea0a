"""OpenSSL's own validator in this process: X509_verify_cert of the system's libcrypto, by ctypes."""

from collections.abc import Iterable
from ctypes import CDLL, POINTER, byref, c_char_p, c_int, c_long, c_ulong, c_void_p
from functools import cache
from typing import Any

from tests.oracles.question import Answer, Question, checks_revocation

CRL_CHECK, CRL_CHECK_ALL, POLICY_CHECK, EXPLICIT, INHIBIT_ANY, INHIBIT_MAP = 0x4, 0x8, 0x80, 0x100, 0x200, 0x400
EXTENDED_CRL, USE_DELTAS, TRUSTED_FIRST = 0x1000, 0x2000, 0x8000

_CALLS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "d2i_X509": (c_void_p, (c_void_p, POINTER(c_char_p), c_long)),
    "d2i_X509_CRL": (c_void_p, (c_void_p, POINTER(c_char_p), c_long)),
    "X509_free": (None, (c_void_p,)),
    "X509_CRL_free": (None, (c_void_p,)),
    "X509_STORE_new": (c_void_p, ()),
    "X509_STORE_free": (None, (c_void_p,)),
    "X509_STORE_add_cert": (c_int, (c_void_p, c_void_p)),
    "X509_STORE_CTX_new": (c_void_p, ()),
    "X509_STORE_CTX_free": (None, (c_void_p,)),
    "X509_STORE_CTX_init": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p)),
    "X509_STORE_CTX_set0_crls": (None, (c_void_p, c_void_p)),
    "X509_STORE_CTX_get0_param": (c_void_p, (c_void_p,)),
    "X509_STORE_CTX_get_error": (c_int, (c_void_p,)),
    "X509_VERIFY_PARAM_set_flags": (c_int, (c_void_p, c_ulong)),
    "X509_VERIFY_PARAM_set_time": (None, (c_void_p, c_long)),
    "X509_VERIFY_PARAM_add0_policy": (c_int, (c_void_p, c_void_p)),
    "X509_verify_cert": (c_int, (c_void_p,)),
    "OBJ_txt2obj": (c_void_p, (c_char_p, c_int)),
    "OPENSSL_sk_new_null": (c_void_p, ()),
    "OPENSSL_sk_push": (c_int, (c_void_p, c_void_p)),
    "OPENSSL_sk_free": (None, (c_void_p,)),
    "ERR_clear_error": (None, ()),
}


@cache
def library() -> Any:
    """The library with the calls that validation takes."""
    lib = CDLL("libcrypto.so.3")
    for name, (result, arguments) in _CALLS.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


def flags(question: Question) -> int:
    """The flags of X509_VERIFY_PARAM for a question."""
    settings = question.settings
    found = TRUSTED_FIRST | POLICY_CHECK
    if checks_revocation(question):
        found |= CRL_CHECK | CRL_CHECK_ALL | EXTENDED_CRL | USE_DELTAS
    return (
        found | EXPLICIT * settings.explicit_policy | INHIBIT_MAP * settings.inhibit_mapping | INHIBIT_ANY * settings.inhibit_any
    )


class Prepared:
    """A question with its certificates and CRLs parsed by libcrypto, to be asked many times."""

    def __init__(self, question: Question) -> None:
        self.lib, self.question = library(), question
        self.leaf = self._certificate(question.leaf.raw)
        self.anchors = [self._certificate(one.raw) for one in question.anchors]
        self.pool = [self._certificate(one.raw) for one in question.pool]
        self.crls = [self._crl(one.raw) for one in question.crls]

    def _certificate(self, raw: bytes) -> int | None:
        found: int | None = self.lib.d2i_X509(None, byref(c_char_p(raw)), len(raw))
        return found

    def _crl(self, raw: bytes) -> int | None:
        found: int | None = self.lib.d2i_X509_CRL(None, byref(c_char_p(raw)), len(raw))
        return found

    def _stack(self, things: Iterable[int | None]) -> int:
        stack: int = self.lib.OPENSSL_sk_new_null()
        for thing in things:
            if thing:
                self.lib.OPENSSL_sk_push(stack, thing)
        return stack

    def ask(self) -> int:
        """The error code of X509_verify_cert, 0 where the path holds; -1 where the certificate does not parse."""
        lib = self.lib
        if not self.leaf:
            return -1
        store, context = lib.X509_STORE_new(), lib.X509_STORE_CTX_new()
        for anchor in self.anchors:
            if anchor:
                lib.X509_STORE_add_cert(store, anchor)
        pool, crls = self._stack(self.pool), self._stack(self.crls)
        lib.X509_STORE_CTX_init(context, store, self.leaf, pool)
        lib.X509_STORE_CTX_set0_crls(context, crls)
        parameters = lib.X509_STORE_CTX_get0_param(context)
        lib.X509_VERIFY_PARAM_set_flags(parameters, flags(self.question))
        lib.X509_VERIFY_PARAM_set_time(parameters, int(self.question.at.timestamp()))
        for policy in self.question.settings.policies:
            lib.X509_VERIFY_PARAM_add0_policy(parameters, lib.OBJ_txt2obj(policy.encode(), 1))
        accepted = lib.X509_verify_cert(context) == 1
        code: int = lib.X509_STORE_CTX_get_error(context)
        lib.X509_STORE_CTX_free(context)
        lib.X509_STORE_free(store)
        lib.OPENSSL_sk_free(pool)
        lib.OPENSSL_sk_free(crls)
        lib.ERR_clear_error()
        return 0 if accepted else code or -2

    def free(self) -> None:
        """Give back what was parsed."""
        for certificate in (self.leaf, *self.anchors, *self.pool):
            self.lib.X509_free(certificate)
        for crl in self.crls:
            self.lib.X509_CRL_free(crl)


def answer(question: Question) -> Answer:
    """What OpenSSL answers; the reason is its error code."""
    prepared = Prepared(question)
    try:
        code = prepared.ask()
    finally:
        prepared.free()
    return Answer(code == 0, str(code) if code else "")
