"""The cases of public suites told again, as lines of `cardstack ca validate --batch`; differences stand in a file."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cardstack.ca import tables
from tests.suites import building, forms, golang, names, nss, openssl, revocation, rfc5280, status, web
from tests.suites.kit import Row

SUITES = (rfc5280, names, forms, revocation, web, building, openssl, golang, nss, status)
ROWS: tuple[Row, ...] = tuple(row for suite in SUITES for row in suite.ROWS)
EXPLAINED = [
    one
    for one in tomllib.loads((Path(__file__).parents[2] / "vectors" / "disagreements.toml").read_text("utf-8"))["disagreement"]
    if one["engine"] == "x509-limbo"
]


def asked_as(row: Row) -> list[tuple[str, dict[str, Any]]]:
    """The ways to ask: as the suite says, and where it names no purpose also for a TLS server."""
    if row.id.startswith(("openssl::", "go::", "nss::", "ocsp::")):
        return [("name", {})]
    ways: list[tuple[str, dict[str, Any]]] = [("name", {})]
    return ways if row.more.get("purpose") else [*ways, ("server", {"purpose": "serverAuth"})]


def explained(row: Row, way: str, verdict: str) -> bool:
    """Whether an entry of the file is about this case, asked this way, with this verdict of ours."""
    theirs = "valid" if row.valid else "invalid"
    return any(
        one["theirs"] == theirs
        and one.get("when", way) == way
        and re.fullmatch(one["ours"], verdict)
        and any(re.fullmatch(pattern, row.id) for pattern in one["cases"])
        for one in EXPLAINED
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_case_of_a_suite(row: Row) -> None:
    """Our verdict is the suite's, or the difference is explained; and the rule is the one that the case is about."""
    case = row.case()
    for way, more in asked_as(row):
        result = case.judged(**more)
        assert result["error"] is None
        verdict = result["rule"] or "valid"
        assert verdict == "valid" or verdict in tables.RULES
        assert result["valid"] == row.valid or explained(row, way, verdict), (way, verdict)
        if way == "name" and case.rule is not None:
            assert verdict == case.rule


def test_no_case_is_told_twice() -> None:
    """Each case stands once, and each explanation is about some case."""
    told = [row.id for row in ROWS]
    assert len(set(told)) == len(told)
    for one in EXPLAINED:
        assert all(any(re.fullmatch(pattern, name) for name in told) for pattern in one["cases"])
