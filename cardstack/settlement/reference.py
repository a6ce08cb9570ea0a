"""The settlement pages of the reference, written from the declarations: schemes, figures, files, machines, services."""

from collections.abc import Mapping
from typing import Any

from cardstack.fsm import Machine
from cardstack.settlement import batches, figures
from cardstack.settlement.banking import interest
from cardstack.settlement.bulk import list_file, medical_file, return_file, transit_layout
from cardstack.settlement.calendar import known
from cardstack.settlement.cutoff import cut_offs
from cardstack.settlement.dispute import DISPUTE, terms
from cardstack.settlement.instruction import PAYMENT
from cardstack.settlement.ledger import ENTRY
from cardstack.settlement.medical import case as case_of
from cardstack.settlement.medical.case import CASE, CODES
from cardstack.settlement.medical.clearing import CYCLE, bounds, steps
from cardstack.settlement.medical.names import FUND_NAMES, REGISTRATIONS
from cardstack.settlement.medical.reconciliation import KINDS
from cardstack.settlement.prefund import INCREASE
from cardstack.settlement.scheme import STANDINGS, Figure, Reason
from cardstack.settlement.schemes import SCHEMES, charging, medical, purse, small_value, toll, transit
from cardstack.settlement.services import case, certification, records, registration, transfer
from cardstack.settlement.transit.continuity import BREAKS
from cardstack.settlement.window import WINDOW
from cardstack.text import Text

REASONS: Mapping[str, Mapping[str, Reason]] = {
    "medical-*": medical.REASONS,
    "transit": transit.REASONS,
    "purse": purse.REASONS,
    "small-value": small_value.REASONS,
    "toll": toll.REASONS,
    "charging": charging.REASONS,
    "services": case.REASONS,
    "medical file": medical_file.REASONS,
}
MACHINES: Mapping[Text, Machine[Any, Any]] = {
    Text("A transaction in the ledger", "账本中的交易"): ENTRY,
    Text("A settlement window", "清算窗口"): WINDOW,
    Text("A payment", "付款指令"): PAYMENT,
    Text("A dispute", "异议"): DISPUTE,
    Text("An emergency increase of a prepayment", "预付金紧急调增"): INCREASE,
    Text("A medical case", "跨省就医案件"): CASE,
    Text("A month's medical clearing", "医疗月度清算"): CYCLE,
    Text("A line of a toll batch", "通行费批次明细"): batches.LINE,
    registration.REGISTRATION.title: registration.REGISTRATION.machine,
    certification.CERTIFICATION.title: certification.MACHINE,
    transfer.TRANSFER.title: transfer.MACHINE,
    records.RECORDS.title: records.RECORDS.machine,
}


def schemes() -> str:
    """Every scheme with its cycle, every reason, and the words of reconciliation."""
    lines = ["# Settlement schemes 清算业务", "", "| scheme | title | cycle |", "|--|--|--|"]
    lines += [f"| `{name}` | {scheme.title} | {scheme.cycle.name}, {scheme.cycle.unit} |" for name, scheme in SCHEMES.items()]
    lines += ["", "## Reasons 拒绝原因", "", "The first that applies, in the order of the table. 按表中顺序取首个适用原因。", ""]
    lines += ["| scheme | code | meaning |", "|--|--|--|"]
    lines += [f"| {name} | `{code}` | {reason.text} |" for name, own in REASONS.items() for code, reason in own.items()]
    numbers = [f"| `{code}` | {why.value} | {batches.REASONS[why]} |" for code, why in batches.NUMBERS.items()]
    about = "The numbers of the toll operators' batch protocol; 100 for the others. 通行费批次协议的争议原因编号，其余为100。"
    lines += ["", "## Numbers of reasons 原因编号", "", about, "", "| code | number | meaning |", "|--|--|--|", *numbers]
    lines += ["", "## Breaks in a card's records 卡交易连续性", "", *_words(BREAKS)]
    lines += ["", "## Differences in reconciliation 对账差异", "", *_words(KINDS)]
    lines += ["", "## Registration classes 备案类别", "", *_words(REGISTRATIONS)]
    lines += ["", "## Funds 基金", "", *_words(FUND_NAMES)]
    codes = [f"| {care} | {event} | `{number}` |" for (care, event), number in CODES.items()]
    lines += ["", "## Codes of the national interface 国家接口交易编码", "", "| care | event | code |", "|--|--|--|", *codes]
    return "\n".join(lines) + "\n"


def _words(texts: Mapping[Any, Text]) -> list[str]:
    return ["| name | meaning |", "|--|--|", *(f"| `{name}` | {text} |" for name, text in texts.items())]


def files() -> str:
    """The layouts of the bulk files."""
    about = "Fixed width in bytes, a line feed at the end of every line, GB 18030 or UTF-8. 定长行，字节计宽。"
    lines = ["# Bulk files 批量文件", "", about, ""]
    for layout in (
        *transit_layout.LAYOUTS.values(),
        medical_file.LAYOUT,
        list_file.LAYOUT,
        return_file.LAYOUT,
        medical_file.RESULT,
    ):
        size = f"{layout.size} bytes a line. 每行{layout.size}字节。"
        lines += [f"## `{layout.name}` {layout.title}", "", size, "", layout.table(), ""]
    return "\n".join(lines)


def figures_in_force() -> str:
    """Every dated figure with its standing and reference."""
    lines = ["# Dated figures 政策参数", "", "| standing | meaning |", "|--|--|"]
    lines += [f"| {standing.value} | {text} |" for standing, text in STANDINGS.items()]
    lines += ["", "| of | since | until | standing | reference |", "|--|--|--|--|--|"]
    for policy in medical.policies():
        lines.append(_row(f"medical {policy.place} {policy.insurance} {policy.group}", policy))
    for fare in transit.fares():
        lines.append(_row(f"fare {fare.city} {'+'.join(fare.industry)}", fare))
    for fee in transit.fees():
        lines.append(_row(f"fee {fee.province} {'+'.join(fee.industry)}", fee))
    rest: list[tuple[str, tuple[Figure, ...]]] = [
        ("transit limits", transit.limits()),
        ("purse", purse.terms()),
        ("small value", small_value.rates()),
        ("toll", toll.tariffs()),
        ("charging", charging.agreements()),
        ("pension pool share", transfer.shares()),
        ("working days", tuple(known().notices)),
        ("registration", case_of.validities()),
        ("clearing: bounds", bounds()),
        ("disputes", terms()),
    ]
    lines += [_row(name, one) for name, own in rest for one in own]
    lines += [_row(f"registrations of {one.province} sent: {one.sends}", one) for one in case_of.sharings()]
    lines += [_row(f"clearing: {step.name}", step) for step in steps()]
    lines += [_row(f"late payments {late.cycle or 'of other cycles'}", late) for late in interest.terms()]
    lines += [_row(f"cut-off {one.cycle or 'of other cycles'}", one) for one in cut_offs()]
    lines += ["", f"The texts: {', '.join(f'`{name}`' for name in figures.names('medical'))} and beside them.", ""]
    return "\n".join(lines)


def _row(name: str, figure: Figure) -> str:
    return f"| {name} | {figure.since} | {figure.until or ''} | {figure.standing.value} | {figure.reference} |"


def machines() -> str:
    """Every state machine of settlement as a diagram."""
    lines = ["# State machines of settlement 清算状态机", ""]
    for title, machine in MACHINES.items():
        lines += [f"## {title}", "", "```mermaid", machine.diagram(), "```", ""]
    return "\n".join(lines)
