"""NIST PKITS: every run right, the reason of every refusal right, and the policies of every acceptance right."""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest

from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.path import Pool
from cardstack.ca.standing import Crls
from cardstack.ca.trust import Anchor, PathRejected, Settings, Trusted, validate

TABLE = json.loads((Path(__file__).parents[2] / "vectors" / "pkits.json").read_text("utf-8"))
POLICIES = {**TABLE["policies"], "anyPolicy": "2.5.29.32.0"}
FILES = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
AT = datetime(2011, 4, 15, tzinfo=UTC)


@cache
def certificate(name: str) -> Certificate:
    return Certificate.parse((FILES / "certs" / name).read_bytes())


@cache
def crl(name: str) -> Crl:
    return Crl.parse((FILES / "crls" / name).read_bytes())


@cache
def repository() -> tuple[Pool, Crls]:
    """All 405 certificates and all 173 CRLs."""
    pool = Pool(certificate(file.name) for file in (FILES / "certs").iterdir())
    return pool, Crls(crl(file.name) for file in (FILES / "crls").iterdir())


def settings(case: dict[str, Any]) -> Settings:
    asked = case["inputs"]
    return Settings(
        policies=frozenset(POLICIES.get(name, name) for name in asked["user_initial_policy_set"]),
        explicit_policy=asked["initial_explicit_policy"],
        inhibit_mapping=asked["initial_policy_mapping_inhibit"],
        inhibit_any=asked["initial_any_policy_inhibit"],
    )


def run(case: dict[str, Any], *, whole: bool) -> Trusted:
    pool, crls = repository() if whole else (Pool(map(certificate, case["intermediates"])), Crls(map(crl, case["crls"])))
    anchors = [Anchor(certificate(case["trust_anchor"]))]
    return validate(certificate(case["end_cert"]), anchors=anchors, pool=pool, crls=crls, at=AT, settings=settings(case))


@pytest.mark.parametrize("whole", [False, True], ids=["own", "repository"])
@pytest.mark.parametrize("case", TABLE["tests"], ids=lambda case: case["id"])
def test_pkits(case: dict[str, Any], *, whole: bool) -> None:
    """The verdict, and its reason or its policies, with the case's own files and with the whole repository at hand."""
    expected = case["expected"]
    if not expected["valid"]:
        with pytest.raises(PathRejected) as refusal:
            run(case, whole=whole)
        assert refusal.value.rule == expected["failure"]
        return
    trusted = run(case, whole=whole)
    assert trusted.certificate == certificate(case["end_cert"])
    if case["policy_outputs_stated"]:
        assert trusted.policies == {POLICIES.get(name, name) for name in expected["user_constrained_policy_set"]}
