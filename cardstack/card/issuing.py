"""What a card is given at issue: content for every declared file, keys, PIN, numbers and ATR.

The key set here is for tests alone: every master is computed from its name in the open.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from hashlib import sha256
from typing import Any

from cardstack.card.keys import Factors, Key, Usage, derive
from cardstack.card.profile import Application, Diversified, Profile, PurseKind
from cardstack.card.profiles.social import RID
from cardstack.card.profiles.transit import Administration, Passenger, Public
from cardstack.codec import An
from cardstack.crypto import cryptogram
from cardstack.crypto.sm2 import Sm2Signer
from cardstack.errors import Malformed
from cardstack.text import Text
from cardstack.values import CardNumber, CitizenNumber

Place = tuple[str, int]
"""An application's name and a file's identifier."""


def master_for_tests(name: str) -> bytes:
    """TEST KEY: the master with a name, computed from it in the open. Never issue a real card with it.

    >>> master_for_tests("IRK").hex()
    '7b7273f0508ebe78fbb94311f8c5be5a'
    """
    return sha256(b"cardstack test key, not secret: " + name.encode()).digest()[:16]


@dataclass(frozen=True, slots=True)
class Person:
    """Who a card is made for."""

    number: CitizenNumber
    name: str
    nation: str = "01"
    birthplace: str = ""

    @property
    def name_parts(self) -> tuple[str, str]:
        """The name in the 30 bytes of record 09 and what goes on in record 4E; no character is cut in two."""
        head = self.name
        while len(head.encode("gb18030")) > 0x1E:
            head = head[:-1]
        return head, self.name[len(head) :]


@dataclass(frozen=True, slots=True)
class Order:
    """What the issuer decides about one card."""

    city: str
    """Six digits, GB/T 2260."""
    chip: bytes
    """The chip's serial number, four bytes."""
    number: CardNumber
    issued: date
    valid_until: date
    kind: str = "3"
    organisation: str = ""
    """24 digits; empty for the city's own first organisation."""
    transit_city: str = ""
    """Two bytes as four digits in the transit unions' own code; empty: the first four digits of the city."""
    transit_number: str = ""
    """The 20 digits of the transit card number; empty: made from city and chip."""
    transit_kind: int = 1

    @property
    def factors(self) -> Factors:
        """What the card's keys are diversified by; the card's own part closes its ATR."""
        return Factors(self.city, bytes.fromhex("8684" + self.city[:4]) + self.chip)


@dataclass(frozen=True, slots=True, repr=False)
class Personalisation:
    """Everything that makes a blank card of a profile this card. Keys stand behind `master`, by name."""

    profile: Profile
    factors: Factors
    records: Mapping[Place, tuple[bytes, ...]]
    master: Callable[[str], bytes] = master_for_tests
    pin: str = "123456"
    admin: str = ""
    """The administrator's PIN of the certificate application; empty: the one its profile begins with."""
    pairs: "Callable[[Personalisation, Application], bytes] | None" = field(default_factory=lambda: pair_for_tests)
    """The private numbers of encryption key pairs, 32 bytes each, from the key centre; None: cards are issued without."""
    balances: Mapping[tuple[str, PurseKind], int] = field(default_factory=dict)
    """Money in fen in each purse, by application and kind; a fresh card has none."""

    @property
    def atr(self) -> bytes:
        """The answer to reset that carries the card's factor."""
        return self.profile.atr(self.factors.card)

    def key(self, application: Application, key: Key) -> bytes:
        """The value of one key of this card: its master diversified by what the application says."""
        return derive(self.master(key.name), self.chain(application), key.algorithm)

    def chain(self, application: Application) -> tuple[bytes, ...]:
        """The factors of an application's keys, in the order in which they apply."""
        if application.diversified is Diversified.BY_CARD:
            return self.factors.chain(3)
        public = application.file(0x0015)
        if public is None:
            raise Malformed(
                Text(
                    f"{application.name} diversifies by file 15 and declares none",
                    f"{application.name} 按文件 15 分散密钥，但未声明该文件",
                ),
                field="file 15",
            )
        raw = b"".join(self.records[application.name, 0x0015])
        return raw[:8], raw[12:20]


def personalise(
    profile: Profile,
    order: Order,
    person: Person,
    contents: Mapping[Place, Any] | None = None,
    *,
    master: Callable[[str], bytes] = master_for_tests,
    pin: str = "123456",
    balances: Mapping[tuple[str, PurseKind], int] | None = None,
) -> Personalisation:
    """The content of a card for a person. `contents` replaces or adds declared content by application and file."""
    given = contents or {}
    known = _issuer(profile, order, master), _holder(person)
    records = {}
    for application in profile.applications:
        for file in application.files:
            place = application.name, file.fid
            content = given[place] if place in given else _content(file.body, order, person, known)
            records[place] = file.blank_records if content is None else file.encode(content)
    unknown = set(given) - set(records)
    if unknown:
        raise Malformed(
            Text(f"the profile {profile.name} has no file {min(unknown)}", f"规范 {profile.name} 没有文件 {min(unknown)}"),
            field="contents",
        )
    return Personalisation(profile, order.factors, records, master, pin, balances=dict(balances or {}))


def pair_for_tests(order: Personalisation, application: Application) -> bytes:
    """TEST KEY: the private number of a card's encryption key pair, computed from its test master in the open."""
    return sha256(order.master(f"{application.name} encryption pair") + order.factors.card).digest()


def public_point(number: bytes) -> bytes:
    """X and Y of the public half of a private number."""
    return Sm2Signer.from_number(number).public.point[1:]


def identification_code(city: str, chip: bytes, key: bytes, block: cryptogram.Block = cryptogram.Block.TRIPLE_DES) -> str:
    """The card's identification code: city 3, RID 5, chip serial 4, authentication code 4 (V2.0 table 10).

    How the authentication code is computed is not public. This project's definition: the first four bytes of the
    MAC over the twelve bytes before it, under the card's internal authentication key.
    """
    head = bytes.fromhex(city) + RID + chip
    return (head + cryptogram.retail_mac(key, head, block)[:4]).hex().upper()


def _content(body: type, order: Order, person: Person, known: tuple[dict[str, Any], ...]) -> Any:
    """What the order and the person say about a file, by its body; None where they say nothing."""
    if body is Public:
        return _public(order)
    if body is Passenger:
        return Passenger(name=_fitted(person.name, 20), number=str(person.number))
    if body is Administration:
        code = order.transit_city or order.city[:4]
        return Administration(province=order.city[:2].ljust(4, "0"), city=code, kind=order.transit_kind)
    names = {one.name for one in fields(body)}
    # EF05 and EF06 of every generation: a body all of whose fields the order or the person knows.
    for one in known:
        if names <= set(one):
            return body(**{name: one[name] for name in names})
    return None


def _issuer(profile: Profile, order: Order, master: Callable[[str], bytes]) -> dict[str, Any]:
    keys = profile.application("SSSE").keys if profile.has("SSSE") else ()
    key = next((one for one in keys if one.usage is Usage.INTERNAL), None)
    value = derive(master(key.name), order.factors.chain(3), key.algorithm) if key else bytes(16)
    block = key.algorithm if key else profile.algorithm
    return {
        "identifier": identification_code(order.city, order.chip, value, block),
        "kind": order.kind,
        "version": profile.version,
        "organisation": order.organisation or f"9156000002{order.city}{order.city}01",
        "issued": order.issued,
        "valid_until": order.valid_until,
        "number": str(order.number),
    }


def _holder(person: Person) -> dict[str, Any]:
    name, more = person.name_parts
    return {
        "number": str(person.number),
        "name": name,
        "more_name": more,
        "sex": person.number.sex,
        "nation": person.nation,
        "birthplace": person.birthplace or person.number.region,
        "born": person.number.born,
    }


def _public(order: Order) -> Public:
    code = order.transit_city or order.city[:4]
    number = order.transit_number or f"0310{code}{int.from_bytes(order.chip):012d}"
    return Public(
        bytes.fromhex(f"0200{code}FFFFFFFF"), serial=bytes.fromhex(number), valid_from=order.issued, valid_until=order.valid_until
    )


def _fitted(text: str, size: int) -> str:
    """As much of a text as a field of so many bytes holds."""
    while len(text.encode(An(size).charset)) > size:
        text = text[:-1]
    return text
