"""Consents that were given for always are remembered over a restart of the agent, and only those."""

import json
from pathlib import Path

import pytest

from cardstack.agent.gate import Consent
from cardstack.cli import agents
from cardstack.cli.agents import Order, desk_of
from cardstack.errors import Malformed, Refused

HIS, FUNCTION = "https://his.example", "iReadCardBas"


def order(kept: Path | None, consent: str = "ask") -> Order:
    return Order((HIS,), None, None, False, consent, (), None, None, "123", kept)


@pytest.mark.parametrize(("said", "asked_again"), [(Consent.ALWAYS, False), (Consent.ONCE, True)])
def test_always_outlives_the_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Consent, *, asked_again: bool) -> None:
    """The next agent asks again only where the answer was for once; the file is readable to its owner alone."""
    kept = tmp_path / "consents.json"
    monkeypatch.setattr(agents, "_ask", lambda _origin, _function: said)
    desk_of(order(kept)).gate.check_call(HIS, FUNCTION, {})
    assert kept.exists() is not asked_again
    monkeypatch.setattr(agents, "_ask", lambda _origin, _function: Consent.NO)
    gate = desk_of(order(kept)).gate
    if asked_again:
        with pytest.raises(Refused):
            gate.check_call(HIS, FUNCTION, {})
    else:
        gate.check_call(HIS, FUNCTION, {})
        assert kept.stat().st_mode & 0o077 == 0
        assert json.loads(kept.read_text("utf-8")) == [[HIS, FUNCTION]]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[["a"]]', '[["a", 1]]', "\x00"])
def test_a_file_that_is_none_is_malformed(tmp_path: Path, text: str) -> None:
    """Never a consent by accident."""
    kept = tmp_path / "consents.json"
    kept.write_text(text, "utf-8")
    with pytest.raises(Malformed):
        desk_of(order(kept))


def test_nothing_is_kept_where_nobody_is_asked(tmp_path: Path) -> None:
    """`--consent always` is for trials and leaves nothing behind."""
    with pytest.raises(Malformed):
        desk_of(order(tmp_path / "consents.json", "always"))
