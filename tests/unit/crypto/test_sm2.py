"""SM2 against the standard, a second implementation, and OpenSSL's own command line."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gmssl_pyx import sm2_sign, sm2_verify
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.crypto import libcrypto, local
from cardstack.crypto.keys import Algorithm, BadSignature
from cardstack.crypto.sm2 import STANDARD_ID, Sm2Public, Sm2Signer
from cardstack.crypto.suite import digest
from cardstack.errors import Malformed, Refused
from tests.unit.crypto.vectors import der_signature, vector

ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


def raw_point(public: Sm2Public) -> bytes:
    return public.point[1:]


def test_the_standard_example_verifies() -> None:
    """GB/T 32918.5-2017 annex A: key, Z, digest and signature of "message digest"."""
    case = vector("sm2")
    signer = Sm2Signer.from_number(case["private"])
    assert signer.public.point == b"\x04" + case["x"] + case["y"]
    assert signer.public.z == case["z"]
    assert digest("sm3", case["z"] + case["message"]) == case["e"]
    signer.public.verify(der_signature(case["r"], case["s"]), case["message"])


@pytest.mark.parametrize("change", ["message", "r", "s"])
def test_a_changed_example_does_not_verify(change: str) -> None:
    """One bit of message, r or s is enough."""
    case = vector("sm2")
    case[change] = bytes((case[change][0] ^ 1,)) + case[change][1:]
    with pytest.raises(BadSignature):
        Sm2Public.from_point(b"\x04" + case["x"] + case["y"]).verify(der_signature(case["r"], case["s"]), case["message"])


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (1, ORDER), (ORDER, 1), (1, ORDER - 1)])
def test_numbers_out_of_range_are_refused(r: int, s: int) -> None:
    """0, the order, and r + s = order (GB/T 32918.2 §7.1 steps B1, B2 and B5)."""
    with pytest.raises(BadSignature):
        Sm2Signer.generate().public.verify(der_signature(r.to_bytes(33), s.to_bytes(33)), b"")


@settings(max_examples=40, deadline=None)
@given(number=st.integers(1, ORDER - 2), message=st.binary(max_size=200))
def test_both_ways_with_the_second_implementation(number: int, message: bytes) -> None:
    """gmssl-pyx verifies what we sign, and we verify what it signs, for any key."""
    raw = number.to_bytes(32)
    signer = Sm2Signer.from_number(raw)
    assert sm2_verify(raw_point(signer.public), message, signer.sign(message), signer_id=STANDARD_ID)
    signer.public.verify(sm2_sign(raw, raw_point(signer.public), message, signer_id=STANDARD_ID), message)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=120))
def test_any_bytes_as_signature_or_key_are_an_error_on_purpose(raw: bytes) -> None:
    """Nothing but `BadSignature` and `Malformed` comes out."""
    with pytest.raises(BadSignature):
        EXAMPLE.public.verify(raw, b"message")
    for parse in (Sm2Public, Sm2Public.from_point, Sm2Signer.from_pkcs8):
        with pytest.raises(Malformed):
            parse(raw)


EXAMPLE = Sm2Signer.from_number(vector("sm2")["private"])


def test_another_id_is_another_signature() -> None:
    """The ID is part of what is signed; OpenSSL's default is the empty one."""
    signature = EXAMPLE.sign(b"message", signer_id=b"")
    EXAMPLE.public.verify(signature, b"message", signer_id=b"")
    with pytest.raises(BadSignature):
        EXAMPLE.public.verify(signature, b"message")


def test_a_private_file_opens_with_its_password_alone() -> None:
    """Encrypted PKCS#8 round trip."""
    signer = Sm2Signer.generate()
    der = signer.to_pkcs8(b"secret")
    assert Sm2Signer.from_pkcs8(der, b"secret").public == signer.public
    assert Sm2Signer.from_pkcs8(signer.to_pkcs8(None)).public == signer.public
    for password in (b"other", b"", None):
        with pytest.raises(Malformed):
            Sm2Signer.from_pkcs8(der, password)


def test_threads_share_a_key() -> None:
    """One key, four threads, no mixed-up answers."""

    def work(number: int) -> None:
        message = number.to_bytes(4)
        EXAMPLE.public.verify(EXAMPLE.sign(message), message)

    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(work, range(200)))) == 200


def test_a_missing_library_is_said_with_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """CS-2002 names `apt-get install libssl3`."""
    monkeypatch.setattr(libcrypto, "NAMES", ("libcrypto.so.none",))
    libcrypto.library.cache_clear()
    try:
        with pytest.raises(Refused) as caught:
            Sm2Signer.generate()
    finally:
        libcrypto.library.cache_clear()
    assert caught.value.code == "CS-2002"
    assert "apt-get install libssl3" in caught.value.say("en")
    assert "apt-get install libssl3" in caught.value.say("zh")


def test_nothing_secret_is_shown() -> None:
    """A `repr` names the public key."""
    assert vector("sm2")["private"].hex()[:8] not in repr(EXAMPLE).lower()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
@pytest.mark.parametrize("turn", range(6))
def test_both_ways_with_openssl(tmp_path: Path, turn: int) -> None:
    """Files and signatures of the openssl command and ours, with the standard ID, under random keys."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "message").write_bytes(f"message {turn}".encode())
    openssl("genpkey", "-algorithm", "SM2", "-out", "key.pem")
    openssl("pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "public.der")
    identity = ["distid:1234567812345678"]
    openssl("dgst", "-sm3", "-sign", "key.pem", "-sigopt", *identity, "-out", "theirs", "message")
    public = Sm2Public((tmp_path / "public.der").read_bytes())
    public.verify((tmp_path / "theirs").read_bytes(), (tmp_path / "message").read_bytes())
    ours = local.load_pkcs8((tmp_path / "key.pem").read_bytes()) if turn % 2 else local.generate(Algorithm.SM2_SM3)
    (tmp_path / "ours").write_bytes(ours.sign((tmp_path / "message").read_bytes()))
    (tmp_path / "ours.der").write_bytes(ours.public.spki)
    openssl("dgst", "-sm3", "-verify", "ours.der", "-sigopt", *identity, "-signature", "ours", "message")
