"""The split: one claim into its parts, fund by fund, in the order of the national interface's fields.

Every step rounds half up to the fen where it says so and nowhere else; what rounding leaves falls to the person's
cash. The split is a pure function of claim, catalogue, policy and day, so whoever has these can check it.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec

from cardstack.errors import Refused, faulty, problem
from cardstack.settlement.medical.claim import Account, Charge, Claim, charges
from cardstack.settlement.medical.funds import apply_layers, charge_deductible, first_share
from cardstack.settlement.medical.names import FUND_NAMES, FUNDS, GRADES
from cardstack.settlement.medical.policy import NOT_IN_CATALOGUE, Entry, Part, Policy, policy_for
from cardstack.settlement.medical.sheet import Case, Note, Sheet, Use, money, percent, thousandths
from cardstack.settlement.rounding import half_up
from cardstack.settlement.scheme import Step, at
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
    notes: tuple[Note, ...]
    uses: tuple[Use, ...]
    policy: Policy
    accounts: tuple[tuple[Account, int], ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The explanation, in order of calculation."""
        return tuple(note.step(self.policy) for note in self.notes)

    @property
    def funds(self) -> dict[str, int]:
        """What each fund pays, without those that pay nothing."""
        return {fund: amount for fund in FUNDS if (amount := getattr(self.info, fund))}

    def payer(self, fund: str) -> str:
        """The role that pays for a fund."""
        return next((layer.payer for layer in self.policy.layers if layer.fund == fund), "medical-fund")

    def detail(self) -> list[dict[str, Any]]:
        """`setldetail`: a row a fund, with what its caps left to pay (`crt_payb_lmt_amt`) and the process in words."""
        steps = self.steps
        return [
            {
                "fund_pay_type": fund,
                "fund_pay_type_name": FUND_NAMES[fund].zh,
                "inscp_scp_amt": self.info.inscp_scp_amt,
                "crt_payb_lmt_amt": next((step.facts.get("room_fen") for step in steps if step.name == fund), None),
                "fund_payamt": amount,
                "setl_proc_info": "。".join(step.what.zh for step in steps if step.name == fund),
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
        (_scope_text, claim.total_fen, scope),
    )
    charged = charge_deductible(sheet, scope)
    ratio = apply_layers(sheet, scope - charged)
    return _finish(sheet, scope, charged, ratio)


def _scope_text(total: int, scope: int) -> Text:
    return Text(
        f"In policy scope: {money(total)} less what was set apart above = {money(scope)}",
        f"政策范围内费用：总额{money(total)}元减去以上自费、超限价与先行自付，得{money(scope)}元",
    )


def _items(sheet: Sheet, catalogue: Mapping[str, tuple[Entry, ...]]) -> None:
    """Each fee line by the treating place's catalogue: class C is the person's own, the limit and the first share come off."""
    claim, day = sheet.case.claim, sheet.case.day
    if claim.admitted is not None and claim.admitted > day:
        raise faulty("admitted", "of a later day than the bill", "入院日期晚于结算日期")
    for place, line in enumerate(claim.lines):
        if line.day is not None and line.day > day:
            raise faulty(f"lines[{place}]", "a fee of a later day than its bill's", "费用日期晚于结算日期")
        if not catalogue.get(line.code):
            raise Refused(f"lines[{place}]", NOT_IN_CATALOGUE, field=f"lines[{place}]")
    for charge in charges(claim.lines):
        line = charge.line
        entry = at(catalogue[line.code], line.day or day)
        own, over, first = _item(charge, entry)
        for part, amount in ((Part.OWN, own), (Part.OVER_LIMIT, over), (Part.FIRST, first)):
            sheet.parts[part] += amount
        facts = {"code": line.code, "grade": entry.grade, "own_fen": own, "over_limit_fen": over, "first_fen": first}
        if over:
            facts["limit_fen"] = entry.limit_fen
        left = charge.amount_fen - own - over - first
        rule = f"{claim.treating_place[:2]}.catalogue.{line.code}@{entry.since}"
        sheet.note("item", rule, left, (_item_text, charge, entry, (own, over, first)), entry.reference, **facts)


def _item(charge: Charge, entry: Entry) -> tuple[int, int, int]:
    """What of a line is wholly the person's, over the price limit, and the first share of the rest."""
    if entry.grade == "C":
        return charge.amount_fen, 0, 0
    allowed = charge.amount_fen
    if entry.limit_fen is not None and charge.line.price_fen > entry.limit_fen:
        allowed = min(allowed, half_up(entry.limit_fen * charge.quantity, 1000))
    return 0, charge.amount_fen - allowed, half_up(allowed * entry.first_permille, 1000)


def _item_text(charge: Charge, entry: Entry, parts: tuple[int, int, int]) -> Text:
    """An item in words: day, unit price and quantity, what was given back, the limit, and its three parts."""
    line, (own, over, first) = charge.line, map(money, parts)
    name, share, whole = line.name or line.code, percent(entry.first_permille * 1000), money(charge.amount_fen)
    day = "" if line.day is None else f"{line.day} "
    many = charge.quantity != 1000
    en = f"{day}{name}, class {entry.grade}: " + (f"{money(line.price_fen)} × {thousandths(charge.quantity)} = " if many else "")
    zh = f"{day}{name}（{GRADES[entry.grade]}类）" + (
        f"{money(line.price_fen)}元×{thousandths(charge.quantity)}＝" if many else ""
    )
    back = money(charge.returned_fen)
    returned = Text(f" after {back} given back", f"（已退回{back}元）") if charge.returned_fen else Text("", "")
    limit = Text("", "")
    if parts[1] and entry.limit_fen is not None:
        limit = Text(f" of {money(entry.limit_fen)}", f"（限价{money(entry.limit_fen)}元）")
    en = (
        f"{en}{whole}{returned.en}; outside {own}, over the price limit{limit.en} {over}, first share {share} = {first} (half up)"
    )
    return Text(
        en,
        f"{zh}{whole}元{returned.zh}：全自费{own}元，超限价{over}元{limit.zh}，先行自付{share}计{first}元（四舍五入到分）",
    )


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
    return Split(info, tuple(sheet.notes), tuple(sheet.uses.values()), policy, accounts)


def _accounts(sheet: Sheet) -> tuple[tuple[Account, int], ...]:
    """The person's account first, then the family's in their order, for what the policy lets accounts pay."""
    policy = sheet.case.policy
    left, inside = sheet.borne(policy.account_pays), policy.mutual_inside
    paid: list[tuple[Account, int]] = []
    for place, account in enumerate(sheet.case.claim.accounts):
        used = min(left, account.balance_fen)
        left -= used
        paid.append((account, used))
        if place:
            _total(sheet, "acct_mulaid_pay", used, Text("From a family member's account", "家庭共济账户支付"))
        elif not inside:
            _total(sheet, "acct_pay", used, Text("From the person's account", "个人账户支付"))
    if inside and paid:
        # The field is told with the family's part in it, so its step comes after those.
        own, whole = paid[0][1], sum(used for _, used in paid)
        sheet.note("acct_pay", "", whole, (_inside_text, own, whole - own))
    return tuple(paid)


def _inside_text(own: int, family: int) -> Text:
    mine, theirs, whole = map(money, (own, family, own + family))
    return Text(
        f"From accounts: the person's own {mine} and the family's {theirs}, in all {whole}",
        f"个人账户支付（含家庭共济）：本人账户{mine}元，家庭共济账户{theirs}元，合计{whole}元",
    )


def _total(sheet: Sheet, name: str, amount: int, what: Text) -> None:
    sheet.note(name, "", amount, (_total_text, what, amount))


def _total_text(what: Text, amount: int) -> Text:
    return Text(f"{what.en}: {money(amount)}", f"{what.zh}：{money(amount)}元")
