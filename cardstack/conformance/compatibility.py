"""Which recorded clients a card at hand would serve: each flow on the card, beside the same flow on a card as declared."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cardstack.apdu.script import Exchange
from cardstack.card.profile import Profile
from cardstack.conformance.fixes import Stop, fix_of
from cardstack.conformance.flows import Flow, Replay, converse
from cardstack.text import Text
from emulator import factory
from emulator.psam import psam
from emulator.samples import personalisation
from emulator.slot import Slot

READS: Final = frozenset({"A4", "B0", "B2", "84", "88", "C0", "CA", "5C"})
"""Instructions that an issued card may be sent: they change nothing and spend no try."""


class Served(StrEnum):
    """What a card means to a client."""

    PASS = "pass"  # noqa: S105  # a verdict, no password
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"
    NOT_RUN = "not-run"


SERVED = {
    Served.PASS: Text("served", "可用"),
    Served.FAIL: Text("would fail", "将失败"),
    Served.NOT_APPLICABLE: Text("not for this profile", "不适用于该规范"),
    Served.NOT_RUN: Text("not run: it writes, or spends tries", "未检：含写卡或消耗次数的步骤"),
}


NOTHING: Final = Text("", "")


@dataclass(frozen=True, slots=True)
class Standing:
    """One client's verdict: the steps that it takes and has done, and what stopped it."""

    flow: Flow
    served: Served
    steps: int = 0
    done: int = 0
    why: str = ""
    differs: str = ""
    """What kind of thing differs, and the change of the card that would let the client go on."""
    change: Text = NOTHING


class Elsewhere(Slot):
    """A card in any reader, with an emulated one beside it that follows its selections, so that its keys are known."""

    __slots__ = ("exchange",)

    def __init__(self, exchange: Exchange, beside: Slot) -> None:
        super().__init__(beside.card)
        self.exchange = exchange

    def __call__(self, raw: bytes) -> bytes:
        if raw[1:2] == b"\xa4":
            super().__call__(raw)
        return self.exchange(raw)


def reads_only(flow: Flow) -> bool:
    """Whether nothing of a flow changes a card."""
    return all(step.send[2:4].upper() in READS for step in flow.steps if step.to == "card")


def standings(flows: Iterable[Flow], profile: Profile, fresh: Callable[[], Exchange], *, issued: bool) -> Iterator[Standing]:
    """Every flow in turn. `fresh` resets the card under test and gives its exchange; an `issued` card is only read."""
    order = personalisation(profile)
    declared = factory.personalise(order)
    module = psam([profile], master=order.master, city=order.factors.city)
    for flow in flows:
        expected = converse(flow, order, Slot(declared), Slot(module))
        if not expected.works:
            yield Standing(flow, Served.NOT_APPLICABLE, expected.steps, expected.done, expected.why)
        elif issued and not reads_only(flow):
            yield Standing(flow, Served.NOT_RUN, expected.steps)
        else:
            found = converse(flow, order, Elsewhere(fresh(), Slot(declared)), Slot(module))
            yield _standing(flow, profile, found, expected)


def _standing(flow: Flow, profile: Profile, found: Replay, expected: Replay) -> Standing:
    if found.works:
        return Standing(flow, Served.PASS, found.steps, found.done)
    if not found.command:
        return Standing(flow, Served.FAIL, found.steps, found.done, found.why)
    steps = [one for one in flow.steps if not one.when or one.when == profile.version[:1]]
    step = steps[found.done]
    selected = [one.send[10:14] for one in steps[: found.done] if re.fullmatch("00A40[02]0002....(00)?", one.send)]
    stop = Stop(
        found.command, found.answers[-1], step.accept, step.begins, expected.answers[found.done], (selected or [""])[-1].upper()
    )
    return Standing(flow, Served.FAIL, found.steps, found.done, found.why, *fix_of(stop))
