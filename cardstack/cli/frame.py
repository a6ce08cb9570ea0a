"""The words that the command line itself says: Typer has most of them in English only.

`speak_chinese` puts Chinese in the places where Typer keeps or makes its own words: titles of help, the usage line,
the help option, and errors of usage. What it does not know stays as it is.
"""

import re
from typing import Any

TITLES = {
    "OPTIONS_PANEL_TITLE": "选项",
    "ARGUMENTS_PANEL_TITLE": "参数",
    "COMMANDS_PANEL_TITLE": "命令",
    "ERRORS_PANEL_TITLE": "错误",
    "DEFAULT_STRING": "[缺省：{}]",
    "ENVVAR_STRING": "[环境变量：{}]",
    "REQUIRED_LONG_STRING": "[必填]",
    "ABORTED_TEXT": "已中止。",
    "RICH_HELP": "用 [blue]'{command_path} {help_option}'[/] 查看说明。",
}

ERRORS = tuple(
    (re.compile(pattern, re.DOTALL), chinese)
    for pattern, chinese in (
        (r"Missing argument (.*?)\.$", r"缺少参数 \1。"),
        (r"Missing option (.*?)\.$", r"缺少选项 \1。"),
        (r"Missing command\.$", "缺少命令。"),
        (r"No such command (.*?)\. Did you mean (.*)\?$", r"没有命令 \1。是否指 \2？"),
        (r"No such command (.*?)\.$", r"没有命令 \1。"),
        (r"No such option: (.*?) \(Possible options: (.*)\)$", r"没有选项 \1。可用：\2。"),
        (r"No such option: (.*?) Did you mean (.*)\?$", r"没有选项 \1。是否指 \2？"),
        (r"No such option: (.*)$", r"没有选项 \1。"),
        (r"Option (.*?) requires an argument\.$", r"选项 \1 需要一个值。"),
        (r"Option (.*?) does not take a value\.$", r"选项 \1 不带值。"),
        (r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)$", r"多余的参数：\1。"),
        (r"Invalid value for (.*?): \w+ (.*) does not exist\.$", r"\1 的值无效：\2 不存在。"),
        (r"Invalid value for (.*?): \w+ (.*) is a directory\.$", r"\1 的值无效：\2 是目录，应为文件。"),
        (r"Invalid value for (.*?): \w+ (.*) is a file\.$", r"\1 的值无效：\2 是文件，应为目录。"),
        (r"Invalid value for (.*?): \w+ (.*) is not (?:read|writ)able\.$", r"\1 的值无效：无权读写 \2。"),
        (r"Invalid value for (.*?): Input should be a valid (?:integer|number).*$", r"\1 的值无效：应为数字。"),
        (r"Invalid value for (.*?): Input should be greater than or equal to (\S+)$", r"\1 的值无效：不得小于 \2。"),
        (r"Invalid value for (.*?): Input should be less than or equal to (\S+)$", r"\1 的值无效：不得大于 \2。"),
        (r"Invalid value for (.*?): (.*)$", r"\1 的值无效：\2"),
        (r"Invalid value: (.*)$", r"值无效：\1"),
    )
)


def in_chinese(message: str) -> str:
    """An error of usage in Chinese; as it is where its form is not known.

    >>> in_chinese("Missing option '--reader'.")
    "缺少选项 '--reader'。"
    >>> in_chinese("Invalid value for '--keys': file 'a.toml' does not exist.")
    "'--keys' 的值无效：'a.toml' 不存在。"
    """
    for pattern, chinese in ERRORS:
        if pattern.match(message):
            return pattern.sub(chinese, message)
    return message


def speak_chinese() -> None:
    """Say usage, help and errors of usage in Chinese, from now on in this process."""
    from typer._click import core as commands
    from typer._click import exceptions, formatting

    usage, option = formatting.HelpFormatter.write_usage, commands.Command.get_help_option

    def write_usage(self: Any, prog: str, args: str = "", prefix: str | None = None) -> None:
        # The usage line is the first that help and errors say, and the time to put in the other titles.
        _titles()
        usage(self, prog, args, "用法：" if prefix is None else prefix)

    def get_help_option(self: Any, ctx: Any) -> Any:
        found = option(self, ctx)
        if found is not None:
            found.help = "显示本说明并退出。"
        return found

    formatting.HelpFormatter.write_usage = write_usage  # type: ignore[method-assign]  # Typer has no other seam for it
    commands.Command.get_help_option = get_help_option  # type: ignore[method-assign]  # likewise
    for error in (exceptions.UsageError, exceptions.BadParameter, exceptions.MissingParameter, exceptions.NoSuchOption):
        _translate(error)


def _titles() -> None:
    from typer import rich_utils

    for name, title in TITLES.items():
        setattr(rich_utils, name, title)


def _translate(error: Any) -> None:
    """Let a kind of error tell itself in Chinese."""
    english = error.format_message

    def format_message(self: Any) -> str:
        _titles()
        return in_chinese(english(self))

    error.format_message = format_message
