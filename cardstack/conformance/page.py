"""The report for people: one HTML file with everything in it, in both languages, for screen, dark screen and paper."""

from collections import Counter
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from cardstack.apdu.explain import NAMES
from cardstack.conformance.compatibility import SERVED, Served
from cardstack.conformance.report import Clients, Head, counts, grouped, held, script, timing
from cardstack.conformance.run import VERDICTS, Result, Verdict
from cardstack.text import Text


def page(head: Head, results: Sequence[Result], clients: Clients = ()) -> str:
    """The whole page; nothing is loaded from elsewhere."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False)
    template = environment.from_string((files(__package__) / "templates" / "report.html").read_text("utf-8"))
    groups = list(grouped(results).items())
    found = counts(results)
    return template.render(
        head=head,
        total=len(results),
        facts=facts(head),
        sums=[(verdict.value, VERDICTS[verdict], found[verdict.value]) for verdict in Verdict],
        matrix=[(group, _row(members)) for group, members in groups],
        failures=[(one, script(head, one)) for one in results if one.verdict is Verdict.FAIL],
        timing=[(_command(header), one) for header, one in held(timing(results), head.limits).items()],
        groups=groups,
        clients=[(one, Text(**one["fix"])) for one in clients if one["verdict"] == Served.FAIL],
        standing=[(SERVED[one], sum(each["verdict"] == one for each in clients)) for one in Served] if clients else [],
        words=VERDICTS,
    )


def _command(header: str) -> tuple[str, Text]:
    return header, NAMES.get(int(header[2:4] or "0", 16), Text("", ""))


def _row(results: Sequence[Result]) -> list[tuple[str, int]]:
    found = Counter(one.verdict for one in results)
    return [(verdict.value, found[verdict]) for verdict in Verdict]


def facts(head: Head) -> list[tuple[str, str, str]]:
    """What stands above a report: in Chinese, in English, and the value."""
    return [
        ("读卡器", "reader", head.reader),
        ("复位应答", "ATR", head.atr),
        ("卡片规范", "profile", head.profile),
        ("规范版本", "version", head.version),
        ("芯片与 COS（历史字节）", "IC and COS (historical bytes)", head.cos),
        ("芯片序列号", "serial", head.serial),
        ("工具版本", "tool", head.tool),
        ("开始时间", "began", f"{head.began:%Y-%m-%d %H:%M:%S %Z}"),
        ("用时（秒）", "seconds", f"{head.seconds:.1f}"),
        ("风险级别", "risk", head.risk),
        ("检测人", "operator", head.operator),
    ]
