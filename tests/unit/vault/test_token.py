"""Authorities whose key lies in a token (SoftHSM2)."""

import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import utils

from cardstack.crypto.armour import pem
from cardstack.crypto.keys import Algorithm, BadSignature
from cardstack.crypto.sm2 import Sm2Signer
from cardstack.errors import Malformed, Refused
from cardstack.vault import keys, token
from cardstack.vault.home import AuthorityHome
from cardstack.vault.token import Place, Sm2Mechanism, Takes
from tests.unit.ca.provinces import AT
from tests.unit.vault.homes import card, declared

LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
PIN = b"1234"
pytestmark = pytest.mark.skipif(
    not (shutil.which("softhsm2-util") and Path(LIBRARY).exists()), reason="needs softhsm2 (scripts/test_system.py)"
)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One SoftHSM2 token for the module; the library reads its settings when it is loaded, once a process."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    command = ["softhsm2-util", "--init-token", "--free", "--label", "test", "--so-pin", "5678", "--pin", PIN.decode()]
    subprocess.run(command, check=True, capture_output=True)


class MakersKey:
    """A private key in a token with an SM2 mechanism of its maker's, as far as the signer asks it."""

    def __init__(self, own: Sm2Signer, means: Sm2Mechanism) -> None:
        self.own, self.means = own, means
        self.message = b""

    def sign(self, given: bytes, *, mechanism: object) -> bytes:
        assert mechanism == self.means.sign
        if self.means.takes is Takes.DIGEST:
            assert given == self.own.public.hashed(self.message)
        else:
            assert given == self.message
        r, s = utils.decode_dss_signature(self.own.sign(self.message))
        return r.to_bytes(32) + s.to_bytes(32)


@pytest.mark.parametrize("takes", Takes)
def test_a_makers_sm2_mechanism_is_data(takes: Takes) -> None:
    """Its number and what it takes stand in `token.json`; the signature verifies as any other."""
    place = Place("lib", "token", "key", Sm2Mechanism(0x80000105, takes, 0x80000104))
    assert Place.of_data(place.as_data()) == place
    assert place.sm2 is not None
    own = Sm2Signer.generate()
    key = MakersKey(own, place.sm2)
    signer = token.TokenSigner(None, key, own.public, place)
    key.message = b"message"
    own.public.verify(signer.sign(b"message"), b"message")
    with pytest.raises(Refused, match="mechanism is not known"):
        token.TokenSigner(None, key, own.public, Place("lib", "token", "key")).sign(b"message")
    for held in ({}, {"sign": "x", "takes": "digest", "generate": None}, {"sign": "0x1", "takes": "x", "generate": None}):
        with pytest.raises(Malformed):
            Place.of_data({"library": "l", "token": "t", "label": "k", "sm2": held})


def test_a_vendors_number_reaches_the_token(tokens: None) -> None:
    """SoftHSM2 knows the curve but no SM2: the key pair is made, and the mechanism's number is what it refuses."""
    place = Place(LIBRARY, "test", "sm2 key", Sm2Mechanism(0x80000105))
    made = token.generate(place, PIN, Algorithm.SM2_SM3)
    assert made.public.algorithm is Algorithm.SM2_SM3
    assert token.find(place, PIN).public.spki == made.public.spki
    with pytest.raises(Refused) as caught:
        made.sign(b"message")
    assert caught.value.code == "CS-2331"


@pytest.mark.parametrize("algorithm", [Algorithm.ECDSA_P256_SHA256, Algorithm.ECDSA_P384_SHA384, Algorithm.RSA_SHA256])
def test_a_token_key_signs_and_is_found_again(tokens: None, algorithm: Algorithm) -> None:
    """Its public half verifies here; a second look finds the same key."""
    place = Place(LIBRARY, "test", f"key {algorithm}")
    made = token.generate(place, PIN, algorithm, rsa_bits=2048)
    assert made.public.algorithm is algorithm
    made.public.verify(made.sign(b"message"), b"message")
    with pytest.raises(BadSignature):
        made.public.verify(made.sign(b"message"), b"other")
    assert token.find(place, PIN).public.spki == made.public.spki


def test_an_authority_works_from_its_token(tokens: None, tmp_path: Path) -> None:
    """Create, reopen with the PIN, issue, publish; openssl accepts both strictly."""
    place = Place(LIBRARY, "test", "authority")
    signer = keys.generate(Algorithm.ECDSA_P256_SHA256, PIN, place)
    folder = AuthorityHome.create(tmp_path / "31", declared(), signer, at=AT, actor="tester").folder
    keys.keep(folder, signer, PIN)
    again = AuthorityHome.open(folder, PIN)
    made = card(again)
    again.publish(at=AT, actor="tester")
    (tmp_path / "root").write_bytes(pem("CERTIFICATE", again.certificate.raw))
    (tmp_path / "card").write_bytes(pem("CERTIFICATE", made.raw))
    (tmp_path / "crl").write_bytes(pem("X509 CRL", again.crl("full") or b""))
    at = ["-attime", str(int((AT + timedelta(minutes=1)).timestamp()))]
    command = ["openssl", "verify", "-x509_strict", "-check_ss_sig", "-crl_check", *at, "-CAfile", "root", "-CRLfile", "crl"]
    subprocess.run([*command, "card"], cwd=tmp_path, check=True, capture_output=True)
    assert not (folder / "key.pem").exists()


def test_what_a_token_cannot_do_is_said(tokens: None, tmp_path: Path) -> None:
    """No library, wrong token, wrong PIN, no such key, SM2: each with its code and without the PIN."""
    good = Place(LIBRARY, "test", "none")
    cases = [
        (Place(str(tmp_path / "none.so"), "test", "x"), PIN, "CS-2330"),
        (Place(LIBRARY, "other", "x"), PIN, "CS-2331"),
        (good, b"9999", "CS-2331"),
        (good, PIN, "CS-2332"),
    ]
    for place, pin, code in cases:
        with pytest.raises(Refused) as caught:
            token.find(place, pin)
        assert caught.value.code == code
        assert "9999" not in caught.value.say("en")
    with pytest.raises(Refused) as caught:
        token.generate(good, PIN, Algorithm.SM2_SM3)
    assert caught.value.code == "CS-2332"
    with pytest.raises(Malformed):
        Place.of_data({"library": LIBRARY})
