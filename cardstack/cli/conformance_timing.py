"""`cardstack conformance timing`: how fast a card is, learned from traces, for the emulator to keep to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cardstack.cli.output import emit, words
from cardstack.cli.outputs import ready

if TYPE_CHECKING:
    from cardstack.apdu.pace import Model

timing = typer.Typer(no_args_is_help=True, help=words("How fast a card answers.", "卡片应答速度。"))
Traces = Annotated[
    list[Path],
    typer.Argument(
        exists=True, dir_okay=False, help=words("Traces of our own form, with took_ms.", "含 took_ms 的本项目格式记录。")
    ),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", callback=ready, help=words("Where the model goes.", "模型保存位置。"))
]


@timing.command(help=words("Learn a timing model from traces.", "由通信记录学习时序模型。"))
def learn(
    traces: Traces, output: Output = None, *, as_json: Annotated[bool, typer.Option("--json", help="JSON")] = False
) -> None:
    """Median and 95 in 100 by command, and what a byte costs; `emulator serve --timing-model` takes the file."""
    import json

    from cardstack.apdu import pace
    from cardstack.cli.trace import load

    model = pace.learn(record for path in traces for record in load(path, "jsonl"))
    if output is not None:
        output.write_text(model.text(), "utf-8")
    emit(json.loads(model.text()), as_json=as_json, render=lambda: _render(model))


def _render(model: "Model") -> None:
    from rich.console import Console
    from rich.table import Table

    titles = (words("command", "指令"), words("samples", "次数"), words("median ms", "中位数 ms"), "p95 ms")
    table = Table(*titles, box=None, pad_edge=False)
    for name, one in model.commands.items():
        table.add_row(name, str(one.samples), f"{one.median_ms:.3f}", f"{one.p95_ms:.3f}")
    Console(soft_wrap=True).print(table)
    print(f"{model.per_byte_us:.1f} µs / {words('byte', '字节')}")
