"""What stands in a row of figures, in words: names of values, what they choose from, and their units."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from cardstack.settlement.medical.names import BASES, CARE, FUND_NAMES, REGISTRATIONS
from cardstack.settlement.proposing import TABLES
from cardstack.settlement.scheme import STANDINGS
from cardstack.text import Text
from cardstack.values import Fen, yuan
from server.console import kinds, words

INSURANCES: Final = {"employee": Text("employees", "职工医保"), "resident": Text("residents", "居民医保")}
CATEGORIES: Final = {
    "employed": Text("employed", "在职"),
    "retired": Text("retired", "退休"),
    "resident": Text("resident", "居民"),
    "pupil": Text("pupil", "学生儿童"),
}
LEVELS: Final = {
    "1": Text("level 1", "一级"),
    "2": Text("level 2", "二级"),
    "3": Text("level 3", "三级"),
    "0": Text("none", "未定级"),
}
NAMES: Final[Mapping[str, Text]] = {
    "since": Text("Since", "生效日期"),
    "until": Text("Until", "失效日期"),
    "standing": Text("Standing", "可信程度"),
    "reference": Text("Reference", "依据"),
    "place": Text("Insured place", "参保地"),
    "insurance": Text("Insurance", "险种"),
    "care": Text("Kind of care", "医疗类别"),
    "group": Text("Total it runs on", "累计组别"),
    "layers": Text("Fund", "基金支付"),
    "fund": Text("Fund", "基金"),
    "parts": Text("Parts of the bill it looks at", "支付范围"),
    "rows": Text("Row", "档次"),
    "bands": Text("Band", "分段"),
    "where": Text("For", "适用"),
    "caps": Text("Cap", "限额"),
    "start_fen": Text("Starts from", "起付线"),
    "to_fen": Text("Up to", "至"),
    "permille": Text("Ratio", "比例"),
    "fen": Text("Amount", "金额"),
    "basis": Text("Runs by", "计算周期"),
    "counts_deductible": Text("Counts the deductible", "起付标准计入"),
    "deductibles": Text("Deductible", "起付标准"),
    "deductible_permille": Text("Deductible, of the usual one", "起付标准比例"),
    "registrations": Text("Registration", "备案情形"),
    "operator": Text("How the ratio changes", "比例调整方式"),
    "referral": Text("Deductible after a referral", "转诊起付标准"),
    "year_starts": Text("The year begins", "年度起始日"),
    "account_pays": Text("Paid from the account", "个人账户可支付"),
    "mutual_inside": Text("Family sharing inside the province", "省内家庭共济"),
    "diseases": Text("Diseases", "病种"),
    "disease": Text("Disease", "病种"),
    "category": Text("Category", "人员类别"),
    "level": Text("Hospital level", "医院级别"),
    "attribute": Text("Attribute", "人员属性"),
    "registration": Text("Registration", "备案情形"),
    "age_from": Text("Age from", "年龄（含）以上"),
    "age_below": Text("Age below", "年龄以下"),
    "code": Text("Code", "编码"),
    "grade": Text("Class", "甲乙丙类"),
    "name": Text("Name", "名称"),
    "title": Text("Title", "名称"),
    "first_permille": Text("Paid first by the person", "先行自付比例"),
    "limit_fen": Text("Price limit", "限价"),
    "city": Text("City (issuer's code)", "城市（机构代码）"),
    "industry": Text("Industry", "行业"),
    "from_industry": Text("Transfer from industry", "换乘前行业"),
    "discounts": Text("Discount", "优惠"),
    "kind": Text("Kind", "类别"),
    "classes": Text("Classes of passengers", "乘客类别"),
    "sponsor": Text("Who bears it", "承担方"),
    "away": Text("Cards of elsewhere", "异地卡"),
    "off_permille": Text("Taken off", "减免比例"),
    "off_fen": Text("Taken off", "减免金额"),
    "cap_fen": Text("At most", "封顶金额"),
    "threshold_fen": Text("Once spent", "累计满"),
    "within_minutes": Text("Within minutes", "时限（分钟）"),
    "max_times": Text("Times at most", "最多次数"),
    "from_minute": Text("From minute of the day", "起始时刻（当日分钟）"),
    "to_minute": Text("To minute of the day", "截止时刻（当日分钟）"),
    "incomplete_fen": Text("Incomplete journey", "不完整行程"),
    "payer": Text("Who pays it", "付费方"),
    "province": Text("Province", "省份"),
    "rate_ppm": Text("Rate", "费率"),
    "issuer_permille": Text("Share of the issuer", "发卡方分成"),
    "issuer_fee_ppm": Text("Issuer's fee", "发卡方服务费率"),
    "agent_fee_ppm": Text("Agent's fee", "代理服务费率"),
    "keeps_permille": Text("Share kept by the operator", "运营方留存比例"),
    "late_days": Text("Days a record may be late", "最长迟报天数"),
    "ahead_minutes": Text("Minutes a record may be ahead", "最长超前分钟数"),
    "amount_max_fen": Text("Largest amount", "单笔上限"),
    "purchase_max_fen": Text("Largest purchase", "单笔消费上限"),
    "load_max_fen": Text("Largest load", "单笔充值上限"),
    "purse_max_fen": Text("Largest balance", "余额上限"),
    "trade": Text("Trade (MCC)", "商户类别码（MCC）"),
    "vehicle": Text("Class of vehicle", "车型"),
    "temporary_months": Text("Months a temporary one holds", "临时备案有效月数"),
    "sends": Text("Which are sent", "报送范围"),
    "day": Text("Day of the month", "每月第几日"),
    "working_days": Text("Working days", "工作日数"),
    "after": Text("After step", "在该步骤之后"),
    "months_late": Text("Months late at most", "最长逾期月数"),
    "year_month": Text("Last cycle for a year's lines: month of the next year", "上年度明细最后清算月份（次年）"),
    "inquiry_fen": Text("Inquiry from", "核查起点金额"),
    "millionths": Text("Rate a day", "日利率"),
    "cycle": Text("Cycle", "清算周期"),
    "minute": Text("Minute of the day", "时刻（当日分钟）"),
    "off": Text("Days off", "放假日"),
    "worked": Text("Days worked", "调休上班日"),
}
"""What every value of every declared row of figures is called."""

PARTS: Final = {
    "own": Text("outside the catalogue", "全自费"),
    "over-limit": Text("over the price limit", "超限价"),
    "first": Text("paid first", "先行自付"),
    "deductible": Text("deductible", "起付标准"),
    "share": Text("share in the bands", "分段自付"),
    "over-cap": Text("over the cap", "超封顶线"),
}
GROUPS: Final = {
    "aid": Text("medical aid", "医疗救助"),
    "basic": Text("basic", "基本医疗"),
    "chronic": Text("chronic", "门诊慢特病"),
    "inpatient": Text("inpatient", "住院"),
    "large-sum": Text("large sums", "大额补助"),
    "outpatient": Text("outpatient", "门诊"),
    "outpatient-visit": Text("outpatient, by the visit", "门诊按次"),
    "serious": Text("serious illness", "大病保险"),
}
CHOSEN: Final[Mapping[str, Mapping[str, Text]]] = {
    "standing": {one.value: said for one, said in STANDINGS.items()},
    "insurance": INSURANCES,
    "category": CATEGORIES,
    "level": LEVELS,
    "care": CARE,
    "group": GROUPS,
    "fund": FUND_NAMES,
    "parts": PARTS,
    "account_pays": PARTS,
    "registration": REGISTRATIONS,
    "registrations.name": REGISTRATIONS,
    "basis": {one.value: said for one, said in BASES.items()},
    "cycle": kinds.CYCLES,
    "grade": {"A": Text("A", "甲类"), "B": Text("B", "乙类"), "C": Text("C", "丙类")},
    "attribute": {
        "civil-servant": Text("civil servant", "公务员"),
        "extreme-poverty": Text("extreme poverty", "特困人员"),
        "low-income": Text("low income", "低保对象"),
        "severe-disease": Text("severe disease", "重病患者"),
    },
    "diseases": {
        "hypertension": Text("hypertension", "高血压"),
        "diabetes": Text("diabetes", "糖尿病"),
        "tumour-therapy": Text("tumour therapy", "恶性肿瘤门诊治疗"),
        "dialysis": Text("dialysis", "透析"),
        "anti-rejection": Text("anti-rejection", "器官移植抗排异"),
    },
    "operator": {
        "none": Text("unchanged", "不调整"),
        "points": Text("points off", "降低百分点"),
        "coefficient": Text("a coefficient on it", "乘以系数"),
        "first-share": Text("a share paid first", "先行自付"),
    },
    "referral": {"runs-on": Text("runs on", "连续计算")},
    "kind": {
        "band": Text("by what was spent", "累计分段"),
        "class": Text("by the class of passenger", "按乘客类别"),
        "transfer": Text("transfer", "换乘"),
        "month": Text("by the month's total", "按月累计"),
        "day-cap": Text("cap of a day", "单日封顶"),
        "week-cap": Text("cap of a week", "单周封顶"),
        "month-cap": Text("cap of a month", "单月封顶"),
    },
    "classes": {
        "adult": Text("adult", "成人"),
        "senior": Text("senior", "老年人"),
        "soldier": Text("soldier", "现役军人"),
        "student": Text("student", "学生"),
    },
    "industry": {"01": Text("bus", "公交"), "02": Text("metro", "地铁")},
    "from_industry": {"01": Text("bus", "公交"), "02": Text("metro", "地铁")},
    "sponsor": {
        "home.card-sponsor": Text("sponsor of the card's place", "发卡地优惠补贴方"),
        "treating.city-finance": Text("city where it is used", "使用地市级财政"),
    },
}
"""What the words among the values mean, by the value's name."""


class Told(NamedTuple):
    """One value of a row: where it stands, in words and as the row's own text writes it, and what it is."""

    title: Text
    path: str
    value: Text


def told(row: Mapping[str, Any]) -> list[Told]:
    """A row's values in words, in their order.

    >>> for one in told({"care": ["outpatient", "pharmacy"], "deductibles": [{"fen": [60000]}, {"fen": [5]}]}):
    ...     print(one.title.en, one.path, one.value.en)
    Kind of care care outpatient, pharmacy
    Deductible 1 · Amount deductibles[0].fen 600.00 yuan
    Deductible 2 · Amount deductibles[1].fen 0.05 yuan
    """
    return list(_told(row, "", ()))


def titled(path: str) -> Text:
    """What a path is called, such as a difference names.

    >>> titled("layers[0].rows[2].bands[0].permille").zh
    '基金支付 1 · 档次 3 · 分段 1 · 比例'
    """
    parts = [part.partition("[") for part in path.split(".")]
    places = [f" {int(place[:-1]) + 1}" if place[:-1].isdigit() else "" for _, _, place in parts]
    names = [_name(name) for name, _, _ in parts]
    return _joined(Text(one.en + place, one.zh + place) for one, place in zip(names, places, strict=True))


def valued(path: str, value: object) -> Text:
    """A value at a path as people read it: a choice in words, money in yuan, a ratio in percent."""
    names = [part.partition("[")[0] for part in path.split(".")]
    return _value(names[-1], ".".join(names[-2:]), value)


def reference(text: str) -> Text:
    """A reference that says the same in English and, after a stroke, in Chinese; any other is the same in both.

    >>> reference("invented / 示意数据").en, reference("notice 3 / part 2").zh
    ('invented', 'notice 3 / part 2')
    """
    english, stroke, chinese = text.partition(" / ")
    if not stroke or not english.isascii() or chinese.isascii():
        return Text(text, text)
    return Text(english, chinese)


def _told(value: Any, path: str, titles: tuple[Text, ...]) -> Iterator[Told]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _told(inner, f"{path}.{key}" if path else str(key), (*titles, _name(str(key))))
    elif isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value):
        for place, inner in enumerate(value):
            numbered = Text(f"{titles[-1].en} {place + 1}", f"{titles[-1].zh} {place + 1}")
            yield from _told(inner, f"{path}[{place}]", (*titles[:-1], numbered))
    else:
        yield Told(_joined(titles), path, valued(path, value))


def _joined(titles: Iterable[Text]) -> Text:
    each = list(titles)
    return Text(" · ".join(one.en for one in each), " · ".join(one.zh for one in each))


def _name(name: str) -> Text:
    return NAMES.get(name, Text(name, name))


def _value(name: str, whole: str, value: object) -> Text:
    if isinstance(value, list | tuple):
        each = [_value(name, whole, one) for one in value]
        return Text(", ".join(one.en for one in each), "、".join(one.zh for one in each))
    if isinstance(value, bool):
        return Text("yes", "是") if value else Text("no", "否")
    chosen = CHOSEN.get(whole) or CHOSEN.get(name, {})
    if isinstance(value, str):
        if name == "reference":
            return reference(value)
        if name in ("place", "province"):
            named = words.PROVINCES.get(value[:2])
            return Text(f"{named.en} {value}", f"{named.zh} {value}") if named else Text(value, value)
        return chosen.get(value, Text(value, value))
    return _number(name, value) if isinstance(value, int) else Text(str(value), str(value))


def _number(name: str, value: int) -> Text:
    if name == "fen" or name.endswith("_fen"):
        amount = yuan(Fen(value))
        return Text(f"{amount} yuan", f"{amount} 元")
    for unit, scale in (("permille", 10), ("ppm", 10_000), ("millionths", 10_000)):
        if name.endswith(unit):
            percent = f"{value / scale:.4f}".rstrip("0").rstrip(".")
            return Text(f"{percent} %", f"{percent}%")
    return Text(str(value), str(value))


def table(name: str) -> Text:
    """What a table of figures is called."""
    return TABLES[name].title if name in TABLES else Text(name, name)
