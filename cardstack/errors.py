"""The one error tree, and the catalogue of what can go wrong.

Callers match on the class, on `code` and on `facts`; people read `say`. A sentence names the field and its
place and never its content: errors end up in logs, and what is on a card is somebody's life.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cardstack.text import Language, Text


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of failure: a code that never changes, what happened, and what to do next.

    `title` and `remedy` may name facts of the error in braces.
    """

    code: str
    title: Text
    remedy: Text


_catalogue: dict[str, Problem] = {}


def problem(code: str, title: Text, remedy: Text) -> Problem:
    """Declare a problem. Rooms declare theirs in a module `problems`; a code is given once."""
    if code in _catalogue:
        raise ValueError(f"{code}: {_catalogue[code].title.en!r}")
    _catalogue[code] = Problem(code, title, remedy)
    return _catalogue[code]


def catalogue() -> Mapping[str, Problem]:
    """Every problem declared by the rooms imported so far, by code."""
    return dict(sorted(_catalogue.items()))


MALFORMED = problem(
    "CS-1000",
    Text("The input is malformed", "输入格式不正确"),
    Text("Correct the field named here and send it again.", "请按提示更正该字段后重试。"),
)
REFUSED = problem(
    "CS-1001",
    Text("The request is not possible in this state", "当前状态下不允许该操作"),
    Text("Look at the state named here; nothing was changed.", "请查看所示状态；数据未作任何更改。"),
)
UNTRUSTED = problem(
    "CS-1002",
    Text("The proof does not hold", "证明不成立"),
    Text("Do not rely on it; ask its sender for a valid one.", "请勿采信，并向发送方索取有效证明。"),
)


class CardstackError(Exception):
    """What anything here raises on purpose.

    >>> error = Refused("batch 7 is open", batch=7)
    >>> error.code, error.facts, str(error)
    ('CS-1001', {'batch': 7}, 'batch 7 is open')
    >>> print(error.say("zh"))
    CS-1001 当前状态下不允许该操作：batch 7 is open。请查看所示状态；数据未作任何更改。

    A detail that is a sentence is given in both languages, which `told` keeps; `detail` and `str` are its English.

    >>> error = Refused(Text("batch 7 is open", "批次 7 未截止"))
    >>> error.detail, error.say("zh")
    ('batch 7 is open', 'CS-1001 当前状态下不允许该操作：批次 7 未截止。请查看所示状态；数据未作任何更改。')
    """

    problem: Problem = REFUSED

    def __init__(self, detail: str | Text = "", problem: Problem | None = None, **facts: object) -> None:
        self.problem = problem or type(self).problem
        self.facts = facts
        self.told = Text(detail, detail) if isinstance(detail, str) else detail
        self.detail = self.told.en
        super().__init__(self.detail or self.title.en)

    @property
    def code(self) -> str:
        return self.problem.code

    @property
    def title(self) -> Text:
        return _filled(self.problem.title, self.facts)

    @property
    def remedy(self) -> Text:
        return _filled(self.problem.remedy, self.facts)

    def say(self, language: Language) -> str:
        """Code, what happened, where, and what to do next, in one language."""
        colon, stop = ("：", "。") if language == "zh" else (": ", ". ")
        told = self.told.of(language)
        detail = colon + told if told else ""
        return f"{self.code} {self.title.of(language)}{detail}{stop}{self.remedy.of(language)}"


def told(error: Exception, place: str | Text = "") -> Text:
    """What an error says, after the place it arose at; what a parser of JSON or TOML says is put into Chinese.

    >>> told(Malformed(Text("at most 4 digits", "至多 4 位数字")), Text("line 7", "第 7 行"))
    Text(en='line 7: at most 4 digits', zh='第 7 行：至多 4 位数字')
    >>> told(ValueError("Object missing required field `tac` - at `$.taps[3]`"), "body").zh
    'body：缺少字段 `tac`（`$.taps[3]`）'
    >>> told(ValueError("day is out of range for month"), "born").zh
    'born：内容不符合约定格式'
    """
    said = _said(error)
    where = Text(place, place) if isinstance(place, str) else place
    return Text(f"{where.en}: {said.en}", f"{where.zh}：{said.zh}") if where.en else said


def _said(error: Exception) -> Text:
    if isinstance(error, CardstackError):
        return error.told if error.detail else error.title
    what, _, place = str(error).partition(" - at ")
    own = error.__cause__
    zh = own.told.zh if isinstance(own, CardstackError) else _in_chinese(what)
    return Text(str(error), f"{zh}（{place}）" if place else zh)


_FOREIGN = tuple(
    (re.compile(pattern), zh)
    for pattern, zh in (
        (r"Object missing required field (`[^`]+`)", r"缺少字段 \1"),
        (r"Object contains unknown field (`[^`]+`)", r"未定义的字段 \1"),
        (r"Expected (`[^`]+`), got (`[^`]+`)", r"应为 \1，实为 \2"),
        (r"Expected (`[^`]+`) of length ([<>]=? \d+)", r"\1 的长度应 \2"),
        (r"Expected (`[^`]+`) matching regex (.+)", r"\1 应符合 \2"),
        (r"Expected (`[^`]+`) ([<>]=? \S+)", r"\1 应 \2"),
        (r"Invalid enum value .*", "不在可选值之内"),
        (r"Invalid RFC3339 encoded \w+", "日期或时间格式不正确"),
        (r"JSON is malformed: .*\(byte (\d+)\)", r"第 \1 字节处不是 JSON"),
        (r"Input data was truncated", "内容不完整"),
        (r".*\(at line (\d+), column (\d+)\)", r"第 \1 行第 \2 列格式不正确"),
        (r".*: line (\d+) column (\d+) \(char \d+\)", r"第 \1 行第 \2 列格式不正确"),
    )
)
"""What msgspec, tomllib and json say, and how a Chinese reader says it."""


def _in_chinese(what: str) -> str:
    for pattern, zh in _FOREIGN:
        if found := pattern.fullmatch(what):
            return found.expand(zh)
    return "内容不符合约定格式"


def _filled(text: Text, facts: Mapping[str, object]) -> Text:
    """The text with its facts; an error message never fails over a missing fact."""
    known = _Known(facts)
    return Text(text.en.format_map(known), text.zh.format_map(known))


class _Known(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


class Malformed(CardstackError, ValueError):
    """Bytes or text that break their declared form."""

    problem = MALFORMED


class Refused(CardstackError):
    """A well-formed request that the present state or rule does not allow."""

    problem = REFUSED


class Untrusted(CardstackError):
    """A signature, certificate or cryptogram that does not prove what it claims."""

    problem = UNTRUSTED


def faulty(field: str, en: str, zh: str, problem: Problem = MALFORMED, **facts: object) -> Malformed:
    """A field that breaks its form, named in front of what is wrong with it.

    >>> error = faulty("until", "before since", "早于 since")
    >>> error.told, error.facts
    (Text(en='until: before since', zh='until：早于 since'), {'field': 'until'})
    """
    return Malformed(Text(f"{field}: {en}", f"{field}：{zh}"), problem, field=field, **facts)


def miscounted(field: str, most: int, got: int) -> Malformed:
    """A list with none or too many in it.

    >>> str(miscounted("certificates", 10, 11))
    'certificates: 1 to 10, got 11'
    """
    return faulty(field, f"1 to {most}, got {got}", f"应为 1 至 {most} 个，实有 {got} 个")


def oversized(field: str, most: int, got: int, problem: Problem = MALFORMED) -> Malformed:
    """More bytes than are read.

    >>> str(oversized("certificate", 65536, 70000))
    'certificate: at most 65536 bytes, got 70000'
    """
    return faulty(field, f"at most {most} bytes, got {got}", f"至多 {most} 字节，实有 {got} 字节", problem)
