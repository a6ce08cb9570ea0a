"""`emulator serve`: one card, three ways in, and hands that pull it out."""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cardstack.cli.output import words
from cardstack.errors import Refused, problem
from cardstack.text import Text
from emulator.desk import PSAM, Desk, Handled, fault, handled, slot
from emulator.pcsc.service import Service
from emulator.tcp import Door
from emulator.vpcd import Seen, Vpcd

ONE_WAY = problem(
    "CS-1414",
    Text("Say how the card is to be reached", "请指明模拟卡的接入方式"),
    Text(
        "Give exactly one of --pcsc SOCKET, --vpcd HOST:PORT and --tcp HOST:PORT.", "--pcsc、--vpcd、--tcp 三者须且只须指定一个。"
    ),
)
HOST_AND_PORT = problem(
    "CS-1415",
    Text("An address is HOST:PORT", "地址格式应为 主机:端口"),
    Text("Write for example 127.0.0.1:35963.", "例如 127.0.0.1:35963。"),
)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be served."""

    profile: str
    image: Path | None
    faults: tuple[str, ...]
    delay_s: float
    seed: bytes
    pin_pad: str | None
    readers: int
    control: Path | None
    seconds: float
    psam: bool = False

    def card(self, name: str = "", image: Path | None = None) -> Handled:
        """A card as ordered."""
        card = slot(name or self.profile, image=image, seed=self.seed, serves=self.profile)
        return handled(card, [fault(one) for one in self.faults], self.delay_s)


def serve_card(order: Order, *, pcsc: Path | None, vpcd: str | None, tcp: str | None, as_json: bool) -> None:
    """Serve until the time is up, the control says quit, or a signal comes."""
    if sum(way is not None for way in (pcsc, vpcd, tcp)) != 1:
        raise Refused(problem=ONE_WAY)
    with ended_by_signals(order.seconds) as ended:
        if pcsc is not None:
            _serve_pcsc(order, pcsc, ended, as_json=as_json)
        elif vpcd is not None:
            _serve_vpcd(order, *address(vpcd), ended, as_json=as_json)
        else:
            _serve_tcp(order, *address(tcp or ""), ended, as_json=as_json)


def _serve_pcsc(order: Order, path: Path, ended: threading.Event, *, as_json: bool) -> None:
    with Service(path) as service:
        for number in range(order.readers):
            reader = service.add(f"cardstack Emulated Reader {number:02d} 00")
            reader.pin_pad = (lambda: order.pin_pad) if order.pin_pad else None
            reader.insert(order.card(image=order.image if number == 0 else None))
        if order.psam:
            service.add("cardstack Emulated Reader PSAM 00 01", order.card(PSAM))
        names = [reader.name for reader in service.readers]
        _say({"pcsc": str(path), "export": service.export, "readers": names}, service.export, as_json=as_json)
        desk = Desk(service, order.card)
        threading.Thread(target=_hands, args=(order, desk, ended), daemon=True).start()
        ended.wait()


def _serve_tcp(order: Order, host: str, port: int, ended: threading.Event, *, as_json: bool) -> None:
    with Door(order.card(image=order.image), host, port) as door:
        reader = f"tcp:{door.host}:{door.port}"
        _say({"tcp": f"{door.host}:{door.port}", "reader": reader}, f"cardstack card read --reader {reader}", as_json=as_json)
        if order.psam:
            with Door(order.card(PSAM), host, port + 1 if port else 0) as second:
                _say({"psam": f"tcp:{second.host}:{second.port}"}, f"--psam tcp:{second.host}:{second.port}", as_json=as_json)
                ended.wait()
        else:
            ended.wait()


def _serve_vpcd(order: Order, host: str, port: int, ended: threading.Event, *, as_json: bool) -> None:
    _say({"vpcd": f"{host}:{port}"}, "opensc-tool -l", as_json=as_json)

    def report(seen: Seen) -> None:
        print(seen, file=sys.stderr, flush=True)

    cards = [Vpcd(order.card(image=order.image), host, port, report)]
    if order.psam:
        # vpcd gives every stanza two slots, the second one port higher.
        cards.append(Vpcd(order.card(PSAM), host, port + 1, report))
    for card in cards:
        card.start()
    ended.wait()
    for card in cards:
        card.stop()


def _hands(order: Order, desk: Desk, ended: threading.Event) -> None:
    """Carry out control lines; `quit` ends the service, the end of the lines does not."""
    lines = order.control.read_text("utf-8").splitlines() if order.control else sys.stdin
    quits = False

    def heard() -> Iterator[str]:
        nonlocal quits
        for line in lines:
            quits = line.strip() == "quit"
            yield line

    for said in desk.run(heard()):
        print(said, flush=True)
    if quits:
        ended.set()


def address(text: str) -> tuple[str, int]:
    """Host and port.

    >>> address("127.0.0.1:35963")
    ('127.0.0.1', 35963)
    """
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise Refused(repr(text), HOST_AND_PORT)
    return host.strip("[]"), int(port)


def _say(data: dict[str, object], line: str, *, as_json: bool) -> None:
    """What to copy, and that the keys are for tests."""
    if as_json:
        print(json.dumps(data, ensure_ascii=False), flush=True)
        return
    print(words("Emulated card with test keys; not for production.", "模拟卡，使用测试密钥，切勿用于生产。"), file=sys.stderr)
    print(line, flush=True)


@contextmanager
def ended_by_signals(seconds: float) -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM or the end of the time sets."""
    ended = threading.Event()
    timer = threading.Timer(seconds, ended.set) if seconds else None
    if timer:
        timer.daemon = True
        timer.start()
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {one: signal.signal(one, lambda *_: ended.set()) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        if timer:
            timer.cancel()
        for one, handler in before.items():
            signal.signal(one, handler)
