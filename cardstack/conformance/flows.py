"""Flows of real clients: what each sends to card and PSAM, what it accepts, and whether a profile satisfies it.

A flow is data (`cardstack/conformance/data/flows.json`). Its names in braces are what only the moment knows: challenges,
cryptograms, sequences. A terminal fills them in, from the PSAM where the client has one, else as its host would.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from cardstack.apdu.script import Exchange
from cardstack.card.issuing import Personalisation
from cardstack.card.profile import Profile
from cardstack.conformance.terminal import Terminal
from cardstack.errors import Malformed, Refused, told
from cardstack.text import Text
from emulator import factory
from emulator.psam import psam
from emulator.samples import personalisation
from emulator.slot import Slot
from emulator.state import Card

NAME: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a client and what it accepts as the answer."""

    send: str
    accept: str
    to: str = "card"
    begins: str = ""
    when: str = ""
    implied: bool = False
    """Left unsaid by the source: a challenge before an authentication."""

    def accepts(self, answer: bytes) -> bool:
        """Whether the client goes on after this answer."""
        said = answer.hex().upper()
        kind, _, words = self.accept.partition(" ")
        rule = RULES.get(kind)
        judged = rule(said, words) if rule else _matches(kind, said) and (len(said) > 4 or words != "and data")
        return judged and said[:-4].startswith(self.begins)


def _matches(masks: str, said: str) -> bool:
    """Whether the status word is one of some, in which a dot stands for any digit."""
    return any(re.fullmatch(mask, said[-4:]) for mask in masks.split("|"))


RULES: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "any": lambda _said, _words: True,
    "bare": lambda said, _words: said.startswith("90"),
    "exactly": lambda said, words: said == words,
    "contains": lambda said, words: words in said,
    "not": lambda said, words: not _matches(words, said),
}
"""What clients look at other than the status word."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One client: where its behaviour was read, what it depends on, and its steps."""

    id: str
    client: str
    source: str
    about: str
    steps: tuple[Step, ...]
    depends_on: tuple[str, ...] = ()
    reader: str = ""
    """`resolves` where the client's reader fetches 61xx and repairs 6Cxx before the client sees the answer."""
    only: str = ""
    """The generations the client knows, by their first digit; empty: any."""


def load(raw: str) -> tuple[Flow, ...]:
    """The flows of a file; `Malformed` names the flow that is not of the form."""
    try:
        listed = json.loads(raw)["flows"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Malformed(Text("a file of flows is an object with a list `flows`", "流程文件应为含 `flows` 列表的对象")) from None
    return tuple(_flow(one) for one in listed)


@cache
def recorded() -> tuple[Flow, ...]:
    """The flows that come with cardstack."""
    return load((files(__package__) / "data" / "flows.json").read_text("utf-8"))


def _flow(one: dict[str, Any]) -> Flow:
    try:
        steps = tuple(Step(**{"send": "", "accept": "any", **step}) for step in one["steps"])
        rest = {name: value for name, value in one.items() if name not in {"steps", "depends_on"}}
        return Flow(**rest, steps=steps, depends_on=tuple(one.get("depends_on", ())))
    except (KeyError, TypeError) as error:
        raise Malformed(told(error, Text(f"flow {one.get('id', '?')}", f"流程 {one.get('id', '?')}"))) from None


@dataclass(frozen=True, slots=True)
class Replay:
    """How far a client came: all its steps, or up to the one it did not accept."""

    flow: str
    profile: str
    steps: int
    done: int
    why: str = ""
    command: bytes = b""
    """The command that was answered otherwise than the client accepts; empty where it came to none."""
    answers: tuple[bytes, ...] = ()
    """What was answered, step by step; the last one is what stopped it, if something did."""

    @property
    def works(self) -> bool:
        """Whether the client reached its last step."""
        return self.done == self.steps


def replay(flow: Flow, profile: Profile) -> Replay:
    """The whole flow against a sample card of a profile and a PSAM that serves it."""
    order, card, module = _ready(profile)
    return converse(flow, order, Slot(card), Slot(module))


def _ready(profile: Profile) -> tuple[Personalisation, Card, Card]:
    """What a sample card of a profile is made of, the card, and a PSAM that serves it."""
    order = personalisation(profile)
    return order, factory.personalise(order), psam([profile], master=order.master, city=order.factors.city)


def converse(flow: Flow, order: Personalisation, card: Slot, module: Slot) -> Replay:
    """The flow against this card and PSAM; it ends at the first answer that the client does not accept."""
    terminal = Terminal(order, card)
    profile = order.profile
    steps = [step for step in flow.steps if not step.when or step.when == profile.version[:1]]
    if flow.only and profile.version[:1] not in flow.only:
        return Replay(flow.id, profile.name, len(steps), 0, f"the client knows generations {', '.join(flow.only)} only")
    answers: list[bytes] = []
    for number, step in enumerate(steps):
        if step.to == "reset":
            card.reset()
            answers.append(b"")
            continue
        try:
            filled = _filled(step, terminal)
        except Refused as missing:
            return Replay(flow.id, profile.name, len(steps), number, str(missing))
        command = bytes.fromhex(filled)
        partner: Exchange = card if step.to == "card" else module
        answer = _resolved(partner, command) if flow.reader else partner(command)
        answers.append(answer)
        terminal.heard(step.to, command, answer)
        if step.to == "psam" and answer[-2] == 0x61 and not _fetches(steps, number):
            # The source leaves GET RESPONSE to the client's driver here.
            fetch = bytes((0x00, 0xC0, 0, 0, answer[-1]))
            terminal.heard(step.to, fetch, module(fetch))
        if not step.accepts(answer):
            return Replay(
                flow.id,
                profile.name,
                len(steps),
                number,
                f"{filled[:10].upper()} → {answer[-2:].hex().upper()}, accepts {step.accept}"
                + (f", beginning {step.begins}" if step.begins else ""),
                command,
                tuple(answers),
            )
    return Replay(flow.id, profile.name, len(steps), len(steps), answers=tuple(answers))


def _filled(step: Step, terminal: Terminal) -> str:
    """The command of a step with its names filled in; `Refused` where the conversation so far did not give one."""
    return NAME.sub(lambda found: terminal.fact(found[1], step.send).hex(), step.send)


def _fetches(steps: Sequence[Step], number: int) -> bool:
    """Whether the client's next step to the PSAM fetches the answer itself."""
    following = next((step for step in steps[number + 1 :] if step.to == "psam"), None)
    return following is not None and following.send.startswith("00C0")


def _resolved(exchange: Exchange, command: bytes) -> bytes:
    """What a client behind such a reader sees: 6Cxx repaired, 61xx fetched."""
    answer = exchange(command)
    if answer[-2] == 0x6C:
        answer = exchange(command[:4] + answer[-1:] if len(command) <= 5 else command + answer[-1:])
    data = b""
    for _ in range(8):
        if answer[-2] != 0x61:
            break
        data += answer[:-2]
        answer = exchange(bytes((command[0] & 0x03, 0xC0, 0, 0, answer[-1])))
    return data + answer


def table(flows: Iterable[Flow], profiles: Iterable[Profile]) -> list[Replay]:
    """Every flow against every profile."""
    ready = [_ready(profile) for profile in profiles]
    return [converse(flow, order, Slot(card), Slot(module)) for flow in flows for order, card, module in ready]
