"""A conformance report as a PDF with its Chinese font inside, for those who file paper. It needs the extra `pdf`."""

from collections.abc import Sequence
from functools import partial
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from cardstack.card.verdict import VERDICTS, Verdict
from cardstack.conformance.compatibility import SERVED, Served
from cardstack.conformance.page import PAPER_LINES, facts
from cardstack.conformance.report import Clients, Head, causes, counts, grouped, held, timing, together
from cardstack.conformance.run import Result
from cardstack.text import Text
from server.console.exporting import font_path

FONT: Final = "Chinese"
MARGIN: Final = 40
COLOURS: Final = {Verdict.FAIL: "#b3261e", Verdict.INCONCLUSIVE: "#805300", Verdict.PASS: "#17692f"}


class Sheet:
    """A document being written: its flow of paragraphs and tables."""

    def __init__(self) -> None:
        self.platypus: Any = import_module("reportlab.platypus")
        self.colors: Any = import_module("reportlab.lib.colors")
        self.style: Any = import_module("reportlab.lib.styles").ParagraphStyle
        fonts: Any = import_module("reportlab.pdfbase.ttfonts")
        register: Any = import_module("reportlab.pdfbase.pdfmetrics")
        register.registerFont(fonts.TTFont(FONT, font_path(), subfontIndex=0))
        self.flow: list[Any] = []

    def text(self, markup: str, size: float = 9.0, *, before: float = 0.0) -> Any:
        """One paragraph, not yet in the flow."""
        style = self.style(
            f"s{size}", fontName=FONT, fontSize=size, leading=size * 1.4, wordWrap="CJK" if size < 7 else None, spaceBefore=before
        )
        return self.platypus.Paragraph(markup, style)

    def say(self, markup: str, size: float = 9.0, *, before: float = 2.0) -> None:
        """One paragraph."""
        self.flow.append(self.text(markup, size, before=before))

    def head(self, words: Text) -> None:
        """A heading in both languages."""
        self.say(f'{words.zh} <font color="#566170">{words.en}</font>', 12.0, before=12.0)

    def table(self, rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        """A table whose first row is repeated on every page."""
        cells = [[self.text(cell, 7.5) for cell in row] for row in rows]
        table = self.platypus.LongTable(cells, colWidths=widths, repeatRows=1)
        grid = ("LINEBELOW", (0, 0), (-1, -1), 0.4, self.colors.HexColor("#d9dee6"))
        table.setStyle([grid, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 1)])
        self.flow += [self.platypus.Spacer(1, 4), table]

    def write(self, path: Path, title: str) -> None:
        """The document on A4, its pages numbered."""
        sizes: Any = import_module("reportlab.lib.pagesizes")
        margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), MARGIN)
        document = self.platypus.SimpleDocTemplate(str(path), pagesize=sizes.A4, title=title, **margins)
        foot = partial(_foot, title)
        document.build(self.flow, onFirstPage=foot, onLaterPages=foot)


def write_pdf(path: Path, head: Head, results: Sequence[Result], clients: Clients = ()) -> None:
    """The whole report: head, sums, clause by verdict, failures with their exchange, times, what did not pass and why."""
    sheet = Sheet()
    sheet.say('一致性测试报告 <font color="#566170">Conformance report</font>', 16.0)
    pairs = [f"{_both(title)}：{escape(value) or '—'}" for title, value in facts(head)]
    sheet.table(
        [["", ""], *(pairs[at : at + 2] + [""] * (2 - len(pairs[at : at + 2])) for at in range(0, len(pairs), 2))], (257, 257)
    )
    found = counts(results)
    sums = [f'<font color="{_colour(one)}">{_both(VERDICTS[one])} <b>{found[one.value]}</b></font>' for one in Verdict]
    sheet.say(" · ".join(sums), 9.5, before=8.0)
    sheet.head(Text("Clause by verdict", "条款与结论"))
    titles = ["用例组 group", *(_both(VERDICTS[one]) for one in Verdict)]
    rows = [
        [group, *(str(sum(one.verdict is each for one in members) or "·") for each in Verdict)]
        for group, members in _groups(results)
    ]
    sheet.table([titles, *rows], (139, *[75] * 5))
    _failures(sheet, results)
    _clients(sheet, clients)
    _times(sheet, head, results)
    _open(sheet, results)
    sheet.write(path, f"{head.profile} · Conformance report {head.began:%Y-%m-%d}")


def _groups(results: Sequence[Result]) -> list[tuple[str, list[Result]]]:
    return list(grouped(results).items())


def _failures(sheet: Sheet, results: Sequence[Result]) -> None:
    """By cause: the shortest exchange of each, and the ids of the others."""
    found = causes(results)
    if found:
        sheet.head(Text("Failures, by what they have in common", "不通过的用例，按原因归并"))
    for cause in found:
        one, *others = cause.members
        told = f'返回 got <font color="#b3261e"><b>{escape(cause.got)}</b></font> · 允许 allowed <b>{escape(cause.allowed)}</b>'
        sheet.say(f"<b>{cause.command or '—'}</b> {told} · {len(cause.members)} 个用例 cases", 9.0, before=8.0)
        sheet.say(f"<b>{one.case.id}</b>  {_both(one.case.title)} · {_both(one.reason)}", 8.5)
        sheet.say(f'<font color="#566170">{escape(one.case.clause)}</font>', 8.0)
        lines = [
            f"&gt; {line.command} {escape(line.decoded)}<br/>&lt; {line.answer} {escape(str(line.meaning))}" for line in one.trace
        ]
        sheet.say("<br/>".join(lines[-PAPER_LINES:]), 6.5)
        if others:
            sheet.say(f"同因 likewise: {' · '.join(each.case.id for each in others)}", 7.0)


def _clients(sheet: Sheet, clients: Clients) -> None:
    """The recorded clients that would fail, and what would let them go on."""
    failed = [one for one in clients if one["verdict"] == Served.FAIL]
    if clients:
        sheet.head(Text("Client compatibility", "客户端兼容性"))
        standing = ((SERVED[each], sum(one["verdict"] == each for one in clients)) for each in Served)
        sheet.say(" · ".join(f"{_both(words)} <b>{number}</b>" for words, number in standing))
    if failed:
        rows = [[one["client"], f"{one['step']}/{one['steps']}", escape(one["why"]), _both(Text(**one["fix"]))] for one in failed]
        sheet.table([["系统 system", "步骤 step", "原因 why", "如何修改 change"], *rows], (90, 50, 150, 224))


def _times(sheet: Sheet, head: Head, results: Sequence[Result]) -> None:
    times = held(timing(results), head.limits)
    if not times:
        return
    sheet.head(Text("Timing (ms)", "指令耗时（毫秒）"))
    rows = [
        [header, str(one["count"]), f"{one['median_ms']:.3f}", f"{one['p95_ms']:.3f}", str(one.get("limit_ms", "—"))]
        for header, one in times.items()
    ]
    sheet.table([["指令 command", "次数 count", "中位数 median", "95%", "限值 limit"], *rows], (154, 90, 90, 90, 90))


def _open(sheet: Sheet, results: Sequence[Result]) -> None:
    """Cases by their names: the passed ones by group, the others by the reason they share."""
    sheet.head(Text("Neither passed nor failed", "未通过亦未失败的用例"))
    left = [one for one in results if one.verdict not in (Verdict.PASS, Verdict.FAIL)]
    for verdict, reason, members in together(left):
        told = f'<font color="{_colour(verdict)}">{_both(VERDICTS[verdict])} {len(members)}</font> {_both(reason)}'
        sheet.say(f"{told}: {' · '.join(one.case.id for one in members)}", 7.0)
    sheet.head(Text("Passed", "通过的用例"))
    for group, members in _groups([one for one in results if one.verdict is Verdict.PASS]):
        sheet.say(f"<b>{group}</b> {len(members)}： {' · '.join(one.case.id.partition('/')[2] for one in members)}", 7.0)


def _both(words: Text) -> str:
    return escape(words.zh) if words.zh == words.en else f"{escape(words.zh)} {escape(words.en)}"


def _colour(verdict: Verdict) -> str:
    return COLOURS.get(verdict, "#566170")


def _foot(title: str, canvas: Any, document: Any) -> None:
    canvas.setFont(FONT, 7.5)
    canvas.drawString(MARGIN, 22, title)
    canvas.drawRightString(document.pagesize[0] - MARGIN, 22, str(document.page))
