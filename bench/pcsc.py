"""Our PC/SC service beside pcscd and vpcd: the same card, a C client and pyscard, in alternating pairs; insertions seen.

Run it as root (pcscd gets name spaces of its own) with gcc and libpcsclite-dev there. The card is the smallest there is,
so that the ways to it are compared and not the card.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.harness import Measure, report
from cardstack.readers.api import api
from cardstack.readers.ports import PRESENT
from emulator.pcsc.service import Service
from tests import pcscd
from tests.fakes import FakeCard
from tests.pcsc import SOCKET, point_here

COUNT, PAIRS, EVENTS = 3000, 10, 20
CLIENT = r"""
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <winscard.h>
int main(int argc, char **argv) {
    SCARDCONTEXT context; SCARDHANDLE card; DWORD protocol;
    unsigned char command[] = {0, 0xB2, 1, 4, 0x20}, answer[300];
    SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);
    if (SCardConnect(context, argv[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0, &card, &protocol)) return 2;
    struct timespec a, b; long count = atol(argv[2]);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (long i = 0; i < count; i++) {
        DWORD size = sizeof answer;
        if (SCardTransmit(card, SCARD_PCI_T0, command, 5, NULL, answer, &size) || size != 34) return 3;
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%f\n", (b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9);
    SCardDisconnect(card, SCARD_LEAVE_CARD);
    return 0;
}
"""
PYSCARD = """
import sys, time
from smartcard.scard import *
_, context = SCardEstablishContext(SCARD_SCOPE_USER)
code, card, protocol = SCardConnect(context, sys.argv[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0)
began = time.perf_counter()
for _ in range(int(sys.argv[2])):
    code, answer = SCardTransmit(card, SCARD_PCI_T0, [0, 0xB2, 1, 4, 0x20])
    assert code == 0 and len(answer) == 34
print(time.perf_counter() - began)
"""


def main() -> None:
    """One JSON line a measure."""
    reason = pcscd.missing()
    if reason or not shutil.which("cc"):
        sys.exit(f"cannot compare: {reason or 'no C compiler'}")
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as ours, pcscd.pcscd() as theirs:
        theirs.insert(FakeCard())
        client = compiled(Path(folder))
        for name, command in (("C client", [str(client)]), ("pyscard", [sys.executable, "-c", PYSCARD])):
            pairs = [(timed(command, ours), timed(command, theirs.socket)) for _ in range(PAIRS)]
            mine, peer = (statistics.median(side) for side in zip(*pairs, strict=True))
            ratios = sorted(two / one for one, two in pairs)
            print(f"# {name}: ratio in {PAIRS} pairs: {ratios[0]:.2f} to {ratios[-1]:.2f}", file=sys.stderr)
            report(
                f"pcsc-service-transmit, {name}",
                Measure(COUNT, mine),
                Measure(COUNT, peer),
                "pcscd 1.9.9 + vpcd 3.3, quick acknowledgements",
            )
        theirs.remove()
        insertions(theirs)


@contextmanager
def serving(folder: Path) -> Iterator[Path]:
    """Our service in a process of its own, as pcscd is."""
    path = folder / "ours"
    script = (
        "import sys, time; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\nfrom emulator.pcsc.service import Service\nfrom tests.fakes import FakeCard\n"
        f"service = Service(Path(sys.argv[1])); service.__enter__(); service.add({pcscd.READER!r}, FakeCard())\n"
        "class Keep(list):\n    def append(self, one): pass\n"
        "service.readers[0].card.commands = Keep()\nprint('ready', flush=True); time.sleep(600)\n"
    )
    root = str(Path(__file__).resolve().parents[1])
    with subprocess.Popen([sys.executable, "-c", script, str(path), root], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield path
        finally:
            process.terminate()


def compiled(folder: Path) -> Path:
    """The C client."""
    (folder / "client.c").write_text(CLIENT)
    target = folder / "client"
    subprocess.run(["cc", "-O2", "-I/usr/include/PCSC", "client.c", "-o", "client", "-lpcsclite"], cwd=folder, check=True)
    return target


def timed(command: list[str], socket: Path) -> float:
    """Seconds that a client says its commands took; the first try may come before the card."""
    environment = {**os.environ, "PCSCLITE_CSOCK_NAME": str(socket)}
    for _ in range(20):
        done = subprocess.run([*command, pcscd.READER, str(COUNT)], env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return float(done.stdout)
        time.sleep(0.2)
    raise RuntimeError(done.stderr)


def insertions(theirs: pcscd.Pcscd) -> None:
    """Median time from inserting a card to the client's wake-up."""
    point_here()
    with Service(SOCKET) as service:
        reader = service.add(pcscd.READER)
        mine = waits(reader.insert, reader.remove)
    SOCKET.symlink_to(theirs.socket)
    peer = waits(theirs.insert, theirs.remove)
    SOCKET.unlink()
    report("pcsc-service-insertion-seen", Measure(1, mine), Measure(1, peer), "pcscd 1.9.9 + vpcd 3.3")


def waits(insert: Callable[[FakeCard], None], remove: Callable[[], None]) -> float:
    """The median over some insertions."""
    library = api("system")
    context = library.establish()
    seen: list[float] = []
    for _ in range(EVENTS):
        state = library.changes(context, {pcscd.READER: 0}, 0)[0].bits
        began: list[float] = []

        def put_in(moment: list[float] = began) -> None:
            moment.append(time.perf_counter())
            insert(FakeCard())

        threading.Timer(0.05, put_in).start()
        while not state & PRESENT:
            state = library.changes(context, {pcscd.READER: state & ~2}, 5000)[0].bits
        seen.append(time.perf_counter() - began[0])
        remove()
        while state & PRESENT:
            state = library.changes(context, {pcscd.READER: state & ~2}, 5000)[0].bits
    library.release(context)
    return statistics.median(seen)


if __name__ == "__main__":
    main()
