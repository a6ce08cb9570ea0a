"""The report for people: one HTML file with everything in it, in both languages, for screen, dark screen and paper."""

from collections import Counter
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from cardstack.apdu.explain import NAMES
from cardstack.card.verdict import HEAD, VERDICTS, Verdict
from cardstack.conformance.compatibility import SERVED, Served
from cardstack.conformance.report import Clients, Head, causes, counts, grouped, held, script, timing, together
from cardstack.conformance.run import Result
from cardstack.text import Text

PAPER_LINES = 12
"""How many lines of an exchange are printed; the screen has them all."""


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
        causes=[
            (cause, _command(cause.command)[1], [(one, script(head, one)) for one in cause.members]) for cause in causes(results)
        ],
        timing=[(_command(header), one) for header, one in held(timing(results), head.limits).items()],
        groups=[(group, members, together(members)) for group, members in groups],
        paper=PAPER_LINES,
        clients=[(one, Text(**one["fix"])) for one in clients if one["verdict"] == Served.FAIL],
        standing=[(SERVED[one], sum(each["verdict"] == one for each in clients)) for one in Served] if clients else [],
        words=VERDICTS,
    )


def _command(header: str) -> tuple[str, Text]:
    return header, NAMES.get(int(header[2:4] or "0", 16), Text("", ""))


def _row(results: Sequence[Result]) -> list[tuple[str, int]]:
    found = Counter(one.verdict for one in results)
    return [(verdict.value, found[verdict]) for verdict in Verdict]


def facts(head: Head) -> list[tuple[Text, str]]:
    """What stands above a report: what it is, and its value."""
    said = {"began": f"{head.began:%Y-%m-%d %H:%M:%S %Z}", "seconds": f"{head.seconds:.1f}"}
    return [(title, said.get(name) or str(getattr(head, name))) for name, title in HEAD.items()]
