"""The signed receipt for an envelope: what was answered to whom, so that neither side can deny it later.

{"format": "cardstack-receipt/1", "signature": base64,
 "signed": {"answers": [...], "certificates": [...], "envelope": sha256 hex, "received_at": moment}}

Where every line was received, `"all_received": N` stands for the answers: the envelope's digest says which lines.
"""

from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from cardstack.ca.trust import Trusted
from cardstack.crypto.keys import PublicKey, Signer
from cardstack.errors import Malformed, Untrusted, faulty
from cardstack.settlement.answer import Answer, Outcome
from cardstack.settlement.envelope import NOT_SIGNER
from cardstack.settlement.receiving import AllReceived
from cardstack.text import Text

FORMAT: Final = "cardstack-receipt/1"
TOLERANCE: Final = timedelta(minutes=1)
WORDS: Final = {outcome: outcome.value for outcome in Outcome}


class Line(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One answer as it was given."""

    id: str
    outcome: str
    entry: int | None = None
    window: str | None = None


class _Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    all_received: int = 0
    answers: list[Line] = []
    certificates: list[str]
    envelope: str
    received_at: datetime


class _Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    signature: str
    signed: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says; believed once `check` returned. `all_received` lines stand for themselves, and have no answers."""

    envelope: bytes
    all_received: int
    answers: tuple[Line, ...]
    received_at: datetime
    certificates: tuple[bytes, ...]
    signature: bytes
    signed: bytes

    def check(self, trusted: Trusted) -> None:
        """Return where the service that `trusted` vouches for signed this; else `Untrusted`."""
        if trusted.certificate.raw != self.certificates[0] or abs(trusted.at - self.received_at) > TOLERANCE:
            raise Untrusted("signature", NOT_SIGNER, field="certificates")
        key: PublicKey = trusted.certificate.public_key
        key.verify(self.signature, _message(self.signed))


def give(envelope: bytes, answers: Sequence[Answer], signer: Signer, certificates: Sequence[bytes], at: datetime) -> bytes:
    """The receipt for the envelope with that digest."""
    alike = isinstance(answers, AllReceived)
    said = _Signed(
        all_received=len(answers) if alike else 0,
        answers=[] if alike else [Line(str(one.id), WORDS[one.outcome], one.entry, one.window) for one in answers],
        certificates=[b64encode(one).decode() for one in certificates],
        envelope=envelope.hex(),
        received_at=at.astimezone(UTC),
    )
    signed = msgspec.json.encode(said)
    signature = b64encode(signer.sign(_message(signed))).decode()
    return msgspec.json.encode(_Receipt(FORMAT, signature, msgspec.Raw(signed)))


def read(raw: bytes) -> Receipt:
    """The parts of a receipt, or `Malformed`."""
    try:
        outer = msgspec.json.decode(raw, type=_Receipt)
        inner = msgspec.json.decode(outer.signed, type=_Signed)
        chain = tuple(b64decode(one, validate=True) for one in inner.certificates)
        parts = bytes.fromhex(inner.envelope), b64decode(outer.signature, validate=True)
    except (msgspec.MsgspecError, BadBase64, ValueError, RecursionError) as error:
        raise faulty("receipt", "not of its declared form", "不符合约定格式") from error
    if outer.format != FORMAT or not chain:
        raise Malformed(Text(f"receipt: {FORMAT} was expected", f"receipt：应为 {FORMAT}"), field="format")
    return Receipt(parts[0], inner.all_received, tuple(inner.answers), inner.received_at, chain, parts[1], bytes(outer.signed))


def _message(signed: bytes) -> bytes:
    return FORMAT.encode() + b"\n" + signed
