"""Services and cards for tests of readers."""

from collections.abc import Iterator

import pytest

from cardstack.errors import Refused
from cardstack.readers.api import api
from cardstack.readers.ports import Api
from emulator.pcsc.service import Service
from tests.pcsc import SOCKET, need_library, point_here


@pytest.fixture
def service() -> Iterator[Service]:
    """A PC/SC service of our own that this process's clients find."""
    need_library()
    point_here()
    with Service(SOCKET) as running:
        yield running


@pytest.fixture
def test_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """The card at a port is said to be a test card."""
    monkeypatch.setenv("CARDSTACK_TEST_CARD", "1")


@pytest.fixture(params=["system", "pyscard"])
def library(request: pytest.FixtureRequest) -> Api:
    """Both ways to PC/SC; the same assertions hold for both."""
    try:
        return api(request.param)
    except Refused as error:
        pytest.skip(f"{request.param}: {error.say('en')}")
