"""Whose a certificate is: looked up again within a second, by one for all."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from cardstack.errors import Untrusted
from server import intake
from server.config import Config
from server.intake import Intake
from server.store.store import Store
from tests.ledgers import NODE, NOON, node_trust


def trusted(store: Store) -> Any:
    """The certificate of the registered node."""
    return SimpleNamespace(certificate=SimpleNamespace(subject=store.nodes()[0].subject))


def clock() -> datetime:
    return NOON


def test_one_looks_again_for_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes meanwhile goes on with what was known, instead of asking the database too; a suspended node is out then."""
    here = Intake(Config(), store, node_trust()[0], clock)
    whose = trusted(store)
    first = here.node(whose)
    monkeypatch.setattr(intake, "FRESH", 0.0)
    asked, answer = Event(), Event()

    def node_of(subject: str) -> None:
        asked.set()
        assert answer.wait(20)

    monkeypatch.setattr(store, "node_of", node_of)
    with ThreadPoolExecutor() as pool:
        looking = pool.submit(here.node, whose)
        assert asked.wait(20)
        monkeypatch.setattr(intake, "FRESH", 60.0)
        assert here.node(whose) == first
        answer.set()
        with pytest.raises(Untrusted):
            looking.result()
    with pytest.raises(Untrusted):
        here.node(whose)


def test_a_failed_look_leaves_nothing_known(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one asks again."""
    here = Intake(Config(), store, node_trust()[0], clock)
    whose = trusted(store)
    here.node(whose)
    monkeypatch.setattr(intake, "FRESH", 0.0)
    with monkeypatch.context() as broken:
        broken.setattr(store, "node_of", lambda _: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            here.node(whose)
    monkeypatch.setattr(intake, "FRESH", 60.0)
    assert here.node(whose).name == NODE.name
    with monkeypatch.context() as broken:
        broken.setattr(store, "node_of", lambda _: 1 // 0)
        assert here.node(whose).name == NODE.name
