"""The page of every case: what it is, where it stands, what it may do to a card, and which profiles have it."""

from collections.abc import Mapping

from cardstack.card.profiles import PROFILES
from cardstack.conformance.case import Case, Risk
from cardstack.conformance.cases import derive
from cardstack.text import Text

HEAD = """# Conformance cases 检测用例

Every case of every profile: `cardstack conformance list --profile P` lists those of one, `run` runs them
([guide](../en/conformance.md)). Identifiers are in the house style of LD/T 6001.3. Risk: {risks}.
The last column counts the profiles that have the case, and names it where there is but one.

全部规范的全部用例；`cardstack conformance list --profile P` 列出某一规范的用例，用 `run` 运行（[指南](../zh/conformance.md)）。
编号采用 LD/T 6001.3 的写法。最后一列为含该用例的规范数，仅一种时给出其名称。
"""
COLUMNS = "| id 编号 | what 内容 | clause 依据 | risk 风险 | needs 需要 | profiles 规范 |"
RISKS: Mapping[Risk, Text] = {
    Risk.SAFE: Text("safe for an issued card", "可用于已发卡"),
    Risk.TEST: Text("needs a test card", "须用测试卡"),
    Risk.DESTROY: Text("destroys", "破坏性"),
}


def cases() -> str:
    """The whole page as Markdown."""
    found: dict[str, list[tuple[str, Case]]] = {}
    for name, profile in PROFILES.items():
        for case in derive(profile):
            found.setdefault(case.id, []).append((name, case))
    groups: dict[str, list[str]] = {}
    for id_, several in found.items():
        groups.setdefault(several[0][1].group, []).append(_row(id_, several))
    risks = ", ".join(f"{risk.value} {words.en} {words.zh}" for risk, words in RISKS.items())
    lines = [HEAD.format(risks=risks), f"{len(found)} cases 个用例, {len(PROFILES)} profiles 种规范.", ""]
    for group in sorted(groups):
        lines += [
            f"## {group}",
            "",
            "| id 编号 | what 内容 | clause 依据 | risk 风险 | needs 需要 | profiles 规范 |",
            "|--|--|--|--|--|--|",
        ]
        lines += [*groups[group], ""]
    return "\n".join(lines)


def _row(id_: str, several: list[tuple[str, Case]]) -> str:
    case = several[0][1]
    where = several[0][0] if len(several) == 1 else str(len(several))
    cells = (f"`{id_}`", f"{case.title.en} {case.title.zh}", case.clause, case.risk.value, ", ".join(sorted(case.needs)), where)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
