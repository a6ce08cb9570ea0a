"""From declarations to a card: the blueprint of a profile, and a personalised card of that kind."""

from functools import lru_cache
from hashlib import sha256
from typing import Final

from cardstack.card import certifying
from cardstack.card.access import proof
from cardstack.card.certifying import ENCRYPTION_PAIR, ENCRYPTION_PUBLIC, SIGNATURE_PAIR, SIGNATURE_PUBLIC
from cardstack.card.injecting import ALGORITHMS, TRANSPORT_PIN
from cardstack.card.issuing import Personalisation
from cardstack.card.layout import File, Form
from cardstack.card.profile import Application, Pin, Profile, Purse
from cardstack.card.proving import pin_bytes
from emulator.blueprint import Blueprint, Directory, Elementary, KeyPlace, PinPlace, PursePlace, ways
from emulator.dice import Dice
from emulator.handlers import lifecycle, pki, purse
from emulator.handlers.authenticate import SERIAL
from emulator.security import Key
from emulator.state import Card, Memory, Value, manufactured

CAPP: Final = proof("CAPP")
"""The state that UPDATE CAPP DATA CACHE needs: a payment is under way."""
FLAT: Final = (Form.TRANSPARENT, Form.INTERNAL)
"""Forms whose content is one run of bytes."""


@lru_cache(maxsize=64)
def blueprint(profile: Profile, factor: bytes) -> Blueprint:
    """The kind of card that a profile declares, with the ATR of one card's factor."""
    places = {one.name: _directory(one) for one in profile.applications}
    for one in profile.applications:
        if one.name != profile.root and (parent := places.get(one.parent) or places[profile.root]) is not places[one.name]:
            parent.adopt(places[one.name])
    master = places[profile.root]
    while master.parent is not None:
        master = master.parent
    _settle(master)
    named = {one.aid: places[one.name] for one in profile.applications if one.aid}
    return Blueprint(
        profile.name, master, places[profile.implicit or profile.root], profile.style, profile.atr(factor), named=named
    )


def _settle(directory: Directory) -> None:
    """Lineages, from the top down."""
    for child in directory.children.values():
        child.lineage = directory.lineage | {directory.name}
        _settle(child)


def _directory(one: Application) -> Directory:
    place = Directory(one.fid or _nameless(one), one.name, (one.aid,) if one.aid else (), one.fci(), declared=one)
    place.blocked_cell = f"{one.name}/blocked"
    for file in one.files:
        if file.form is not Form.INTERNAL:
            place.add(_elementary(one, file))
    for key in one.keys:
        cell = f"{one.name}/{key.usage.name}/{key.kid:02X}"
        place.keys[key.usage, key.kid] = KeyPlace(key.name, key.kid, key.usage, cell, f"{cell}/tries", key.tries, place)
    if one.pin is not None:
        place.pin = _pin("PIN", one.pin, place, "PUK" if one.key_named("PUK") else "")
    if one.admin is not None:
        place.admin = _pin("MPIN", one.admin, place)
    if one.signing:
        place.pairs = f"{one.name}/pair"
    for each in one.purses:
        log = place.short.get(each.log)
        place.purses[each.kind] = PursePlace(each.kind, f"{one.name}/{each.kind.name}", each.limit_fen, log)
    if one.medical:
        place.medical = next(_cell(one, file) for file in one.files if file.form is Form.INTERNAL)
    return place


def _pin(name: str, pin: Pin, home: Directory, unlock: str = "") -> PinPlace:
    lengths = ((pin.shortest + 1) // 2, (pin.longest + 1) // 2)
    return PinPlace(name, f"{home.name}/{name}", f"{home.name}/{name}/tries", pin.tries, home, unlock, lengths)


def _nameless(one: Application) -> int:
    """An identifier outside the two bytes of SELECT for an application that has none."""
    return 0x10000 + sum(one.name.encode()) if one.aid else 0x3F00


def _cell(one: Application, file: File) -> str:
    """Where a file lies in memory."""
    return f"{one.name}/{file.fid:04X}"


def _elementary(one: Application, file: File) -> Elementary:
    rooms: tuple[int, ...] = ()
    size = 0
    if file.form in (Form.TAGGED, Form.FIXED, Form.RECORDS):
        rooms = tuple(len(record) for record in file.blank_records)
    else:
        size = file.size
    return Elementary(
        file.fid,
        file.form,
        _cell(one, file),
        ways(file.read),
        ways(file.update),
        size,
        file.records,
        rooms,
        file.sfi if file.sfi < 31 else 0,
        file.identified_by,
        file.update == CAPP,
    )


def cells(order: Personalisation, *, issued: bool = True) -> Memory:
    """The memory of a card with this content."""
    memory: dict[str, Value] = {lifecycle.ISSUED: int(issued), SERIAL: order.factors.card}
    for one in order.profile.applications:
        for file in one.files:
            records = order.records[one.name, file.fid]
            memory[_cell(one, file)] = b"".join(records) if file.form in FLAT else tuple(records)
        memory |= _secrets(one, order)
        for each in one.purses:
            money = order.balances.get((one.name, each.kind), 0)
            memory |= purse.written(_purse_place(one, each), purse.Purse(money, 0, each.overdraft_fen, 0, 0))
    return memory


def blank(profile: Profile) -> Memory:
    """The files of a card before anything is written: what an image of an older release may lack."""
    memory: dict[str, Value] = {}
    for one in profile.applications:
        for file in one.files:
            records = file.blank_records
            memory[_cell(one, file)] = b"".join(records) if file.form in FLAT else tuple(records)
        for each in one.purses:
            memory |= purse.written(_purse_place(one, each), purse.Purse(0, 0, each.overdraft_fen, 0, 0))
    return memory


def _purse_place(one: Application, each: Purse) -> PursePlace:
    return PursePlace(each.kind, f"{one.name}/{each.kind.name}", each.limit_fen, None)


def _secrets(one: Application, order: Personalisation) -> dict[str, Value]:
    """Keys with their tries, and the PIN."""
    memory: dict[str, Value] = {}
    for key in one.keys:
        cell = f"{one.name}/{key.usage.name}/{key.kid:02X}"
        memory[cell] = Key(ALGORITHMS[key.algorithm], key.version, order.key(one, key)).pack()
        memory[f"{cell}/tries"] = key.tries
    for name, pin, value in (("PIN", one.pin, order.pin), ("MPIN", one.admin, order.admin)):
        if pin is not None:
            memory[f"{one.name}/{name}"] = pin_bytes(value or pin.initial)
            memory[f"{one.name}/{name}/tries"] = pin.tries
    if one.signing and order.pairs is not None:
        number = order.pairs(order, one)
        memory[f"{one.name}/pair/{ENCRYPTION_PAIR:04X}"] = number
        memory[f"{one.name}/{ENCRYPTION_PUBLIC:04X}"] = pki.public_object(number)
    return memory | _pair(one, order)


def _pair(one: Application, order: Personalisation) -> dict[str, Value]:
    """The key pair that was made in the chip, and its public half."""
    if not one.signing:
        return {}
    number = pair_number(order, one)
    return {
        f"{one.name}/pair/{SIGNATURE_PAIR:04X}": number,
        f"{one.name}/{SIGNATURE_PUBLIC:04X}": pki.public_object(number),
    }


def pair_number(order: Personalisation, application: Application) -> bytes:
    """The private number of a test card's signature key, made from its test master in the open."""
    return sha256(order.master(f"{application.name} pair") + order.factors.card).digest()


def delivered(order: Personalisation, *, seed: bytes = b"cardstack") -> Card:
    """The blank card that a chip maker delivers for an order: no keys, empty files, transport PINs, its own key pair."""
    memory: dict[str, Value] = {**blank(order.profile), lifecycle.ISSUED: 0, SERIAL: order.factors.card}
    for one in order.profile.applications:
        memory |= _pair(one, order)
        for name, pin, value in (("PIN", one.pin, TRANSPORT_PIN), ("MPIN", one.admin, certifying.TRANSPORT_PIN)):
            if pin is not None:
                memory[f"{one.name}/{name}"] = pin_bytes(value)
                memory[f"{one.name}/{name}/tries"] = pin.tries
    return manufactured(blueprint(order.profile, order.factors.card), memory, Dice(seed))


def personalise(order: Personalisation, *, seed: bytes = b"cardstack", issued: bool = True) -> Card:
    """A card with this content: powered up, nothing selected, its dice seeded.

    With `issued` False its keys can still be written in the clear (PUT KEY).
    """
    kind = blueprint(order.profile, order.factors.card)
    return manufactured(kind, cells(order, issued=issued), Dice(seed))
