"""Serving the demo's console until Ctrl-C: the first free port, a one-time sign-in link, and what to try next."""

import socket
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Final

from cardstack.cli.demo.screen import Screen
from cardstack.cli.demo.world import Demo, service
from cardstack.errors import Refused
from cardstack.text import Text
from server import operators
from server.permissions import EVERYWHERE, Grant, Role
from server.store.office import Office
from server.store.office.people import Operator
from server.store.store import Store

PORTS_TRIED: Final = 50
NEXT: Final = (
    ("./cardstackw card read --reader emu:3.00", Text("read an emulated card over APDUs", "以 APDU 读取一张模拟卡")),
    (
        "./cardstackw emulator serve --profile 3.00 --tcp 127.0.0.1:35963",
        Text("offer it to other programs", "把这张卡提供给其他程序"),
    ),
    ("./cardstackw doctor", Text("see what a real reader still needs", "检查接入真实读卡器还缺什么")),
)


def serve(folder: Path, screen: Screen, port: int) -> None:
    """Serve until interrupted."""
    free = free_port(port)
    if port and free != port:
        taken = Text(f"Port {port} is taken, using {free}.", f"端口 {port} 已被占用，改用 {free}。")
        screen.console.print(f"\n[yellow]{taken.of(screen.language)}[/]")
    demo = Demo(folder, datetime.now(UTC).replace(microsecond=0))
    with service(demo, port=free) as (store, url, _):
        office = Office(store.database.engine)
        _say_where(screen, url, _link(office, demo.at))
        try:
            # A console with nothing to decide shows little. It comes after the address is on the screen, so that nobody waits.
            _furnish(store, office, demo.at)
            Event().wait()
        except KeyboardInterrupt:
            screen.console.print(Text("\nStopped; the data stays.", "\n已停止，数据保留。").of(screen.language))


def _furnish(store: Store, office: Office, at: datetime) -> None:
    from server.means import Means  # once the address is told, there is time to import
    from server.sample import furnish  # as above

    furnish(Means(office, store, at))


def free_port(wanted: int) -> int:
    """The wanted port of loopback, or the next free one after it."""
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    last = wanted + PORTS_TRIED - 1
    taken = Text(
        f"ports {wanted} to {last} are all taken; name another with --port",
        f"端口 {wanted} 至 {last} 均被占用，请用 --port 另行指定",
    )
    raise Refused(taken, port=wanted)


def _link(office: Office, at: datetime) -> str:
    """A one-time link for the demo's operator, who may do everything."""
    people = office.people
    if people.operator("demo") is None:
        people.save(Operator("demo", "演示操作员 Demo", tuple(Grant(role, EVERYWHERE) for role in Role), disabled=False), at)
    return operators.first_link(people, "demo", at)


def _say_where(screen: Screen, url: str, token: str) -> None:
    # A name, not an address: browsers make passkeys for localhost and for no bare address.
    url = url.replace("//127.0.0.1:", "//localhost:")
    console, link = Text("Console", "控制台"), Text("One-time sign-in link", "一次性登录链接")
    docs, stop = Text("API docs", "接口文档"), Text("Ctrl-C stops.", "按 Ctrl-C 停止。")
    screen.console.print(f"\n[bold]{console.of(screen.language)}[/]   {url}/")
    screen.console.print(f"[bold]{link.of(screen.language)}[/]   {url}/enter/{token}")
    screen.console.print(f"[bold]{docs.of(screen.language)}[/]   {url}/openapi/\n")
    for line, what in NEXT:
        screen.line(f"{line}    # {what.of(screen.language)}")
    screen.console.print(f"\n{stop.of(screen.language)}")
