"""What `cardstack doctor` looks at, one function a stage; the traps are those that cost people days."""

import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from cardstack.cli.output import language, words
from cardstack.errors import CardstackError
from cardstack.text import Text


class Step(NamedTuple):
    """One thing looked at: whether it is so, what was seen, and what to do if not."""

    name: Text
    good: bool
    seen: str
    advice: Text | None = None
    fatal: bool = True


def attempt(name: Text, action: Callable[[], Any]) -> tuple[Step, Any]:
    """A step from what an action gives, or from the error it raises with its own remedy."""
    try:
        result = action()
    except CardstackError as error:
        return Step(name, good=False, seen=f"{error.code} {error.title.of(language())}", advice=error.remedy), None
    return Step(name, good=True, seen=""), result


VPCD_PORT = 35963
PCSCD_SOCKET, PCSCD_PID = Path("/run/pcscd/pcscd.comm"), Path("/run/pcscd/pcscd.pid")
CONFIGURATION = Path("/etc/reader.conf.d")


WITHOUT_PCSC = ("emu", "tcp", "replay")
"""Kinds of readers that are reached without the system's PC/SC."""


def interpreter_steps() -> Iterator[Step]:
    """The interpreter."""
    yield Step(Text("Python 3.11 or later", "Python 3.11 及以上"), good=sys.version_info >= (3, 11), seen=sys.version.split()[0])


def install_steps() -> Iterator[Step]:
    """The extra and the library."""
    there = find_spec("smartcard") is not None
    yield Step(
        Text("pyscard (extra `pcsc`)", "pyscard（附加组件 pcsc）"),
        good=there,
        seen="" if there else words("system library by ctypes", "由 ctypes 调用系统库"),
        advice=Text(
            "Not needed: the system's library is used directly. To have it: apt-get install gcc python3-dev libpcsclite-dev, "
            "then install cardstack[pcsc].",
            "可不安装，将直接调用系统库。如需安装：apt-get install gcc python3-dev libpcsclite-dev，再安装 cardstack[pcsc]。",
        ),
        fatal=False,
    )
    from cardstack.readers.winscard import library

    step, _ = attempt(Text("PC/SC library", "PC/SC 库"), library)
    yield step


def service_steps() -> Iterator[Step]:
    """The service, and its readers."""
    from cardstack.readers.api import api
    from cardstack.readers.monitor import snapshot

    step, states = attempt(Text("PC/SC service", "PC/SC 服务"), lambda: snapshot(api()))
    where = os.environ.get("PCSCLITE_CSOCK_NAME", str(PCSCD_SOCKET))
    yield step._replace(seen=step.seen or where)
    if states is not None:
        yield Step(
            Text("readers", "读卡器"),
            good=bool(states),
            seen=", ".join(state.name for state in states),
            advice=Text(
                "Plug a reader in, or emulate one: cardstack emulator serve --profile 3.00 --pcsc SOCKET",
                "请连接读卡器，或启动模拟读卡器：cardstack emulator serve --profile 3.00 --pcsc SOCKET",
            ),
        )


def trap_steps() -> Iterator[Step]:
    """What makes a reader slow, wrong or open to the network without a word."""
    stale = PCSCD_SOCKET.exists() and PCSCD_PID.exists() and not _runs(PCSCD_PID)
    yield _trap(
        Text("no stale pcscd files", "没有残留的 pcscd 文件"),
        bad=stale,
        advice=Text(
            f"pcscd was killed: remove {PCSCD_SOCKET} and {PCSCD_PID}, then start it again.",
            f"pcscd 曾被强行终止：请删除 {PCSCD_SOCKET} 和 {PCSCD_PID} 后重新启动。",
        ),
    )
    yield _trap(
        Text("one vpcd stanza per driver file", "每个驱动文件只配置一个 vpcd 段"),
        bad=_aliased(),
        advice=Text(
            "Two stanzas on one libifdvpcd.so show the same card: give each its own copy of the file.",
            "同一 libifdvpcd.so 的两个配置段会显示同一张卡：请为每段复制一份驱动文件。",
        ),
    )
    yield _trap(
        Text("vpcd is not open to the network", "vpcd 未向网络开放"),
        bad=_listens_everywhere(VPCD_PORT),
        advice=Text(
            "vpcd listens on every address: run it in a network namespace, or use `emulator serve --pcsc`.",
            "vpcd 监听所有地址：请在网络命名空间中运行，或改用 `emulator serve --pcsc`。",
        ),
    )


def card_steps(reader: str) -> Iterator[Step]:
    """The card, its answer to reset, its application, and how long an answer takes."""
    from cardstack.apdu.atr import Atr
    from emulator.opening import open_reader

    step, opened = attempt(Text("card", "卡片"), lambda: open_reader(reader if ":" in reader else f"pcsc:{reader}"))
    yield step._replace(seen=step.seen or opened.name)
    if opened is None:
        return
    with opened:
        step, atr = attempt(Text("answer to reset", "复位应答"), lambda: Atr.parse(opened.atr))
        yield step._replace(seen=f"{opened.atr.hex().upper()} T={atr.protocol}" if atr else step.seen)
        if reader.startswith("replay:"):  # it answers in its own order alone
            return
        step, _ = attempt(Text("social security application", "社会保障应用"), lambda: _select(opened))
        yield step
        yield _speed(opened)


def _select(reader: Any) -> None:
    from cardstack.apdu.commands import select_aid
    from cardstack.apdu.script import ask, run
    from cardstack.card.profiles import profile

    run(ask(select_aid(profile("2.00").aid)), reader).require()


def _speed(reader: Any) -> Step:
    from statistics import median
    from time import perf_counter

    from cardstack.apdu.commands import get_challenge

    took = []
    for _ in range(5):
        began = perf_counter()
        reader(bytes(get_challenge()))
        took.append(perf_counter() - began)
    slow = median(took) > 0.04
    return _trap(
        Text("answers are quick", "应答速度正常"),
        bad=slow,
        seen=f"{median(took) * 1000:.1f} ms",
        advice=Text(
            "40 ms and more is vpcd 3.3 waiting for an acknowledgement: our card asks for quick ones, others need "
            "`ip route change local 127.0.0.1 dev lo ... quickack 1`.",
            "40 毫秒以上多为 vpcd 3.3 等待 TCP 确认所致：本项目的卡已启用快速确认，其他模拟卡需设置 quickack 路由。",
        ),
    )


def _trap(name: Text, *, bad: bool, advice: Text, seen: str = "") -> Step:
    return Step(name, good=not bad, seen=seen, advice=advice, fatal=False)


def _runs(pid_file: Path) -> bool:
    try:
        return Path(f"/proc/{int(pid_file.read_text())}").exists()
    except (OSError, ValueError):
        return False


def _aliased() -> bool:
    """Whether two stanzas name one driver file."""
    try:
        texts = [path.read_text(errors="replace") for path in sorted(CONFIGURATION.iterdir()) if path.is_file()]
    except OSError:
        return False
    drivers = [line.split()[-1] for text in texts for line in text.splitlines() if line.strip().startswith("LIBPATH")]
    return len(drivers) != len(set(drivers))


def _listens_everywhere(port: int) -> bool:
    """Whether a socket listens on this port of every address (Linux)."""
    try:
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    except OSError:
        return False
    wanted = f"00000000:{port:04X}"
    return any(columns[1] == wanted and columns[3] == "0A" for columns in map(str.split, lines))
