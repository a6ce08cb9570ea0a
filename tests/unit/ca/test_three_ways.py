"""The same questions to this validator, to OpenSSL and to pyhanko-certvalidator; every difference is explained in a file."""

import re
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from cardstack.ca.certificate import Certificate
from cardstack.ca.extensions import ANY_POLICY
from cardstack.cli import ca_cases
from tests.oracles import libcrypto, pyhanko
from tests.oracles.pkis import questions
from tests.oracles.question import Answer, Question, ours
from tests.suites import golang, nss, openssl
from tests.suites.kit import AT, Row
from tests.unit.ca import test_pkits as pkits

EXPLAINED = tomllib.loads((Path(__file__).parents[2] / "vectors" / "disagreements.toml").read_text("utf-8"))["disagreement"]
ENGINES = {"libcrypto": libcrypto.answer, "pyhanko": pyhanko.answer}


def several(question: Question) -> bool:
    """Whether some authority has more than one certificate."""
    return max(Counter(one.subject for one in question.pool).values(), default=0) > 1


def mapped_any(question: Question) -> bool:
    """Whether some certificate with anyPolicy maps policies."""
    return any(one.mappings and ANY_POLICY in {policy.oid for policy in one.policies or ()} for one in question.pool)


WHEN: dict[str | None, Callable[[Question], bool]] = {"several": several, "mapped-any": mapped_any, None: lambda _: True}


def fits(pattern: str, answer: Answer) -> bool:
    if pattern == "valid" or answer.valid:
        return pattern == "valid" and answer.valid
    return re.fullmatch(pattern, answer.reason, re.DOTALL) is not None


def about(patterns: list[str], case: str | None) -> bool:
    """Whether a case is one of these."""
    return case is not None and any(re.fullmatch(pattern, case) for pattern in patterns)


def unexplained(question: Question, case: str | None = None) -> list[tuple[str, Answer, Answer]]:
    """The engines that differ from us without an entry in the file."""
    mine, left = ours(question), []
    entries = [one for one in EXPLAINED if (about(one["cases"], case) if "cases" in one else case is None)]
    entries = [one for one in entries if fits(one["ours"], mine) and WHEN[one.get("when")](question)]
    for engine, ask in ENGINES.items():
        theirs = ask(question)
        explained = any(one["engine"] == engine and fits(one["theirs"], theirs) for one in entries)
        if mine.valid != theirs.valid and not explained:
            left.append((engine, mine, theirs))
        # Where there is but one path, the policies are the same too.
        if mine.valid and theirs.policies is not None and not several(question) and mine.policies != theirs.policies:
            left.append((engine, mine, theirs))
    return left


@pytest.mark.parametrize("case", pkits.TABLE["tests"], ids=lambda case: case["id"])
def test_pkits_three_ways(case: dict[str, Any]) -> None:
    """Each PKITS run with its own files."""
    question = Question(
        pkits.certificate(case["end_cert"]),
        [pkits.certificate(case["trust_anchor"])],
        [pkits.certificate(name) for name in case["intermediates"]],
        [pkits.crl(name) for name in case["crls"]],
        pkits.AT,
        pkits.settings(case),
    )
    assert unexplained(question, case["id"]) == []


def asked(row: Row) -> Question:
    """A case of a suite as a question; nothing about purposes and names, which the others are not asked."""
    case = row.case()
    settings = ca_cases.from_data(case.record(), Path()).settings
    pool, anchors = (list(map(Certificate.parse, raws)) for raws in (case.pool, case.anchors))
    return Question(Certificate.parse(case.leaf), anchors, pool, [], AT, settings)


PLAIN = [row for suite in (nss, golang, openssl) for row in suite.ROWS if not row.more.get("purpose")]


@pytest.mark.parametrize("row", PLAIN, ids=lambda row: row.id)
def test_suites_three_ways(row: Row) -> None:
    """What NSS, Go and OpenSSL ask for no purpose."""
    assert unexplained(asked(row), row.id) == []


@pytest.mark.slow
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(questions())
def test_random_pkis_three_ways(question: Question) -> None:
    """Random authorities, constraints, policies, CRLs and questions."""
    assert unexplained(question) == []
