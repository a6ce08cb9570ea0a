"""Pages of the reference about the ledger: what it answers, and what can differ or be wrong."""

from typing import Any

from cardstack.settlement import audit, dispute, prefund, reconcile
from cardstack.settlement.answer import OUTCOMES, Outcome
from cardstack.settlement.banking import matching
from cardstack.settlement.intake import CHECKS
from server import commands
from server.api.problems import OUTCOME_PROBLEMS, OUTCOME_STATUS


def outcomes() -> str:
    """The answers to a submission, in their order of precedence."""
    lines = [
        "# Answers to a submission 受理结果",
        "",
        "The first that applies is the answer; a retry is always answered as a retry. 自上而下，首个适用者即为结果。",
        "",
        "| | outcome | HTTP (single) | problem | 说明 | meaning |",
        "|--|--|--|--|--|--|",
    ]
    ordered = [outcome for outcome, _ in CHECKS] + [Outcome.ACCEPTED]
    for number, outcome in enumerate(ordered, start=1):
        problem = OUTCOME_PROBLEMS.get(outcome)
        text, status = OUTCOMES[outcome], OUTCOME_STATUS.get(outcome, 422)
        lines.append(f"| {number} | `{outcome}` | {status} | {problem.code if problem else ''} | {text.zh} | {text.en} |")
    return "\n".join([*lines, ""])


def differences() -> str:
    """What reconciliation, banks, disputes and the auditor call things."""
    tables: dict[str, Any] = {
        "Differences with a sender 与发送方对账差异": reconcile.DIFFERENCES,
        "Differences with a bank 与银行对账差异": matching.DIFFERENCES,
        "Grounds of a dispute 异议理由": dispute.GROUNDS,
        "Levels of a prepayment 预付金预警": prefund.LEVELS,
        "Faults that an audit finds 审计发现": audit.FAULTS,
    }
    lines = ["# Differences, grounds and faults 差异、理由与审计发现", ""]
    for title, table in tables.items():
        lines += [f"## {title}", "", "| code | 说明 | meaning |", "|--|--|--|"]
        lines += [f"| `{code}` | {text.zh} | {text.en} |" for code, text in table.items()]
        lines.append("")
    return "\n".join(lines)


def changes() -> str:
    """Every kind of change that takes two people and has a form, with its fields."""
    lines = [
        "# Changes that take two people 须双人办理的变更",
        "",
        "Asked for by `settle change ask KIND field=value …` or a page of the console, decided by others. Money in fen. What is",
        "replaced stands in the request as `<field>_before`; where it has changed since, the request fails (CS-3043).",
        "",
    ]
    for kind in commands.kinds():
        if not kind.fields:
            continue
        second = "" if kind.second_from_fen is None else f"; an approver too from {kind.second_from_fen} fen 起须审批"
        lines += [f"## `{kind.name}` {kind.title}", "", f"Asks: `{kind.ask}`{second}.", "", "| field | shape | 说明 | meaning |"]
        lines.append("|--|--|--|--|")
        for one in kind.fields:
            choices = "" if len(one.choices) > 8 else ", ".join(f"`{name}`" for name, _ in one.choices)
            shape = f"{one.shape}{'?' if one.optional else ''}{': ' + choices if choices else ''}"
            lines.append(f"| `{one.name}` | {shape} | {one.title.zh} | {one.title.en} |")
        lines.append("")
    return "\n".join(lines)
