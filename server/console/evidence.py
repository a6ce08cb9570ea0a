"""What stands behind a booked transaction: the signed envelope, who vouched for it, and what the card said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from cardstack.apdu.status import meaning
from cardstack.ca.certificate import Certificate
from cardstack.errors import CardstackError, faulty, told
from cardstack.settlement import envelope
from cardstack.settlement.bulk import package
from cardstack.settlement.transaction import Transaction
from cardstack.text import Text
from server.store.values import Entry, KeptEnvelope

EXCHANGES = ("apdu", "exchanges", "trace")
"""The members of `evidence` that may hold a conversation with a card."""

MADE_HERE = frozenset({"adjustment", "decision", "lapse"})
"""The kinds of kept messages that this service makes itself."""

INSTRUCTIONS: Mapping[int, Text] = {
    0x20: Text("VERIFY", "校验 PIN"),
    0x50: Text("INITIALIZE", "交易初始化"),
    0x54: Text("DEBIT / CREDIT", "消费/圈存确认"),
    0x82: Text("EXTERNAL AUTHENTICATE", "外部认证"),
    0x84: Text("GET CHALLENGE", "取随机数"),
    0x88: Text("INTERNAL AUTHENTICATE", "内部认证"),
    0xA4: Text("SELECT", "选择文件"),
    0xB0: Text("READ BINARY", "读二进制"),
    0xB2: Text("READ RECORD", "读记录"),
    0xC0: Text("GET RESPONSE", "取响应"),
    0xD6: Text("UPDATE BINARY", "写二进制"),
    0xDC: Text("UPDATE RECORD", "写记录"),
    0xE2: Text("APPEND RECORD", "追加记录"),
    0x5C: Text("GET BALANCE", "读余额"),
}


class Said(NamedTuple):
    """One exchange with a card, in words."""

    command: str
    answer: str
    what: Text
    status: Text
    good: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed, whether the signature still holds over the kept bytes, and the path of certificates, anchor first."""

    node: str
    signed_at: datetime
    received_at: datetime
    digest: str
    holds: bool
    problem: Text | None
    """Why it does not hold."""
    algorithm: str
    path: tuple[Certificate, ...]
    lines: int
    made_here: bool
    """Booked by a decision or by the clock of this service: there is no sender who could have signed it."""


@lru_cache(maxsize=2)
def _sealed(raw: bytes) -> envelope.Sealed:
    """A page asks the same envelope twice, and so does whoever looks at its transactions one after the other."""
    return envelope.parse(raw)


def transaction_of(entry: Entry, kept: KeptEnvelope | None) -> Transaction | None:
    """The signed transaction of an entry, from its line of the kept envelope."""
    if kept is None:
        return None
    try:
        told = _sealed(kept.raw).transaction(entry.line)
    except (CardstackError, IndexError):
        return None
    return told if told.id == entry.id else None


def signature_of(kept: KeptEnvelope) -> Signature:
    """The signature checked again, now, over the bytes as they were kept."""
    path = tuple(Certificate.parse(der) for der in kept.path)
    problem, algorithm = None, ""
    try:
        certificate, signature, signed = _signed(kept)
        signer = Certificate.parse(certificate)
        algorithm = getattr(signer.public_key.algorithm, "value", str(signer.public_key.algorithm))
        signer.public_key.verify(signature, signed)
        path = path or (signer,)
    except CardstackError as error:
        problem = told(error)
    return Signature(
        str(kept.node),
        kept.signed_at,
        kept.received_at,
        kept.digest.hex(),
        problem is None,
        problem,
        str(algorithm),
        path,
        kept.accepted,
        kept.kind in MADE_HERE,
    )


def _signed(kept: KeptEnvelope) -> tuple[bytes, bytes, bytes]:
    """The signer's certificate, the signature and what it is over: of an envelope, or of a file's package."""
    if kept.kind == "file":
        file = package.unpack(kept.raw)
        if not file.certificates:
            raise faulty("certificates", "none came with the file", "文件未附证书")
        return file.certificates[0], file.signature, package.message(file.signed)
    sealed = _sealed(kept.raw)
    return sealed.certificates[0], sealed.signature, envelope.FORMAT.encode() + b"\n" + sealed.signed


def conversation(transaction: Transaction | None) -> list[Said]:
    """What terminal and card said, in words; an evidence of another form gives nothing."""
    held: Any = transaction.evidence if transaction else {}
    found = next((held[name] for name in EXCHANGES if isinstance(held.get(name), Sequence)), ())
    return explained(found)


def explained(exchanges: Iterable[Any]) -> list[Said]:
    """Exchanges in words; what is no exchange is left out."""
    return [said for said in map(_said, exchanges) if said is not None]


def _said(one: Any) -> Said | None:
    if isinstance(one, Mapping):
        command = one.get("command") or one.get("sent") or ""
        answer = one.get("answer") or one.get("response") or one.get("received") or ""
        decoded = one.get("decoded") or ""
    elif isinstance(one, list | tuple) and len(one) == 2:
        (command, answer), decoded = one, ""
    else:
        return None
    try:
        sw = int(str(answer)[-4:], 16)
        instruction = int(str(command)[2:4], 16)
    except ValueError:
        return None
    named = INSTRUCTIONS.get(instruction, Text(f"INS {instruction:02X}", f"INS {instruction:02X}"))
    what = Text(str(decoded), str(decoded)) if decoded else named
    return Said(str(command), str(answer), what, meaning(sw), sw == 0x9000 or sw >> 8 == 0x61)


TELLING = frozenset({0xA4, 0x84})
"""Instructions whose data and answers are nobody's secret: what is selected, and a random number."""


def hidden(one: Said) -> Said:
    """The same exchange without what a holder, a PIN or a key could be read from; header, lengths and status stay."""
    if int(one.command[2:4], 16) in TELLING:
        return one
    return one._replace(
        command=one.command[:10] + "*" * len(one.command[10:]), answer="*" * len(one.answer[:-4]) + one.answer[-4:]
    )


def whole(entry: Entry, kept: KeptEnvelope | None) -> Transaction:
    """The signed transaction, or `Malformed` where the kept envelope does not hold it."""
    found = transaction_of(entry, kept)
    if found is None:
        raise faulty("envelope", "it does not hold this transaction", "其中没有该交易")
    return found
