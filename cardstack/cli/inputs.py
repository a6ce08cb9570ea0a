"""What somebody typed or named: read in one way, and refused by its field where it is not what was asked for."""

from datetime import date
from pathlib import Path

from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text

UNUSABLE = problem(
    "CS-9002",
    Text("A file or address could not be used", "文件或地址无法使用"),
    Text("See that it exists and that you may read or write it.", "请确认其存在，且您有读写权限。"),
)


def text_of(file: Path, field: str) -> str:
    """The text of a file in UTF-8."""
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise Malformed(f"{field}: not UTF-8", field=field) from None


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


def unusable(error: OSError) -> Refused:
    """What the system says of a file or an address that a command was given."""
    named = "" if error.filename is None else f"{error.filename}: "
    return Refused(f"{named}{error.strerror or error}", UNUSABLE)
