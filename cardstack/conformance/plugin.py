"""A pytest plugin for makers' own cases: `card`, `reader`, `card_profile` and `pcsc_service` as fixtures.

Without options the card is an emulated one of the third generation. `--cardstack-profile` names another declaration,
`--cardstack-reader` another card, as `cardstack card read` takes it. Nothing of cardstack is loaded until a test asks.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cardstack.card.profile import Profile
    from cardstack.readers.reader import Reader
    from emulator.opening import Opened
    from emulator.pcsc.service import Service

SOCKET_VARIABLE = "PCSCLITE_CSOCK_NAME"
"""Where libpcsclite looks for its service; it reads the name once a process."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """What card the tests talk to."""
    group = parser.getgroup("cardstack")
    group.addoption("--cardstack-profile", default="3.00", help="what the card is declared to be / 卡片声明的规范")
    group.addoption("--cardstack-reader", default="", help="its reader; else an emulated card / 读卡器，缺省为模拟卡")


@pytest.fixture(scope="session")
def card_profile(request: pytest.FixtureRequest) -> "Profile":
    """The declaration that `--cardstack-profile` names."""
    from cardstack.card.profiles import profile  # noqa: PLC0415  # loaded when a test asks

    return profile(str(request.config.getoption("--cardstack-profile")))


@pytest.fixture
def card(request: pytest.FixtureRequest, card_profile: "Profile") -> "Iterator[Opened]":
    """The card under test, just reset, with the keys there are for it: `card.run(script)`. An emulated one is new each time."""
    from emulator.opening import open_card  # noqa: PLC0415  # the same

    name = str(request.config.getoption("--cardstack-reader")) or f"emu:{card_profile.name}"
    with open_card(name) as opened:
        opened.reader.reset()
        yield opened


@pytest.fixture
def reader(card: "Opened") -> "Reader":
    """The reader of `card`: bytes in, bytes out, with `.atr` and `.reset()`."""
    return card.reader


@pytest.fixture(scope="session")
def pcsc_service(card_profile: "Profile") -> "Iterator[Service]":
    """A PC/SC service of this worker alone, its first reader holding an emulated card.

    Programs that a test starts find it, and this process too if libpcsclite was not used before.
    """
    from emulator.desk import handled, slot  # noqa: PLC0415  # the same
    from emulator.pcsc.service import Service  # noqa: PLC0415  # the same

    folder = Path(tempfile.mkdtemp(prefix="pcsc"))
    before = os.environ.get(SOCKET_VARIABLE)
    try:
        with Service(folder / "comm") as service:
            os.environ[SOCKET_VARIABLE] = str(service.path)
            service.add("cardstack 00", handled(slot(card_profile.name)))
            yield service
    finally:
        os.environ.pop(SOCKET_VARIABLE, None)
        if before is not None:
            os.environ[SOCKET_VARIABLE] = before
        shutil.rmtree(folder, ignore_errors=True)
