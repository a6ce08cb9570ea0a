"""The kit tested by what is known: published answers of every cryptogram it judges by, broken oracles, faulty cards.

An oracle that is wrong would pass bad cards or fail good ones. Each answer here comes from a standard or a manual, and
each oracle is also broken on purpose: if no answer notices, the answers are not worth having.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cardstack.card.issuing import master_for_tests
from cardstack.card.profiles import profile
from cardstack.card.proving import LocalKeys, signature_der
from cardstack.card.verdict import Verdict
from cardstack.conformance.case import Risk, Subject
from cardstack.conformance.cases import derive
from cardstack.conformance.run import Card, run_all, select
from cardstack.conformance.seeded import CATALOGUE, Seeded, caught_by
from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.crypto.sm2 import Sm2Public
from cardstack.crypto.suite import digest
from cardstack.errors import Untrusted
from cardstack.text import Text
from emulator.samples import ORDER, sample
from emulator.slot import Slot

COS, HED, LAB = "COS manual 6.22-6.28", "HED-ICC manual 4.2.2.12", "javacard exercise (id 47400587477)"
NBS, SM2, SM4, SM3 = "NBS SP 500-20 (DES under a zero key)", "GB/T 32918.5-2017 A.2", "GB/T 32907-2016 A.1", "GB/T 32905-2016 A.1"
ICAO, OURS = "ICAO 9303-11 D.3", "computed here, checked by a second implementation in tests/second.py"
FEW: Final = 6
"""How many faulty cards a self-test tries, spread over the catalogue; the project's tests try them all."""
PROFILE: Final = "2.00"
Oracle = Callable[..., bytes]


def _sm2(x: bytes, y: bytes, message: bytes, signature: bytes) -> bytes:
    """01 where a signature holds, else 00."""
    try:
        Sm2Public.from_point(b"\x04" + x + y).verify(signature_der(signature), message)
    except Untrusted:
        return b"\x00"
    return b"\x01"


ORACLES: Final[Mapping[str, Oracle]] = {
    "diversify": cryptogram.diversify,
    "session": cryptogram.session_key,
    "mac": cryptogram.mac,
    "tac": cryptogram.tac,
    "tac-lab": lambda key, data: cryptogram.tac(key, data, iv=b"\x11" * 8),
    "retail": cryptogram.retail_mac,
    "pin-block": cryptogram.pin_block,
    "encrypt": cryptogram.encrypt,
    "sm4": lambda key, data: cryptogram.encrypt(key, data, Block.SM4),
    "sm3": lambda data: digest("sm3", data),
    "sm2": _sm2,
}


@dataclass(frozen=True, slots=True)
class Known:
    """One known answer: an oracle, what it is given, what it must say, and where that stands."""

    id: str
    oracle: str
    given: tuple[str, ...]
    answer: str
    source: str


_POINT: Final = (
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020",
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13",
    "6D65737361676520646967657374",
)
_SIGNED: Final = (
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3",
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA",
)
KNOWN: Final[tuple[Known, ...]] = (
    Known("diversification", "diversify", ("00" * 16, "00" * 8), "8CA64DE9C1B123A7355550B2150E2451", NBS),
    Known("load-session", "session", ("11223344556677888877665544332211", "72D5A089", "0000", "8000"), "C40123A4297D7DBA", COS),
    Known("load-mac1", "mac", ("C40123A4297D7DBA", "000000000000100001000000000001"), "82DC9807", COS),
    Known("load-mac2", "mac", ("C40123A4297D7DBA", "000010000100000000000120010910130222"), "4E8B20D4", COS),
    Known(
        "purchase-session", "session", ("11223344556677888877665544332211", "E398ED60", "0000", "0001"), "E6874578AF758168", COS
    ),
    Known("purchase-mac1", "mac", ("E6874578AF758168", "000000100500000000000120010910130222"), "C7D12550", COS),
    Known(
        "load-tac",
        "tac-lab",
        ("0DCAE673EF6DFC0F0000000000000000", "000010000000000010000200112233445520180620214822"),
        "96436186",
        LAB,
    ),
    Known("tac-of-two-halves", "tac", ("0123456789ABCDEFFEDCBA9876543210", "000000C806310000000001"), "D7946A7F", OURS),
    Known("pin-block", "pin-block", ("0000",), "0200008000000000", HED),
    Known("pin-enciphered", "encrypt", ("00" * 16, "0200008000000000"), "C5D6090EFE1729BC", HED),
    Known(
        "retail-mac",
        "retail",
        ("7962D9ECE03D1ACD4C76089DCE131543", "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2"),
        "5F1448EEA8AD90A7",
        ICAO,
    ),
    Known("sm4", "sm4", ("0123456789ABCDEFFEDCBA9876543210",) * 2, "681EDF34D206965E86B3E94F536E4246", SM4),
    Known("sm3", "sm3", ("616263",), "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0", SM3),
    Known("sm2-holds", "sm2", (*_POINT, "".join(_SIGNED)), "01", SM2),
    Known("sm2-turned-bit", "sm2", (*_POINT, "".join(_SIGNED)[:-2] + "AB"), "00", SM2),
    Known("sm2-other-message", "sm2", (*_POINT[:2], "6D65737361676520646967657375", "".join(_SIGNED)), "00", SM2),
)

BROKEN: Final[Mapping[str, tuple[str, Oracle]]] = {
    "padding-00": ("mac", lambda key, data: cryptogram.chain(key, data.ljust(-len(data) // 8 * -8, b"\0"))[:4]),
    "mac-from-the-right": ("mac", lambda key, data: cryptogram.chain(key, cryptogram.pad(data))[-4:]),
    "no-complement": ("diversify", lambda key, factor: cryptogram.encrypt(key, factor) * 2),
    "tac-half-key": ("tac", lambda key, data: cryptogram.mac(key[:8], data)),
    "session-tail-first": ("session", lambda key, random, sequence, tail: cryptogram.encrypt(key, tail + sequence + random)),
    "pin-without-length": ("pin-block", cryptogram.pad),
    "retail-as-3des": ("retail", lambda key, data: cryptogram.chain(key, cryptogram.pad(data))),
    "sm4-as-3des": ("sm4", cryptogram.encrypt),
    "sm2-takes-all": ("sm2", lambda *_: b"\x01"),
    "sm2-takes-none": ("sm2", lambda *_: b"\x00"),
}
"""Oracles broken on purpose, each in the place of one; some known answer must notice."""


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a self-test."""

    id: str
    good: bool
    title: Text
    source: str


def run_selftest() -> Iterator[Told]:
    """Known answers, broken oracles, a good card, faulty cards."""
    for one in KNOWN:
        said = answered(one, ORACLES)
        title = Text(f"the known answer {one.answer[:16]}", f"已知答案 {one.answer[:16]}")
        yield Told(f"KNOWN/{one.id}", said.hex().upper() == one.answer, title, one.source)
    for name, (oracle, broken) in BROKEN.items():
        yield Told(f"BROKEN/{name}", noticed(oracle, broken), Text("a broken oracle is noticed", "能发现错误的判定依据"), oracle)
    yield Told("CARD/good", _fails() == (), Text("a good card fails nothing", "正常卡全部通过"), PROFILE)
    for seeded in CATALOGUE[:: len(CATALOGUE) // FEW]:
        yield Told(f"CARD/{seeded.name}", caught_by(seeded, _fails(seeded, seeded.caught)), seeded.title, seeded.caught)


def answered(one: Known, oracles: Mapping[str, Oracle]) -> bytes:
    """What the oracles say to a known question; nothing where they break."""
    return oracles[one.oracle](*(bytes.fromhex(given) for given in one.given))


def noticed(name: str, broken: Oracle) -> bool:
    """Whether some known answer tells a broken oracle from the right one."""
    oracles = {**ORACLES, name: broken}
    return any(answered(one, oracles).hex().upper() != one.answer for one in KNOWN)


def _fails(seeded: Seeded | None = None, *patterns: str) -> tuple[str, ...]:
    """The cases that a card fails, of those chosen."""
    kind = profile(PROFILE)
    slot = Slot(sample(seeded.change(kind) if seeded else kind))
    subject = Subject(kind, ORDER.city, slot.atr[-8:], "123456", LocalKeys(master_for_tests))
    exchange = seeded.twist(slot) if seeded else slot
    results = run_all(select(derive(kind), patterns), subject, Card(exchange, slot.reset), risk=Risk.TEST)
    return tuple(one.case.id for one in results if one.verdict is Verdict.FAIL)
