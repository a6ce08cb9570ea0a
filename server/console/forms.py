"""What somebody typed into a form, read field by field; each fault is said in both languages beside its field."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from flask import request
from werkzeug.datastructures import FileStorage, MultiDict

from cardstack.errors import CardstackError, Malformed, problem
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from cardstack.values import Fen

REQUIRED: Final = problem(
    "CS-4140",
    Text("This field has to be filled in", "此项必填"),
    Text("Fill it in and send the form again.", "请填写后重新提交。"),
)
NOT_AMOUNT: Final = problem(
    "CS-4141",
    Text("This is not an amount in yuan", "此项不是有效金额"),
    Text("Write yuan with at most two decimals, such as 1234.50.", "请以元为单位填写，最多两位小数，如 1234.50。"),
)
NOT_DAY: Final = problem(
    "CS-4142",
    Text("This is not a day", "此项不是有效日期"),
    Text("Write year, month and day as YYYY-MM-DD.", "请按 YYYY-MM-DD 填写。"),
)
NOT_OFFERED: Final = problem(
    "CS-4143", Text("This is none of the choices", "此项不在可选范围内"), Text("Choose one of those offered.", "请从列表中选择。")
)
TOO_LONG: Final = problem(
    "CS-4144", Text("This is longer than {most} characters", "此项超过 {most} 个字符"), Text("Shorten it.", "请缩短后重新提交。")
)
NOT_PARTY: Final = problem(
    "CS-4145",
    Text("This is not a party's name", "此项不是有效的参与方编号"),
    Text("Write province and role, such as 33.medical-fund.", "请填写省份与角色，如 33.medical-fund。"),
)
NOT_NUMBER: Final = problem(
    "CS-4146",
    Text("This is not a whole number between {least} and {most}", "此项应为 {least} 至 {most} 的整数"),
    Text("Write digits only.", "请只填数字。"),
)
NOT_KNOWN: Final = problem(
    "CS-4147",
    Text("Nothing is known under this number", "未找到该编号"),
    Text("Check it; only what your provinces include is found.", "请核对；仅可查到管辖省份范围内的记录。"),
)
RETURNED: Final = "cardstack.returned"
"""Where the page that is shown again finds what was typed, in the environment of its request."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A form that came back: everything typed, which field is at fault, and what is said of it."""

    typed: MultiDict[str, str]
    field: str
    said: str
    form: str

    @classmethod
    def of(cls, error: CardstackError, said: str) -> "Returned":
        """The form of this request. Secrets are never written into a page."""
        kept = [(key, value) for key, value in request.form.items(multi=True) if not key.startswith(("csrf", "_", "password"))]
        return cls(MultiDict(kept), str(error.facts.get("field") or ""), said, request.form.get("_form", ""))


def returned() -> Returned | None:
    """The form that came back with this page, if one did."""
    found = request.environ.get(RETURNED)
    return found if isinstance(found, Returned) else None


def text(name: str, *, most: int = 120, required: bool = True) -> str:
    """A line or a few of text."""
    said = request.form.get(name, "").strip()
    if required and not said:
        raise Malformed("", REQUIRED, field=name)
    if len(said) > most:
        raise Malformed("", TOO_LONG, field=name, most=most)
    return said


def reason() -> str:
    """Why; every request says so."""
    return text("reason", most=500)


def money(name: str) -> Fen:
    """An amount typed in yuan."""
    return fen_of(text(name, most=40), name)


def day(name: str) -> date:
    """A day."""
    try:
        return date.fromisoformat(text(name, most=10))
    except CardstackError:
        raise
    except ValueError as error:
        raise Malformed("", NOT_DAY, field=name) from error


def number(name: str, least: int, most: int) -> int:
    """A whole number within bounds."""
    said = text(name, most=20)
    if not (said.isascii() and said.isdigit() and least <= int(said) <= most):
        raise Malformed("", NOT_NUMBER, field=name, least=least, most=most)
    return int(said)


def choice(name: str, among: Iterable[str]) -> str:
    """One of the values that the page offers."""
    said = text(name)
    if said not in set(among):
        raise Malformed("", NOT_OFFERED, field=name)
    return said


def party(name: str) -> Party:
    """A participant by its name."""
    said = text(name)
    try:
        return Party(said)
    except Malformed as error:
        raise Malformed("", NOT_PARTY, field=name) from error


def fen_of(text: str, name: str = "amount") -> Fen:
    """An amount that somebody typed in yuan; full-width digits and thousands marks are understood.

    >>> fen_of("1,234.5"), fen_of("１２")
    (123450, 1200)
    >>> fen_of("1.234")
    Traceback (most recent call last):
    cardstack.errors.Malformed: This is not an amount in yuan
    """
    plain_text = (
        text.translate(str.maketrans("０１２３４５６７８９．，－", "0123456789.,-")).replace(",", "").replace("¥", "").strip()
    )
    sign, digits = (-1, plain_text[1:]) if plain_text.startswith("-") else (1, plain_text)
    whole, _, part = digits.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 13 and len(part) <= 2 and (not part or part.isdigit())):
        raise Malformed("", NOT_AMOUNT, field=name)
    return Fen(sign * (int(whole) * 100 + int(part.ljust(2, "0"))))


def upload(name: str) -> FileStorage:
    """A chosen file."""
    found = request.files.get(name)
    if found is None or not found.filename:
        raise Malformed("", REQUIRED, field=name)
    return found
