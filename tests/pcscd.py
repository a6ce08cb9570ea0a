"""A real pcscd with vpcd, in name spaces of its own: no port of this machine, no file outside, ended by its pid.

vpcd 3.3 listens on every address, so it gets a network of its own; our card enters that network by one thread.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from emulator.line import Card
from emulator.vpcd import Vpcd

NEW_NETWORK = 0x40000000
SCRIPT = "mount -t tmpfs none /run/pcscd && ip link set lo up && exec pcscd --foreground"
READER = "Virtual PCD 00 00"


def missing() -> str:
    """Why a pcscd of our own cannot run here; empty where it can."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return "name spaces need root and unshare"
    if not shutil.which("pcscd") or not list(Path("/usr/lib/pcsc/drivers/serial").glob("libifdvpcd.so*")):
        return "apt-get install pcscd vsmartcard-vpcd"
    if subprocess.run(["unshare", "-mn", "true"], capture_output=True, check=False).returncode:
        return "this system allows no name spaces"
    return ""


@dataclass
class Pcscd:
    """A running pcscd and the card in its first reader."""

    process: "subprocess.Popen[bytes]"
    card: Vpcd | None = field(default=None)

    @property
    def socket(self) -> Path:
        """Where clients reach it from outside."""
        return Path("/proc", str(self.process.pid), "root", "run/pcscd/pcscd.comm")

    def insert(self, card: Card) -> None:
        """Put a card in; pcscd sees it within 0.4 s."""
        self.remove()
        self.card = Vpcd(card, "127.0.0.1", 35963)
        threading.Thread(target=self._serve, args=(self.card,), daemon=True).start()

    def remove(self) -> None:
        """Take the card out."""
        if self.card:
            self.card.stop()
            self.card = None

    def _serve(self, card: Vpcd) -> None:
        with Path(f"/proc/{self.process.pid}/ns/net").open("rb") as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), NEW_NETWORK):
                raise OSError(ctypes.get_errno(), "setns")
        card.serve(once=True)


@contextmanager
def pcscd() -> Iterator[Pcscd]:
    """A pcscd until the end of the block."""
    Path("/run/pcscd").mkdir(exist_ok=True)
    process = subprocess.Popen(["unshare", "-mn", "sh", "-c", SCRIPT], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = Pcscd(process)
    try:
        until = time.monotonic() + 10
        while not running.socket.exists() and time.monotonic() < until:
            time.sleep(0.02)
        yield running
    finally:
        running.remove()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
