"""A real Chromium over a served console; where there is no chromium the tests say so and skip."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import pytest

from cardstack.vault.network import Network
from server.operators import first_link
from server.store.office import Office
from server.store.store import Store
from tests.consoles import EVENING, served

VIOLATION = "Content Security Policy"


@dataclass
class Clock:
    """The service's clock, which stands in the evening until it is moved."""

    at: datetime = EVENING

    def __call__(self) -> datetime:
        return self.at


class Served(NamedTuple):
    """A console that runs, and what is behind it."""

    address: str
    store: Store
    office: Office
    network: Network
    clock: Clock

    def link(self, operator: str) -> str:
        """A one-time link for an operator."""
        return f"{self.address}/enter/{first_link(self.office.people, operator, self.clock())}"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home, clock = tmp_path_factory.mktemp("home"), Clock()
    with served(home, demo=False, clock=clock) as (address, store, office):
        yield Served(address, store, office, Network(home / "ca"), clock)


class Heard(NamedTuple):
    """A page, and everything its console said that it should not have."""

    page: Any
    faults: list[str]


def listening(browser: Any, **options: Any) -> Heard:
    """A new page in Chinese of Shanghai, with every error and policy violation noted."""
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **options)
    page = context.new_page()
    faults: list[str] = []

    def heard(message: Any) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            faults.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: faults.append(str(error)))
    return Heard(page, faults)


@pytest.fixture
def heard(chromium: Any) -> Iterator[Heard]:
    opened = listening(chromium, viewport={"width": 1366, "height": 768})
    yield opened
    opened.page.context.close()
    assert opened.faults == []
