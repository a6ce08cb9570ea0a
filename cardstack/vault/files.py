"""Files that are there whole or not at all, and secrets that only their owner may read."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_UN, flock
from pathlib import Path
from typing import Any

from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text

MISSING = problem(
    "CS-2301",
    Text("{file} is missing", "缺少文件 {file}"),
    Text("Make it first, or set CARDSTACK_HOME to where it is.", "请先创建，或将 CARDSTACK_HOME 指向其所在目录。"),
)
CLOSED = problem(
    "CS-2306",
    Text("{file} cannot be read", "无法读取 {file}"),
    Text("Name a file, not a folder, that you may read (`ls -l`).", "请给出有权读取的文件（可用 `ls -l` 查看），而不是目录。"),
)
READ_MAX = 1 << 28
"""The most that is read of one file; a device such as /dev/zero has no end."""
UNREADABLE = problem(
    "CS-2302",
    Text("{file} is not what it should be", "文件 {file} 内容不正确"),
    Text("Restore it from its last copy.", "请从最近备份恢复。"),
)


def content(path: Path, most: int | None = None) -> bytes:
    """A file's bytes, at most `READ_MAX` or so many; `Malformed` where it has more, `OSError` where the system refuses it."""
    bound = READ_MAX if most is None else most
    with path.open("rb") as file:
        raw = file.read(bound + 1)
    if len(raw) > bound:
        raise Malformed(Text(f"{path.name}: more than {bound} bytes", f"{path.name}：超过 {bound} 字节"), field="file")
    return raw


def read(path: Path) -> bytes:
    """The same; `Refused` CS-2301 where there is no such file, CS-2306 where it may not or cannot be read."""
    try:
        return content(path)
    except FileNotFoundError:
        raise Refused(problem=MISSING, file=path.name) from None
    except OSError:
        raise Refused(problem=CLOSED, file=path.name) from None


def read_json(path: Path) -> Any:
    """A file's JSON; `Malformed` CS-2302 where it is none."""
    try:
        return json.loads(read(path))
    except (ValueError, RecursionError):
        raise Malformed(Text("not JSON", "不是 JSON"), problem=UNREADABLE, file=path.name) from None


def write(path: Path, content: bytes, *, secret: bool = False) -> None:
    """Replace a file in one step; a secret one is readable by its owner alone from its first byte.

    What is there and is no file, such as a device or a pipe, is written to and stays what it is.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if secret else 0o644), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Replace a file by a value's JSON."""
    write(path, json.dumps(value, ensure_ascii=False, indent=1, default=str).encode() + b"\n")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else changes the folder meanwhile: commands and the server take turns."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("wb") as file:
        flock(file, LOCK_EX)
        try:
            yield
        finally:
            flock(file, LOCK_UN)
