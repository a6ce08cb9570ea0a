"""Copy the console's front-end files out of npm packages and write VENDORED.json: what, whence, licence, SHA-256.

Only who changes a version runs this (`python scripts/vendor_assets.py`, with node at hand); the minified files are
committed, so neither a user nor the wheel needs node, and a test compares the hashes.
"""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "scripts" / "console_assets"
MODULES = SOURCE / "node_modules"
TARGET = ROOT / "server" / "console" / "static" / "vendor"

ICONS = (MODULES.parent / "icons.txt").read_text("utf-8").split()


def version(package: str) -> str:
    return str(json.loads((MODULES / package / "package.json").read_text("utf-8"))["version"])


def sprite() -> str:
    """The icons as one SVG of symbols, so that a page draws one with `<use>`."""
    symbols = []
    for name in ICONS:
        drawing = (MODULES / "@tabler/icons/icons/outline" / f"{name}.svg").read_text("utf-8")
        paths = "".join(re.findall(r"<(?:path|circle|rect|line)[^>]*/>", drawing))
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{paths}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbols) + "</svg>\n"


def without_map(text: str) -> str:
    """A minified file without the pointer to its map, which is not shipped."""
    return re.sub(r"\n?(//|/\*)# sourceMappingURL=[^\n*]*(\*/)?", "", text)


def main() -> None:
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=SOURCE, check=True)
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    bundle = [str(MODULES / ".bin/esbuild"), "charts.js", "--bundle", "--minify", "--format=iife", "--legal-comments=none"]
    charts = subprocess.run([*bundle, "--log-level=error"], cwd=SOURCE, check=True, capture_output=True, text=True).stdout
    files = {
        "htmx.min.js": ("htmx.org", "0BSD", without_map((MODULES / "htmx.org/dist/htmx.min.js").read_text("utf-8"))),
        "tabler.min.css": (
            "@tabler/core",
            "MIT",
            without_map((MODULES / "@tabler/core/dist/css/tabler.min.css").read_text("utf-8")),
        ),
        "echarts.min.js": ("echarts", "Apache-2.0", charts),
        "icons.svg": ("@tabler/icons", "MIT", sprite()),
    }
    listed = []
    for name, (package, licence, text) in files.items():
        raw = text.encode("utf-8")
        (TARGET / name).write_bytes(raw)
        listed.append(
            {
                "file": name,
                "package": package,
                "version": version(package),
                "licence": licence,
                "sha256": hashlib.sha256(raw).hexdigest(),
            }
        )
    (TARGET / "VENDORED.json").write_text(json.dumps({"files": listed}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
