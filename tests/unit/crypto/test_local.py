"""Keys of every algorithm behind the one port."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm, BadSignature
from cardstack.crypto.suite import MEANS, Suite, digest
from cardstack.errors import Malformed


def spki(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_key_signs_and_its_public_half_verifies(algorithm: Algorithm) -> None:
    """Generate, sign, write, load, verify; a changed message and a foreign key are refused."""
    signer = local.generate(algorithm)
    signature = signer.sign(b"message")
    public = local.public_key(signer.public.spki)
    assert public.algorithm is algorithm
    assert public == signer.public
    public.verify(signature, b"message")
    for changed in (b"messagE", b""):
        with pytest.raises(BadSignature):
            public.verify(signature, changed)
    with pytest.raises(BadSignature):
        local.generate(algorithm).public.verify(signature, b"message")


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_key_file_needs_its_password(algorithm: Algorithm) -> None:
    """The right password opens; a wrong, missing or needless one is CS-2005."""
    signer = local.generate(algorithm)
    locked, bare = signer.to_pkcs8(b"secret"), signer.to_pkcs8(None)
    assert local.load_pkcs8(locked, b"secret").public == signer.public
    assert local.load_pkcs8(bare, None).public == signer.public
    for pem, password in ((locked, b"other"), (locked, None), (bare, b"secret")):
        with pytest.raises(Malformed) as caught:
            local.load_pkcs8(pem, password)
        assert caught.value.code == "CS-2005"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
@pytest.mark.parametrize("algorithm", Algorithm)
def test_openssl_opens_our_key_files(algorithm: Algorithm, tmp_path: Path) -> None:
    """And writes files that we open."""
    signer = local.generate(algorithm)
    (tmp_path / "ours.pem").write_bytes(signer.to_pkcs8(b"secret"))
    command = ["openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", "ours.pem", "-out", "theirs.pem"]
    passwords = ["-passin", "pass:secret", "-passout", "pass:other"]
    subprocess.run([*command, *passwords], cwd=tmp_path, check=True, capture_output=True)
    assert local.load_pkcs8((tmp_path / "theirs.pem").read_bytes(), b"other").public == signer.public


def test_other_keys_are_refused() -> None:
    """A curve, a size or a kind that is not used here is Malformed, not a surprise later."""
    keys = [
        spki(ec.generate_private_key(ec.SECP256K1()).public_key()),
        spki(ec.generate_private_key(ec.SECP521R1()).public_key()),
        spki(ec.generate_private_key(ec.BrainpoolP256R1()).public_key()),
        spki(rsa.generate_private_key(65537, 1024).public_key()),
        spki(ed25519.Ed25519PrivateKey.generate().public_key()),
    ]
    for key in keys:
        with pytest.raises(Malformed) as caught:
            local.public_key(key)
        assert caught.value.code == "CS-2004"
    with pytest.raises(Malformed):
        local.generate(Algorithm.RSA_SHA256, rsa_bits=1024)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=150))
def test_any_bytes_are_a_key_or_malformed(raw: bytes) -> None:
    """No other exception comes out of the parsers."""
    for parse in (local.public_key, local.load_pkcs8):
        with pytest.raises(Malformed):
            parse(raw)


def test_a_broken_byte_of_an_sm2_key_is_malformed_or_another_form() -> None:
    """Each byte of a key turned round: never anything but an answer or Malformed."""
    good = local.generate(Algorithm.SM2_SM3).public.spki
    for place in range(len(good)):
        broken = good[:place] + bytes((good[place] ^ 0xFF,)) + good[place + 1 :]
        with pytest.raises(Malformed):
            local.public_key(broken)


def test_every_algorithm_belongs_to_one_suite_and_has_means() -> None:
    """The tables are complete."""
    assert set(MEANS) == set(Algorithm)
    assert sorted(member for suite in Suite for member in suite.algorithms) == sorted(Algorithm)
    assert all(algorithm in Suite.of(algorithm).algorithms for algorithm in Algorithm)


def test_digests() -> None:
    """SHA-256 and SM3 of abc (FIPS 180-4; GB/T 32905-2016 annex A)."""
    assert digest("sha256", b"abc").hex().startswith("ba7816bf")
    assert digest(Algorithm.SM2_SM3, b"abc").hex().startswith("66c7f0f4")
