"""The SM2 twin of PKITS: its names, policies, constraints and CRLs, every key an SM2 key and every signature with SM3.

Each of the 405 certificates and 173 CRLs is signed again by the twin of the key that signed the original; where no key
did, its signature is spoilt. The verdicts must be the same.
"""

from functools import cache
from typing import Any

import pytest

from cardstack.ca import signatures
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.path import Pool
from cardstack.ca.signatures import Verdict
from cardstack.ca.standing import Crls
from cardstack.ca.trust import Anchor, PathRejected, validate
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm, Signer
from tests import reissue
from tests.unit.ca import test_pkits as original


@cache
def twin(spki: bytes) -> Signer:
    """The SM2 key in place of another."""
    assert spki
    return local.generate(Algorithm.SM2_SM3)


@cache
def signer(document: Certificate | Crl) -> Signer | None:
    """The twin of the key that signed the original, None where none of its issuer's keys did."""
    tbs = document.tbs if isinstance(document, Certificate) else document.raw[slice(*document.tbs)]
    for issuer in original.repository()[0].named(document.issuer):
        above = original.repository()[0].named(issuer.issuer)
        for key in dict.fromkeys(signatures.working_key(issuer.spki, one.spki) for one in above):
            if signatures.check(key, document.outer_algorithm, document.signature, tbs) is Verdict.GOOD:
                return twin(issuer.spki)
    return None


def spoilt(message: bytes) -> bytes:
    """A signature of nobody's."""
    return twin(b"nobody").sign(message)


@cache
def certificate(name: str) -> Certificate:
    found = original.certificate(name)
    key = signer(found)
    raw = reissue.certificate(found.raw, reissue.SM2_SM3, key.sign if key else spoilt, spki=twin(found.spki).public.spki)
    return Certificate.parse(raw)


@cache
def crl(name: str) -> Crl:
    found = original.crl(name)
    key = signer(found)
    return Crl.parse(reissue.crl(found.raw, reissue.SM2_SM3, key.sign if key else spoilt))


@cache
def repository() -> tuple[Pool, Crls]:
    pool = Pool(certificate(file.name) for file in (original.FILES / "certs").iterdir())
    return pool, Crls(crl(file.name) for file in (original.FILES / "crls").iterdir())


@pytest.mark.parametrize("whole", [False, True], ids=["own", "repository"])
@pytest.mark.parametrize("case", original.TABLE["tests"], ids=lambda case: case["id"])
def test_pkits_with_sm2(case: dict[str, Any], *, whole: bool) -> None:
    """The verdict of the original, its reason and its policies."""
    expected = case["expected"]
    pool, crls = repository() if whole else (Pool(map(certificate, case["intermediates"])), Crls(map(crl, case["crls"])))
    verdict: str | frozenset[str]
    try:
        verdict = validate(
            certificate(case["end_cert"]),
            anchors=[Anchor(certificate(case["trust_anchor"]))],
            pool=pool,
            crls=crls,
            at=original.AT,
            settings=original.settings(case),
        ).policies
    except PathRejected as refusal:
        verdict = refusal.rule
    if not expected["valid"]:
        assert verdict == expected["failure"]
    elif case["policy_outputs_stated"]:
        assert verdict == frozenset(original.POLICIES.get(name, name) for name in expected["user_constrained_policy_set"])
    else:
        assert isinstance(verdict, frozenset), verdict
