"""An audit log whose lines hang together: each carries the SM3 hash of the one before (GB/T 32905), some a signature.

A line changed, moved or dropped in the middle breaks the chain. Lines cut off at the end do not; they show against the
head that was noted elsewhere: on the transcript of a ceremony, in a trust list, in the operations log.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cardstack.crypto.chain import START, Place, canonical, sealed
from cardstack.crypto.keys import BadSignature, PublicKey, Signer
from cardstack.errors import Malformed, Untrusted, problem
from cardstack.text import Text

BROKEN = problem(
    "CS-2250",
    Text("The audit log is broken at line {line}", "审计日志在第 {line} 行断裂"),
    Text(
        "Keep the file as evidence and restore the log from its last copy.",
        "请保全该文件作为证据，并从最近备份恢复日志。",
    ),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One event: who did what when."""

    number: int
    at: datetime
    actor: str
    action: str
    facts: Mapping[str, Any]
    previous: str
    signature: str = ""
    """Of the hash, hexadecimal; on checkpoints."""

    @property
    def hash(self) -> str:
        return sealed("sm3", self._said())

    @property
    def digest(self) -> str:
        return self.hash

    def computed(self) -> str:
        """What it says is all there is of it: a line whose hash is another is none (`parse`)."""
        return self.hash

    def _said(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "actor": self.actor,
            "action": self.action,
            "facts": dict(self.facts),
            "previous": self.previous,
        }

    def encode(self) -> str:
        """The line as it is written, without its newline."""
        signed = {"signature": self.signature} if self.signature else {}
        return canonical(self._said() | {"hash": self.hash} | signed).decode()

    @classmethod
    def parse(cls, text: str, number: int) -> "Line":
        """One line; `Untrusted` CS-2250 where it is none or its hash is not that of its content."""
        try:
            held = json.loads(text)
            line = cls(
                number=int(held["number"]),
                at=datetime.fromisoformat(held["at"]),
                actor=str(held["actor"]),
                action=str(held["action"]),
                facts=dict(held["facts"]),
                previous=str(held["previous"]),
                signature=str(held.get("signature", "")),
            )
            whole = line.number == number and held["hash"] == line.hash and text == line.encode()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            whole = False
        if not whole:
            raise Untrusted(problem=BROKEN, line=number)
        return line


def append(
    last: Line | None, *, at: datetime, actor: str, action: str, facts: Mapping[str, Any], signer: Signer | None = None
) -> Line:
    """The next line; a signer makes it a checkpoint."""
    if not actor or at.tzinfo is None:
        raise Malformed(Text("an event has an actor, and a moment with its zone", "事件应有操作者和带时区的时间"), field="audit")
    number, previous = place(last)
    number += 1
    line = Line(number, at, actor, action, facts, previous)
    if signer is None:
        return line
    return Line(number, at, actor, action, facts, previous, signer.sign(bytes.fromhex(line.hash)).hex())


def place(last: Line | None) -> Place:
    """Where a log stands whose last line is this."""
    return START if last is None else Place(last.number, last.hash)


def follows(line: Line, last: Line | None) -> None:
    """`Untrusted` unless the line is the one after `last`."""
    if place(last).then(line) is None:
        raise Untrusted(problem=BROKEN, line=line.number)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verified log amounts to."""

    lines: int
    head: str
    checkpoints: int
    signed_until: int
    """The number of the last line with a good signature."""


def verify(texts: Iterable[str], signers: Iterable[PublicKey] = (), *, head: str | None = None) -> Verified:
    """Walk the chain; `Untrusted` CS-2250 names the first line that breaks it.

    Signatures must be those of one of `signers`. With `head`, the hash of a line noted earlier, that line must be there.
    """
    keys = tuple(signers)
    last: Line | None = None
    checkpoints, signed_until, seen = 0, 0, head is None
    for number, text in enumerate(texts, 1):
        line = Line.parse(text.rstrip("\n"), number)
        follows(line, last)
        if line.signature and keys and not _signed(line, keys):
            raise Untrusted(
                Text("its signature is not one of this authority's", "其签名不是本机构的签名"), problem=BROKEN, line=number
            )
        last, seen = line, seen or line.hash == head
        if line.signature:
            checkpoints, signed_until = checkpoints + 1, number
    count, end = place(last)
    if not seen:
        raise Untrusted(
            Text("the head that was noted is not in it: lines were cut off", "其中没有已登记的末行：有行被截去"),
            problem=BROKEN,
            line=count + 1,
        )
    return Verified(count, end, checkpoints, signed_until)


def _signed(line: Line, keys: Iterable[PublicKey]) -> bool:
    for key in keys:
        try:
            key.verify(bytes.fromhex(line.signature), bytes.fromhex(line.hash))
        except (BadSignature, ValueError):
            continue
        return True
    return False
