"""What somebody typed or named: read in one way, and refused by its field where it is not what was asked for."""

from datetime import date
from pathlib import Path

from cardstack.errors import Malformed, problem
from cardstack.text import Text
from cardstack.vault.files import content

__all__ = ["content", "day_of", "month_of", "text_of"]

NO_TEXT = problem(
    "CS-9008",
    Text("{path} is not a text in UTF-8", "{path} 不是 UTF-8 文本"),
    Text(
        "Name another file, or convert this one (`iconv -f GB18030 -t UTF-8`).",
        "请换用其他文件，或先转换编码（`iconv -f GB18030 -t UTF-8`）。",
    ),
)


def text_of(path: Path, field: str) -> str:
    """The text of a file in UTF-8, with or without a byte order mark."""
    try:
        return content(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed(field, problem=NO_TEXT, field=field, path=path.name) from None


def day_of(told: str, field: str) -> date:
    """A day.

    >>> day_of("2026-11-22", "day")
    datetime.date(2026, 11, 22)
    >>> day_of("22.11.2026", "day")
    Traceback (most recent call last):
    cardstack.errors.Malformed: day: YYYY-MM-DD
    """
    try:
        return date.fromisoformat(told)
    except ValueError:
        raise Malformed(f"{field}: YYYY-MM-DD", field=field) from None


def month_of(told: str, field: str) -> date:
    """The first day of a month.

    >>> month_of("2026-11", "month")
    datetime.date(2026, 11, 1)
    """
    try:
        return date.fromisoformat(f"{told}-01")
    except ValueError:
        raise Malformed(f"{field}: YYYY-MM", field=field) from None
