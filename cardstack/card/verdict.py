"""What can come of judging a card, and the words in which a report says so: the kit writes them, the console shows them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from cardstack.text import Text


class Verdict(StrEnum):
    """What came of a case."""

    PASS = "pass"  # noqa: S105  # a verdict, no password
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not-run"


VERDICTS: Final[Mapping[Verdict, Text]] = {
    Verdict.PASS: Text("passed", "通过"),
    Verdict.FAIL: Text("failed", "不通过"),
    Verdict.NOT_APPLICABLE: Text("not applicable", "不适用"),
    Verdict.INCONCLUSIVE: Text("inconclusive", "无法判定"),
    Verdict.NOT_RUN: Text("not run", "未检"),
}

HEAD: Final[Mapping[str, Text]] = {
    "reader": Text("reader", "读卡器"),
    "atr": Text("ATR", "复位应答"),
    "profile": Text("profile", "卡片规范"),
    "version": Text("version", "规范版本"),
    "cos": Text("IC and COS (historical bytes)", "芯片与 COS（历史字节）"),
    "serial": Text("serial", "芯片序列号"),
    "tool": Text("tool", "工具版本"),
    "began": Text("began", "开始时间"),
    "seconds": Text("seconds", "用时（秒）"),
    "risk": Text("risk", "风险级别"),
    "operator": Text("operator", "检测人"),
}
"""What stands above a report, by its name in the report's data, in the order in which it is shown."""
