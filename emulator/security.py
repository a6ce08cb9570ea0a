"""Security state: access conditions, proofs, challenges used once, retry counters taken down before the comparison."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from cardstack.card.keys import Usage
from cardstack.crypto.cryptogram import Block
from emulator.blueprint import Directory, KeyPlace, PinPlace, Ways
from emulator.instruction import Refusal
from emulator.state import Card, Channel, Value, commit, with_channel, with_session


class Key(NamedTuple):
    """A key as the card keeps it: its algorithm byte, its version, its value."""

    algorithm: int
    version: int
    value: bytes

    @property
    def block(self) -> Block:
        """The block cipher the algorithm byte stands for: 03 and 04 are SM4, the others 3DES."""
        return Block.SM4 if self.algorithm in (0x03, 0x04) else Block.TRIPLE_DES

    def __repr__(self) -> str:
        return f"Key({self.block}, version {self.version})"

    def pack(self) -> bytes:
        """The form of a memory cell."""
        return bytes((self.algorithm, self.version)) + self.value


def key_at(card: Card, place: KeyPlace) -> Key:
    """The key that lies in a place; 6A88 where none was written."""
    raw = card.memory.get(place.cell)
    if not isinstance(raw, bytes):
        raise Refusal(0x6A88)
    return Key(raw[0], raw[1], raw[2:])


def key_for(card: Card, directory: Directory, usage: Usage, kid: int) -> tuple[KeyPlace, Key]:
    """A key by its use and number as the current directory sees it; 6A88 where there is none."""
    place = directory.key(usage, kid)
    if place is None:
        raise Refusal(0x6A88)
    return place, key_at(card, place)


def allow(state: Channel, ways: Ways) -> None:
    """Return if what was proved opens this door; 6982 if not, and also where nothing does."""
    names = state.names
    for way in ways:
        if way <= names:
            return
    raise Refusal(0x6982)


def proved(card: Card, number: int, name: str, home: Directory) -> Card:
    """The card with one more proof on a channel."""
    state = card.session.channels[number]
    assert state is not None
    proofs = state.proofs | {(name, home.name)}
    return with_channel(card, number, replace(state, proofs=proofs, names=frozenset(each for each, _ in proofs)))


def disproved(card: Card, number: int, name: str) -> Card:
    """The card without a proof; a failed try takes an earlier success away (ISO/IEC 7816-4 §11.5.6)."""
    state = card.session.channels[number]
    if state is None or name not in state.names:
        return card
    proofs = frozenset(each for each in state.proofs if each[0] != name)
    return with_channel(card, number, replace(state, proofs=proofs, names=frozenset(each for each, _ in proofs)))


def entered(directory: Directory, before: Channel) -> Channel:
    """The channel after selecting a directory: proofs of the directories above it stay, all others lapse."""
    proofs = frozenset(each for each in before.proofs if each[1] in directory.lineage)
    return Channel(directory, None, proofs, frozenset(name for name, _ in proofs))


def take_challenge(card: Card) -> tuple[bytes, bytes, Card]:
    """The last challenge and the one before it, used up; 6984 where none was asked for."""
    session = card.session
    if not session.challenge:
        raise Refusal(0x6984)
    return session.challenge, session.earlier, with_session(card, replace(session, challenge=b"", earlier=b""))


def tries_left(card: Card, place: KeyPlace | PinPlace) -> int:
    """How many tries a key or PIN has; 6983 where none are left."""
    left = card.memory.get(place.tries_cell, place.tries)
    assert isinstance(left, int)
    if left <= 0:
        raise Refusal(0x6983)
    return left


def attempt(card: Card, place: KeyPlace | PinPlace, compare: Callable[[], bool], then: dict[str, Value] | None = None) -> Card:
    """One try: the counter goes down and is kept, then the comparison, then the counter (and `then`) is written.

    A wrong one leaves the counter down and answers 63Cx; power lost between the two commits costs a try, never gives one.
    """
    left = tries_left(card, place)
    down: dict[str, Value] = {place.tries_cell: left - 1}
    if not compare():
        raise Refusal(0x63C0 | min(left - 1, 15), commit(card, down))
    return commit(card, down, {place.tries_cell: place.tries, **(then or {})})
