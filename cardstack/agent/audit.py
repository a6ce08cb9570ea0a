"""The agent's log: who asked for what and how it ended, one JSON line a call, each bound to the one before.

Nothing from the card is in it.
"""

import json
import threading
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from cardstack.errors import Untrusted
from cardstack.text import Text

FIRST = "0" * 64


class Audit:
    """An append-only file; `path` None keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._last = FIRST
        if path and path.is_file():
            try:
                self._last = verify(path.read_text("utf-8").splitlines())
            except UnicodeDecodeError:
                raise Untrusted(Text("the audit log is no text", "审计日志不是文本"), file=path.name) from None

    def add(self, **facts: Any) -> None:
        """One call, bound to the one before it."""
        if self._path is None:
            return
        with self._lock:
            body = json.dumps(facts, ensure_ascii=False, sort_keys=True)
            self._last = _chained(self._last, body)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"hash": self._last, "entry": body}, ensure_ascii=False) + "\n")


def verify(lines: Iterable[str]) -> str:
    """The last hash of a whole chain; `Untrusted` names the line that was changed, added or taken out."""
    last = FIRST
    for number, line in enumerate(lines, 1):
        try:
            held = json.loads(line)
            good = held["hash"] == _chained(last, held["entry"])
        except (ValueError, KeyError, TypeError, RecursionError):
            good = False
        if not good:
            raise Untrusted(
                Text(
                    f"line {number} of the audit log does not follow from the one before", f"审计日志第 {number} 行与前一行不衔接"
                ),
                line=number,
            )
        last = held["hash"]
    return last


def _chained(last: str, body: str) -> str:
    return sha256(f"{last}\n{body}".encode()).hexdigest()
