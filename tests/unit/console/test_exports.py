"""Exported files as people open them: CSV, XLSX with ids as text, PDF with Chinese that can be read and seen."""

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient

from server.console import exporting, reports
from server.store.office import Office

SignIn = Callable[[str], FlaskClient]


NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def test_ids_and_money_in_a_workbook(signed_in: SignIn) -> None:
    """Ids are text however many digits they have, money is a number in yuan, and it prints on A4 with heads and page numbers."""
    answer = signed_in("chief").get("/console/reports/export/transactions.xlsx?scheme=transit&col=id&col=amount&col=occurred")
    with ZipFile(io.BytesIO(answer.get_data())) as book:
        page = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
        names = book.read("xl/workbook.xml").decode()
    rows = [list(row) for row in page.iter(f"{NS}row")]
    assert ["".join(cell.itertext()) for cell in rows[1]] == ["序号", "交易流水号", "交易时间", "金额（元）"]
    number, identity, moment, amount = rows[2]
    assert (number.get("t"), identity.get("t"), moment.get("t"), amount.get("t")) == (None, "inlineStr", "inlineStr", None)
    assert "".join(identity.itertext()).startswith("T3301")
    assert "." in "".join(amount.itertext())
    setup, foot = page.find(f"{NS}pageSetup"), page.find(f"{NS}headerFooter/{NS}oddFooter")
    assert setup is not None
    assert setup.get("paperSize") == "9"
    assert foot is not None
    assert foot.text == "&C&P / &N"
    assert "Print_Titles" in names
    assert "".join(rows[-1][0].itertext()).startswith("制表人")


@pytest.mark.parametrize("text", ["=1+1", "+1", "@x", "-cmd", "\tx"])
def test_no_cell_is_a_formula(text: str) -> None:
    """What a spreadsheet would compute is written as text."""
    assert exporting.safe(text).startswith("'")


def told(*command: str) -> str:
    """What a program of poppler says."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def font() -> bool:
    return any(Path(one).is_file() for one in exporting.FONTS)


@pytest.mark.skipif(not font() or shutil.which("pdftotext") is None, reason="needs fonts-wqy-microhei and poppler-utils")
def test_a_pdf_speaks_chinese(signed_in: SignIn, tmp_path: Path) -> None:
    """The text comes out as it stands on the list, with maker, checker and page number; the font is inside."""
    answer = signed_in("chief").get("/console/reports/export/participants.pdf")
    assert answer.mimetype == "application/pdf"
    file = tmp_path / "list.pdf"
    file.write_bytes(answer.get_data())
    text = told("pdftotext", "-layout", str(file), "-").replace(" ", "")
    for word in ("参与方", "上海医保基金", "浙江医疗机构结算户", "制表人：钱主管", "复核人", "第1页", "500,000.00"):
        assert word in text, word
    chinese = next(line.split() for line in told("pdffonts", str(file)).splitlines() if "WenQuanYi" in line)
    assert chinese[-5] == "yes"
    assert "(A4)" in told("pdfinfo", str(file))


def test_a_long_export_runs_as_a_job(signed_in: SignIn, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how far it is, nothing while that has not changed, and gives its file to its owner alone."""
    monkeypatch.setattr(reports, "AT_ONCE", 50)
    client = signed_in("chief")
    answer = client.get("/console/reports/export/transactions.csv?scheme=transit")
    assert (answer.status_code, answer.location) == (303, "/console/reports/")
    for _ in range(200):
        (job,) = office.jobs.of("chief", "export")
        if job.state != "running":
            break
        seen = f"{job.state}-{job.done}"
        client.get(f"/console/reports/jobs/{job.id}/live?seen={seen}")
    assert job.state == "done", job.error
    assert client.get(f"/console/reports/jobs/{job.id}/live?seen=done-{job.done}").status_code == 204
    file = client.get(f"/console/reports/jobs/{job.id}")
    lines = file.get_data().decode("utf-8-sig").splitlines()
    file.close()
    assert len(lines) > 51
    assert all("门诊" not in line for line in lines)
    assert signed_in("maker").get(f"/console/reports/jobs/{job.id}").status_code == 404
