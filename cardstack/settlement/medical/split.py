"""The split: one claim into its parts, fund by fund, in the order of the national interface's fields.

Every step rounds half up to the fen where it says so and nowhere else; what rounding leaves falls to the person's
cash. The split is a pure function of claim, catalogue, policy and day, so whoever has these can check it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec

from cardstack.errors import Refused, problem
from cardstack.settlement.medical.claim import Account, Claim, Line
from cardstack.settlement.medical.funds import apply_layers, charge_deductible, first_share
from cardstack.settlement.medical.names import FUND_NAMES, FUNDS, GRADES
from cardstack.settlement.medical.policy import Entry, Part, Policy, entry_for, policy_for
from cardstack.settlement.medical.sheet import Case, Sheet, Use, money, percent
from cardstack.settlement.rounding import half_up
from cardstack.settlement.scheme import Step
from cardstack.text import Text

HOSPITAL_PART = problem(
    "CS-3203",
    Text("The hospital bears more than the person is left with", "医疗机构负担金额超过个人应负担金额"),
    Text("Lower the hospital's part of the bill.", "请调低医疗机构负担金额。"),
)


class Setlinfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result by the field names of the national interface (2207 `setlinfo`); amounts in fen.

    `pool_prop_selfpay` is the ratio of the last band that paid, in millionths.
    """

    medfee_sumamt: int
    fulamt_ownpay_amt: int
    overlmt_selfpay: int
    preselfpay_amt: int
    inscp_scp_amt: int
    act_pay_dedc: int
    pool_prop_selfpay: int
    hifp_pay: int
    cvlserv_pay: int
    hifes_pay: int
    hifmi_pay: int
    hifob_pay: int
    hifdm_pay: int
    maf_pay: int
    oth_pay: int
    fund_pay_sumamt: int
    hosp_part_amt: int
    psn_part_amt: int
    acct_pay: int
    acct_mulaid_pay: int
    psn_cash_pay: int
    balc: int


class Split(NamedTuple):
    """A split with everything that explains it: the national fields, the steps, and the year's totals it rests on."""

    info: Setlinfo
    steps: tuple[Step, ...]
    uses: tuple[Use, ...]
    policy: Policy
    accounts: tuple[tuple[Account, int], ...]

    @property
    def funds(self) -> dict[str, int]:
        """What each fund pays, without those that pay nothing."""
        return {fund: amount for fund in FUNDS if (amount := getattr(self.info, fund))}

    def payer(self, fund: str) -> str:
        """The role that pays for a fund."""
        return next((layer.payer for layer in self.policy.layers if layer.fund == fund), "medical-fund")

    def detail(self) -> list[dict[str, Any]]:
        """`setldetail`: a row a fund, with the process in words (`setl_proc_info`)."""
        return [
            {
                "fund_pay_type": fund,
                "fund_pay_type_name": FUND_NAMES[fund].zh,
                "inscp_scp_amt": self.info.inscp_scp_amt,
                "fund_payamt": amount,
                "setl_proc_info": "。".join(step.what.zh for step in self.steps if step.name == fund),
            }
            for fund, amount in self.funds.items()
        ]


def split(claim: Claim, policies: Sequence[Policy], catalogue: Mapping[str, tuple[Entry, ...]], day: date) -> Split:
    """Split a claim by the figures in force on a day; `Refused` where none is, or the place has no such benefit."""
    policy = policy_for(policies, claim, day)
    sheet = Sheet(Case(claim, policy, policy.registration(claim), day))
    _items(sheet, catalogue)
    scope = claim.total_fen - sum(sheet.parts.values())
    scope -= first_share(sheet, scope)
    sheet.note(
        "inscp_scp_amt",
        "scope",
        scope,
        Text(
            f"In policy scope: {money(claim.total_fen)} less what was set apart above = {money(scope)}",
            f"政策范围内费用：总额{money(claim.total_fen)}元减去以上自费、超限价与先行自付，得{money(scope)}元",
        ),
    )
    charged = charge_deductible(sheet, scope)
    ratio = apply_layers(sheet, scope - charged)
    return _finish(sheet, scope, charged, ratio)


def _items(sheet: Sheet, catalogue: Mapping[str, tuple[Entry, ...]]) -> None:
    """Each fee line by the treating place's catalogue: class C is the person's own, the limit and the first share come off."""
    for line in sheet.case.claim.lines:
        entry = entry_for(catalogue, line.code, sheet.case.day)
        own, over, first = _item(line, entry)
        for part, amount in ((Part.OWN, own), (Part.OVER_LIMIT, over), (Part.FIRST, first)):
            sheet.parts[part] += amount
        name, share = line.name or line.code, percent(entry.first_permille * 1000)
        en = (
            f"{name}, class {entry.grade}: {money(line.amount_fen)}; outside {money(own)}, over the price limit "
            f"{money(over)}, first share {share} = {money(first)} (half up)"
        )
        zh = (
            f"{name}（{GRADES[entry.grade]}类）{money(line.amount_fen)}元：全自费{money(own)}元，超限价{money(over)}元，"
            f"先行自付{share}计{money(first)}元（四舍五入到分）"
        )
        facts = {"code": line.code, "grade": entry.grade, "own_fen": own, "over_limit_fen": over, "first_fen": first}
        left = line.amount_fen - own - over - first
        rule = f"{sheet.case.claim.treating_place[:2]}.catalogue.{line.code}@{entry.since}"
        sheet.note("item", rule, left, Text(en, zh), entry.reference, **facts)


def _item(line: Line, entry: Entry) -> tuple[int, int, int]:
    """What of a line is wholly the person's, over the price limit, and the first share of the rest."""
    if entry.grade == "C":
        return line.amount_fen, 0, 0
    allowed = line.amount_fen
    if entry.limit_fen is not None and line.price_fen > entry.limit_fen:
        allowed = min(allowed, half_up(entry.limit_fen * line.quantity, 1000))
    return 0, line.amount_fen - allowed, half_up(allowed * entry.first_permille, 1000)


def _finish(sheet: Sheet, scope: int, charged: int, ratio: int) -> Split:
    """Hospital's part, accounts and cash; then the books must agree."""
    claim, policy, *_ = sheet.case
    outside = (sheet.parts[Part.OWN], sheet.parts[Part.OVER_LIMIT])
    fund_total = sum(sheet.funds.values())
    personal = claim.total_fen - fund_total - claim.hospital_part_fen
    if personal < 0:
        raise Refused("hospital_part_fen", HOSPITAL_PART, field="hospital_part_fen")
    sheet.take(claim.hospital_part_fen, (Part.OVER_LIMIT, Part.OWN, Part.FIRST, Part.SHARE, Part.OVER_CAP, Part.DEDUCTIBLE))
    _total(sheet, "fund_pay_sumamt", fund_total, Text("Paid by the funds in all", "基金支付合计"))
    if claim.hospital_part_fen:
        _total(sheet, "hosp_part_amt", claim.hospital_part_fen, Text("Borne by the hospital", "医疗机构负担"))
    _total(sheet, "psn_part_amt", personal, Text("Left to the person", "个人负担合计"))
    accounts = _accounts(sheet)
    own, family = accounts[0][1] if accounts else 0, sum(used for _, used in accounts[1:])
    cash = personal - own - family
    _total(sheet, "psn_cash_pay", cash, Text("In cash, with what rounding left", "个人现金支付（含各步舍入差额）"))
    info = Setlinfo(
        medfee_sumamt=claim.total_fen,
        fulamt_ownpay_amt=outside[0],
        overlmt_selfpay=outside[1],
        preselfpay_amt=claim.total_fen - scope - sum(outside),
        inscp_scp_amt=scope,
        act_pay_dedc=charged,
        pool_prop_selfpay=ratio,
        **{fund: sheet.funds.get(fund, 0) for fund in FUNDS},
        fund_pay_sumamt=fund_total,
        hosp_part_amt=claim.hospital_part_fen,
        psn_part_amt=personal,
        acct_pay=own + family if policy.mutual_inside else own,
        acct_mulaid_pay=family,
        psn_cash_pay=cash,
        balc=claim.accounts[0].balance_fen - own if claim.accounts else 0,
    )
    assert info.medfee_sumamt == fund_total + info.hosp_part_amt + own + family + cash
    return Split(info, tuple(sheet.steps), tuple(sheet.uses.values()), policy, accounts)


def _accounts(sheet: Sheet) -> tuple[tuple[Account, int], ...]:
    """The person's account first, then the family's in their order, for what the policy lets accounts pay."""
    left, paid = sheet.borne(sheet.case.policy.account_pays), []
    for place, account in enumerate(sheet.case.claim.accounts):
        used = min(left, account.balance_fen)
        left -= used
        paid.append((account, used))
        name, what = (
            ("acct_pay", Text("From the person's account", "个人账户支付"))
            if place == 0
            else ("acct_mulaid_pay", Text("From a family member's account", "家庭共济账户支付"))
        )
        _total(sheet, name, used, what)
    return tuple(paid)


def _total(sheet: Sheet, name: str, amount: int, what: Text) -> None:
    sheet.note(name, "", amount, Text(f"{what.en}: {money(amount)}", f"{what.zh}：{money(amount)}元"))
