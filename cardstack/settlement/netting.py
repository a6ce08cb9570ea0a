"""What each party gets or pays once everything owed among all of them is set off; gross figures are kept beside."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cardstack.settlement.transaction import Party, Posting
from cardstack.values import Fen


class Owed(NamedTuple):
    """The sum of what one party owes another, before anything is set off."""

    debtor: Party
    creditor: Party
    amount_fen: Fen


class Position(NamedTuple):
    """One party's gross sums and its net: positive is received, negative is paid."""

    party: Party
    receives_fen: Fen
    pays_fen: Fen

    @property
    def net_fen(self) -> Fen:
        return Fen(self.receives_fen - self.pays_fen)


def gross(postings: Iterable[Posting]) -> tuple[Owed, ...]:
    """What each owes each, in the order of their names."""
    sums: Counter[tuple[Party, Party]] = Counter()
    for posting in postings:
        sums[posting.debtor, posting.creditor] += posting.amount_fen
    return tuple(Owed(debtor, creditor, Fen(amount)) for (debtor, creditor), amount in sorted(sums.items()))


def positions(owed: Iterable[Owed]) -> tuple[Position, ...]:
    """Every party's position, in the order of their names; the nets sum to zero."""
    receives: Counter[Party] = Counter()
    pays: Counter[Party] = Counter()
    for debtor, creditor, amount in owed:
        pays[debtor] += amount
        receives[creditor] += amount
    assert receives.total() == pays.total()
    return tuple(Position(party, Fen(receives[party]), Fen(pays[party])) for party in sorted(receives.keys() | pays.keys()))


def net(postings: Iterable[Posting]) -> dict[Party, Fen]:
    """What each party gets (+) or pays (-); the nets sum to zero.

    >>> a, b = Party("31.medical-fund"), Party("33.hospital-fund")
    >>> net([Posting(a, b, Fen(700), "pool", "r"), Posting(b, a, Fen(200), "refund", "r")])
    {'31.medical-fund': -500, '33.hospital-fund': 500}
    """
    return {position.party: position.net_fen for position in positions(gross(postings)) if position.net_fen}


def bilateral(owed: Iterable[Owed]) -> tuple[Owed, ...]:
    """Each pair set off against each other only.

    >>> a, b = Party("31.medical-fund"), Party("33.hospital-fund")
    >>> bilateral([Owed(a, b, Fen(700)), Owed(b, a, Fen(200))])
    (Owed(debtor='31.medical-fund', creditor='33.hospital-fund', amount_fen=500),)
    """
    sums: Counter[tuple[Party, Party]] = Counter()
    for debtor, creditor, amount in owed:
        low, high = sorted((debtor, creditor))
        sums[low, high] += amount if debtor == low else -amount
    return tuple(
        Owed(low, high, Fen(amount)) if amount > 0 else Owed(high, low, Fen(-amount))
        for (low, high), amount in sorted(sums.items())
        if amount
    )


def by_province(nets: Mapping[Party, Fen]) -> dict[str, Fen]:
    """The nets of a province's parties together."""
    sums: Counter[str] = Counter()
    for party, amount in nets.items():
        sums[party.province] += amount
    return {province: Fen(amount) for province, amount in sorted(sums.items())}
