"""`cardstack conformance host`: any PC/SC program against faulty cards."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cardstack.cli.conformance_files import FAILED, write
from cardstack.cli.output import choices, emit, language, words
from cardstack.cli.outputs import ready_folder

if TYPE_CHECKING:
    from cardstack.conformance.report import Head
    from cardstack.conformance.run import Result

Seconds = Annotated[float, typer.Option(min=0.1, max=600, help=words("seconds a run may take", "每次运行的时限（秒）"))]


def host(
    program: Annotated[list[str], typer.Argument(metavar="-- PROGRAM …", help=words("what to run", "被测程序"))],
    *,
    profile: Annotated[str, typer.Option(help=words("the card it is served", "提供的卡片规范"))] = "3.00",
    fault: Annotated[list[str] | None, typer.Option(help="torn, mute, reset, refused, short, long, swapped, slow")] = None,
    at: Annotated[int | None, typer.Option(min=0, help=words("at which command, from 0", "故障所在命令序号，从 0 起"))] = None,
    psam: Annotated[bool, typer.Option("--psam", help=words("a PSAM in a second reader", "第二读卡器放 PSAM"))] = False,
    deadline: Seconds = 30.0,
    slow: Annotated[float, typer.Option(min=0, max=600, help=words("delay of a slow card (s)", "慢卡延时（秒）"))] = 1.0,
    mute: Annotated[float, typer.Option(min=0, max=600, help=words("silence of a mute card (s)", "无应答时长（秒）"))] = 2.0,
    report: Annotated[
        Path | None, typer.Option(callback=ready_folder, help=words("folder for report.html, .pdf, .json, junit.xml", "报告目录"))
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=words("print JSON", "输出 JSON"))] = False,
) -> None:
    """One run a fault; the exit code is 4 where the program failed one."""
    from cardstack.conformance.host import TRIALS, Host, judge_host
    from cardstack.conformance.report import as_data
    from cardstack.errors import Malformed

    names = [trial.name for trial in TRIALS[1:]]
    unknown = sorted(set(fault or ()) - set(names))
    if unknown:
        raise Malformed(choices("fault", names), field="fault")
    began = datetime.now(UTC)
    results = judge_host(Host(tuple(program), profile, psam=psam, deadline=deadline, slow=slow, mute=mute), fault or (), at)
    head = _head(" ".join(program), profile, began)
    if report is not None:
        write(report, head, results)
    emit(as_data(head, results), as_json=as_json, render=lambda: _table(results))
    if any(one.verdict.value == "fail" for one in results):
        raise typer.Exit(FAILED)


def _head(program: str, profile: str, began: datetime) -> "Head":
    from importlib.metadata import version

    from cardstack.card.profiles import profile as profile_of
    from cardstack.conformance.report import Head

    seconds = (datetime.now(UTC) - began).total_seconds()
    tool = f"cardstack {version('cardstack')}"
    return Head(program, "", profile, profile_of(profile).version, "", tool, began, seconds, "host")


def _table(results: "tuple[Result, ...]") -> None:
    from rich.console import Console
    from rich.table import Table

    from cardstack.card.verdict import VERDICTS

    titles = (
        words("case", "用例"),
        words("card", "卡片"),
        words("verdict", "结论"),
        words("ended", "结束"),
        words("reason", "原因"),
    )
    table = Table(*titles, box=None, pad_edge=False)
    for one in results:
        chosen = language()
        cells = (one.case.id, one.case.title.of(chosen), VERDICTS[one.verdict].of(chosen), one.got, one.reason.of(chosen))
        table.add_row(*cells)
    Console(soft_wrap=True).print(table)
