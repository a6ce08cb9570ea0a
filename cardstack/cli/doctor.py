"""`cardstack doctor`: from the extra to the application on the card, and the one next step."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from cardstack.cli.doctoring import WITHOUT_PCSC, Step, card_steps, install_steps, interpreter_steps, service_steps, trap_steps
from cardstack.cli.output import EXIT_UNAVAILABLE, emit, language, words


def command(
    *,
    reader: Annotated[
        str,
        typer.Option(
            envvar="CARDSTACK_READER",
            help=words(
                "Look at this reader, named as everywhere; 0 is the first of PC/SC.",
                "检查该读卡器，写法同其他命令；0 为第一个 PC/SC 读卡器。",
            ),
        ),
    ] = "0",
    as_json: Annotated[bool, typer.Option("--json", help=words("Print data as JSON.", "以 JSON 输出。"))] = False,
) -> None:
    """Look at everything between this program and a card, in order; stop at the first that is missing."""
    steps = []
    for step in _steps(reader):
        steps.append(step)
        if not step.good and step.fatal:
            break
    missing = next((step for step in steps if not step.good and step.fatal), None)
    data = {
        "steps": [_data(step) for step in steps],
        "healthy": missing is None,
        "next": missing.advice._asdict() if missing and missing.advice else None,
    }
    emit(data, as_json=as_json, render=lambda: _render(steps, missing))
    if missing:
        raise typer.Exit(EXIT_UNAVAILABLE)


def _steps(reader: str) -> Iterator[Step]:
    """A card in this process, at a port or in a recording needs nothing of PC/SC."""
    yield from interpreter_steps()
    if reader.partition(":")[0] not in WITHOUT_PCSC:
        for part in (install_steps, service_steps, trap_steps):
            yield from part()
    yield from card_steps(reader)


def _data(step: Step) -> dict[str, Any]:
    return {
        "name": step.name._asdict(),
        "good": step.good,
        "seen": step.seen,
        "advice": step.advice._asdict() if step.advice and not step.good else None,
    }


def _render(steps: list[Step], missing: Step | None) -> None:
    for step in steps:
        mark = "✔" if step.good else ("✘" if step.fatal else "!")
        print(f"{mark} {step.name.of(language())}  {step.seen}".rstrip())
        if not step.good and not step.fatal and step.advice:
            print(f"    {step.advice.of(language())}")
    print()
    if missing is None:
        print(words("Everything is there.", "一切就绪。"))
    elif missing.advice:
        print(words("Next step: ", "下一步：") + missing.advice.of(language()))
