"""Which recorded clients a card at hand would serve: each flow on the card, beside the same flow on a card as declared."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cardstack.apdu.script import Exchange
from cardstack.card.profile import Profile
from cardstack.conformance.flows import Flow, converse
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


@dataclass(frozen=True, slots=True)
class Standing:
    """One client's verdict: the steps that it takes and has done, and what stopped it."""

    flow: Flow
    served: Served
    steps: int = 0
    done: int = 0
    why: str = ""


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
            yield Standing(flow, Served.PASS if found.works else Served.FAIL, found.steps, found.done, found.why)
