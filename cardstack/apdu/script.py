"""Conversations with a card as generators, and the one loop that drives them.

A script yields what it wants said and is sent the answer. It never knows who holds the wire: a reader, the
emulator, a recording or a relay. A terminal's PSAM or a remote HSM is a further partner, addressed with `To`.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from cardstack.apdu.message import Command, Response
from cardstack.errors import Malformed, Refused
from cardstack.text import Text

PARTS_MAX = 32
"""How many 61xx an answer may be split into."""

Exchange: TypeAlias = Callable[[bytes], bytes]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class To:
    """Something for a partner other than the card; bytes for one that speaks no APDUs (an HSM)."""

    partner: str
    message: Command | bytes


Script: TypeAlias = Generator[Command | To, Response, Result]


def ask(command: Command, partner: str | None = None) -> Script[Response]:
    """One command with its whole answer, over 6Cxx and 61xx (ISO/IEC 7816-4 §5.3.4)."""
    answer = yield _to(command, partner)
    if answer.sw >> 8 == 0x6C:
        answer = yield _to(replace(command, ne=answer.sw & 0xFF or 256), partner)
    data = _heard(answer, command.ne)
    for _ in range(PARTS_MAX):
        if answer.sw >> 8 != 0x61:
            return Response(data, answer.sw)
        more = Command(command.cla & 0x03, 0xC0, ne=answer.sw & 0xFF or 256)
        answer = yield _to(more, partner)
        data += _heard(answer, more.ne)
    raise Malformed(Text(f"the card still had more to say after {PARTS_MAX} parts", f"卡在 {PARTS_MAX} 段之后仍有后续数据"))


def _heard(answer: Response, ne: int | None) -> bytes:
    """The data of an answer, which no card can make longer than both Ne and 256 bytes (ISO/IEC 7816-4 §5.1)."""
    most = max(ne or 0, 256)
    if len(answer.data) > most:
        raise Malformed(
            Text(
                f"the answer has {len(answer.data)} data bytes, at most {most} were asked for",
                f"应答有 {len(answer.data)} 字节数据，请求至多 {most} 字节",
            )
        )
    return answer.data


def _to(command: Command, partner: str | None) -> Command | To:
    return command if partner is None else To(partner, command)


def run(script: Script[Result], exchange: Exchange, **partners: Exchange) -> Result:
    """Drive a script over anything that exchanges bytes.

    A partner spoken to in bytes answers in bytes; the script sees them as data with 9000.
    """
    try:
        step = next(script)
        while True:
            step = script.send(_carry(step, exchange, partners))
    except StopIteration as end:
        result: Result = end.value
        return result


def _carry(step: Command | To, exchange: Exchange, partners: dict[str, Exchange]) -> Response:
    if isinstance(step, Command):
        return Response.parse(exchange(bytes(step)))
    if step.partner not in partners:
        raise Refused(
            Text(f"this conversation needs a {step.partner}, and none is connected", f"该会话需要 {step.partner}，但未连接"),
            partner=step.partner,
        )
    answer = partners[step.partner](bytes(step.message))
    return Response.parse(answer) if isinstance(step.message, Command) else Response(answer, 0x9000)
