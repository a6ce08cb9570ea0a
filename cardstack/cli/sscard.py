"""`cardstack sscard`: the functions hospital systems call, tried by hand, and as a C library."""

from pathlib import Path
from typing import Annotated

import typer

from cardstack.cli.output import READER_HELP, emit, words
from cardstack.cli.outputs import ready_folder

app = typer.Typer(no_args_is_help=True, help=words("iReadCardBas and its family.", "iReadCardBas 系列接口。"))
AsJson = Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))]


@app.command(help=words("Build the C library into a folder.", "构建 C 动态库。"))
def build(
    folder: Annotated[
        Path, typer.Argument(callback=ready_folder, help=words("Where library and header go.", "动态库与头文件的目录。"))
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """libSSCardDriver.so and SSCardDriver.h."""
    from cardstack.agent.library import NAME
    from cardstack.agent.library import build as compile_library

    made = compile_library(folder)
    data = {"library": str(made), "header": str(folder / f"{NAME}.h")}
    emit(data, as_json=as_json, render=lambda: print(*data.values(), sep="\n"))


@app.command(help=words("Call one function.", "调用一个接口函数。"))
def call(
    name: Annotated[str, typer.Argument(help="iReadCardBas …")],
    arguments: Annotated[list[str] | None, typer.Argument(help="iType=1 pFileAddr=SSSEEF05|07|$ …")] = None,
    *,
    reader: Annotated[str | None, typer.Option("--reader", "-r", help=READER_HELP)] = None,
    psam: Annotated[str | None, typer.Option("--psam", help=words("Reader with the PSAM.", "装有 PSAM 的读卡器。"))] = None,
    contactless: Annotated[
        str | None,
        typer.Option(
            "--contactless",
            help=words(
                "Reader for iType 2; `--reader pcsc:*` chooses by itself.", "iType 2 所用读卡器；--reader pcsc:* 自动选择。"
            ),
        ),
    ] = None,
    pin: Annotated[str | None, typer.Option("--pin", envvar="CARDSTACK_PIN", help="PIN")] = None,
    as_json: AsJson = False,
) -> None:
    """Return code and output text; the exit code is 0 where the return code is."""
    from cardstack.agent.family import call as called
    from cardstack.agent.interfaces import Slots
    from cardstack.agent.sscard import SscApi

    pairs = dict(one.partition("=")[::2] for one in arguments or [])
    given = {key: int(value) if key.startswith("i") and value.lstrip("-").isdigit() else value for key, value in pairs.items()}
    api = SscApi(Slots(reader, contactless, psam), lambda _: pin)
    code, out = called(api, name, {"iType": 1} | given)
    emit({"function": name, "code": code, "pOutInfo": out}, as_json=as_json, render=lambda: print(code, out))
    if code < 0:
        raise typer.Exit(1)
