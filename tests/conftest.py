"""What all tests share: how Hypothesis works here, and one browser a process."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A deadline measures the machine, not the code. CI draws the same examples every time, so that a red run is about
# the change; on a developer's machine they differ from run to run, and what is found is kept as an example.
settings.register_profile(
    "house",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("house")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A real Chromium; one a process, because Playwright starts only once in each."""
    from tests.browsers import LAUNCH

    if not Path(LAUNCH["executable_path"]).exists():
        pytest.skip("no chromium; scripts/test_system.py installs Debian's")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**LAUNCH)
        yield browser
        browser.close()
