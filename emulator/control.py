"""The hands at a virtual reader: lines of control, typed, piped, or of a script with times.

A line is one verb and its words: `insert 0 3.00`, `remove 0`, `swap 0 2.00`, `tear 0`, `mute 0 2`, `add NAME`,
`unplug NAME`, `list`, `wait SECONDS`, `quit`. A line that begins with `@2.5` is carried out that many seconds after the
first; `#` begins a remark.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cardstack.errors import Malformed, Refused, problem, told
from cardstack.text import Text
from emulator.desk import MUTE_SECONDS, Handled
from emulator.pcsc.service import Service

CONTROL = problem(
    "CS-1413",
    Text("The control line is not understood", "无法识别控制命令"),
    Text(
        "Write insert N [PROFILE], remove N, swap N PROFILE, tear N, mute N [SECONDS], add NAME, unplug NAME, list, wait SECONDS "
        "or quit; @SECONDS before it says when.",
        "可用命令：insert N [规范]、remove N、swap N 规范、tear N、mute N [秒]、add 名称、unplug 名称、list、wait 秒、quit；"
        "行首加 @秒 表示执行时刻。",
    ),
)
LONGEST = 86_400.0


class Place(Protocol):
    """Where a card is put in and taken out: a reader of the service, a vpcd slot, a listening port."""

    @property
    def name(self) -> str: ...
    @property
    def card(self) -> object | None: ...
    def insert(self, card: Handled, /) -> None: ...
    def remove(self) -> None: ...


class Said(NamedTuple):
    """What became of a line."""

    line: str
    text: Text
    done: bool


class Order(NamedTuple):
    """A line taken apart: when in seconds from the first line (None: at once), the verb and its words."""

    at: float | None
    verb: str
    words: Sequence[str]


def orders(lines: Iterable[str]) -> Iterator[tuple[str, Order]]:
    """The lines that say something, taken apart.

    >>> [order for _, order in orders(["# a card that is pulled out", "@1.5 remove 0"])]
    [Order(at=1.5, verb='remove', words=['0'])]
    """
    for line in lines:
        at, _, rest = line.strip().partition(" ") if line.lstrip().startswith("@") else ("", "", line)
        verb, *words = rest.split() or [""]
        if verb.startswith("#") or (not verb and not at):
            continue
        moment = _seconds(at[1:]) if at else None
        if verb not in VERBS and verb not in ("wait", "quit"):
            raise Malformed(repr(verb), CONTROL, verb=verb)
        yield line.strip(), Order(moment, verb, words)


def checked(lines: Sequence[str]) -> Sequence[str]:
    """The lines of a script, every verb and time of which is understood; `Malformed` with the number of one that is not."""
    for number, line in enumerate(lines, 1):
        try:
            list(orders([line]))
        except Malformed as error:
            raise Malformed(told(error, Text(f"line {number}", f"第 {number} 行")), CONTROL, line=number) from None
    return lines


@dataclass
class Desk:
    """Readers with hands: carries out lines of control."""

    places: Callable[[], Sequence[Place]]
    make: Callable[[str], Handled]
    """A fresh card of a profile by name, of the default where it is empty."""
    service: Service | None = None
    """Where readers can be added and unplugged."""
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def do(self, line: str) -> str:
        """Carry out one line; what became of it, in English. `Refused` or `Malformed` where it cannot be."""
        return "\n".join(self._carried_out(order).en for _, order in orders([line]))

    def run(self, lines: Iterable[str]) -> Iterator[Said]:
        """Carry out lines until `quit` or their end; an error is said and the next line goes on."""
        began = self.clock()
        for line in lines:
            try:
                for text, order in orders([line]):
                    if order.at is not None:
                        self.sleep(max(began + order.at - self.clock(), 0.0))
                    if order.verb == "quit":
                        return
                    yield Said(text, self._carried_out(order), done=True)
            except (Refused, Malformed) as error:
                yield Said(line.strip(), told(error), done=False)

    def _carried_out(self, order: Order) -> Text:
        if order.verb == "wait":
            seconds = _seconds(order.words[0] if order.words else "")
            self.sleep(seconds)
            return Text(f"{seconds:g} s later", f"{seconds:g} 秒后")
        return VERBS[order.verb](self, order.words) if order.verb in VERBS else Text("", "")

    def insert(self, words: Sequence[str]) -> Text:
        """A card of a profile, in place of the one that may be in it."""
        place = self._place(words)
        place.insert(self.make(words[1] if len(words) > 1 else ""))
        return Text(f"{place.name}: inserted", f"{place.name}：已插卡")

    def remove(self, words: Sequence[str]) -> Text:
        """The card out of its reader."""
        place = self._place(words)
        place.remove()
        return Text(f"{place.name}: removed", f"{place.name}：已取卡")

    def tear(self, words: Sequence[str]) -> Text:
        """Power lost in the next command."""
        self._card(words).tear()
        return Text("torn at the next command", "下一条命令时断电")

    def mute(self, words: Sequence[str]) -> Text:
        """Silence at the next command."""
        seconds = _seconds(words[1] if len(words) > 1 else str(MUTE_SECONDS), 600)
        self._card(words).mute(seconds)
        return Text(f"mute for {seconds:g} s at the next command", f"下一条命令时无应答 {seconds:g} 秒")

    def add(self, words: Sequence[str]) -> Text:
        """Another reader."""
        name = self._service().add(" ".join(words)).name
        return Text(f"{name}: added", f"{name}：已添加")

    def unplug(self, words: Sequence[str]) -> Text:
        """A reader away."""
        name = " ".join(words)
        self._service().remove(name)
        return Text(f"{name}: unplugged", f"{name}：已拔除")

    def list(self, _words: Sequence[str]) -> Text:
        """The readers and what is in them."""
        rows = ((place.name, place.card) for place in self.places())
        shown = "\n".join(f"{name}: {card.atr.hex().upper() if isinstance(card, Handled) else '-'}" for name, card in rows)
        return Text(shown, shown)

    def _service(self) -> Service:
        if self.service is None:
            raise Refused(Text("readers are added to a PC/SC service alone", "只有 PC/SC 服务可以添加读卡器"), CONTROL)
        return self.service

    def _place(self, words: Sequence[str]) -> Place:
        places = self.places()
        if not words or not (words[0].isascii() and words[0].isdecimal()) or int(words[0]) >= len(places):
            raise Malformed(Text(f"a reader's number below {len(places)}", f"读卡器编号应小于 {len(places)}"), CONTROL)
        return places[int(words[0])]

    def _card(self, words: Sequence[str]) -> Handled:
        card = self._place(words).card
        if not isinstance(card, Handled):
            raise Refused(Text("there is no card in it", "其中没有卡"), CONTROL)
        return card


VERBS: dict[str, Callable[[Desk, Sequence[str]], Text]] = {
    "insert": Desk.insert,
    "swap": Desk.insert,
    "remove": Desk.remove,
    "tear": Desk.tear,
    "mute": Desk.mute,
    "add": Desk.add,
    "unplug": Desk.unplug,
    "list": Desk.list,
}


def _seconds(text: str, most: float = LONGEST) -> float:
    plain = text.replace(".", "", 1)
    if not (plain.isascii() and plain.isdecimal()) or float(text) > most:
        raise Malformed(Text(f"a number of seconds up to {most:g}", f"应为不超过 {most:g} 的秒数"), CONTROL)
    return float(text)
