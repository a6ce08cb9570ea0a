"""What was said to a card and what it answered, as records that can be kept, shown, masked and replayed.

One JSON object a line: time, reader, channel, command, answer. Whoever writes a trace decides what of it may be
seen through `hide`; content is masked unless asked for (`card.watching` knows which bytes are personal).
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from cardstack.apdu.script import Exchange
from cardstack.apdu.status import meaning
from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text

REPLAY = problem(
    "CS-1110",
    Text("The conversation leaves the recording at exchange {number}", "对话在第 {number} 步与记录不符"),
    Text(
        "Compare the command with the recorded one; the recording may be of another card or flow.",
        "请比较命令与记录；该记录可能来自其他卡片或流程。",
    ),
)
HIDDEN = problem(
    "CS-1111",
    Text("The recording hides what was said (exchange {number})", "记录已脱敏，无法回放（第 {number} 步）"),
    Text(
        "Record again with --unmasked; keep such a file to yourself, it holds the card's data.",
        "请加 --unmasked 重新记录；该文件含卡内数据，请妥善保管。",
    ),
)

MILLISECOND = timedelta(milliseconds=1)
Sink = Callable[["Exchanged"], None]
Hide = Callable[[bytes, bytes], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One command and its answer, hexadecimal; `*` stands where content was masked."""

    at: str
    """ISO 8601 with zone; empty where no clock was given."""
    reader: str
    channel: int
    command: str
    answer: str
    decoded: str = ""
    """What it was, in words, where whoever recorded it knew."""
    took_ms: float = 0.0
    """Milliseconds until the answer; 0 where no clock was given."""

    @property
    def sw(self) -> str:
        """The status word; it is never masked."""
        return self.answer[-4:]

    @property
    def meaning(self) -> Text:
        """What the status word says."""
        return meaning(int(self.sw, 16))

    @property
    def masked(self) -> bool:
        """Whether something of it is hidden; such a record cannot be replayed."""
        return "*" in self.command + self.answer

    def line(self) -> str:
        """The record as one line of JSON; a time that nobody took is left out."""
        held = asdict(self)
        if not self.took_ms:
            del held["took_ms"]
        return json.dumps(held, ensure_ascii=False)


def in_full(command: bytes, answer: bytes) -> tuple[str, str]:
    """Hide nothing: for test cards, and for who asked for it."""
    return command.hex().upper(), answer.hex().upper()


def bodies_hidden(command: bytes, answer: bytes) -> tuple[str, str]:
    """Hide every data field: header, lengths and status word stay.

    >>> bodies_hidden(bytes.fromhex("0020000003123456"), bytes.fromhex("9000"))
    ('0020000003******', '9000')
    """
    head = min(len(command), 5)
    shown = command[:head].hex().upper() + "**" * (len(command) - head)
    return shown, "**" * (len(answer) - 2) + answer[-2:].hex().upper()


def traced(
    exchange: Exchange,
    sink: Sink,
    *,
    clock: Callable[[], datetime] | None = None,
    reader: str = "",
    hide: Hide = bodies_hidden,
    describe: Callable[[bytes, bytes], str] | None = None,
) -> Exchange:
    """The same exchange with everything said told to a sink; moments come from the caller's clock."""

    def passed_on(command: bytes) -> bytes:
        asked = clock() if clock else None
        answer = exchange(command)
        at = asked.astimezone(UTC).isoformat() if asked else ""
        took_ms = round((clock() - asked) / MILLISECOND, 3) if clock and asked else 0.0
        shown, answered = hide(command, answer)
        words = describe(command, answer) if describe else ""
        sink(Exchanged(at, reader, command[0] & 0x03 if command else 0, shown, answered, words, took_ms))
        return answer

    return passed_on


def parse(lines: Iterable[str]) -> Iterator[Exchanged]:
    """The records of a trace file; `Malformed` names the line."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            held = json.loads(line)
            record = Exchanged(
                **{name: held.get(name, "") for name in ("at", "reader", "decoded", "command", "answer")},
                channel=int(held.get("channel", 0)),
                took_ms=float(held.get("took_ms", 0.0)),
            )
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise Malformed(
                Text(f"line {number} of the trace is no record", f"报文跟踪第 {number} 行不是记录"), line=number
            ) from error
        if not all(isinstance(text, str) for text in (record.command, record.answer)) or len(record.answer) < 4:
            raise Malformed(
                Text(f"line {number} of the trace lacks a command or an answer", f"报文跟踪第 {number} 行缺少命令或应答"),
                line=number,
            )
        yield record


def replay(records: Iterable[Exchanged]) -> Exchange:
    """A card that says again what was recorded, in the recorded order; another command is `Refused`."""
    waiting = iter(list(records))
    told = 0

    def answer(command: bytes) -> bytes:
        nonlocal told
        told += 1
        record = next(waiting, None)
        if record is not None and record.masked:
            raise Refused(problem=HIDDEN, number=told)
        if record is None or record.command.upper() != command.hex().upper():
            raise Refused(problem=REPLAY, number=told)
        try:
            return bytes.fromhex(record.answer)
        except ValueError as error:
            raise Malformed(
                Text(f"exchange {told} of the recording is not hexadecimal", f"记录中第 {told} 次收发不是十六进制")
            ) from error

    return answer
