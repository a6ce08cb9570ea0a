"""The audit log of an authority as a file of lines, appended to and read on from where one left off."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cardstack.ca import audit
from cardstack.ca.audit import Line
from cardstack.crypto.keys import Signer


class Journal:
    """An audit log on disk. Whoever appends holds the folder's lock and has caught up."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last: Line | None = None
        self._read = 0

    def catch_up(self) -> Iterator[Line]:
        """The lines written since the last time, each with its hash checked against the one before."""
        if not self.path.exists() or self.path.stat().st_size == self._read:
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            for raw in file:
                if not raw.endswith(b"\n"):
                    break  # the writer was interrupted within this line; whoever appends next cuts it off
                number = 1 if self.last is None else self.last.number + 1
                line = Line.parse(raw[:-1].decode("utf-8", errors="replace"), number)
                audit.follows(line, self.last)
                self.last, self._read = line, self._read + len(raw)
                yield line

    def append(self, *, at: datetime, actor: str, action: str, facts: Mapping[str, Any], signer: Signer | None = None) -> Line:
        """Write one more line and have it on the disk."""
        line = audit.append(self.last, at=at, actor=actor, action=action, facts=facts, signer=signer)
        self._write([line])
        return line

    def append_all(self, every: Iterable[Mapping[str, Any]], *, at: datetime, actor: str, action: str) -> list[Line]:
        """Write a line for each of many facts, and have them on the disk together."""
        lines: list[Line] = []
        for facts in every:
            last = lines[-1] if lines else self.last
            lines.append(audit.append(last, at=at, actor=actor, action=action, facts=facts))
        self._write(lines)
        return lines

    def _write(self, lines: Sequence[Line]) -> None:
        raw = b"".join(line.encode().encode() + b"\n" for line in lines)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
            file.truncate(self._read)
            file.seek(self._read)
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        if lines:
            self.last, self._read = lines[-1], self._read + len(raw)
