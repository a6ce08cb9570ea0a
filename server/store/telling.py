"""What the ledger's messages told of some subjects, read from the envelopes that are kept."""

from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

from cardstack.errors import Malformed
from cardstack.settlement import envelope as envelopes
from cardstack.settlement.told import SIZE, Told, bounds
from server.store.commit import View
from server.store.packing import unpacked

MOST = 256
"""How many messages of one subject are looked at: many registrations of one person, in bounded time."""


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
    lines = {seq: (number, line) for seq, number, line in entries}
    query = "SELECT seq, raw FROM envelope WHERE kind = 'envelope' AND seq IN {these}"
    raws = dict(view.among(query, {number for number, _ in lines.values()}))
    for claim, entry in sorted(claims.items(), key=lambda one: one[1]):
        number, line = lines[entry]
        with suppress(Malformed, LookupError):  # an envelope that was spoilt tells nothing; the auditor names it
            found.take(_opened(bytes(raws[number])).transaction(line), [claim])
    return found


def _claims(view: View, scheme: str, subjects: Iterable[str]) -> dict[str, int]:
    query = "SELECT claim, entry FROM claim WHERE scheme = ? AND claim >= ? AND claim <= ? ORDER BY entry DESC LIMIT ?"
    return {claim: entry for about in subjects for claim, entry in view.all(query, (scheme, *bounds(about), MOST))}


@lru_cache(maxsize=16)
def _opened(raw: bytes) -> envelopes.Sealed:
    """A province sends its registrations in large batches, and many bills ask about the same one."""
    return envelopes.parse(unpacked(raw))
