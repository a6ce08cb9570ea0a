"""What a simulated month came to, in the reader's words: each kind of fault by its title, beside the name that never changes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from cardstack.cli.output import language, words
from cardstack.errors import MALFORMED
from cardstack.settlement import answer, audit
from cardstack.settlement.bulk import control, return_file
from cardstack.settlement.medical import reconciliation
from cardstack.settlement.schemes import medical, transit
from cardstack.settlement.simulation.plan import BANK_FAULTS
from cardstack.settlement.transit.continuity import BREAKS
from cardstack.settlement.window import STAGES, Stage
from cardstack.text import Text
from cardstack.values import Fen, yuan

FILE_FAULTS: Final = {MALFORMED.code: "file-data", control.TOTALS.code: "file-totals", control.LINE_ENDS.code: "file-line-ends"}
"""What a file is refused for as a whole, by the code of the refusal; a signature that does not hold beside them."""

PARTS: Final = {
    "enrol": Text("enrolment", "登记参与方"),
    "transit": Text("transit", "公共交通"),
    "medical": Text("medical", "医疗费用"),
    "reconcile": Text("reconciliation", "对账"),
    "settle": Text("settlement", "清算"),
    "audit": Text("audit", "审计"),
}
"""The parts of a month, in their order."""

TITLES: Final[Mapping[str, Text]] = {
    "file-signature": Text("The file's signature does not hold", "文件签名无效"),
    "file-data": Text("The file's data are not those of its manifest", "文件内容与清单不符"),
    "file-totals": control.TOTALS.title,
    "file-line-ends": control.LINE_ENDS.title,
    **{kind.value: text for kind, text in reconciliation.KINDS.items()},
    **{kind.value: text for kind, text in BREAKS.items()},
    **{outcome.value: text for outcome, text in answer.OUTCOMES.items()},
    # A scheme's own word stands before the ledger's of the same name: `over-limit` is a journey's limit here.
    **{code: reason.text for code, reason in {**medical.REASONS, **transit.REASONS}.items()},
    return_file.MALFORMED.code: return_file.MALFORMED.text,
    **BANK_FAULTS,
    **{f"audit-{fault.value}": text for fault, text in audit.FAULTS.items()},
}
"""What each kind of fault is, as the part of the service says it that finds it."""


def title(kind: str) -> str:
    """A kind of fault in the reader's language; its name where no part here has a title for it."""
    return TITLES[kind].of(language()) if kind in TITLES else kind


def settled(result: dict[str, Any]) -> bool:
    """Whether the month held: every fault found and nothing else, nets of zero, an audit without findings."""
    held = result["every_fault_found_and_nothing_else"]
    return bool(held) and sum(result["nets"].values()) == 0 and not result["audit"]["findings"]


def render(result: dict[str, Any], table: Callable[[tuple[str, ...], list[tuple[Any, ...]]], None]) -> None:
    """The result for people: what was seeded and found, what hangs, who pays whom."""
    kinds = sorted({*result["seeded"], *result["found"]})
    rows = [(title(kind), kind, result["seeded"].get(kind, 0), result["found"].get(kind, 0)) for kind in kinds]
    table((words("fault", "差错"), words("name", "代码"), words("seeded", "预置"), words("found", "查出")), rows)
    table((words("party", "参与方"), words("net, yuan", "净额（元）")), [(p, yuan(Fen(n))) for p, n in result["nets"].items()])
    stages = {STAGES[Stage(stage)].of(language()): count for stage, count in result["windows"].items()}
    for name, said in (
        (words("accepted", "已受理"), _parts(result["accepted"])),
        (words("windows", "清算窗口"), stages),
        (words("seconds", "用时（秒）"), _parts(result["seconds"])),
    ):
        print(name, ", ".join(f"{key} {value}" for key, value in said.items()))
    for name, faults in ((words("missed", "漏查"), result["missed"]), (words("unexpected", "误报"), result["unexpected"])):
        for fault in faults:
            print(name, *dict.fromkeys((title(fault["kind"]), fault["kind"])), fault["reference"])
    if settled(result):
        print(words("Every seeded fault was found and named, nothing else was.", "预置差错全部查出，无其他差错。"))


def _parts(counted: Mapping[str, Any]) -> dict[str, Any]:
    return {PARTS[part].of(language()): value for part, value in counted.items()}
