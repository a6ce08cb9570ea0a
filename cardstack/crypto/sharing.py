"""A secret split among n people of whom any m can put it together (Shamir 1979, over GF(2^8), byte by byte).

Fewer than m shares say nothing about the secret. What is split ends in a check, so that a wrong share is noticed.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from cardstack.crypto.suite import digest
from cardstack.errors import Malformed, Refused, problem
from cardstack.text import Text

SHARES = problem(
    "CS-2010",
    Text("The shares do not make up the secret", "密钥分片无法还原"),
    Text(
        "Bring together as many different shares of one splitting as were fixed when it was made.",
        "请集齐同一次分割所要求数量的不同分片。",
    ),
)
_CHECK = 4


def _tables() -> tuple[list[int], list[int]]:
    """Powers of the generator 3 modulo x^8 + x^4 + x^3 + x + 1, and their logarithms."""
    powers, logarithms, value = [0] * 510, [0] * 256, 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logarithms[value] = exponent
        value ^= (value << 1) ^ (0x11B if value & 0x80 else 0)
        value &= 0xFF
    return powers, logarithms


_POWERS, _LOGARITHMS = _tables()


def _times(one: int, other: int) -> int:
    return _POWERS[_LOGARITHMS[one] + _LOGARITHMS[other]] if one and other else 0


def _over(one: int, other: int) -> int:
    return _POWERS[_LOGARITHMS[one] - _LOGARITHMS[other] + 255] if one else 0


@dataclass(frozen=True, slots=True)
class Share:
    """What one person holds; its `repr` does not show it."""

    number: int
    needed: int
    body: bytes

    def encode(self) -> str:
        """Letters and digits in groups, for paper."""
        text = base64.b32encode(bytes((self.needed, self.number)) + self.body).decode().rstrip("=")
        return "-".join(text[start : start + 5] for start in range(0, len(text), 5))

    @classmethod
    def parse(cls, text: str) -> "Share":
        """From paper; `Malformed` CS-2010 where it is no share."""
        letters = "".join(text.upper().replace("-", " ").split())
        try:
            raw = base64.b32decode(letters + "=" * (-len(letters) % 8))
        except (binascii.Error, ValueError):
            raise Malformed(
                Text("a share is letters A to Z and digits 2 to 7", "份额应由字母 A 至 Z 和数字 2 至 7 组成"), problem=SHARES
            ) from None
        if len(raw) < 3 + _CHECK or not raw[0] or not raw[1]:
            raise Malformed(Text("a share is longer than that", "份额过长"), problem=SHARES)
        return cls(raw[1], raw[0], raw[2:])

    def __repr__(self) -> str:
        return f"Share({self.number}, any {self.needed})"


def split(secret: bytes, *, shares: int, needed: int, randomness: bytes) -> tuple[Share, ...]:
    """`shares` shares of which any `needed` give the secret back.

    `randomness` is `(needed - 1) * (len(secret) + 4)` bytes, drawn by the caller and never used again.

    >>> made = split(b"secret", shares=3, needed=2, randomness=bytes(range(10)))
    >>> combine(made[:2]), combine(made[1:])
    (b'secret', b'secret')
    """
    if not 1 <= needed <= shares <= 255 or not secret:
        raise Malformed(
            Text(
                "1 to 255 shares, of which no more are needed than there are, of a secret",
                "应有 1 至 255 个份额，门限不超过份额数，且秘密非空",
            ),
            problem=SHARES,
        )
    whole = secret + digest("sm3", secret)[:_CHECK]
    if len(randomness) != (needed - 1) * len(whole):
        raise Malformed(
            Text(
                f"{(needed - 1) * len(whole)} random bytes, got {len(randomness)}",
                f"需 {(needed - 1) * len(whole)} 字节随机数，实为 {len(randomness)} 字节",
            ),
            problem=SHARES,
        )
    polynomials = [(byte, *randomness[place * (needed - 1) : (place + 1) * (needed - 1)]) for place, byte in enumerate(whole)]
    return tuple(
        Share(number, needed, bytes(_value(polynomial, number) for polynomial in polynomials)) for number in range(1, shares + 1)
    )


def _value(polynomial: Sequence[int], at: int) -> int:
    """Horner's rule; the constant term comes first."""
    value = 0
    for coefficient in reversed(polynomial):
        value = _times(value, at) ^ coefficient
    return value


def combine(shares: Sequence[Share]) -> bytes:
    """The secret; `Refused` CS-2010 where the shares are too few, not of one splitting, or wrong."""
    distinct = {share.number: share for share in shares}
    needed = {share.needed for share in shares}
    if len(needed) != 1 or len(distinct) < min(needed) or len({len(share.body) for share in shares}) != 1:
        raise Refused(
            Text("too few different shares, or shares of several splittings", "不同份额数量不足，或份额来自不同次拆分"),
            problem=SHARES,
        )
    chosen = [distinct[number] for number in sorted(distinct)][: min(needed)]
    weights = [_weight(share.number, [other.number for other in chosen if other is not share]) for share in chosen]
    whole = bytes(_sum(weights, column) for column in zip(*(share.body for share in chosen), strict=True))
    secret, check = whole[:-_CHECK], whole[-_CHECK:]
    if digest("sm3", secret)[:_CHECK] != check:
        raise Refused(Text("a share is wrong", "有份额不正确"), problem=SHARES)
    return secret


def _weight(number: int, others: Sequence[int]) -> int:
    """Lagrange's basis polynomial at zero; in this field minus is plus, which is exclusive or."""
    weight = 1
    for other in others:
        weight = _times(weight, _over(other, other ^ number))
    return weight


def _sum(weights: Sequence[int], values: Sequence[int]) -> int:
    total = 0
    for weight, value in zip(weights, values, strict=True):
        total ^= _times(weight, value)
    return total
