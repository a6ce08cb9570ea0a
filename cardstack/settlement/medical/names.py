"""The words of medical settlement: funds, classes of items, registration classes, kinds of care."""

from collections.abc import Mapping
from typing import get_args

from cardstack.settlement.medical.policy import Basis, Fund
from cardstack.text import Text

FUNDS: tuple[Fund, ...] = get_args(Fund)
"""The funds of the national interface: pool, civil servants, enterprise supplement, residents' serious illness,
employees' large sum, disabled veterans, medical aid, other."""
FUND_NAMES: Mapping[str, Text] = {
    "hifp_pay": Text("basic pool", "基本医疗保险统筹基金"),
    "cvlserv_pay": Text("civil-servant supplement", "公务员医疗补助"),
    "hifes_pay": Text("enterprise supplement", "企业补充医疗保险"),
    "hifmi_pay": Text("residents' serious-illness insurance", "居民大病保险"),
    "hifob_pay": Text("employees' large-sum supplement", "职工大额医疗费用补助"),
    "hifdm_pay": Text("disabled veterans' fund", "伤残人员医疗保障基金"),
    "maf_pay": Text("medical aid", "医疗救助"),
    "oth_pay": Text("other funds", "其他基金"),
}


GRADES: Mapping[str, str] = {"A": "甲", "B": "乙", "C": "丙"}

REGISTRATIONS: Mapping[str, Text] = {
    "home": Text("at home", "本地就医"),
    "waived": Text("no registration needed", "免备案"),
    "long-term": Text("long-term resident elsewhere", "跨省长期居住"),
    "referral": Text("referred", "异地转诊"),
    "emergency": Text("emergency rescue, counts as registered", "异地急诊抢救（视同已备案）"),
    "unregistered-emergency": Text("emergency, unregistered", "未备案急诊"),
    "temporary": Text("temporarily elsewhere", "临时外出就医"),
    "unregistered": Text("unregistered", "未备案"),
}
CARE: Mapping[str, Text] = {
    "outpatient": Text("outpatient", "普通门诊"),
    "chronic": Text("chronic and special outpatient", "门诊慢特病"),
    "pharmacy": Text("pharmacy", "定点药店购药"),
    "inpatient": Text("inpatient", "住院"),
}
BASES: Mapping[Basis, Text] = {
    Basis.VISIT: Text("a visit", "按次"),
    Basis.STAY: Text("a stay", "按住院次"),
    Basis.MONTH: Text("a month", "按月"),
    Basis.QUARTER: Text("a quarter", "按季度"),
    Basis.YEAR: Text("a year", "按年度"),
}
