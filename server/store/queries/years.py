"""A person's year in the ledger: the medical bills that may rest on one of them, as they were booked."""

from collections.abc import Mapping
from typing import NamedTuple

from cardstack.errors import Refused, faulty, problem
from cardstack.settlement import envelope as envelopes
from cardstack.settlement.ledger import State
from cardstack.settlement.medical.claim import Claim, read_claim
from cardstack.settlement.medical.year import Again, Bill, settle_again
from cardstack.settlement.medical.year import out_of_place as year_out_of_place
from cardstack.settlement.schemes.medical import compute
from cardstack.settlement.transaction import Transaction
from cardstack.text import Text
from server.store import reads
from server.store.commit import View
from server.store.values import Entry

MOST = 2_000
"""How many bills are looked at: many years of one person, in bounded time."""
SCHEMES = ("medical-outpatient", "medical-chronic", "medical-inpatient")
NO_BILL = problem(
    "CS-3208",
    Text("No medical bill stands in the ledger under that message id", "账本中没有该报文标识的有效医疗结算"),
    Text("Name a settlement that was not reversed and is no reversal itself.", "请提供未被冲正且本身不是冲正的结算报文标识。"),
)
TOO_MANY = problem(
    "CS-3209",
    Text("More bills may rest on this one than are looked at", "受影响的结算笔数超出查询上限"),
    Text("Ask whoever runs the service.", "请联系系统运维人员。"),
)


class Year(NamedTuple):
    """The bills that are settled again, and the message of every one as it was sent."""

    again: tuple[Again, ...]
    messages: Mapping[str, Transaction]


def settled_again(view: View, message: str, corrected: Claim | None) -> Year:
    """What follows when a bill is corrected, or (None) taken back; `Refused` (CS-3208) where there is no such bill."""
    entry = reads.entry(view, message)
    if entry is None or not _stands(entry):
        raise Refused(message, NO_BILL, field="message")
    standing = [one for one in _sharing(view, entry.seq, since=entry.seq) if _stands(one)]
    messages = {str(one.id): told for one in standing if (told := _message(view, one)) is not None}
    bills = [_bill(told) for told in messages.values()]
    whose = next((bill.claim for bill in bills if bill.id == message), None)
    if whose is not None and corrected is not None and _person(corrected) != _person(whose):
        raise faulty("claim", "of another person, insurance or insured place", "人员、险种或参保地不同")
    return Year(settle_again(bills, {message: corrected}, lambda accounts: reads.totals(view, accounts), compute), messages)


def out_of_place(view: View) -> Year:
    """The bills that rest on one that was taken back since, and would be split otherwise today."""
    marks = ", ".join("?" * len(SCHEMES))
    query = (
        "SELECT resolution.entry FROM resolution JOIN entry ON entry.seq = resolution.entry "  # noqa: S608  # own names
        f"WHERE change = 'reverse' AND scheme IN ({marks}) ORDER BY resolution.entry"
    )
    looked, again, messages = set[int](), list[Again](), dict[str, Transaction]()
    for (number,) in view.all(query, SCHEMES):
        if number in looked:
            continue
        entries = _sharing(view, number, since=0)
        looked |= {one.seq for one in entries} | {number}
        told = {str(one.id): told for one in entries if _stands(one) and (told := _message(view, one)) is not None}
        bills = [_bill(one) for one in told.values()]
        again += year_out_of_place(bills, lambda accounts: reads.totals(view, accounts), compute)
        messages |= told
    return Year(tuple(again), messages)


def _stands(entry: Entry) -> bool:
    return entry.scheme in SCHEMES and entry.refers is None and entry.state in (State.POSTED, State.PENDING)


def _person(claim: Claim) -> tuple[str, str, str]:
    return claim.person, claim.insurance, claim.insured_place


def _bill(told: Transaction) -> Bill:
    claim = read_claim(told.body["claim"])
    return Bill(str(told.id), claim, told.day, compute(claim, told.day))


def _sharing(view: View, first: int, since: int) -> list[Entry]:
    """An entry and every one from a number on that shares a total with it, or with one that does, in the ledger's order."""
    numbers, accounts = {first}, set[str]()
    while True:
        named = view.among("SELECT DISTINCT account FROM accumulation WHERE entry IN {these}", numbers)
        new = {account for (account,) in named} - accounts
        found = view.among("SELECT DISTINCT entry FROM accumulation WHERE account IN {these}", new)
        more = {number for (number,) in found if number >= since} - numbers
        if not more:
            break
        numbers, accounts = numbers | more, accounts | new
        if len(numbers) > MOST:
            raise Refused(Text(f"more than {MOST}", f"超过 {MOST} 笔"), TOO_MANY, field="message")
    return reads.numbered(view, sorted(numbers))


def _message(view: View, entry: Entry) -> Transaction | None:
    """A message as it was sent, from the envelope that is kept."""
    kept = reads.envelope(view, entry.envelope)
    if kept is None or kept.kind != "envelope":
        return None
    sealed = envelopes.parse(kept.raw)
    return sealed.transaction(entry.line) if entry.line < len(sealed.contents) else None
