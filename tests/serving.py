"""`cardstack emulator serve` as a process of its own, ended by its pid."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Serving(NamedTuple):
    """What it printed first, and the process."""

    said: dict[str, Any]
    process: "subprocess.Popen[str]"

    def do(self, line: str) -> str:
        """A line of control, and what is said to it."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return str(json.loads(self.process.stdout.readline())["text"])


@contextmanager
def serving(*words: str) -> Iterator[Serving]:
    """Serve until the end of the block; it ends by itself after two minutes."""
    command = [sys.executable, "-m", "cardstack.cli", "emulator", "serve", "--json", "--for", "120", *words]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        try:
            yield Serving(json.loads(process.stdout.readline()), process)
        finally:
            process.terminate()
            process.wait(10)
