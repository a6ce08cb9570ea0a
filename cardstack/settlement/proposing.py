"""A new dated figure before anybody approved it: read from TOML, held against its declared shape, and told against the old.

What is proposed begins on a later day than today, so nothing that was settled, and nothing already computed, changes.
"""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from cardstack.errors import CardstackError, Malformed, Refused, faulty, problem, told
from cardstack.settlement import amending, figures
from cardstack.settlement.amending import Amendment, flat, key_of, plain
from cardstack.settlement.banking.interest import Late
from cardstack.settlement.calendar import Notice
from cardstack.settlement.cutoff import CutOff
from cardstack.settlement.dispute import Term
from cardstack.settlement.medical import case, clearing
from cardstack.settlement.medical.claim import Claim, Line
from cardstack.settlement.medical.names import CARE
from cardstack.settlement.medical.policy import Entry, Policy
from cardstack.settlement.medical.split import split
from cardstack.settlement.scheme import Figure, shaped
from cardstack.settlement.schemes import charging, medical, purse, small_value, toll, transit
from cardstack.settlement.services import transfer
from cardstack.settlement.transit.fares import FarePolicy
from cardstack.text import Text
from cardstack.values import Fen, yuan

FORM: Final = problem(
    "CS-3130",
    Text("The proposed figure is not of its declared form", "拟调整参数不符合约定格式"),
    Text("Correct the field named here; begin from the row that is in force.", "请更正所示字段；可从现行参数条目起草。"),
)
TOO_EARLY: Final = problem(
    "CS-3131",
    Text(
        "A figure begins on a day after today and after every window that was cut off",
        "参数生效日须晚于今日及所有已截止的清算窗口",
    ),
    Text("Choose a later day; what was settled is corrected by adjustments.", "请选择更晚的生效日；已结算部分通过调账更正。"),
)


class Table(NamedTuple):
    """A table of figures that may be added to: the texts it stands in, its shape, its name, and the cycle that uses it."""

    texts: str
    shape: type[Figure]
    title: Text
    cycle: str = ""


TABLES: Final[Mapping[str, Table]] = {
    "policy": Table("medical/", Policy, Text("medical benefits", "医疗待遇政策"), "medical"),
    "item": Table("catalogue/", Entry, Text("catalogue item", "医保目录项目"), "medical"),
    "fare": Table("transit/fares", FarePolicy, Text("fares and discounts", "票价优惠"), "transit"),
    "fee": Table("transit/fees", transit.Fee, Text("service fee and its shares", "服务费率与分成"), "transit"),
    "limits": Table("transit/fees", transit.Limits, Text("how late a record may come", "交易时限"), "transit"),
    "terms": Table("purse", purse.Terms, Text("loads of the purse", "电子钱包充值"), "transit"),
    "rate": Table("small_value", small_value.Rate, Text("small-value payment", "小额支付费率"), "transit"),
    "tariff": Table("toll", toll.Tariff, Text("toll discount and fee", "通行费优惠与费率"), "transit"),
    "agreement": Table("charging", charging.Agreement, Text("charging between operators", "充电互通分成"), "transit"),
    "share": Table("pension", transfer.PoolShare, Text("pension pool share", "养老保险统筹转移比例")),
    "validity": Table("registration", case.Validity, Text("how long a registration holds", "备案有效期"), "medical"),
    "sharing": Table("registration", case.Sharing, Text("which registrations reach the ledger", "备案信息报送范围"), "medical"),
    "step": Table("clearing", clearing.Step, Text("deadline of the monthly clearing", "月度清算时限"), "medical"),
    "bounds": Table("clearing", clearing.Bounds, Text("bounds of the monthly clearing", "月度清算界限"), "medical"),
    "dispute": Table("clearing", Term, Text("how long a dispute waits", "异议答复时限")),
    "late": Table("clearing", Late, Text("when payments are due, and interest", "付款时限与逾期利率")),
    "cutoff": Table("clearing", CutOff, Text("when windows are cut off", "窗口截止时点")),
    "notice": Table("calendar", Notice, Text("days off and days worked", "节假日与调休")),
}
LARGEST: Final = {"permille": 1000, "ppm": 1_000_000, "percent": 100, "millionths": 1_000_000}
"""What a number may be at most, by the unit at the end of its name."""

ROW_MAX: Final = 65_536


class Difference(NamedTuple):
    """One value that is new, gone or other than in the row in force."""

    path: str
    before: Any
    after: Any


class Example(NamedTuple):
    """What a typical case gives by the row in force and by the proposed one; None where the row gives nothing for it."""

    title: Text
    before: Text | None
    after: Text | None


class Proposal(NamedTuple):
    """A figure that was read and held, and what it changes."""

    amendment: Amendment
    since: date
    before: Mapping[str, Any] | None
    differences: tuple[Difference, ...]
    examples: tuple[Example, ...]


def propose(name: str, table: str, text: str, today: date) -> Proposal:
    """Read one proposed row; `Malformed` (CS-3130) names the field, `Refused` (CS-3131) says that it begins too early."""
    declared = TABLES.get(table)
    if declared is None or not _belongs(name, declared):
        raise faulty("table", f"one of {', '.join(TABLES)}, in its own text", f"可选 {'、'.join(TABLES)}，且须为其自身文本", FORM)
    row = _row(text, table)
    figure = _figure(row, table, declared)
    if figure.since <= today:
        raise Refused(Text(f"since: after {today}", f"since：须晚于 {today}"), TOO_EARLY, field="since", today=today.isoformat())
    _sane(row, figure)
    before = in_force(name, table, key_of(table, row), figure.since)
    return Proposal(Amendment(name, table, row), figure.since, before, differences(before or {}, row), _examples(figure))


def in_force(name: str, table: str, key: str, day: date) -> Mapping[str, Any] | None:
    """The row of that key in force on a day, as it is kept; None where there is none."""
    found = [plain(row) for row in amending.rows(name, table) if key_of(table, row) == key]
    begun = [row for row in found if row["since"] <= day.isoformat() <= (row.get("until") or "9999")]
    return max(begun, key=lambda row: str(row["since"]), default=None)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Every value that is not the same in both rows, by path.

    >>> differences({"rate_ppm": 3000, "x": 1}, {"rate_ppm": 2500, "x": 1})
    (Difference(path='rate_ppm', before=3000, after=2500),)
    """
    old, new = flat(before), flat(after)
    paths = [*old, *(path for path in new if path not in old)]
    return tuple(Difference(path, old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path))


def _belongs(name: str, declared: Table) -> bool:
    own = name.startswith(declared.texts) if declared.texts.endswith("/") else name == declared.texts
    return own and name in figures.every()


def _row(text: str, table: str) -> dict[str, Any]:
    if len(text) > ROW_MAX:
        raise faulty("row", f"at most {ROW_MAX} characters", f"至多 {ROW_MAX} 个字符", FORM)
    try:
        read = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        deep = Malformed(Text("nested too deep", "嵌套过深"))
        raise Malformed(told(deep if isinstance(error, RecursionError) else error, "row"), FORM, field="row") from None
    if list(read) != [table] or not isinstance(read[table], list) or len(read[table]) != 1:
        raise faulty("row", f"exactly one [[{table}]]", f"应恰有一个 [[{table}]]", FORM)
    try:
        row: dict[str, Any] = plain(read[table][0])
    except Malformed as error:
        raise Malformed(error.told, FORM, field="row") from None
    return row


def _figure(row: Mapping[str, Any], table: str, declared: Table) -> Figure:
    try:
        (figure,) = shaped([row], table, declared.shape)
    except Malformed as error:
        raise Malformed(error.told, FORM, field=error.facts.get("field", "row")) from None
    if not figure.reference.strip():
        raise faulty("reference", "it is empty", "为空", FORM)
    if figure.until is not None and figure.until < figure.since:
        raise faulty("until", "before since", "早于 since", FORM)
    return figure


def _sane(row: Mapping[str, Any], figure: Figure) -> None:
    """Numbers within their units, and words that the schemes know."""
    for path, value in flat(row).items():
        most = next((most for unit, most in LARGEST.items() if path.split("[")[0].endswith(unit)), 2**53)
        if isinstance(value, bool):
            continue
        if isinstance(value, int) and not 0 <= value <= most:
            raise faulty(path, f"0 to {most}", f"应为 0 至 {most}", FORM)
    if isinstance(figure, Policy) and (unknown := sorted(set(figure.care) - set(CARE))):
        raise faulty("care", f"no such kind {unknown[0]}", f"没有该医疗类别 {unknown[0]}", FORM)


def _examples(figure: Figure) -> tuple[Example, ...]:
    if isinstance(figure, Policy):
        now = medical.policies()
        after = [one for one in now if (one.place, one.insurance, one.group, one.care, one.since) != _same(figure)]
        return tuple(_example(claim, figure, now, [*after, figure]) for claim in _typical(figure))
    if isinstance(figure, transit.Fee):
        return tuple(_fee_example(figure, Fen(amount)) for amount in (200, 10_000_00))
    return ()


def _same(policy: Policy) -> tuple[object, ...]:
    return policy.place, policy.insurance, policy.group, policy.care, policy.since


def _typical(policy: Policy) -> list[Claim]:
    """Bills of each kind of care: a thousand yuan at a level 1 hospital, ten thousand at level 2, a hundred thousand at 3."""
    registered = next((one.name for one in policy.registrations if one.name in ("waived", "long-term", "home")), "home")
    treating = "33" if policy.place[:2] != "33" else "31"
    code = next(iter(sorted(medical.catalogue(treating))), "")
    return [
        Claim(
            person="what-if",
            insurance=policy.insurance,
            category="resident" if policy.insurance == "resident" else "employed",
            care=care,
            insured_place=policy.place,
            treating_place=f"{treating}0000",
            hospital="what-if",
            level=level,
            registration=registered,
            age=45,
            lines=(Line(code=code, amount_fen=amount, price_fen=amount),),
            disease=policy.diseases[0] if policy.diseases else "",
        )
        for care in policy.care
        for level, amount in (("1", 1_000_00), ("2", 10_000_00), ("3", 100_000_00))
    ]


def _example(claim: Claim, figure: Policy, now: Sequence[Policy], after: Sequence[Policy]) -> Example:
    title = CARE[claim.care]
    level, total = claim.level, yuan(Fen(claim.total_fen))
    said = Text(f"{title.en}, level {level}, {total} yuan", f"{title.zh}，{level} 级医院，{total} 元")
    return Example(said, _paid(claim, now, figure.since), _paid(claim, after, figure.since))


def _paid(claim: Claim, policies: Sequence[Policy], day: date) -> Text | None:
    try:
        info = split(claim, policies, medical.catalogue(claim.treating_place[:2]), day).info
    except CardstackError:
        return None
    fund, person = yuan(Fen(info.fund_pay_sumamt)), yuan(Fen(info.psn_part_amt))
    return Text(f"funds {fund}, person {person}", f"基金 {fund}，个人 {person}")


def _fee_example(figure: transit.Fee, amount: Fen) -> Example:
    def parts(fee: transit.Fee) -> Text:
        issuer, centre = transit.fee_parts(fee, amount)
        return Text(f"issuer {issuer} fen, centre {centre} fen", f"发卡方 {issuer} 分，清算中心 {centre} 分")

    try:
        before = parts(transit.fee_of(figure.province, figure.industry[0], figure.since))
    except CardstackError:
        before = None
    return Example(Text(f"a journey of {yuan(amount)} yuan", f"乘车 {yuan(amount)} 元"), before, parts(figure))
