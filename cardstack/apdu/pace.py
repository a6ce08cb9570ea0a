"""How fast a card is: a timing model learned from traces, which an emulated card can keep to.

A model is JSON: `{"format": "cardstack-timing/1", "commands": {"READ RECORD": {"median_ms": 8.1, "p95_ms": 9.4,
"samples": 120}}, "per_byte_us": 95.0}`. Median and p95 are without the cost of the bytes; every byte of command and
answer costs `per_byte_us` more. `delay_s` puts the two together.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any, Final

from cardstack.apdu.explain import NAMES
from cardstack.apdu.trace import Exchanged
from cardstack.errors import Malformed, faulty, problem
from cardstack.text import Text

FORMAT: Final = "cardstack-timing/1"
NO_TIMES = problem(
    "CS-1130",
    Text("The trace does not say how long the answers took", "记录中没有应答用时"),
    Text(
        "Record it again with --trace of this version; its lines carry took_ms.",
        "请用本版本的 --trace 重新记录，其各行含 took_ms。",
    ),
)
LONGEST_MS: Final = 600_000.0
"""No answer takes longer; a model that says so is malformed."""
USUAL, LATE = 0.5, 0.95


@dataclass(frozen=True, slots=True)
class Pace:
    """How long one command takes in milliseconds, its bytes aside, and how many times it was measured."""

    median_ms: float
    p95_ms: float
    samples: int


@dataclass(frozen=True, slots=True)
class Model:
    """The pace of every command that was measured, by its name, and the cost of a byte in microseconds."""

    commands: Mapping[str, Pace]
    per_byte_us: float = 0.0

    def delay_s(self, command: bytes, answer: bytes, draw: float) -> float:
        """Seconds until an answer. `draw` from 0 to 1 spreads them so that median and p95 are the model's.

        A command that was never measured takes what the median command does.

        >>> model = Model({"SELECT": Pace(10.0, 20.0, 9)}, per_byte_us=100.0)
        >>> model.delay_s(bytes.fromhex("00A40000"), b"", 0.1), model.delay_s(bytes.fromhex("00A40000"), b"", 0.95)
        (0.0104, 0.0204)
        """
        pace = self.commands.get(name_of(command.hex().upper())) or self._usual()
        late = min(max((draw - USUAL) / (LATE - USUAL), 0.0), 1.0)
        base = pace.median_ms + late * (pace.p95_ms - pace.median_ms)
        return round(base / 1000 + (len(command) + len(answer)) * self.per_byte_us / 1_000_000, 9)

    def _usual(self) -> Pace:
        known = self.commands.values()
        if not known:
            return Pace(0.0, 0.0, 0)
        return Pace(median(one.median_ms for one in known), median(one.p95_ms for one in known), 0)

    def text(self) -> str:
        """The model as a file holds it."""
        commands = {
            name: {"median_ms": one.median_ms, "p95_ms": one.p95_ms, "samples": one.samples}
            for name, one in sorted(self.commands.items())
        }
        held = {"format": FORMAT, "commands": commands, "per_byte_us": self.per_byte_us}
        return json.dumps(held, ensure_ascii=False, indent=1) + "\n"


def name_of(command: str) -> str:
    """What a model calls a command, given in hexadecimal.

    >>> name_of("00B2013420"), name_of("8002")
    ('READ RECORD', 'INS 02')
    """
    ins = command[2:4]
    known = NAMES.get(int(ins, 16)) if len(ins) == 2 and "*" not in ins else None
    return known.en if known else f"INS {ins}"


def learn(records: Iterable[Exchanged]) -> Model:
    """The model of everything that was timed; `Malformed` where nothing was."""
    taken: dict[str, list[tuple[int, float]]] = {}
    for one in records:
        if one.command and 0 < one.took_ms <= LONGEST_MS:
            taken.setdefault(name_of(one.command), []).append((len(one.command + one.answer) // 2, one.took_ms))
    if not taken:
        raise Malformed(problem=NO_TIMES)
    byte_ms = _byte_ms(taken.values())
    return Model({name: _pace(pairs, byte_ms) for name, pairs in sorted(taken.items())}, round(byte_ms * 1000, 3))


def _byte_ms(groups: Iterable[Sequence[tuple[int, float]]]) -> float:
    """The slope of time over bytes within the commands of one name (least squares); never below 0."""
    together = spread = 0.0
    for pairs in groups:
        size, time = fmean(count for count, _ in pairs), fmean(took for _, took in pairs)
        together += sum((count - size) * (took - time) for count, took in pairs)
        spread += sum((count - size) ** 2 for count, _ in pairs)
    return max(together / spread, 0.0) if spread else 0.0


def _pace(pairs: Sequence[tuple[int, float]], byte_ms: float) -> Pace:
    bare = sorted(max(took - count * byte_ms, 0.0) for count, took in pairs)
    return Pace(round(median(bare), 4), round(bare[math.ceil(LATE * len(bare)) - 1], 4), len(bare))


def read_model(raw: str) -> Model:
    """A model from a file; `Malformed` where it is none."""
    try:
        data = json.loads(raw)
        commands = {str(name): _declared(one) for name, one in data["commands"].items()}
        per_byte_us = float(data.get("per_byte_us", 0.0))
        known = data.get("format", FORMAT) == FORMAT
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise faulty("commands", "median_ms, p95_ms and samples by name", "各命令应含 median_ms、p95_ms 和 samples") from error
    if not known:
        raise faulty("format", f"{FORMAT} was expected", f"应为 {FORMAT}")
    if not 0 <= per_byte_us <= LONGEST_MS:
        raise faulty("per_byte_us", "microseconds from 0", "应为不小于 0 的微秒数")
    return Model(commands, per_byte_us)


def _declared(one: Any) -> Pace:
    pace = Pace(float(one["median_ms"]), float(one["p95_ms"]), int(one.get("samples", 0)))
    if not 0 <= pace.median_ms <= pace.p95_ms <= LONGEST_MS:
        raise ValueError("`0 ≤ median_ms ≤ p95_ms`")
    return pace
