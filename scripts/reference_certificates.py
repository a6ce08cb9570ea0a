"""The page of certificate profiles, holder numbers and state machines of the authority."""

from collections.abc import Iterable

from cardstack.ca.agreement import AGREEMENTS
from cardstack.ca.ceremony import ROOT_KEY, Step
from cardstack.ca.fields import HOLDER_NUMBERS
from cardstack.ca.profile import PROFILES, PURPOSES, Profile
from cardstack.ca.register import CERTIFICATES


def certificates() -> str:
    """What the authority issues, and by which rules it and its agreements change."""
    lines = [
        "# Certificates 证书",
        "",
        "What an authority issues. OIDs under 2.999 are illustrative (ITU-T X.660 sets that arc aside for examples);",
        "a province that goes live puts its own in their place. 2.999 为示例弧，正式启用时由各省替换为自有 OID。",
        "",
        "| profile 模板 | key usage 密钥用法 | purposes 扩展用途 | numbers 持有人号码 | longest 最长 | source 依据 |",
        "|--|--|--|--|--|--|",
        *map(_row, PROFILES.values()),
        "",
        "## Purposes 扩展用途",
        "",
        *_pairs(PURPOSES.items()),
        "",
        "## Holder numbers 持有人号码 (GM/T 0015-2023)",
        "",
        *_pairs(HOLDER_NUMBERS.items()),
        "",
        "## States of a certificate 证书状态",
        "",
        "```mermaid",
        CERTIFICATES.diagram(),
        "```",
        "",
        "## States of an agreement 协议状态",
        "",
        "```mermaid",
        AGREEMENTS.diagram(),
        "```",
        "",
        "## Root key ceremony 根密钥仪式",
        "",
        "| step 步骤 | maker 经办 | checker 复核 | recorded 记录 |",
        "|--|--|--|--|",
        *map(_step, ROOT_KEY),
        "",
    ]
    return "\n".join(lines)


def _step(one: Step) -> str:
    make, check = (f"{text.zh}<br>{text.en}" for text in (one.make, one.check))
    return f"| {one.id} | {make} | {check} | {_list(one.outputs)} |"


def _row(one: Profile) -> str:
    kind = f"`{one.name}` {one.title.zh}<br>{one.title.en}"
    usages = [usage.name.lower().replace("_", " ") for usage in one.usages]
    critical = " (critical)" if one.purposes_critical else ""
    cells = (kind, ", ".join(usages), _list(one.purposes) + critical, _list(one.numbers), f"{one.days_max} d", one.spec)
    return "| " + " | ".join(cells) + " |"


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "–"


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return ["| name 名称 | OID |", "|--|--|", *(f"| {name} | {oid} |" for name, oid in pairs)]
