"""Invented files for tests of taking files in, and to look at while building pages: signed packages and a bank's list."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from cardstack.ca.trust import Trusted
from cardstack.settlement.bulk import medical_file, transit_layout
from cardstack.settlement.bulk.control import described
from cardstack.settlement.bulk.package import Manifest, pack
from cardstack.settlement.node import Node
from cardstack.settlement.transaction import SHANGHAI, Party
from server import filing
from server.store.office import Office
from server.store.store import Store
from server.store.values import Entry
from server.trusting import Trust
from tests.ledgers import NOON, node_trust
from tests.unit.settlement.taps import a_ride, a_tap
from tests.unit.settlement.test_medical_file import a_line

OPERATOR, FUND = Party("33.transit-operator"), Party("33.medical-fund")


class Files(NamedTuple):
    """Packages that one province's node signed, and whom to believe."""

    trust: Trust
    transit: bytes
    medical: bytes
    tampered: bytes

    def node(self, trusted: Trusted) -> Node:
        """The node of whoever signed."""
        del trusted
        return Node(Party("33.node"), relays=True)

    def means(self, store: Store, office: Office, *, believed: bool = True) -> filing.Means:
        """What taking them in works with."""
        return filing.Means(office.files, store, self.trust.vouch if believed else None, self.node)


def files(settled: Sequence[bytes] = ()) -> Files:
    """A day of rides, one with a wrong TAC and one that is no line; a month of bills, one of which does not add up.

    The month is of the lines of bills that are settled, with one that nobody has; without any it is all invented.
    """
    trust, signer, leaf = node_trust("33.node")
    day = NOON.astimezone(SHANGHAI) - timedelta(days=1)
    taps = [a_tap(counter=3000 + n, terminal_serial=n, moment=f"{day:%Y%m%d}08{n:02d}00") for n in range(1, 9)]
    taps.append(a_tap(counter=3009, terminal_serial=9, moment=f"{day:%Y%m%d}081500", tac="0BADBAD0"))
    lines = [transit_layout.line_of(tap, str(a_ride(tap).id), "310000", "330100") for tap in taps]
    rides = b"".join(lines) + b"?" * (transit_layout.LAYOUT.size - 1) + b"\n"
    bills = b"".join(settled) or b"".join(a_line(number) for number in range(1, 20))
    bills += a_line(20) + a_line(21, cash_payamt=1)

    def told(body: bytes, name: str, layout: str, sender: Party) -> Manifest:
        return described(
            body, name=name, layout=layout, charset="gb18030", sender=sender, at=NOON - timedelta(hours=1), certificates=[leaf]
        )

    transit = pack(rides, told(rides, f"transit-{day:%Y%m%d}", transit_layout.LAYOUT.name, OPERATOR), signer)
    medical = pack(bills, told(bills, "medical-2026-10", medical_file.LAYOUT.name, FUND), signer)
    _, stranger, _ = node_trust("33.node")
    tampered = pack(bills, told(bills, "medical-2026-09", medical_file.LAYOUT.name, FUND), stranger)
    return Files(trust, transit, medical, tampered)


def line_of_bill(store: Store, one: Entry) -> bytes:
    """The line of a month's file for a bill that is booked."""
    paid = [0, 0]
    for posting in store.postings(one.seq):
        paid[posting.posting.kind == "acct-pay"] += posting.posting.amount_fen
    funds, accounts = paid
    told: dict[str, Any] = {"medfee_sumamt": one.amount_fen, "fund_pay_sumamt": funds, "acct_pay": accounts}
    return a_line(1, **told, id=str(one.id), cash_payamt=one.amount_fen - funds - accounts, hosp_part_amt=0)


def lines_of_bills(store: Store, most: int) -> list[bytes]:
    """The lines of some bills that are booked, the newest first."""
    bills = [one for one in store.transactions(limit=200) if one.scheme.startswith("medical") and not one.refers]
    return [line_of_bill(store, one) for one in bills[:most]]


def correspond(store: Store, office: Office) -> None:
    """Take them in."""
    made = files(lines_of_bills(store, 19))
    means = made.means(store, office)
    many = {"交通日文件-20261121.zip": made.transit, "医疗月度-202610.zip": made.medical, "医疗月度-202609.zip": made.tampered}
    for number, (name, raw) in enumerate(many.items(), start=1):
        at = NOON - timedelta(minutes=30 - number)
        filing.take(filing.Arrival(raw, name, "zhang.wei", at, f"{at:%Y%m%d}-0000000{number}"), means)
