"""Batches of cards to be made: the province's pipe file or a CSV, line by line, and the return file (回盘).

The pipe file has the vendors' eleven fields in their order, with or without a line of titles; a CSV names its columns.
Text may be UTF-8 or GB 18030 (of which GBK is a part); a byte that is neither is reported with its line and column.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from cardstack.card.issuing import Order, Person, Personalisation, personalise
from cardstack.card.plain import from_text
from cardstack.card.profile import Profile
from cardstack.codec import Day
from cardstack.errors import CardstackError, Malformed, problem, told
from cardstack.text import Text
from cardstack.values import CardNumber, CitizenNumber

BATCH = problem(
    "CS-1501",
    Text("The batch file is malformed", "批量文件格式不正确"),
    Text(
        "Correct the line named here and start again; cards already made are not repeated.",
        "请更正所示行后重新运行；已制卡不会重复。",
    ),
)
TITLES = {
    "identifier": "卡识别码",
    "organisation": "初始化机构编号",
    "issued": "发卡日期",
    "valid_until": "卡有效期",
    "card_number": "卡号",
    "citizen_number": "社会保障号码",
    "name": "姓名",
    "more_name": "姓名扩展",
    "sex": "性别",
    "nation": "民族",
    "born": "出生日期",
}
"""The vendors' fields in their order."""
RETURN_TITLES = ("序号", "卡识别码", "卡号", "社会保障号码", "卡复位信息", "结果", "说明")
LINE_MAX = 1024
DONE = "0"


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One card of a batch."""

    line: int
    identifier: str
    organisation: str
    issued: date
    valid_until: date
    card_number: CardNumber
    citizen_number: CitizenNumber
    name: str
    more_name: str
    sex: str
    nation: str
    born: date

    @property
    def key(self) -> str:
        """What a card is known by from file to return file."""
        return str(self.card_number)


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that no card can be made of, and why."""

    line: int
    error: CardstackError


def decoded(raw: bytes) -> str:
    """The file's text; `Malformed` names line and column of the first byte that is neither UTF-8 nor GB 18030."""
    for charset in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(charset)
        except UnicodeDecodeError as error:
            before = raw[: error.start]
            line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
    said = Text(
        f"line {line}, byte {column}: neither UTF-8 nor GB 18030", f"第 {line} 行第 {column} 字节：既非 UTF-8 也非 GB 18030"
    )
    raise Malformed(said, BATCH, line=line, column=column)


def parse(text: str) -> Iterator[Row | Bad]:
    """Every line that is not empty; a card number or identification code that came before makes a line bad."""
    lines = text.splitlines()
    seen: dict[str, int] = {}
    for number, values in _records(lines):
        try:
            row = _row(number, values)
            for what in (row.key, row.identifier):
                if seen.setdefault(what, number) != number:
                    raise Malformed(Text(f"repeats the card of line {seen[what]}", f"与第 {seen[what]} 行的卡重复"))
        except (CardstackError, ValueError) as error:
            yield Bad(number, Malformed(told(error, Text(f"line {number}", f"第 {number} 行")), BATCH, line=number))
        else:
            yield row


def _records(lines: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and values by field name, from pipes or a CSV."""
    names, start = list(TITLES), 0
    first = lines[0] if lines else ""
    separator = "|" if "|" in first else ","
    titles = {title: name for name, title in TITLES.items()} | {name: name for name in TITLES}
    head = [titles.get(one.strip().lower()) for one in _split(first, separator)]
    if any(head):
        names, start = [one or "" for one in head], 1
    elif separator == ",":
        raise Malformed(Text("a CSV begins with a line of column names", "CSV 首行应为列名"), BATCH, line=1)
    for number, line in enumerate(lines[start:], start + 1):
        if not line.strip():
            continue
        values = _split(line, separator) if len(line) <= LINE_MAX else []
        yield number, dict(zip(names, values, strict=False)) if len(values) >= len(names) else {}


def _split(line: str, separator: str) -> list[str]:
    if separator == "|":
        return [one.strip() for one in line.split("|")]
    return [one.strip() for one in next(csv.reader([line]), [])]


def _row(number: int, values: Mapping[str, str]) -> Row:
    if not values:
        raise Malformed(Text("fewer fields than there are titles", "字段少于列名"))
    identifier = values.get("identifier", "").upper()
    if len(identifier) != 32 or not all(one in "0123456789ABCDEF" for one in identifier):
        raise Malformed(Text("an identification code has 32 hexadecimal digits", "卡识别码应为 32 位十六进制数字"))
    citizen = CitizenNumber(values.get("citizen_number", ""))
    issued, until = (from_text(Day(), values.get(name, "")) for name in ("issued", "valid_until"))
    born = from_text(Day(), values.get("born", "")) or citizen.born
    if issued is None or until is None or until <= issued:
        raise Malformed(Text("a card is valid until a day after its issue", "卡有效期应晚于发卡日期"))
    sex = values.get("sex", "") or citizen.sex
    if born != citizen.born or sex != citizen.sex:
        raise Malformed(Text("birth or sex is not that of the citizen number", "出生日期或性别与公民身份号码不符"))
    name = values.get("name", "")
    if not name:
        raise Malformed(Text("the name is empty", "姓名为空"))
    card = CardNumber(values.get("card_number", ""))
    more = values.get("more_name", "")
    nation = values.get("nation", "") or "01"
    return Row(number, identifier, values.get("organisation", ""), issued, until, card, citizen, name, more, sex, nation, born)


def personalisation(profile: Profile, row: Row, *, pin: str, master: Any) -> Personalisation:
    """What the card of a row is made of: the row's own issuer and holder files, keys by their masters."""
    order = Order(
        row.identifier[:6],
        bytes.fromhex(row.identifier[16:24]),
        row.card_number,
        row.issued,
        row.valid_until,
        organisation=row.organisation,
    )
    person = Person(row.citizen_number, row.name + row.more_name, row.nation)
    made = personalise(profile, order, person, master=master, pin=pin)
    # The identification code is the file's; everything else follows from the row.
    file = profile.file("SSSE", 0xEF05)
    issuer = replace(file.decode(made.records["SSSE", 0xEF05]), identifier=row.identifier)
    return replace(made, records={**made.records, ("SSSE", 0xEF05): file.encode(issuer)})


def return_head() -> str:
    """The first line of a return file."""
    return "|".join(RETURN_TITLES) + "|"


def return_line(line: int, row: Row | None, atr: bytes, error: CardstackError | None) -> str:
    """One card of the return file: its place in the batch, its numbers, its historical bytes, 0 or the error's code."""
    numbers = (row.identifier, str(row.card_number), str(row.citizen_number)) if row else ("", "", "")
    code, said = (error.code, error.title.zh) if error else (DONE, "成功")
    return "|".join((str(line), *numbers, atr[4:].hex().upper(), code, said)) + "|"


def finished(text: str) -> set[str]:
    """Card numbers that a return file says are made; a last line that was cut off counts for nothing."""
    whole = text[: text.rfind("\n") + 1]
    split = (line.split("|") for line in whole.splitlines()[1:])
    return {one[2] for one in split if len(one) == len(RETURN_TITLES) + 1 and one[5] == DONE}
