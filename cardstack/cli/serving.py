"""`emulator serve`: one card, three ways in, and hands that pull it out."""

import json
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cardstack.apdu.pace import Model, read_model
from cardstack.cli.inputs import text_of
from cardstack.cli.output import language, words
from cardstack.errors import Refused, problem
from cardstack.text import Text
from emulator.control import Desk, checked
from emulator.desk import PSAM, Handled, fault, handled, slot
from emulator.pcsc.service import Service
from emulator.tcp import Door
from emulator.vpcd import SEEN, Seen, VpcdSlot

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
    control: Sequence[str] | None
    """The lines of a script; None: what is typed or piped."""
    seconds: float
    psam: bool = False
    pace: Model | None = None

    def card(self, name: str = "", image: Path | None = None) -> Handled:
        """A card as ordered."""
        card = slot(name or self.profile, image=image, seed=self.seed, serves=self.profile)
        return handled(card, [fault(one) for one in self.faults], self.delay_s, self.pace)


def script(path: Path | None) -> Sequence[str] | None:
    """The lines of a control script, understood to the last one before anything is served."""
    return checked(text_of(path, "control").splitlines()) if path else None


def pace_of(path: Path | None) -> Model | None:
    """The timing model in a file."""
    return read_model(text_of(path, "pace")) if path else None


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
        desk = Desk(lambda: service.readers, order.card, service)
        _handle(order, desk, ended, as_json=as_json)


def _serve_tcp(order: Order, host: str, port: int, ended: threading.Event, *, as_json: bool) -> None:
    with ExitStack() as doors:
        door = doors.enter_context(Door(order.card(image=order.image), host, port))
        line = f"cardstack card read --reader {door.name}"
        _say({"tcp": f"{door.host}:{door.port}", "reader": door.name}, line, as_json=as_json)
        places = [door]
        if order.psam:
            places.append(doors.enter_context(Door(order.card(PSAM), host, port + 1 if port else 0)))
            _say({"psam": places[1].name}, f"--psam {places[1].name}", as_json=as_json)
        _handle(order, Desk(lambda: places, order.card), ended, as_json=as_json)


def _serve_vpcd(order: Order, host: str, port: int, ended: threading.Event, *, as_json: bool) -> None:
    _say({"vpcd": f"{host}:{port}"}, "opensc-tool -l", as_json=as_json)

    def report(seen: Seen) -> None:
        print(SEEN[seen].of(language()), file=sys.stderr, flush=True)

    places = [VpcdSlot(host, port, report)]
    places[0].insert(order.card(image=order.image))
    if order.psam:
        # vpcd gives every stanza two slots, the second one port higher.
        places.append(VpcdSlot(host, port + 1, report))
        places[1].insert(order.card(PSAM))
    _handle(order, Desk(lambda: places, order.card), ended, as_json=as_json)
    for place in places:
        place.remove()


def _handle(order: Order, desk: Desk, ended: threading.Event, *, as_json: bool) -> None:
    """Carry out control lines beside the service until it ends."""
    threading.Thread(target=_hands, args=(order, desk, ended), kwargs={"as_json": as_json}, daemon=True).start()
    ended.wait()


def _hands(order: Order, desk: Desk, ended: threading.Event, *, as_json: bool) -> None:
    """Carry out control lines; `quit` ends the service, the end of the lines does not."""
    quits = False

    def heard() -> Iterator[str]:
        nonlocal quits
        for line in sys.stdin if order.control is None else order.control:
            quits = line.split()[-1:] == ["quit"]
            yield line

    for said in desk.run(heard()):
        data = {"line": said.line, "text": said.text.en, "done": said.done}
        print(json.dumps(data, ensure_ascii=False) if as_json else said.text.of(language()), flush=True)
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
