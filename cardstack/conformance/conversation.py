"""Cases as data: what is sent, what may be answered, what is kept of an answer, and what is computed from it.

A file is TOML with a list `case`. A line of its `steps` is one of

- `send` (hexadecimal with `{names}`) or `move` (a move of the differential grammar, by name), with `sw` (status words, X any
  digit), `data` (X any digit, `*` any rest), `length`, or `means` (what the answers mean, fresh bytes as dots);
- `keep` (name = "from:to" of the answer), `let` (name = formula), `same` and `differ` (formula = formula, else the case fails).

`ready = true` makes a line a precondition; `exact = true` sends it without following 61xx and 6Cxx.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from cardstack.apdu.message import Command
from cardstack.apdu.script import Script, ask
from cardstack.apdu.scripting import matches
from cardstack.card.keys import Usage
from cardstack.card.profile import Application, Profile
from cardstack.card.proving import pin_bytes
from cardstack.card.reading import open_application
from cardstack.conformance import moves as grammar
from cardstack.conformance.capabilities import file_name
from cardstack.conformance.case import Case, Differs, Need, Risk, Subject, Unready, checked, ready
from cardstack.conformance.cases.purses import MOMENT_BYTES, TERMINAL
from cardstack.conformance.formula import value
from cardstack.conformance.meaning import Meaning
from cardstack.errors import CardstackError, Malformed, told
from cardstack.text import Text

NAME: Final = re.compile(r"\{(\w+)(:lv)?\}")
"""A name in a command; with `:lv` its length stands before it."""
AMOUNT: Final = (1).to_bytes(4)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation."""

    send: str = ""
    move: str = ""
    sw: tuple[str, ...] = ()
    data: str | None = None
    length: int | None = None
    means: tuple[str, ...] = ()
    keep: Mapping[str, str] = field(default_factory=dict)
    let: Mapping[str, str] = field(default_factory=dict)
    same: Mapping[str, str] = field(default_factory=dict)
    differ: Mapping[str, str] = field(default_factory=dict)
    ready: bool = False
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """One case as data. `has` says which applications it is for, as `{application}` in the identifier."""

    id: str
    title: Text
    clause: str
    steps: tuple[Line, ...]
    risk: Risk = Risk.SAFE
    needs: frozenset[Need] = frozenset()
    profiles: tuple[str, ...] = ()
    has: str = ""
    feature: str = ""

    def cases(self, profile: Profile) -> Iterator[Case]:
        """The case itself, or one for each application that it is for; none for a profile that it is not for."""
        if self.profiles and profile.name not in self.profiles:
            return
        if not self.has:
            known = profile.has(self.feature) if self.feature else False
            yield self._case(profile.application(self.feature) if known else None)
            return
        for application in profile.applications:
            if _has(application, self.has):
                yield self._case(application)

    def _case(self, application: Application | None) -> Case:
        name = application.name if application else ""
        id_ = self.id.replace("{application}", name)
        talk = partial(_talk, self.steps, application)
        feature, uses = self.feature or name, _uses(application, self.has) if application else frozenset()
        return Case(id_, self.title, self.clause, talk, risk=self.risk, needs=self.needs, feature=feature, uses=uses)


def _has(application: Application, wanted: str) -> bool:
    """Whether an application has a feature that a conversation asks for."""
    features = {
        *(f"purse {purse.kind.name}" for purse in application.purses),
        *(f"key {key.usage.name} {key.kid:02X}" for key in application.keys),
        *(f"file {file.fid:04X}" for file in application.files),
        *(("medical",) if application.medical else ()),
        *(("signing",) if application.signing else ()),
        *(("PIN",) if application.pin else ()),
    }
    # A PIN belongs to the application that can be selected; others lie beneath it.
    features |= {"PIN of its own"} if application.pin and (application.aid or application.fid) else set()
    return all(one.strip() in features for one in wanted.split(","))


def _uses(application: Application, wanted: str) -> frozenset[str]:
    """The capabilities behind what a conversation asks for."""
    asked = [one.strip().split() for one in wanted.split(",") if one.strip()]
    files = {file_name(application.name, int(one[1], 16)) for one in asked if one[0] == "file"}
    purses = {f"purse {application.name}/{one[1]}" for one in asked if one[0] == "purse"}
    keys = (application.key(int(one[2], 16), Usage[one[1]]) for one in asked if one[0] == "key")
    return frozenset(files | purses | {f"algorithm {key.algorithm.name}" for key in keys if key})


def load(text: str) -> tuple[Conversation, ...]:
    """The conversations of a file; `Malformed` names the case that is not of the form."""
    try:
        listed = list(tomllib.loads(text)["case"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise Malformed(
            Text("a file of cases is TOML with a list `case`", "用例文件应为含 `case` 列表的 TOML"), field="case"
        ) from error
    return tuple(_conversation(one) for one in listed)


def _conversation(one: Any) -> Conversation:
    name = one.get("id", "?") if isinstance(one, dict) else "?"
    try:
        given = {**one}
        steps = tuple(_line(step) for step in given.pop("steps"))
        title = Text(**given.pop("title")) if "title" in given else Text(str(name), str(name))
        risk, needs = Risk(given.pop("risk", "safe")), frozenset(Need(need) for need in given.pop("needs", ()))
        profiles = tuple(given.pop("profiles", ()))
        return Conversation(title=title, steps=steps, risk=risk, needs=needs, profiles=profiles, **given)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed(told(error, Text(f"case {name}", f"用例 {name}")), field="case") from error


def _line(step: Mapping[str, Any]) -> Line:
    said = {**step}
    said["sw"] = tuple(str(step.get("sw", "")).split())
    said["means"] = tuple(step.get("means", ()))
    line = Line(**said)
    if NAME.sub("", line.send).strip(" 0123456789abcdefABCDEF"):
        raise Malformed(Text(f"send {line.send!r} is not hexadecimal", f"send {line.send!r} 不是十六进制"))
    return line


def _talk(steps: Sequence[Line], application: Application | None, subject: Subject) -> Script[None]:
    if application is not None and steps and not (steps[0].move or steps[0].exact):
        yield from ready(open_application(subject.profile, application.name))
    course = Course(subject, application)
    for number, line in enumerate(steps, start=1):
        doing = course.take(number, line)
        yield from (ready(doing) if line.ready else doing)


class Course:
    """A conversation on its way: what its names stand for by now."""

    def __init__(self, subject: Subject, application: Application | None) -> None:
        self.subject, self.application = subject, application
        self.meaning = Meaning()
        self.names: dict[str, bytes] = {
            "card8": subject.factors.card,
            "city8": subject.factors.of_city,
            "moment7": MOMENT_BYTES,
            "terminal6": TERMINAL,
            "amount4": AMOUNT,
            "termseq4": bytes(3) + b"\x01",
            "aid": application.aid if application else b"",
        }
        if subject.pin is not None:
            value_of = pin_bytes(subject.pin)
            self.names |= {"pinvalue": value_of, "pin": bytes((len(value_of),)) + value_of}

    def take(self, number: int, line: Line) -> Script[None]:
        """One line: send, judge, keep, compute, compare."""
        if line.move:
            yield from self._move(number, line)
        elif line.send:
            yield from self._send(number, line)
        for name, formula in line.let.items():
            self.names[name] = self._value(formula)
        for left, right in line.same.items():
            if self._value(left) != self._value(right):
                raise Differs(
                    _step(number, f"{left} is not {right}", f"{left} 不是 {right}"), got=f"another {left}", allowed=right
                )
        for left, right in line.differ.items():
            if self._value(left) == self._value(right):
                raise Differs(
                    _step(number, f"{left} is {right}", f"{left} 是 {right}"), got=f"{left} as {right}", allowed=f"another {left}"
                )

    def _filled(self, found: re.Match[str]) -> str:
        held = self.names[found[1]]
        return f"{len(held):02X}{held.hex()}" if found[2] else held.hex()

    def _value(self, formula: str) -> bytes:
        return value(formula, self.names, self.subject, self.application)

    def _send(self, number: int, line: Line) -> Script[None]:
        missing = [name for name, _ in NAME.findall(line.send) if name not in self.names]
        if missing:
            raise Unready(Text(f"nothing gave this conversation its {missing[0]}", f"本会话未取得 {missing[0]}"))
        command = Command.parse(bytes.fromhex(NAME.sub(self._filled, line.send)))
        answer = (yield command) if line.exact else (yield from ask(command))
        if line.sw:
            checked(answer, *line.sw)
        if line.means:
            _compare(number, (self.meaning.of(bytes(command), bytes(answer)),), line.means)
        if line.length is not None and len(answer.data) != line.length:
            raise Differs(_step(number), got=f"{len(answer.data)} bytes", allowed=f"{line.length} bytes")
        if line.data is not None and not matches(line.data.replace(" ", "").upper(), answer.data.hex().upper()):
            raise Differs(
                _step(number, "other data", "数据不同"), got=f"{len(answer.data)} bytes of other content", allowed=line.data
            )
        for name, part in line.keep.items():
            start, _, end = part.partition(":")
            self.names[name] = answer.data[int(start or 0) : int(end) if end else None]

    def _move(self, number: int, line: Line) -> Script[None]:
        """A move of the differential grammar; what was answered is judged by what it means."""
        move = next((one for one in grammar.moves(self.subject.profile) if one.name == line.move), None)
        if move is None:
            name = self.subject.profile.name
            raise Unready(Text(f"the profile {name} has no move {line.move!r}", f"规范 {name} 无动作 {line.move!r}"))
        told: list[str] = []
        try:
            talk = move.talk(self.subject)
            asked = next(talk)
            while True:
                answer = yield asked
                if isinstance(asked, Command):
                    told.append(self.meaning.of(bytes(asked), bytes(answer)))
                asked = talk.send(answer)
        except StopIteration:
            pass
        except CardstackError as error:
            told.append(error.code)
        if line.means:
            _compare(number, told, line.means)


def _step(number: int, en: str = "", zh: str = "") -> Text:
    return Text(f"step {number}: {en}", f"第 {number} 步：{zh}") if en else Text(f"step {number}", f"第 {number} 步")


def _compare(number: int, told: Sequence[str], wanted: Sequence[str]) -> None:
    """Meaning by meaning; where only a length was kept, by length."""
    for place in range(max(len(told), len(wanted))):
        got = told[place] if place < len(told) else "nothing"
        expected = wanted[place] if place < len(wanted) else "nothing"
        if not Meaning.fits(got, expected):
            raise Differs(_step(number), got=Meaning.brief(got), allowed=Meaning.brief(expected))
