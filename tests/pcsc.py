"""The one PC/SC socket of this test process: libpcsclite reads its name once and keeps it."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from cardstack.readers.problems import ReaderError
from cardstack.readers.winscard import library

FOLDER = Path(tempfile.mkdtemp(prefix="pcsc"))
SOCKET = FOLDER / "comm"
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


def need_library() -> None:
    """Skip where the system has no PC/SC library."""
    try:
        library()
    except ReaderError as error:
        pytest.skip(error.say("en"))


def point_here() -> None:
    """Make every client of this process look for its service at `SOCKET`."""
    os.environ["PCSCLITE_CSOCK_NAME"] = str(SOCKET)
