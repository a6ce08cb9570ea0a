"""`cardstack ca validate`: one certificate, or many as lines of JSON."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cardstack.ca.certificate import Certificate
from cardstack.cli.ca import app
from cardstack.cli.ca_cases import run
from tests.pki_kit import NOW, Bridge, Party, policy

OTHER = {"kind": "DNS", "value": "x.example"}
FIELDS = {"id", "valid", "policies", "rule", "clause", "certificate", "error"}


def pem(certificate: Certificate) -> str:
    """A certificate as PEM text."""
    body = base64.encodebytes(certificate.raw).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"


def card_case(bridge: Bridge, card: Certificate) -> dict[str, Any]:
    return {
        "id": "card",
        "leaf": pem(card),
        "anchors": [pem(bridge.roots[1])],
        "pool": ["".join(map(pem, bridge.crosses))],
        "at": NOW.isoformat(),
        "policies": [policy(1)],
        "revocation": "off",
    }


def test_a_batch_answers_every_line(tmp_path: Path) -> None:
    """PEM text, files in DER, a folder, base64; and whatever else stands in a line."""
    bridge = Bridge.of(2)
    card = bridge.provinces[0].certify(Party("card"), policies=[policy(0)], names=["card.example"])
    case = card_case(bridge, card)
    for number, one in enumerate((*bridge.crosses, *bridge.roots)):
        (tmp_path / f"{number}.cer").write_bytes(one.raw)
    (tmp_path / "leaf.der").write_bytes(card.raw)
    (tmp_path / "notes.txt").write_text("no certificate")
    lines = [
        case,
        case | {"id": 2, "leaf": "leaf.der", "pool": [str(tmp_path)]},
        case
        | {
            "id": 3,
            "leaf": base64.b64encode(card.raw).decode(),
            "names": ["card.example", {"kind": "DNS", "value": "x.example"}],
        },
        case | {"id": 4, "policies": ["1.2.3.4"], "explicit_policy": True},
        case | {"id": 5, "revocation": "require"},
        case | {"id": 6, "at": "2031-01-01"},
        case | {"id": 7, "leaf": "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"},
        case | {"id": 8, "purpose": ["serverAuth"]},
    ]
    results = list(run(map(json.dumps, lines), tmp_path))
    assert all(set(one) == FIELDS for one in results)
    assert [(one["id"], one["valid"], one["rule"]) for one in results] == [
        ("card", True, None),
        (2, True, None),
        (3, False, "name-mismatch"),
        (4, False, "no-acceptable-policy"),
        (5, False, "revocation-undetermined"),
        (6, False, "expired"),
        (7, False, "malformed"),
        (8, True, None),
    ]
    assert results[0]["policies"] == [policy(1)]
    assert [one["id"] for one in results if one["error"]] == [7]


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[1]",
        "[" * 50_000,
        '{"id": 1}',
        '{"leaf": 5}',
        '{"leaf": "no such file"}',
        '{"leaf": "-----BEGIN CERTIFICATE-----", "anchors": 3}',
        '{"leaf": "x", "at": "yesterday"}',
        '{"leaf": "x", "max_depth": -1}',
        '{"leaf": "x", "max_depth": "many"}',
        '{"leaf": "x", "purpose": "nonsense"}',
        '{"leaf": "x", "purpose": ["serverAuth", "clientAuth"]}',
        '{"leaf": "x", "revocation": "perhaps"}',
        '{"leaf": "x", "names": [7]}',
        '{"leaf": "x", "policies": ["1..2"]}',
        '{"leaf": "\\u0000", "anchors": ["\\ud800"]}',
        '{"leaf": "x", "explicit_policy": "yes"}',
    ],
)
def test_a_case_that_cannot_be_judged_says_why(line: str, tmp_path: Path) -> None:
    """A result with its error, and the run goes on."""
    (result,) = run([line], tmp_path)
    assert not result["valid"]
    assert result["error"]
    assert not result["error"].startswith("internal")


def test_one_certificate_with_its_explanation(tmp_path: Path) -> None:
    """Verdict as JSON with exit code 3, text in the chosen language, and the drawing."""
    bridge = Bridge.of(3)
    card = bridge.provinces[0].certify(Party("card"), policies=[policy(0)])
    for number, one in enumerate((card, *bridge.crosses, *bridge.roots)):
        (tmp_path / f"{number}.pem").write_text(pem(one))
    arguments = ["validate", str(tmp_path / "0.pem"), "--at", NOW.isoformat(), "--pool", str(tmp_path)]
    arguments += ["--anchor", str(tmp_path / "8.pem"), "--revocation", "off"]
    drawing = tmp_path / "paths.svg"
    told = CliRunner().invoke(app, [*arguments, "--explain", "--svg", str(drawing)], env={"CARDSTACK_LANG": "zh"})
    assert told.exit_code == 0, told.output
    assert "路径 1：成立" in told.output
    assert policy(1) + " → 1.2.156.9" in told.output
    assert drawing.read_text("utf-8").startswith("<svg ")
    refused = CliRunner().invoke(app, [*arguments, "--policy", "1.2.3", "--explicit-policy", "--explain", "--json"])
    data = json.loads(refused.output)
    assert (refused.exit_code, data["rule"]) == (3, "no-acceptable-policy")
    assert data["explanation"]["paths"][0]["steps"]
