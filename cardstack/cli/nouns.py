"""Which nouns there are, each with its one line of help; a noun's module is imported when it is called."""

from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from cardstack.cli.output import language, words
from cardstack.text import Text


class Noun(NamedTuple):
    """One entry of the command line, in the order of the help."""

    name: str
    module: str
    help: Text


NOUNS: tuple[Noun, ...] = (
    Noun("demo", "cardstack.cli.demo", Text("The whole of it, in one go.", "一次看完全流程。")),
    Noun("card", "cardstack.cli.card", Text("Read a card and care for its PIN.", "读卡与密码维护。")),
    Noun("emulator", "cardstack.cli.emulator", Text("Cards in software.", "软件模拟卡。")),
    Noun("sscard", "cardstack.cli.sscard", Text("iReadCardBas and its family.", "iReadCardBas 系列接口。")),
    Noun("agent", "cardstack.cli.agent", Text("The card agent for browsers.", "浏览器读卡代理。")),
    Noun("perso", "cardstack.cli.perso", Text("Personalise cards from a batch file.", "批量制卡。")),
    Noun("transit", "cardstack.cli.transit", Text("The transit purse.", "交通钱包。")),
    Noun("sam", "cardstack.cli.sam", Text("The terminal's PSAM.", "终端 PSAM 卡。")),
    Noun("shell", "cardstack.cli.shell", Text("Walk a card's file system.", "交互式卡片文件浏览。")),
    Noun("apdu", "cardstack.cli.apdu", Text("Send APDUs and say what they mean.", "发送 APDU 并解释。")),
    Noun("trace", "cardstack.cli.trace", Text("Recorded conversations.", "通信记录。")),
    Noun("replay", "cardstack.cli.replay", Text("A recording as a host or as a card.", "以记录充当主机或卡片。")),
    Noun("monitor", "cardstack.cli.monitor", Text("What comes and goes at the readers.", "读卡器与卡的插拔事件。")),
    Noun("readers", "cardstack.cli.readers", Text("Readers and what is in them.", "读卡器及其中的卡。")),
    Noun("serve", "cardstack.cli.serve", Text("Serve settlement and console.", "启动清算服务与控制台。")),
    Noun(
        "settle",
        "cardstack.cli.settle",
        Text("Windows, nets, payments and audit of a ledger.", "清算窗口、轧差、付款与账本审计。"),
    ),
    Noun("office", "cardstack.cli.office", Text("Operators, where no page can help.", "操作员应急维护。")),
    Noun("conformance", "cardstack.cli.conformance", Text("Test a card against its declaration.", "按声明检测卡片。")),
    Noun("doctor", "cardstack.cli.doctor", Text("Find what is missing, and the next step.", "检查环境并给出下一步。")),
    Noun("ca", "cardstack.cli.ca", Text("Certificates, recognition, validation.", "证书、省际互认与验证。")),
)


class Nouns(TyperGroup):
    """The group that imports late. Typer keeps the types of its commands private, hence `Any`."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # the signature is Typer's
        return [noun.name for noun in NOUNS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # the signature is Typer's
        noun = next((noun for noun in NOUNS if noun.name == cmd_name), None)
        return None if noun is None else _load(noun)


def _load(noun: Noun) -> Any:
    module: Any = import_module(noun.module)
    loaded: Any
    if hasattr(module, "app"):
        loaded = typer.main.get_group(module.app)
    else:
        single = typer.Typer(add_completion=False)
        single.command()(module.command)
        loaded = typer.main.get_command(single)
    loaded.name, loaded.help = noun.name, noun.help.of(language())
    return loaded


def group() -> Any:
    """The whole command line."""
    app = typer.Typer(
        cls=Nouns, name="cardstack", no_args_is_help=True, pretty_exceptions_enable=False, help=_about().of(language())
    )
    app.callback()(_version_option)
    return typer.main.get_group(app)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("cardstack"))
        raise typer.Exit


def _about() -> Text:
    return Text("One social security card, every province.", "一张社会保障卡，各省通用。")


def _version_option(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_tell_version, help=words("Print the version.", "显示版本。")),
    ] = False,
) -> None:
    """What can be asked of the whole command line."""
    del version
