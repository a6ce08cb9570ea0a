"""Cards of two generations at once: data items of generation 1 that were rewritten with their new meaning.

V2.0 annex C, binding: when such an item is rewritten on an old card, the new value is filled up with E to the old
length. A reader that finds EE at the end takes the new definition and its length, otherwise the old one.
"""

from dataclasses import dataclass
from typing import Any

from cardstack.codec import Codec
from cardstack.errors import Malformed
from cardstack.text import Text

FILL = b"\xee"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A value by the new definition, held in an item of the old length."""

    value: Any


@dataclass(frozen=True, slots=True)
class Either:
    """An item that follows its old definition, or once rewritten its new one.

    >>> from cardstack.codec import An
    >>> item = Either(An(4), An(2))
    >>> item.encode(Rewritten("CN")).hex(), item.decode(bytes.fromhex("434eeeee")), item.decode(b"1234")
    ('434eeeee', Rewritten(value='CN'), '1234')
    """

    old: Codec
    new: Codec

    @property
    def size(self) -> int:
        return self.old.size

    def encode(self, value: Any) -> bytes:
        if isinstance(value, Rewritten):
            raw = self.new.encode(value.value)
            if len(raw) >= self.size:
                raise Malformed(
                    Text(
                        f"the new value takes {len(raw)} bytes, E cannot be seen behind it in {self.size}",
                        f"新值占 {len(raw)} 字节，在 {self.size} 字节中无法再标记 E",
                    )
                )
            return raw.ljust(self.size, FILL)
        raw = self.old.encode(value)
        if raw.endswith(FILL):
            raise Malformed(
                Text(
                    "a value by the old definition may not end in EE, it would be read as rewritten",
                    "按旧定义的值不得以 EE 结尾，否则会被读作已改写",
                )
            )
        return raw

    def decode(self, raw: bytes) -> Any:
        if raw.endswith(FILL):
            return Rewritten(self.new.decode(raw[: self.new.size]))
        return self.old.decode(raw)

    def __str__(self) -> str:
        return f"{self.old}, rewritten {self.new} and E"
