"""`cardstack agent`: the local card agent for browsers, its policy samples and its log."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cardstack.cli.inputs import text_of
from cardstack.cli.output import READER_HELP, emit, words
from cardstack.cli.outputs import ready

app = typer.Typer(no_args_is_help=True, help=words("The card agent for browsers.", "浏览器读卡代理。"))
AsJson = Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))]
Contactless = Annotated[
    str | None,
    typer.Option(
        "--contactless",
        help=words("Reader for iType 2; `--reader pcsc:*` chooses by itself.", "iType 2 所用读卡器；--reader pcsc:* 自动选择。"),
    ),
]
Origins = Annotated[list[str] | None, typer.Option("--origin", help="https://his.example")]


@app.command(help=words("Serve cards to pages on this machine until Ctrl-C.", "向本机浏览器页面提供读卡服务，按 Ctrl-C 结束。"))
def serve(  # noqa: PLR0917  # one parameter an option
    origin: Origins = None,
    reader: Annotated[str | None, typer.Option("--reader", "-r", help=READER_HELP)] = None,
    psam: Annotated[str | None, typer.Option("--psam", help=words("Reader with the PSAM.", "装有 PSAM 的读卡器。"))] = None,
    contactless: Contactless = None,
    port: Annotated[int, typer.Option(help=words("WebSocket port; 0 a free one.", "WebSocket 端口；0 为自动选择。"))] = 12342,
    http_port: Annotated[int, typer.Option(help=words("HTTP port; 0 a free one.", "HTTP 端口；0 为自动选择。"))] = 8321,
    compat: Annotated[
        str | None, typer.Option(help=words("`sscard` speaks the vendors' dialect.", "sscard 为厂商兼容方言。"))
    ] = None,
    consent: Annotated[str, typer.Option(help=words("ask, always or no", "ask 询问、always 总是、no 拒绝"))] = "ask",
    consents: Annotated[
        Path | None,
        typer.Option(callback=ready, help=words("Remember answers of `always` in this file.", "将“总是同意”记入该文件。")),
    ] = None,
    enable: Annotated[
        list[str] | None, typer.Option(help=words("Functions that write or take the PIN.", "启用写卡或密码类函数。"))
    ] = None,
    key: Annotated[Path | None, typer.Option(help=words("Sign answers with this key.", "用该私钥签名应答。"))] = None,
    audit: Annotated[
        Path | None, typer.Option(callback=ready, help=words("Append calls to this file.", "调用日志文件。"))
    ] = None,
    token: Annotated[str | None, typer.Option(envvar="CARDSTACK_AGENT_TOKEN", help=words("Pairing token.", "配对令牌。"))] = None,
    seconds: Annotated[
        float, typer.Option("--for", help=words("End after so many seconds; 0 never.", "若干秒后结束；0 为不限。"))
    ] = 0.0,
    *,
    as_json: AsJson = False,
) -> None:
    """On the loopback alone; every origin and function is asked for here, never in the page."""
    from cardstack.agent.server import opened
    from cardstack.cli.agents import Order, desk_of
    from cardstack.cli.serving import ended_by_signals

    order = Order(
        tuple(origin or ()),
        reader,
        psam,
        compat == "sscard",
        consent,
        tuple(enable or ()),
        key,
        audit,
        token,
        consents,
        contactless,
    )
    desk = desk_of(order)
    with ended_by_signals(seconds) as ended, opened(desk, port, http_port) as agent:
        data = {
            "ws": f"ws://127.0.0.1:{agent.ws_port}",
            "http": f"http://127.0.0.1:{agent.http_port}",
            "origins": sorted(desk.gate.origins),
            "token": desk.gate.token,
        }
        print(json.dumps(data) if as_json else "\n".join(f"{name:8} {value}" for name, value in data.items()), flush=True)
        ended.wait()


class Browser(StrEnum):
    """Whose policies."""

    CHROMIUM = "chromium"
    WINDOWS = "windows"
    FIREFOX = "firefox"


@app.command(help=words("Print browser policies that let pages reach the agent.", "打印允许页面访问代理的浏览器策略。"))
def policy(
    origin: Annotated[list[str], typer.Argument(help="https://his.example")],
    browser: Annotated[
        Browser,
        typer.Option(
            help=words(
                "chromium: JSON for Chrome and Edge; windows: their registry; firefox: policies.json.",
                "chromium：Chrome、Edge 的 JSON；windows：其注册表文件；firefox：policies.json。",
            )
        ),
    ] = Browser.CHROMIUM,
    *,
    as_json: AsJson = False,
) -> None:
    """What each browser reads, and since when, is in the hospital page's tutorial."""
    from cardstack.agent.policies import chromium, firefox, registry

    text = {Browser.CHROMIUM: chromium, Browser.WINDOWS: registry, Browser.FIREFOX: firefox}[browser](origin)
    emit({"browser": browser, "origins": origin, "policy": text}, as_json=as_json, render=lambda: print(text))


@app.command(help=words("Check that nobody changed the log.", "校验日志未被改动。"))
def verify_log(
    file: Annotated[Path, typer.Argument(help=words("The agent's log.", "代理日志文件。"))], *, as_json: AsJson = False
) -> None:
    """Every line follows from the one before."""
    from cardstack.agent.audit import verify

    lines = text_of(file, "file").splitlines()
    data = {"entries": len(lines), "last": verify(lines)}
    emit(data, as_json=as_json, render=lambda: print(words("The log is whole.", "日志完整。"), data["entries"], data["last"]))
