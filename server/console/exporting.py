"""Lists as files that open right where operators open them: CSV with BOM, XLSX with ids as text, PDF with an embedded font."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from cardstack.errors import Refused, problem
from cardstack.text import Text
from cardstack.values import yuan
from server.console.listing import Column, Row, plain

FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "C:/Windows/Fonts/simsun.ttc",
)
"""TrueType fonts with Chinese that can be embedded; the first that is there is taken."""

NO_FONT = problem(
    "CS-4120",
    Text("No Chinese TrueType font to embed was found", "未找到可嵌入的中文 TrueType 字体"),
    Text("Install fonts-wqy-microhei, or take XLSX or CSV.", "请安装 fonts-wqy-microhei 字体，或改用 XLSX、CSV 导出。"),
)
PDF_MOST = 5_000
STEP = 500


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is exported: its columns, rows, and what stands above and below them on paper."""

    title: str
    columns: Sequence[Column]
    heads: Sequence[str]
    rows: Iterable[Row]
    maker: str
    at: datetime
    demo: bool

    @property
    def marked_title(self) -> str:
        """The title, with the demo mark where the data is invented."""
        return f"{self.title}（测试数据 TEST DATA）" if self.demo else self.title


Progress = Callable[[int], None]


def write(sheet: Sheet, form: str, path: Path, progress: Progress = lambda _: None) -> None:
    """The sheet as a file."""
    {"csv": _csv, "xlsx": _xlsx, "pdf": _pdf}[form](sheet, path, progress)


def safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> safe("=cmd()"), safe("张三"), safe("-5.00")
    ("'=cmd()", '张三', '-5.00')
    """
    risky = text[:1] in {"=", "+", "@", "\t", "\r"} or (text[:1] == "-" and not text[1:].replace(".", "").isdigit())
    return f"'{text}" if risky else text


def _csv(sheet: Sheet, path: Path, progress: Progress) -> None:
    # The BOM tells WPS and Excel that this is UTF-8; CR LF is what they write themselves.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        _write_csv(sheet, file, progress)


def _write_csv(sheet: Sheet, file: TextIO, progress: Progress) -> None:
    writer = csv.writer(file, lineterminator="\r\n")
    if sheet.demo:
        writer.writerow([sheet.marked_title])
    writer.writerow(["序号", *sheet.heads])
    for number, row in enumerate(sheet.rows, start=1):
        # A tab after a long number keeps Excel from showing it as 3.10101E+17 when the file is opened by a double click.
        cells = [_long(column, safe(plain(column, row))) for column in sheet.columns]
        writer.writerow([number, *cells])
        if number % STEP == 0:
            progress(number)


def _long(column: Column, text: str) -> str:
    return f"{text}\t" if column.kind == "id" and len(text) > 11 and text.isdigit() else text


def _xlsx(sheet: Sheet, path: Path, progress: Progress) -> None:
    xlsxwriter: Any = import_module("xlsxwriter")  # untyped, and only who exports needs it
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        page = book.add_worksheet()
        money = book.add_format({"num_format": "#,##0.00"})
        _xlsx_frame(sheet, book, page)
        number = 0
        for number, row in enumerate(sheet.rows, start=1):
            page.write_number(number + 1, 0, number)
            for place, column in enumerate(sheet.columns, start=1):
                value = row.get(column.key)
                if column.kind == "money" and value is not None:
                    page.write_number(number + 1, place, int(value) / 100, money)
                elif column.kind in {"count", "percent"} and value is not None:
                    page.write_number(number + 1, place, value)
                else:
                    page.write_string(number + 1, place, plain(column, row))
            if number % STEP == 0:
                progress(number)
        page.write_string(number + 3, 0, f"制表人：{sheet.maker}    复核人：            日期：{sheet.at:%Y-%m-%d}")


def _xlsx_frame(sheet: Sheet, book: Any, page: Any) -> None:
    """Title, heads, widths, and how it prints: A4 across, heads on every page, page numbers."""
    page.set_landscape()
    page.set_paper(9)
    page.repeat_rows(1)
    page.fit_to_pages(1, 0)
    page.set_footer("&C&P / &N")
    page.freeze_panes(2, 0)
    page.write_string(0, 0, sheet.marked_title, book.add_format({"bold": True, "font_size": 14}))
    page.write_row(1, 0, ["序号", *sheet.heads], book.add_format({"bold": True, "bg_color": "#DCE6F2", "border": 1}))
    for place, column in enumerate(sheet.columns, start=1):
        page.set_column(place, place, {"id": 34, "moment": 20, "money": 16}.get(column.kind, 18))


def font_path() -> str:
    """The font to embed, or `Refused` (CS-4120)."""
    found = next((one for one in FONTS if Path(one).is_file()), None)
    if found is None:
        raise Refused("font", problem=NO_FONT)
    return found


def _pdf(sheet: Sheet, path: Path, progress: Progress) -> None:
    # The extra `pdf`, untyped.
    platypus: Any = import_module("reportlab.platypus")
    colors: Any = import_module("reportlab.lib.colors")
    pagesizes: Any = import_module("reportlab.lib.pagesizes")
    ParagraphStyle: Any = import_module("reportlab.lib.styles").ParagraphStyle  # noqa: N806  # a class
    fonts: Any = import_module("reportlab.pdfbase.ttfonts")
    import_module("reportlab.pdfbase.pdfmetrics").registerFont(fonts.TTFont("Chinese", font_path(), subfontIndex=0))
    Paragraph = platypus.Paragraph  # noqa: N806  # a class
    small = ParagraphStyle("cell", fontName="Chinese", fontSize=7.5, leading=9.5, wordWrap="CJK")
    right = ParagraphStyle("number", parent=small, alignment=2)
    styles = [right if column.kind in {"money", "count", "percent"} else small for column in sheet.columns]
    large = ParagraphStyle("title", fontName="Chinese", fontSize=14, leading=20, alignment=1)
    heads = zip(("序号", *sheet.heads), [small, *styles], strict=True)
    rows: list[list[Any]] = [[Paragraph(_escaped(head), style) for head, style in heads]]
    for number, row in enumerate(islice(sheet.rows, PDF_MOST), start=1):
        cells = zip((_paper(column, row) for column in sheet.columns), styles, strict=True)
        rows.append([Paragraph(str(number), small), *(Paragraph(_escaped(cell), style) for cell, style in cells)])
        if number % STEP == 0:
            progress(number)
    table = platypus.LongTable(rows, repeatRows=1)
    table.setStyle([("GRID", (0, 0), (-1, -1), 0.4, colors.grey), ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke)])
    document = platypus.SimpleDocTemplate(
        str(path), pagesize=pagesizes.landscape(pagesizes.A4), leftMargin=30, rightMargin=30, topMargin=30, bottomMargin=46
    )
    document.title = sheet.marked_title
    foot = partial(_foot, f"制表人：{sheet.maker}        复核人：______________        日期：{sheet.at:%Y-%m-%d}")
    document.build([Paragraph(sheet.marked_title, large), platypus.Spacer(1, 8), table], onFirstPage=foot, onLaterPages=foot)


def _foot(words: str, canvas: Any, document: Any) -> None:
    canvas.setFont("Chinese", 8)
    canvas.drawString(30, 24, words)
    canvas.drawRightString(document.pagesize[0] - 30, 24, f"第 {document.page} 页")


def _paper(column: Column, row: Row) -> str:
    value = row.get(column.key)
    if value is not None and column.kind in {"money", "percent"}:
        return yuan(value) if column.kind == "money" else f"{value} %"
    return plain(column, row)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
