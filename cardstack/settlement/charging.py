"""Messages and the daily check of orders between charging operators, by the field names of T/CEC 102.

The standard enciphers `Data` with AES-128-CBC and signs with HMAC-MD5; both are what the field uses, not what one
would choose, so a settlement message goes in the project's own envelope and these serve at the operators' edge only.
"""

import hmac
import json
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.padding import PKCS7

from cardstack.errors import Untrusted, faulty
from cardstack.settlement.transaction import check_json

SIZE_MAX = 4 << 20


class Keys(NamedTuple):
    """What two operators agreed on: key and initial vector of the data (16 bytes each), secret of the signature."""

    data: bytes
    vector: bytes
    signature: bytes


def seal(operator: str, body: Mapping[str, Any], stamp: str, seq: str, keys: Keys) -> dict[str, str]:
    """A message: `stamp` is yyyyMMddHHmmss, `seq` four digits within its second."""
    padder = PKCS7(128).padder()
    plain = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    encryptor = Cipher(AES(keys.data), modes.CBC(keys.vector)).encryptor()
    data = b64encode(encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()).decode()
    return {"OperatorID": operator, "Data": data, "TimeStamp": stamp, "Seq": seq, "Sig": _sig(operator, data, stamp, seq, keys)}


def open_sealed(message: Mapping[str, object], keys: Keys) -> dict[str, Any]:
    """The body of a message; `Untrusted` where the signature does not hold, `Malformed` where it is none."""
    fields = [message.get(name) for name in ("OperatorID", "Data", "TimeStamp", "Seq", "Sig")]
    texts = [field for field in fields if isinstance(field, str) and len(field) <= SIZE_MAX and field.isascii()]
    if len(texts) != 5:
        raise faulty(
            "message",
            "OperatorID, Data, TimeStamp, Seq and Sig as ASCII text",
            "应含 OperatorID、Data、TimeStamp、Seq、Sig，均为 ASCII 文本",
        )
    operator, data, stamp, seq, sig = texts
    if not hmac.compare_digest(sig.upper(), _sig(operator, data, stamp, seq, keys)):
        raise Untrusted("Sig", field="Sig")
    try:
        decryptor = Cipher(AES(keys.data), modes.CBC(keys.vector)).decryptor()
        unpadder = PKCS7(128).unpadder()
        padded = decryptor.update(b64decode(data, validate=True)) + decryptor.finalize()
        body = json.loads(unpadder.update(padded) + unpadder.finalize(), parse_float=str)
    except (BadBase64, ValueError, RecursionError) as error:
        raise faulty("Data", "not what the agreed key enciphers", "无法用约定密钥解密") from error
    if not isinstance(body, dict):
        raise faulty("Data", "not an object", "不是 JSON 对象")
    check_json(body, "Data")
    return body


def _sig(operator: str, data: str, stamp: str, seq: str, keys: Keys) -> str:
    return hmac.new(keys.signature, (operator + data + stamp + seq).encode(), "md5").hexdigest().upper()


class Total(NamedTuple):
    """An order as one side books it: energy in watt-hours, money in fen."""

    seq: str
    power_wh: int
    money_fen: int


class Dispute(NamedTuple):
    """An order on which the sides differ: 1 not here, 2 energy differs, 3 money differs (`DisputeReason`)."""

    seq: str
    power_wh: int
    money_fen: int
    reason: int


class Checked(NamedTuple):
    """The answer of `check_charge_orders`: how many orders, how much energy and money are in dispute, and which."""

    orders: int
    power_wh: int
    money_fen: int
    disputes: tuple[Dispute, ...]


def check_charge_orders(theirs: Iterable[Total], ours: Iterable[Total]) -> Checked:
    """Compare a day's orders as the other operator sent them with our own; every difference is named once.

    An order that they have once more is not here a second time.

    >>> check_charge_orders([Total("a", 5, 10), Total("b", 5, 10)], [Total("a", 5, 11)]).disputes
    (Dispute(seq='a', power_wh=5, money_fen=10, reason=3), Dispute(seq='b', power_wh=5, money_fen=10, reason=1))
    """
    known = {order.seq: order for order in ours}
    disputes = []
    for order in sorted(theirs):
        own = known.pop(order.seq, None)
        reason = 1 if own is None else 2 if own.power_wh != order.power_wh else 3 if own.money_fen != order.money_fen else 0
        if reason:
            disputes.append(Dispute(*order, reason))
    return Checked(len(disputes), sum(d.power_wh for d in disputes), sum(d.money_fen for d in disputes), tuple(disputes))
