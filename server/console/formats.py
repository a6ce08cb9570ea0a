"""The ways in which a list can be exported."""

import importlib.util
from typing import NamedTuple

from cardstack.text import Text


class Format(NamedTuple):
    """One way to export."""

    key: str
    title: Text
    ending: str
    media_type: str


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: tuple[Format, ...] = (
    Format("xlsx", Text("Excel / WPS (XLSX)", "Excel / WPS（XLSX）"), "xlsx", XLSX),
    Format("csv", Text("CSV (UTF-8 with BOM)", "CSV（UTF-8 带 BOM）"), "csv", "text/csv; charset=utf-8"),
    Format("pdf", Text("PDF (A4)", "PDF（A4）"), "pdf", "application/pdf"),
)


def formats() -> list[Format]:
    """What this installation can make: PDF needs the extra `pdf`."""
    return [one for one in FORMATS if one.key != "pdf" or importlib.util.find_spec("reportlab") is not None]
