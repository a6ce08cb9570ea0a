"""Files written whole, and what is there that is no file."""

import os
from pathlib import Path
from stat import S_IMODE, S_ISFIFO
from threading import Thread

import pytest

from cardstack.errors import Malformed
from cardstack.vault import files


def test_a_file_is_replaced_whole_and_a_secret_one_is_its_owners_alone(tmp_path: Path) -> None:
    """Whatever could be read before, a secret cannot be read by others afterwards."""
    target = tmp_path / "key"
    target.write_text("old")
    target.chmod(0o644)
    files.write(target, b"new", secret=True)
    assert target.read_bytes() == b"new"
    assert S_IMODE(target.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    """Output sent to a pipe or to /dev/null must not put a file in its place or change who may use it."""
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe, 0o644)
    reader = Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    files.write(pipe, b"told", secret=True)
    reader.join(10)
    assert got == [b"told"]
    assert S_ISFIFO(pipe.stat().st_mode)
    assert S_IMODE(pipe.stat().st_mode) == 0o644


def test_a_file_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads, one limit holds and is said; a reader may name its own."""
    monkeypatch.setattr(files, "READ_MAX", 1000)
    for read in (files.content, files.read):
        with pytest.raises(Malformed, match="zero: more than 1000 bytes"):
            read(Path("/dev/zero"))
    with pytest.raises(Malformed, match="more than 10 bytes"):
        files.content(Path("/dev/zero"), 10)
