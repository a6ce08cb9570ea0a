"""What a kind of request asks for, field by field, so that pages and commands draw their forms from one declaration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from cardstack.errors import Malformed, faulty, problem
from cardstack.settlement.transaction import Party
from cardstack.text import Text

FIELD = problem(
    "CS-4106",
    Text("A field of this request is missing or not of its form", "申请项缺失或格式不符"),
    Text(
        "Correct the field named here; `cardstack settle change kinds` lists what each kind asks for.",
        "请更正所示字段；各类申请的填报项见 cardstack settle change kinds。",
    ),
)
TEXT_MAX: Final = 500
FEN_MAX: Final = 10**15
"""Ten trillion yuan: more than any request here can mean, and well inside what the databases keep."""


class Shape(StrEnum):
    """What a field holds; a form chooses its control by it."""

    PARTY = "party"
    NODE = "node"
    SCHEME = "scheme"
    FEN = "fen"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"
    DAY = "day"
    LONG = "long"
    AUTHORITY = "authority"
    AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a request. Money is whole fen; a number lies between `least` and `most`."""

    name: str
    title: Text
    shape: Shape = Shape.TEXT
    choices: tuple[tuple[str, Text], ...] = ()
    optional: bool = False
    least: int = 0
    most: int = FEN_MAX
    hint: Text | None = None

    def read(self, told: object) -> Any:
        """The value that was typed or sent; `Malformed` (CS-4106) names the field and never its content.

        >>> Field("fen", Text("amount", "金额"), Shape.FEN, least=1).read("500")
        500
        """
        if told is None or (isinstance(told, str) and not told.strip()):
            if self.optional:
                return None
            raise self._wrong("it is missing", "未填写")
        if self.shape in (Shape.FEN, Shape.NUMBER):
            return self._number(told)
        if not isinstance(told, str):
            raise self._wrong("text expected", "应为文本")
        return self._text(told if self.shape is Shape.LONG else told.strip())

    def _number(self, told: object) -> int:
        try:
            value = int(told) if isinstance(told, str) and len(told) <= 20 else told
        except ValueError:
            value = None
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= self.most:
            raise self._wrong(f"a whole number from {self.least} to {self.most}", f"应为 {self.least} 至 {self.most} 的整数")
        return value

    def _text(self, told: str) -> str:
        most = 1_000_000 if self.shape is Shape.LONG else TEXT_MAX
        if len(told) > most or "\0" in told:
            raise self._wrong(f"at most {most} characters", f"至多 {most} 个字符")
        if self.shape in (Shape.PARTY, Shape.NODE):
            return str(Party(told))
        if self.shape is Shape.CHOICE and told not in dict(self.choices):
            raise self._wrong(f"one of {', '.join(dict(self.choices))}", f"可选 {'、'.join(dict(self.choices))}")
        if self.shape is Shape.DAY:
            try:
                return date.fromisoformat(told).isoformat()
            except ValueError:
                raise self._wrong("YYYY-MM-DD", "应为 YYYY-MM-DD") from None
        return told

    def _wrong(self, en: str, zh: str) -> Malformed:
        return faulty(self.name, en, zh, FIELD)


def read(fields: Sequence[Field], told: Mapping[str, Any]) -> dict[str, Any]:
    """Every declared field of what was told; a field that is not declared is refused, not overlooked."""
    known = {one.name for one in fields}
    for name in told:
        if name not in known:
            raise faulty(name[:40], "no such field", "没有该字段", FIELD)
    return {one.name: one.read(told.get(one.name)) for one in fields}
