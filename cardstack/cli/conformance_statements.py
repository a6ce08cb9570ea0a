"""`cardstack conformance selftest`, `keys` and `capabilities`: the kit tested, and the files that a run takes."""

import tomllib
from pathlib import Path
from typing import Annotated

import typer

from cardstack.cli.conformance_files import FAILED
from cardstack.cli.output import emit, language, words
from cardstack.cli.outputs import ready

Json = Annotated[bool, typer.Option("--json", help=words("print JSON", "输出 JSON"))]
ProfileName = Annotated[str, typer.Option("--profile", help=words("what the card is declared to be", "卡片声明的规范"))]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", callback=ready, help=words("where it goes; else printed", "保存位置；缺省打印"))
]


def selftest(*, as_json: Json = False) -> None:
    """Known answers, broken oracles, a good and some faulty cards; the exit code is 4 where the kit is wrong."""
    from cardstack.conformance.selftest import run_selftest

    found = tuple(run_selftest())
    data = [{"id": one.id, "verdict": "pass" if one.good else "fail", "source": one.source} for one in found]

    def told() -> None:
        for one in found:
            mark = words("passed", "通过") if one.good else words("failed", "不通过")
            print(f"{mark}  {one.id:<28} {one.title.of(language())}  ({one.source})")

    emit(data, as_json=as_json, render=told)
    if not all(one.good for one in found):
        raise typer.Exit(FAILED)


def keys_template(*, profile: ProfileName = "3.00", output: Output = None, as_json: Json = False) -> None:
    """The published test keys of a profile, which emulated cards have; the form for a tester's own."""
    from cardstack.card.profiles import profile as profile_of
    from cardstack.conformance.keyset import template

    _told(profile, template(profile_of(profile)), output, secret=True, as_json=as_json)


def capabilities_template(*, profile: ProfileName = "3.00", output: Output = None, as_json: Json = False) -> None:
    """Everything that a card of a profile may have, each claimed; turn to false what is not there."""
    from cardstack.card.profiles import profile as profile_of
    from cardstack.conformance.capabilities import template

    _told(profile, template(profile_of(profile)), output, as_json=as_json)


def _told(profile: str, text: str, output: Path | None, *, secret: bool = False, as_json: bool) -> None:
    """A statement in its file, or printed; as JSON its TOML is read, or the file is named."""
    from cardstack.vault import files

    if output is None:
        data = {"profile": profile, "statement": tomllib.loads(text)}
        emit(data, as_json=as_json, render=lambda: print(text, end=""))
        return
    files.write(output, text.encode(), secret=secret)
    emit({"profile": profile, "file": str(output)}, as_json=as_json, render=lambda: print(output))
