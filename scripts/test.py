"""Everything CI checks, in the order in which it fails soonest: `./cardstackw test [--quick] [pytest arguments]`.

What a test needs from the system (a database server, a browser, a PC/SC library) is installed by
`scripts/test_system.py` where that is possible; what cannot be had is printed with its reason.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
TOOLS = Path(PYTHON).parent


def step(name: str, *command: str) -> None:
    began = time.monotonic()
    print(f"== {name}", flush=True)
    code = subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "PYTHONUTF8": "1"}).returncode
    print(f"   {name}: {time.monotonic() - began:.1f} s", flush=True)
    if code:
        print(f"FAILED: {name} (exit {code}): {' '.join(command)}", flush=True)
        sys.exit(code)


def main() -> None:
    arguments = sys.argv[1:]
    quick = "--quick" in arguments
    arguments = [one for one in arguments if one != "--quick"]
    if not quick:
        step("system parts", PYTHON, "scripts/test_system.py")
    step("style", str(TOOLS / "ruff"), "check", "--quiet", ".")
    step("format", str(TOOLS / "ruff"), "format", "--check", "--quiet", ".")
    step("imports", str(TOOLS / "lint-imports"))
    step("types", str(TOOLS / "mypy"))
    choice = ["-m", "not slow"] if quick else ["--cov", "--cov-report="]
    step("tests", PYTHON, "-m", "pytest", "-n", "2", "--dist", "worksteal", *choice, *arguments)
    if not quick:
        step("branch coverage in per cent", PYTHON, "-m", "coverage", "report", "--format=total")


if __name__ == "__main__":
    main()
