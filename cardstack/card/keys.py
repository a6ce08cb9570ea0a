"""The keys of a card as declarations: identifier, usage, version, algorithm, tries, and where a terminal finds them.

Values of keys are never declared here. A terminal works with a diversified key through a key source
(`card.proving`), the emulator holds its own, and the test keys stand in `card.issuing`, marked as such.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed
from cardstack.text import Text


class Usage(StrEnum):
    """What a key of the card is for; a key does nothing else."""

    EXTERNAL = "external authentication"
    INTERNAL = "internal authentication"
    RELOAD = "PIN reload and unblock: encipherment and MAC"
    MAINTENANCE = "secure messaging and blocking"
    PURCHASE = "purchase"
    LOAD = "load"
    UNLOAD = "unload"
    OVERDRAFT = "overdraft limit"
    TAC = "transaction authentication code"
    LOCK = "card lock"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an application. `name` is also the proof that EXTERNAL AUTHENTICATE with it gives."""

    name: str
    kid: int
    """The identifier in the command; for payments the key index."""
    usage: Usage = Usage.EXTERNAL
    version: int = 1
    algorithm: Block = Block.TRIPLE_DES
    tries: int = 3
    """Failed attempts until it is blocked; 0 for a key that cannot be."""
    psam: tuple[int, int] | None = None
    """Usage byte and identifier in the terminal's PSAM."""
    hsm: int | None = None
    """Address of the first version in the remote HSM."""
    levels: int = 2
    """How many times the master key is diversified: 3 from the nation, 2 from the province, 1 from the city."""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Factors:
    """What keys are diversified by: province, city, and the card itself (last eight bytes of its ATR).

    >>> Factors("330106", bytes(8)).chain(2)[0]
    b'330106sx'
    """

    city: str
    card: bytes

    def __post_init__(self) -> None:
        if len(self.city) != 6 or not (self.city.isascii() and self.city.isdigit()) or len(self.card) != 8:
            raise Malformed(
                Text("a city code has six digits and a card factor eight bytes", "城市代码应为六位数字，卡片分散因子应为八字节"),
                field="diversification factors",
            )

    @property
    def of_city(self) -> bytes:
        """The city's factor: six digits and `sx`."""
        return self.city.encode("ascii") + b"sx"

    @property
    def of_province(self) -> bytes:
        """The province's factor: two digits, `0000` and `sh`."""
        return self.city[:2].encode("ascii") + b"0000sh"

    def chain(self, levels: int) -> tuple[bytes, ...]:
        """The factors of so many levels in the order in which they apply: province, city, card."""
        if not 1 <= levels <= 3:
            raise Malformed(
                Text(f"a key is diversified one to three times, not {levels}", f"密钥应分散一至三次，不能为 {levels} 次")
            )
        return (self.of_province, self.of_city, self.card)[-levels:]


def derive(master: bytes, factors: Sequence[bytes], block: Block = Block.TRIPLE_DES) -> bytes:
    """A card's key from a master, one diversification a factor.

    >>> derive(bytes(16), [bytes(8)]) == cryptogram.diversify(bytes(16), bytes(8))
    True
    """
    return reduce(lambda key, factor: cryptogram.diversify(key, factor, block), factors, master)
