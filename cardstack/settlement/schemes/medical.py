"""Medical bills across provinces as a scheme: the treating place's catalogue, the insured place's policy.

All kinds of care are one scheme with different parameters. A message's body holds the `claim` and the `split` that
the insured place answered; the check computes the split again from the same figures and compares every field.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final

import msgspec

from cardstack.errors import CardstackError, Malformed, faulty
from cardstack.settlement import amending
from cardstack.settlement.amending import figures_of, once_for_each, remembered
from cardstack.settlement.medical.case import FILED, UNREGISTERED, Sends, sends, supported
from cardstack.settlement.medical.claim import STAYS_OWN, Claim, read_claim
from cardstack.settlement.medical.clearing import last_cycle
from cardstack.settlement.medical.policy import NOT_IN_CATALOGUE, Entry, Policy
from cardstack.settlement.medical.split import HOSPITAL_PART, Setlinfo, Split, split
from cardstack.settlement.medical.year import movements
from cardstack.settlement.scheme import Accumulation, Consulting, Cycle, Ending, Reason, Sharing, Step, Unit, Whole
from cardstack.settlement.services import registration
from cardstack.settlement.transaction import PSEUDONYM, MessageId, Party, Posting, Transaction, is_message_id
from cardstack.text import Text
from cardstack.values import Fen

_PSEUDONYM: Final = re.compile(PSEUDONYM).fullmatch
_BILL: Final = re.compile("[!-~]{1,64}").fullmatch
MONTHLY: Final = Cycle("medical", Unit.MONTH)

REASONS: Mapping[str, Reason] = {
    reason.code: reason
    for reason in (
        Reason("claim-malformed", Text("The claim is not of its declared form", "费用明细不符合约定格式")),
        Reason(
            "pseudonym-malformed",
            Text(
                "The person or the holder of an account is not written as a pseudonym is: "
                "1 to 32 lower-case letters, digits and hyphens, no hyphen first",
                "人员或账户持有人假名写法不符：1至32位小写字母、数字和连字符，不以连字符开头",
            ),
        ),
        Reason("care-not-covered", Text("This scheme does not settle that kind of care", "本业务不结算该医疗类别")),
        Reason("registration-needed", Text("This kind of care needs a registration", "该医疗类别须先办理异地就医备案")),
        Reason(
            "registration-unsupported",
            Text(
                "No registration that the insured province sent gives that class at that place and day",
                "参保地报送的备案在该就医地和日期不支持所报备案类别",
            ),
        ),
        Reason(
            "registration-known",
            Text(
                "The bill is sent as unregistered, but the insured province sent a registration for that place and day",
                "费用按未备案报送，但参保地已报送适用于该就医地和日期的备案",
            ),
        ),
        Reason(
            "unregistered-refused",
            Text(
                "The insured place settles no such bill directly without a registration",
                "参保地对未备案的此类费用不予直接结算",
            ),
        ),
        Reason(
            "referral-unnamed",
            Text(
                "A stay is its hospital's own: a referral names the hospital too (referred_hospital)",
                "住院标识由各医院自编：转诊须同时填写原医院（referred_hospital）",
            ),
        ),
        Reason(
            "bill-malformed",
            Text(
                "bill, the hospital's own number, is 1 to 64 ASCII characters without spaces; it is left out where there is none",
                "bill（医院自编单号）应为1至64位不含空格的 ASCII 字符，没有则不填",
            ),
        ),
        Reason("correction-malformed", Text("instead_of is not a message id", "instead_of 不是报文编号")),
        Reason("item-unknown", Text("An item is not in the treating place's catalogue", "有项目不在就医地目录内")),
        Reason("hospital-part", HOSPITAL_PART.title),
        Reason("no-benefit", Text("The insured place has no such benefit in force", "参保地无对应的有效待遇政策")),
        Reason("total-differs", Text("The amount is not the sum of the lines", "交易金额与费用明细合计不一致")),
        Reason("place-differs", Text("The claim names other places than the message", "费用明细的参保地或就医地与报文不一致")),
        Reason("split-differs", Text("The split is not what the figures in force give", "结算结果与现行政策计算结果不一致")),
    )
}


@remembered
def policies() -> tuple[Policy, ...]:
    """Every insured place's policies that come with the package."""
    return tuple(policy for name in amending.names("medical") for policy in figures_of(name, "policy", Policy))


@remembered
def catalogue(province: str) -> Mapping[str, tuple[Entry, ...]]:
    """A treating province's catalogue, by item code; empty for a province that has none here."""
    name = f"catalogue/{province}"
    if name not in amending.names("catalogue"):
        return {}
    entries = figures_of(name, "item", Entry)
    return {code: tuple(entry for entry in entries if entry.code == code) for code in {entry.code for entry in entries}}


def compute(claim: Claim, day: date) -> Split:
    """The split of a claim by the figures that come with the package."""
    return split(claim, policies(), catalogue(claim.treating_place[:2]), day)


def body_of(claim: Claim, result: Split) -> dict[str, Any]:
    """A message's body for a claim and its split, as both places sign it."""
    return {
        "claim": msgspec.to_builtins(claim),
        "split": msgspec.to_builtins(result.info),
        "setldetail": result.detail(),
    }


def registration_asked(claim: Claim, day: date) -> str | None:
    """The subject of the registrations that a claim's class is held against, None where it is held against none."""
    province = claim.insured_place[:2]
    held = claim.registration in FILED | UNREGISTERED and province != claim.treating_place[:2]
    asked = held and sends(province, day) is not Sends.NONE
    return registration.subject_of(province, claim.insurance, claim.person) if asked else None


def registration_contradicts(claim: Claim, day: date, told: Sequence[Transaction]) -> Reason | None:
    """Why a claim's class does not stand beside the registrations that were told of its person."""
    about = told, claim.person, claim.insurance
    # Of a person of whom such a province never sent one, nothing can be known here.
    unknown = not registration.filed(*about) and sends(claim.insured_place[:2], day) is Sends.BY_PERSON
    if unknown or supported(claim, day, registration.filings(*about)):
        return None
    return REASONS["registration-known" if claim.registration in UNREGISTERED else "registration-unsupported"]


@dataclass(frozen=True, slots=True)
class Medical(Consulting, Ending, Sharing, Whole):
    """Direct settlement of some kinds of care; `waived` says which need no registration (免备案)."""

    consults: ClassVar[str] = registration.NAME
    among: ClassVar[tuple[str, ...]] = ("medical-outpatient", "medical-chronic", "medical-inpatient")

    name: str
    title: Text
    care: frozenset[str]
    waived: bool
    cycle: Cycle = MONTHLY

    def check(self, transaction: Transaction) -> Reason | None:
        """The first reason that applies; the split is computed again and must be the same in every field."""
        try:
            claim = _claim(transaction)
            sent = msgspec.convert(transaction.body.get("split"), Setlinfo)
        except (Malformed, msgspec.ValidationError):
            return REASONS["claim-malformed"]
        # A message may name a place by its province only.
        here = claim.insured_place.startswith(transaction.home) and claim.treating_place.startswith(transaction.treating)
        faults = (
            (self.unfit(claim, transaction.day), True),
            (REASONS["total-differs"], claim.total_fen != transaction.amount_fen),
            (REASONS["place-differs"], not here),
        )
        fault = next((reason for reason, is_so in faults if reason and is_so), None)
        return fault or _unclaimable(transaction.body) or _compared(transaction, sent)

    def unfit(self, claim: Claim, day: date) -> Reason | None:
        """Why the scheme settles no such claim on a day, whatever its split."""
        if not all(map(_PSEUDONYM, (claim.person, *(account.holder for account in claim.accounts)))):
            return REASONS["pseudonym-malformed"]
        if claim.care not in self.care:
            return REASONS["care-not-covered"]
        if claim.referred_from and not claim.referred_hospital and claim.began(day) >= STAYS_OWN:
            return REASONS["referral-unnamed"]
        # At home is no class for a bill from another province.
        abroad = claim.insured_place[:2] != claim.treating_place[:2]
        lacks = (claim.registration == "waived" and not self.waived) or (claim.registration == "home" and abroad)
        return REASONS["registration-needed"] if lacks else None

    def postings(self, transaction: Transaction, day: date) -> tuple[Posting, ...]:
        """A posting a fund, and one for the accounts of each province: their payers owe the treating place's fund."""
        claim, result = _computed(transaction, day)
        owed = [(f"{transaction.home_province}.{result.payer(fund)}", fund, amount) for fund, amount in result.funds.items()]
        accounts: dict[str, int] = {}
        for account, used in result.accounts:
            province = (account.place or claim.insured_place)[:2]
            accounts[province] = accounts.get(province, 0) + used
        owed += [(f"{province}.medical-account", "acct_pay", used) for province, used in accounts.items() if used]
        creditor = Party(f"{transaction.treating_province}.hospital-fund")
        rule = f"{result.policy.place}.{result.policy.insurance}.{result.policy.group}"
        return tuple(
            Posting(Party(payer), creditor, Fen(amount), kind.replace("_", "-"), f"{rule}@{result.policy.since}")
            for payer, kind, amount in owed
        )

    def claims(self, transaction: Transaction) -> tuple[str, ...]:
        """A bill exists once, by the hospital's own number where the message carries one, and so does what corrects one."""
        bill, corrected = transaction.body.get("bill"), self.instead_of(transaction)
        # What a bill and a correction must look like is asked by `check`; one booked before it asked is read as it was.
        own = (f"bill.{_claim(transaction).hospital}.{bill}",) if isinstance(bill, str) and bill else ()
        return own if corrected is None else (*own, f"instead.{corrected}")

    def last_window(self, transaction: Transaction) -> str | None:
        """That of the last month whose clearing takes a bill of its day."""
        return last_window(transaction.day)

    def instead_of(self, transaction: Transaction) -> MessageId | None:
        """The settlement that was taken back and is settled again by this one (`settle resettle` lists them)."""
        told = transaction.body.get("instead_of")
        return MessageId(told) if isinstance(told, str) and is_message_id(told) else None

    def accumulations(self, transaction: Transaction) -> tuple[Accumulation, ...]:
        """Every total that the split rests on, whether it moved or was only read, and what it takes from each account."""
        claim, result = _computed(transaction, transaction.day)
        return movements(claim, result, transaction.day)

    def asks(self, transaction: Transaction) -> str | None:
        """The person's registrations, where the insured province sends them."""
        return registration_asked(_claim(transaction), transaction.day)

    def against(self, transaction: Transaction, told: Sequence[Transaction]) -> Reason | None:
        """Whether one of them gives the class that the claim says."""
        return registration_contradicts(_claim(transaction), transaction.day, told)

    def explain(self, transaction: Transaction, day: date) -> tuple[Step, ...]:
        """Each item, each rule with its reference, each rounding."""
        return _computed(transaction, day)[1].steps


OUTPATIENT: Final = Medical(
    "medical-outpatient",
    Text("Delta outpatient direct settlement", "长三角门诊直接结算"),
    frozenset({"outpatient", "pharmacy"}),
    waived=True,
)
CHRONIC: Final = Medical(
    "medical-chronic",
    Text("Chronic and special outpatient care", "门诊慢特病跨省直接结算"),
    frozenset({"chronic"}),
    waived=False,
)
INPATIENT: Final = Medical(
    "medical-inpatient",
    Text("Inpatient care across provinces", "跨省住院直接结算"),
    frozenset({"inpatient"}),
    waived=False,
)


def last_window(day: date) -> str | None:
    """The last window that takes a bill of a day; None where no bound is in force.

    >>> last_window(date(2026, 12, 31))
    'medical-2027-02'
    """
    last = last_cycle(day)
    return None if last is None else f"{MONTHLY.name}-{last:%Y-%m}"


def scheme_for(claim: Claim, day: date) -> tuple[str, Reason | None]:
    """The scheme that settles a kind of care, and why it would refuse the claim on a day, if it would."""
    found = next((scheme for scheme in (OUTPATIENT, CHRONIC, INPATIENT) if claim.care in scheme.care), OUTPATIENT)
    return found.name, found.unfit(claim, day)


def _compared(transaction: Transaction, sent: Setlinfo) -> Reason | None:
    try:
        result = _computed(transaction, transaction.day)[1]
    except Malformed:
        return REASONS["claim-malformed"]
    except CardstackError as error:
        lacking = error.facts.get("field") == "registration" and _claim(transaction).registration in UNREGISTERED
        return REASONS["unregistered-refused" if lacking else _SAID.get(error.code, "no-benefit")]
    agrees = result.info == sent and _rows_agree(transaction.body.get("setldetail"), result)
    return None if agrees else REASONS["split-differs"]


_SAID: Final = {NOT_IN_CATALOGUE.code: "item-unknown", HOSPITAL_PART.code: "hospital-part"}


def _unclaimable(body: Mapping[str, Any]) -> Reason | None:
    """What would be claimed under another spelling, or not at all: the hospital's number, or the message that is corrected."""
    bill, corrected = body.get("bill"), body.get("instead_of")
    if bill is not None and not (isinstance(bill, str) and _BILL(bill)):
        return REASONS["bill-malformed"]
    told = corrected is None or (isinstance(corrected, str) and is_message_id(corrected))
    return None if told else REASONS["correction-malformed"]


def _rows_agree(rows: object, result: Split) -> bool:
    """Whether the rows fund by fund, where a message has them, are the split's: a row a fund with what it pays."""
    if rows is None:
        return True
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return False
    told = [(row.get("fund_pay_type"), row.get("fund_payamt")) for row in rows]
    return sorted(told, key=repr) == sorted(result.funds.items(), key=repr)


@once_for_each
def _computed(transaction: Transaction, day: date) -> tuple[Claim, Split]:
    """The claim and split of a message by a day's figures."""
    claim = _claim(transaction)
    return claim, compute(claim, day)


@once_for_each
def _claim(transaction: Transaction) -> Claim:
    body = transaction.body.get("claim")
    if not isinstance(body, Mapping):
        raise faulty("claim", "not a mapping", "不是 JSON 对象")
    return read_claim(body)
