"""Take every page of the console over an invented month: `python scripts/screenshots.py FOLDER [name ...]`.

Light and dark, wide (1366×768, whole page) and narrow (320 px), Chinese first. Needs Debian's chromium and playwright.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402  # after the path

from cardstack.vault.network import Network  # noqa: E402  # after the path
from server.operators import first_link  # noqa: E402  # after the path
from tests.browsers import LAUNCH, every_page  # noqa: E402  # after the path
from tests.consoles import served  # noqa: E402  # after the path
from tests.ledgers import NOON  # noqa: E402  # after the path

LOOKS = {
    "wide-light": (1366, 768, "theme=light"),
    "wide-dark": (1366, 768, "theme=dark"),
    "narrow-light": (320, 640, "theme=light"),
    "narrow-dark": (320, 640, "theme=dark"),
}


def main() -> None:
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    wanted = sys.argv[2:]
    looks = {name: look for name, look in LOOKS.items() if os.environ.get("LOOK", name) == name}
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as (address, store, office), sync_playwright() as playwright:
        browser = playwright.chromium.launch(**LAUNCH)
        for look, (width, height, preference) in looks.items():
            page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai")
            page.on("console", lambda message: print("console:", message.text) if message.type == "error" else None)
            page.goto(f"{address}/console/sign-in?{preference}")
            page.screenshot(path=target / f"sign-in.{look}.png")
            for operator, pages in every_page(store, office, Network(Path(home) / "ca")).items():
                page.goto(f"{address}/enter/{first_link(office.people, operator, NOON)}")
                for name, path in pages.items():
                    if not wanted or name in wanted:
                        take(page, f"{address}{path}", target / f"{name}.{look}.png", width)
            page.close()
        browser.close()


def take(page: Any, address: str, target: Path, width: int) -> None:
    page.goto(address)
    page.wait_for_timeout(150)
    page.screenshot(path=target, full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        print(f"{target.name}: {wide} px wide in a window of {width}")


if __name__ == "__main__":
    main()
