"""What the tester brings: a key set, a capability statement, an earlier report; and the kit's own known answers."""

import json
import tomllib
from pathlib import Path

import pytest

from cardstack.card.profiles import profile
from cardstack.conformance import selftest
from cardstack.conformance.capabilities import read_capabilities
from cardstack.conformance.capabilities import template as statement
from cardstack.conformance.keyset import read_keys
from cardstack.conformance.keyset import template as keys_of
from cardstack.errors import Malformed
from tests.command import CommandLine

SECOND = profile("2.00")


@pytest.fixture
def cardstack(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line in this process."""
    return CommandLine(monkeypatch, capsys)


def test_the_kit_knows_its_answers_and_notices_broken_oracles(cardstack: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line passes; an oracle that is really broken makes the command end with code 4."""
    good = cardstack("conformance", "selftest", "--json")
    assert (good.code, {one["verdict"] for one in good.data}) == (0, {"pass"})
    assert {one["id"].partition("/")[0] for one in good.data} == {"KNOWN", "BROKEN", "CARD"}
    monkeypatch.setattr(selftest, "ORACLES", {**selftest.ORACLES, "mac": lambda _key, _data: bytes(4)})
    bad = cardstack("conformance", "selftest", "--json")
    failed = {one["id"] for one in bad.data if one["verdict"] == "fail"}
    assert bad.code == 4
    assert {"KNOWN/load-mac1", "KNOWN/purchase-mac1"} <= failed


@pytest.mark.parametrize(("oracle", "broken"), selftest.BROKEN.values(), ids=list(selftest.BROKEN))
def test_a_right_oracle_is_not_called_broken(oracle: str, broken: object) -> None:
    """The right one in its own place is not noticed, so that noticing says something."""
    assert broken is not selftest.ORACLES[oracle]
    assert not selftest.noticed(oracle, selftest.ORACLES[oracle])


def test_keys_come_from_a_file(cardstack: CommandLine, tmp_path: Path) -> None:
    """The test keys prove what the built-in ones prove; a key that is lacking leaves a case open and fails none."""
    path = tmp_path / "keys.toml"
    assert cardstack("conformance", "keys", "--profile", "2.00", "-o", str(path)).code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    told = cardstack("conformance", "keys", "--profile", "2.00", "--json").data
    assert told == {"profile": "2.00", "statement": tomllib.loads(path.read_text("utf-8"))}
    again = cardstack("conformance", "keys", "--profile", "2.00", "-o", str(path), "--json")
    assert again.data == {"profile": "2.00", "file": str(path)}
    run = ("conformance", "run", "--profile", "2.00", "--keys", str(path), "--select", "KEY_VER*", "--json")
    ended = cardstack(*run)
    assert (ended.code, ended.err) == (0, "")
    assert {one["verdict"] for one in ended.data["cases"]} == {"pass"}
    path.write_text("".join(line for line in path.read_text("utf-8").splitlines(keepends=True) if "UKSSSE" not in line), "utf-8")
    path.chmod(0o644)
    ended = cardstack(*run)
    open_ = {one["id"] for one in ended.data["cases"] if one["verdict"] == "inconclusive"}
    assert ended.code == 0
    assert open_
    assert all("UKSSSE" in one for one in open_)
    assert "600" in ended.err


def test_a_wrong_key_is_told_by_its_case_and_never_shown(cardstack: CommandLine, tmp_path: Path) -> None:
    """Another key than the card's fails the cases that prove with it; no output has it."""
    path, value = tmp_path / "keys.toml", "DEADBEEF" * 4
    held = [f'"IRK" = "{value}"' if line.startswith('"IRK"') else line for line in keys_of(SECOND).splitlines()]
    path.write_text("\n".join(held), "utf-8")
    report = tmp_path / "report"
    words = ("--keys", str(path), "--select", "KEY_VER1/SSSE/IRK", "--report", str(report), "--json")
    ended = cardstack("conformance", "run", "--profile", "2.00", *words)
    assert ended.code == 4
    assert value not in ended.out + ended.err + "".join(one.read_text("utf-8") for one in report.glob("*.*ml"))
    assert value not in repr(read_keys(path.read_text("utf-8")))


@pytest.mark.parametrize(
    "raw", ["[", "format = 'x'", "format = 'cardstack-keys/1'", "format = 'cardstack-keys/1'\n[masters]\nIRK = 'SECRET00'"]
)
def test_a_key_set_that_is_none_is_malformed_without_quoting_it(raw: str) -> None:
    """The field is named, the content is not."""
    with pytest.raises(Malformed) as caught:
        read_keys(raw)
    assert "SECRET" not in caught.value.say("en")


def test_what_the_card_is_not_said_to_have_does_not_apply(cardstack: CommandLine, tmp_path: Path) -> None:
    """An application, a file, a command and a feature turned off: their cases alone do not apply, and say why."""
    path = tmp_path / "card.toml"
    off = {"application DF07", "file SSSE/EF08", "command 00E2", "record identifiers", "logical channels", "purse T-UNION/EP"}
    lines = cardstack("conformance", "capabilities", "--profile", "2.00").out.splitlines()
    assert off <= {line.split('"')[1] for line in lines if line.startswith('"')}
    told = [line.replace("true", "false", 1) if any(f'"{one}"' in line for one in off) else line for line in lines]
    path.write_text("\n".join(told), "utf-8")
    ended = cardstack("conformance", "run", "--profile", "2.00", "--capabilities", str(path), "--json")
    found = {one["id"]: one for one in ended.data["cases"]}
    assert ended.code == 0
    off_ids = ("DF07_SELECT/AID", "SSSE_RECORD/EF08", "SSSE_SAFETY/EF08/read/closed", "DF02_SAFETY/EF07/update/UK3DF02")
    more = ("SSSE_RECORD/EF05/identifier", "CHANNEL/own-selection", "T-UNION_PURSE/purchase-cryptograms")
    assert {found[name]["verdict"] for name in (*off_ids, *more)} == {"not-applicable"}
    assert all("capability statement" in found[name]["reason"]["en"] for name in off_ids)
    assert {found[name]["verdict"] for name in ("SSSE_RECORD/EF05", "DF01_SELECT/AID")} == {"pass"}
    without = cardstack("conformance", "run", "--profile", "2.00", "--without", "command 00E2", "--select", "DF02_*", "--json")
    assert "not-applicable" in {one["verdict"] for one in without.data["cases"]}


@pytest.mark.parametrize(
    "change", [("cardstack-cap", "x"), ('"2.00"', '"3.00"'), ("= true", "= 1"), ('"command 00B2"', '"command"')]
)
def test_a_statement_that_is_none_is_malformed(change: tuple[str, str]) -> None:
    """Another form, another profile, no truth value, no such capability."""
    with pytest.raises(Malformed):
        read_capabilities(statement(SECOND).replace(*change), SECOND)
    assert read_capabilities(statement(SECOND), SECOND) == frozenset()


def test_two_reports_tell_regressions_from_fixes_and_new_cases(cardstack: CommandLine, tmp_path: Path) -> None:
    """Code 4 only where something got worse or fails newly."""
    before, after = tmp_path / "before.json", tmp_path / "after.json"

    def written(path: Path, **verdicts: str) -> None:
        cases = [{"id": name, "verdict": verdict} for name, verdict in verdicts.items()]
        path.write_text(json.dumps({"format": "cardstack-conformance/1", "cases": cases}), "utf-8")

    written(before, a="pass", b="fail", c="pass", d="not-run")
    written(after, a="fail", b="pass", c="pass", d="pass", e="pass")
    ended = cardstack("conformance", "compare", str(before), str(after), "--json")
    assert ended.code == 4
    changes = {one["id"]: one["change"] for one in ended.data}
    assert changes == {"a": "regression", "b": "fix", "d": "other", "e": "new"}
    written(after, a="pass", b="pass", c="pass", d="pass", e="pass")
    assert cardstack("conformance", "compare", str(before), str(after)).code == 0
    written(after, a="pass", b="fail", c="pass", d="not-run", e="fail")
    assert cardstack("conformance", "compare", str(before), str(after)).code == 4
