"""The other side of the table: a terminal's program is served faulty cards, and what it does then is judged.

A good card comes first, twice: the program must end well with it, and it shows which commands it sends and whether its
output is the same each time. Then comes one run a fault, at one command, on a private PC/SC service.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

from cardstack.apdu.script import Exchange, Script
from cardstack.apdu.trace import Exchanged, traced
from cardstack.card.verdict import Verdict
from cardstack.card.watching import Watcher
from cardstack.conformance.case import Case, Subject
from cardstack.conformance.run import Result
from cardstack.errors import Refused, problem
from cardstack.text import Text
from emulator.desk import PSAM, Handled, slot
from emulator.faults import Fault, Faulty, Trouble
from emulator.pcsc.service import Service

PROGRAM = problem(
    "CS-5040",
    Text("The program could not be started", "无法启动被测程序"),
    Text("Write it after two hyphens, as the shell would find it: -- PROGRAM …", "请在两个连字符之后写出程序：-- PROGRAM …"),
)
READER: Final = "cardstack Emulated Reader 00 00"
OUTPUT_MAX: Final = 1 << 20
"""Bytes of the program's output that are compared."""
CRASHES: Final = {128 + number for number in (signal.SIGILL, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV)}
"""How a shell reports that what it ran was ended by such a signal."""


class Expected(Enum):
    """How a program may end."""

    SUCCESS = "exit 0"
    FAILURE = "exit ≠ 0"
    EITHER = "exit ≠ 0 | exit 0 + same output"


class Trial(NamedTuple):
    """One fault, and how the program may end."""

    name: str
    title: Text
    clause: str
    expected: Expected


TRIALS: Final = (
    Trial("good", Text("A good card", "正常卡"), "SCARD_S_SUCCESS", Expected.SUCCESS),
    Trial("torn", Text("Power is lost while the card works", "处理命令时掉电"), "SCARD_E_NOT_TRANSACTED", Expected.FAILURE),
    Trial("mute", Text("The card goes silent, then is lost", "无应答后丢失"), "SCARD_E_NOT_TRANSACTED", Expected.FAILURE),
    Trial("reset", Text("Another program resets the card", "被其他程序复位"), "SCARD_W_RESET_CARD", Expected.EITHER),
    Trial("refused", Text("6F00 in place of the answer", "应答被换为 6F00"), "ISO/IEC 7816-4 §5.6", Expected.FAILURE),
    Trial("short", Text("The last data byte is missing", "应答缺最后一字节"), "ISO/IEC 7816-4 §5.1", Expected.FAILURE),
    Trial("long", Text("256 data bytes too many", "应答多出 256 字节"), "SCARD_E_INSUFFICIENT_BUFFER", Expected.FAILURE),
    Trial("swapped", Text("The answer before, once more", "重复上一条应答"), "ISO/IEC 7816-4 §5.1", Expected.FAILURE),
    Trial("slow", Text("The card answers late", "应答缓慢"), "SCARD_S_SUCCESS", Expected.SUCCESS),
)
LINE_TROUBLES: Final = {
    "torn": Trouble.TORN,
    "refused": Trouble.REFUSED,
    "short": Trouble.SHORT,
    "long": Trouble.LONG,
    "swapped": Trouble.AGAIN,
}


@dataclass(frozen=True, slots=True)
class Host:
    """The program under test, its card, and how patient we are (seconds)."""

    program: tuple[str, ...]
    profile: str = "3.00"
    psam: bool = False
    deadline: float = 30.0
    slow: float = 1.0
    mute: float = 2.0


class Ended(NamedTuple):
    """How a run ended: exit code (negative: by that signal; None: past the deadline), output, what was said."""

    code: int | None
    output: bytes
    seconds: float
    raw: tuple[tuple[bytes, bytes], ...]
    said: tuple[Exchanged, ...]

    def asked_again(self, at: int) -> bool:
        """Whether the command that the fault met was said once more."""
        return any(command == self.raw[at][0] for command, _ in self.raw[at + 1 :])

    @property
    def crashed(self) -> bool:
        """Whether a signal ended it."""
        return self.code is not None and (self.code < 0 or self.code in CRASHES)


@dataclass(eq=False)
class Served:
    """A card that keeps what was said, with something done to it before one command."""

    card: Handled
    at: int = -1
    fault: Callable[[], None] = lambda: None
    raw: list[tuple[bytes, bytes]] = field(default_factory=list)
    said: list[Exchanged] = field(default_factory=list)

    def __post_init__(self) -> None:
        watcher = Watcher()
        self._exchange: Exchange = traced(self.card, self.said.append, hide=watcher.hide, describe=watcher.describe)

    @property
    def has_test_keys(self) -> bool:
        """The card behind is an emulated one."""
        return self.card.has_test_keys

    @property
    def atr(self) -> bytes:
        """The answer to reset of the card behind."""
        return self.card.atr

    def reset(self) -> None:
        """A reset of the card behind."""
        self.card.reset()

    def __call__(self, command: bytes) -> bytes:
        late = self.card.delay_s
        if len(self.raw) == self.at:
            self.fault()
        answer = self._exchange(command)
        self.card.delay_s = late
        self.raw.append((command, answer))
        return answer


def judge_host(
    host: Host, names: Sequence[str] = (), at: int | None = None, told: Callable[[Result], None] = lambda _: None
) -> tuple[Result, ...]:
    """The good card, then every fault asked for at one command: the last that is answered with data, unless said."""
    good, again = run_program(host), run_program(host)
    results = [judged(TRIALS[0], good, -1, same=True)]
    told(results[0])
    place = _place(good) if at is None else at
    steady = good.output == again.output
    for trial in TRIALS[1:]:
        if names and trial.name not in names:
            continue
        if results[0].verdict is not Verdict.PASS:
            why = Text("the program does not end well even with a good card", "程序在正常卡上亦未正常结束")
            result = Result(case_of(trial), Verdict.NOT_RUN, why)
        else:
            # A program hears of a reset at the call after, which is to be the one at the place.
            met = max(place - 1, 0) if trial.name == "reset" else place
            ended = run_program(host, trial.name, met)
            result = judged(trial, ended, met, same=not steady or ended.output == good.output)
        told(result)
        results.append(result)
    return tuple(results)


def judged(trial: Trial, ended: Ended, at: int, *, same: bool) -> Result:
    """The verdict of one run."""
    verdict, reason = _verdict(trial, ended, at, same=same)
    code = "no exit" if ended.code is None else f"signal {-ended.code}" if ended.code < 0 else f"exit {ended.code}"
    got = code if same or ended.code else f"{code}, other output"
    return Result(case_of(trial), verdict, reason, got, trial.expected.value, ended.seconds, ended.said)


def _verdict(trial: Trial, ended: Ended, at: int, *, same: bool) -> tuple[Verdict, Text]:
    """The first of these that is so."""
    well = trial.expected is Expected.SUCCESS
    recovered = same and (trial.expected is Expected.EITHER or (at < len(ended.raw) and ended.asked_again(at)))
    findings = (
        (ended.code is None, Verdict.FAIL, Text("it did not end within the deadline", "未在期限内结束")),
        (ended.crashed, Verdict.FAIL, Text("it was ended by a signal", "被信号终止")),
        (well and ended.code, Verdict.FAIL, Text("it gave up on a card that answers", "卡片应答正常而程序未能完成")),
        (
            at >= len(ended.raw) or not ended.raw,
            Verdict.INCONCLUSIVE,
            Text("it sent no command there, so the fault did not come about", "未发送该序号的命令，故障未发生"),
        ),
        (well and same, Verdict.PASS, Text("it ended as with a good card", "与正常卡结果一致")),
        (well, Verdict.FAIL, Text("it told something else than with a good card", "输出与正常卡不一致")),
        (ended.code, Verdict.PASS, Text("it noticed", "已发现异常")),
        (recovered, Verdict.PASS, Text("it recovered: same output as with a good card", "已恢复，输出与正常卡一致")),
        (True, Verdict.FAIL, Text("it claims success", "异常情况下仍报告成功")),
    )
    return next((verdict, reason) for so, verdict, reason in findings if so)


def case_of(trial: Trial) -> Case:
    """The trial as a case of a report."""
    return Case(f"HOST/{trial.name}", trial.title, trial.clause, _no_talk)


def _no_talk(_subject: Subject) -> Script[None]:
    """In a host's case it is the host that talks."""
    yield from ()


def _place(good: Ended) -> int:
    """The last command that is answered with data, else the last one."""
    filled = [number for number, (_, answer) in enumerate(good.raw) if len(answer) > 2]
    return filled[-1] if filled else max(len(good.raw) - 1, 0)


def run_program(host: Host, fault: str = "good", at: int = -1) -> Ended:
    """One run of the program on a service of its own, with a fresh card."""
    with tempfile.TemporaryDirectory(prefix="cs") as folder, Service(Path(folder) / "comm") as service:
        reader = service.add(READER)
        card = slot(host.profile)
        line = [Fault(at, LINE_TROUBLES[fault])] if fault in LINE_TROUBLES else []
        served = Served(Handled(Faulty(card, *line)), at)

        def reset() -> None:
            card.reset()
            reader.reset_by_another()

        def slow() -> None:
            served.card.delay_s = host.slow

        actions = {"mute": lambda: served.card.mute(host.mute), "slow": slow, "reset": reset}
        served.fault = actions.get(fault, served.fault)
        reader.insert(served)
        if host.psam:
            service.add("cardstack Emulated Reader PSAM 00 01", Handled(slot(PSAM, serves=host.profile)))
        began = time.monotonic()
        code, output = _spawn(host, {**os.environ, "PCSCLITE_CSOCK_NAME": str(service.path)}, Path(folder) / "output")
        seconds = time.monotonic() - began
        return Ended(code, output, seconds, tuple(served.raw), tuple(served.said))


def _spawn(host: Host, environment: dict[str, str], path: Path) -> tuple[int | None, bytes]:
    """The exit code, None where the deadline ended it with all its children, and what it wrote to its output."""
    with path.open("wb") as output:
        try:
            child = subprocess.Popen(  # noqa: S603  # running the named program is what was asked for
                host.program,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise Refused(f"{host.program[0]}: {error.strerror}", PROGRAM) from error
        code: int | None
        try:
            code = child.wait(host.deadline)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            code = None
    with path.open("rb") as written:
        return code, written.read(OUTPUT_MAX)
