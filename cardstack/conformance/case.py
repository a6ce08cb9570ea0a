"""What a case is: an identifier, a clause, a conversation, and the answers it allows.

Identifiers are in the house style of LD/T 6001.3: `SSSE_RECORD/EF05`, `DF04_SAFETY/EF06/read`, `KEY_VER1/UKSSSE/wrong`.
A case raises `Differs` where the card answers otherwise, `Unready` where it could not even begin.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cardstack.apdu.message import Command, Response
from cardstack.apdu.script import Script, ask
from cardstack.apdu.status import meaning
from cardstack.card.keys import Factors, Key, Usage
from cardstack.card.profile import Application, Diversified, Profile
from cardstack.card.proving import KEY_WRONG, PIN_BLOCKED, PIN_WRONG, KeySource, external_authenticate, verify_pin
from cardstack.errors import CardstackError, Refused, problem
from cardstack.text import Text

DIFFERS = problem(
    "CS-5001",
    Text("The card answered {got}, allowed is {allowed}", "卡片返回 {got}，允许的应答为 {allowed}"),
    Text(
        "Compare with the clause named by the case; its script reproduces the answer.", "请对照用例所列条款；可用随附脚本复现。"
    ),
)
UNREADY = problem(
    "CS-5002",
    Text("What the case needs could not be brought about", "无法满足该用例的前提条件"),
    Text("Look at the case that tests that step by itself.", "请先查看单独测试该步骤的用例。"),
)
NO_PIN = Text("no PIN was given", "未提供密码")
NO_KEYS = Text("no key source", "未提供密钥来源")
AGAIN = Text("the card refused it before; it is not tried again", "卡片此前已拒绝，不再重试")


class Differs(CardstackError):
    """The card does not do what the case demands."""

    problem = DIFFERS


class Unready(Refused):
    """A precondition failed: nothing is said of what the case tests."""

    problem = UNREADY


class Risk(StrEnum):
    """What a case may do to a card, rising."""

    SAFE = "safe"
    """Reads and refused writes only: good for an issued card."""
    TEST = "test"
    """Writes what was there before, spends tries that it restores, moves a purse by a fen: for a test card."""
    DESTROY = "destroy"
    """Blocks what cannot be unblocked."""


class Need(StrEnum):
    """What the tester must bring."""

    PIN = "PIN"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Subject:
    """The card under test as its maker declares it, and what the tester has for it."""

    profile: Profile
    city: str = ""
    factor: bytes = bytes(8)
    pin: str | None = None
    keys: KeySource | None = None
    without: frozenset[str] = frozenset()
    """What the maker's capability statement says the card has not."""
    refused: dict[str, CardstackError] = field(default_factory=dict)
    """The PIN or keys that the card refused in this run, and how: tried once more they might be blocked."""

    @property
    def factors(self) -> Factors:
        """What its keys are diversified by."""
        return Factors(self.city or "000000", self.factor)

    def has(self, need: Need) -> bool:
        """Whether the tester can bring that."""
        return self.pin is not None if need is Need.PIN else self.keys is not None


Talk = Callable[[Subject], Script[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that a card must do."""

    id: str
    title: Text
    clause: str
    talk: Talk
    risk: Risk = Risk.SAFE
    needs: frozenset[Need] = frozenset()
    feature: str = ""
    """The application or feature that a card must have for it to apply."""
    uses: frozenset[str] = frozenset()
    """What else of the capability statement it needs, such as a file or an algorithm."""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """What comes before the first slash: the item of LD/T 6001.3."""
        return self.id.partition("/")[0]


def allows(allowed: frozenset[str], sw: int) -> bool:
    """Whether a status word is one of these; X stands for any digit.

    >>> allows(frozenset({"9000", "61XX"}), 0x611E), allows(frozenset({"63CX"}), 0x6982)
    (True, False)
    """
    said = f"{sw:04X}"
    return any(all(mark in ("X", digit) for mark, digit in zip(one, said, strict=True)) for one in allowed)


def demand(command: Command, *allowed: str) -> Script[Response]:
    """Say a command, over 61xx and 6Cxx; `Differs` unless the status word is one of those allowed."""
    answer = yield from ask(command)
    return checked(answer, *allowed)


def exactly(command: Command, *allowed: str) -> Script[Response]:
    """Say a command as it stands, following nothing; `Differs` unless the status word is one of those allowed."""
    answer = yield command
    return checked(answer, *allowed)


def checked(answer: Response, *allowed: str) -> Response:
    """The answer, if its status word is allowed."""
    if not allows(frozenset(allowed), answer.sw):
        said = meaning(answer.sw)
        raise Differs(said, got=f"{answer.sw:04X}", allowed=" ".join(sorted(allowed)))
    return answer


def insist(condition: bool, what: Text, got: str = "", allowed: str = "") -> None:
    """`Differs` with a sentence where a condition does not hold."""
    if not condition:
        raise Differs(what, got=got or "?", allowed=allowed or what.en)


def ready(script: Script[Any]) -> Script[Any]:
    """A precondition: its failure makes the case inconclusive, not failed."""
    try:
        return (yield from script)
    except CardstackError as error:
        raise Unready(Text(error.say("en"), error.say("zh"))) from error


def prove(subject: Subject, application: Application, way: frozenset[str]) -> Script[None]:
    """Give every proof of one way, PIN first."""
    for proof in sorted(way, key=lambda name: (name != "PIN", name)):
        if proof == "PIN":
            if subject.pin is None:
                raise Unready(NO_PIN)
            yield from proving(subject, proof, verify_pin(subject.pin))
            continue
        key = external_key(application, proof)
        if key is None or subject.keys is None:
            raise Unready(Text(f"no key source for {proof}", f"未提供 {proof} 的密钥来源"))
        yield from authenticate(subject, key)


def proving(subject: Subject, name: str, script: Script[None]) -> Script[None]:
    """A proof; one that the card refused before is not tried again, and refused as it was then.

    So a case comes to the same verdict whatever was run before it.
    """
    if (before := subject.refused.get(name)) is not None:
        raise Refused(AGAIN, before.problem, **before.facts)
    try:
        yield from script
    except CardstackError as error:
        if error.problem in (KEY_WRONG, PIN_WRONG, PIN_BLOCKED):
            subject.refused[name] = error
        raise


def authenticate(subject: Subject, key: Key) -> Script[None]:
    """EXTERNAL AUTHENTICATE with the tester's key, unless the card refused it before."""
    if subject.keys is None:
        raise Unready(NO_KEYS)
    yield from proving(subject, key.name, external_authenticate(key, subject.factors, subject.keys))


def external_key(application: Application, name: str) -> Key | None:
    """The key with which a terminal gives a proof; a name may also be that of a key for something else.

    Keys that are diversified by a file of the application are no terminal's to prove here.
    """
    if application.diversified is not Diversified.BY_CARD:
        return None
    return next((key for key in application.keys if key.name == name and key.usage is Usage.EXTERNAL), None)


def provable(application: Application, way: frozenset[str]) -> bool:
    """Whether every proof of a way is the PIN or a declared key."""
    return all(proof == "PIN" or external_key(application, proof) is not None for proof in way)


def needs_of(way: frozenset[str]) -> frozenset[Need]:
    """What the tester must bring to go a way."""
    return frozenset(Need.PIN if proof == "PIN" else Need.KEYS for proof in way)
