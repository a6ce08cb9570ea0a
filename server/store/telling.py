"""What the ledger's messages told of some subjects, read from the envelopes that are kept."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeAlias

from cardstack.errors import Malformed
from cardstack.settlement.envelope import parse
from cardstack.settlement.told import SIZE, Told, bounds
from cardstack.settlement.wire import Content, known
from server.store.commit import View
from server.store.packing import unpacked

if TYPE_CHECKING:
    from cardstack.settlement.transaction import Transaction

MOST = 256
"""How many messages of one subject are looked at: many registrations of one person, in bounded time."""

ROOM: Final = 16 << 20
"""Bytes of the envelopes whose contents are held together; decoded they may be ten times as many."""
Contents: TypeAlias = Sequence[Content | Malformed]


class Recent:
    """The contents of the envelopes that were asked for last, as far as there is room for them.

    A province sends its registrations in large batches, and many bills ask about the same one.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room, self._lock = room, Lock()
        self._held: OrderedDict[bytes, tuple[int, Contents]] = OrderedDict()

    def contents(self, kept: bytes) -> Contents:
        """What each line of an envelope says, by its bytes as they are kept; `Malformed` where it is none."""
        key = sha256(kept).digest()
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key][1]
        raw = unpacked(kept)
        found = parse(raw).contents
        if len(raw) > self._room:
            return found
        with self._lock:
            self._held[key] = len(raw), found
            while sum(size for size, _ in self._held.values()) > self._room:
                self._held.popitem(last=False)
        return found


RECENT: Final = Recent()


def told(view: View, schemes: Iterable[str], subjects: Iterable[str]) -> Told:
    """The messages about some subjects that stand, and those about each of them."""
    found = Told(frozenset(schemes))
    claims: dict[str, int] = {}
    for scheme in sorted(found.schemes):
        if not view.all("SELECT 1 FROM claim WHERE scheme = ? LIMIT 1", (scheme,)):
            continue
        own = _claims(view, scheme, set(subjects))
        claims |= own | _claims(view, scheme, {claim[SIZE:] for claim in own})
    entries = view.among("SELECT seq, envelope, line FROM entry WHERE seq IN {these}", set(claims.values()))
    transactions: dict[int, Transaction] = {}
    for number, here in groupby(sorted(entries, key=itemgetter(1)), key=itemgetter(1)):
        with suppress(Malformed):  # an envelope that was spoilt tells nothing; the auditor names it
            contents = _contents(view, number)
            for seq, _, line in here:
                with suppress(Malformed, LookupError):
                    transactions[seq] = known(contents[line])
    for claim, entry in sorted(claims.items(), key=itemgetter(1)):
        if entry in transactions:
            found.take(transactions[entry], [claim])
    return found


def _contents(view: View, number: int) -> Contents:
    ((raw,),) = view.all("SELECT raw FROM envelope WHERE kind = 'envelope' AND seq = ?", (number,)) or [(b"",)]
    return RECENT.contents(bytes(raw))


def _claims(view: View, scheme: str, subjects: Iterable[str]) -> dict[str, int]:
    query = "SELECT claim, entry FROM claim WHERE scheme = ? AND claim >= ? AND claim <= ? ORDER BY entry DESC LIMIT ?"
    return {claim: entry for about in subjects for claim, entry in view.all(query, (scheme, *bounds(about), MOST))}
