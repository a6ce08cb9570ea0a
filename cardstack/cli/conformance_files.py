"""What the runs of the conformance kit leave: an exit code, and a folder with the report as page, data, JUnit and PDF."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cardstack.cli.output import language, words

if TYPE_CHECKING:
    from cardstack.conformance.report import Clients, Head
    from cardstack.conformance.run import Result

FAILED: Final = 4
"""The exit code where something under test did not pass."""


def write(folder: Path, head: "Head", results: "tuple[Result, ...]", clients: "Clients" = ()) -> None:
    """The report in every form."""
    import json

    from cardstack.conformance.junit import junit
    from cardstack.conformance.page import page
    from cardstack.conformance.report import as_data

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(page(head, results, clients), "utf-8")
    (folder / "junit.xml").write_text(junit(head, results), "utf-8")
    (folder / "report.json").write_text(json.dumps(as_data(head, results, clients), ensure_ascii=False, indent=1), "utf-8")
    _write_pdf(folder / "report.pdf", head, results, clients)


def _write_pdf(path: Path, head: "Head", results: "tuple[Result, ...]", clients: "Clients") -> None:
    """The PDF, where the extra and a font are there; else one line that says why not."""
    import sys
    from importlib.util import find_spec

    from cardstack.errors import Refused

    if find_spec("reportlab") is None:
        print(words("no report.pdf: install the extra pdf", "未生成 report.pdf：请安装附加组件 pdf"), file=sys.stderr)
        return
    from cardstack.cli.conformance_pdf import write_pdf

    try:
        write_pdf(path, head, results, clients)
    except Refused as error:
        print(f"report.pdf: {error.say(language())}", file=sys.stderr)
