"""The real service with the toy scheme as processes of their own, to be held up, shouted at and killed.

`application` is what granian's worker loads: the ledger, the anchor and the folder stand in the environment.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from flask import Flask

from cardstack.ca.certificate import Certificate
from cardstack.ca.trust import Anchor, Revocation, Settings
from server.admitting import THREADS, Admission
from server.trusting import Trust
from tests.ledgers import NOON, SCHEMES

ROOT = Path(__file__).resolve().parent.parent
URL, ANCHOR, HOME = "TEST_LEDGER", "TEST_ANCHOR", "TEST_HOME"


def application() -> Flask:
    """As `server.serving.application`, but for scheme, clock and trust."""
    from server.app import create_app
    from server.config import Config
    from server.serving import collect_seldom
    from server.store.store import Store

    anchor = Certificate.parse(Path(os.environ[ANCHOR]).read_bytes())
    trust = Trust([Anchor(anchor)], settings=Settings(revocation=Revocation.OFF))
    store = Store(os.environ[URL], SCHEMES)
    app = create_app(Config(home=Path(os.environ[HOME])), store=store, trust=trust, clock=lambda: NOON, with_console=False)
    app.wsgi_app = Admission(app, wait_s=0.5)  # type: ignore[method-assign,assignment]  # how Flask takes middleware
    collect_seldom()
    return app


@dataclass
class Hosted:
    """A running service."""

    port: int
    process: "subprocess.Popen[bytes]"

    def connect(self, timeout: float = 20) -> HTTPConnection:
        """A connection to it."""
        return HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def raw(self, *parts: bytes, timeout: float = 20) -> bytes:
        """What it answers to these bytes until it closes, at most a megabyte."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as there:
            with suppress(ConnectionError):
                for part in parts:
                    there.sendall(part)
            with suppress(ConnectionError):
                while len(answer) < 1 << 20 and (piece := there.recv(1 << 16)):
                    answer += piece
        return answer

    def processes(self) -> Sequence[int]:
        """The service and its workers."""
        found = [self.process.pid]
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                words = stat.read_text().rpartition(")")[2].split()
                found += [int(stat.parent.name)] * (int(words[1]) == self.process.pid)
        return found

    def kill(self) -> None:
        """As when the power fails: all of it at once."""
        for one in reversed(self.processes()):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self.process.wait()

    def memory_mb(self) -> int:
        """The most memory that any of its processes ever had."""
        return max(_peak(one) for one in self.processes()) >> 10


def _peak(process: int) -> int:
    words = Path(f"/proc/{process}/status").read_text()
    return int(words.partition("VmHWM:")[2].split()[0])


@contextmanager
def hosted(folder: Path, ledger: str, anchor: bytes) -> Iterator[Hosted]:
    """The service over an enrolled ledger, up and answering; at the end it is killed."""
    (folder / "anchor.der").write_bytes(anchor)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = "--interface wsgi --factory --no-ws --workers 1 --blocking-threads"
    command = [sys.executable, "-m", "granian", *words.split(), str(THREADS), "--port", str(port), "tests.hosting:application"]
    said = {URL: ledger, ANCHOR: str(folder / "anchor.der"), HOME: str(folder)}
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | said, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        here = Hosted(port, process)
        try:
            _wait(here)
            yield here
        finally:
            here.kill()


def _wait(here: Hosted) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert here.process.poll() is None, "the service ended"
        with suppress(OSError, HTTPException), closing(here.connect(2)) as connection:
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the service does not answer")
