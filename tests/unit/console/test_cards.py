"""Cards in the console: images asked over APDUs, traces in words without anybody's data, reports opened and compared."""

import io
import json
from collections.abc import Callable
from pathlib import Path

from flask.testing import FlaskClient

from tests import consoles

SignIn = Callable[[str], FlaskClient]
Token = Callable[[FlaskClient], str]


def test_images_say_what_they_are(signed_in: SignIn, tmp_path: Path) -> None:
    """Profile, masked number, end and tries left; what is no image says so; only those of one's provinces; none is written."""
    consoles.bench(tmp_path)
    before = {path.name: path.read_bytes() for path in (tmp_path / "cards").iterdir()}
    page = signed_in("centre").get("/console/emulated/").get_data(as_text=True)
    assert "第 1–3 条" in page
    assert "无法读取" in page
    assert "可用" in page
    assert '/console/cards/profiles/3.00"' in page
    assert "31-1" not in signed_in("maker").get("/console/emulated/").get_data(as_text=True).split("<tbody>")[1]
    assert {path.name: path.read_bytes() for path in (tmp_path / "cards").iterdir()} == before


def test_reports_are_opened_and_compared(signed_in: SignIn, tmp_path: Path) -> None:
    """Failed cases with clause and reason; against another report, what changed."""
    consoles.bench(tmp_path)
    (tmp_path / "conformance" / "odd.json").write_text("[]", "utf-8")
    client = signed_in("maker")
    page = client.get("/console/conformance/").get_data(as_text=True)
    assert "第 1–2 条" in page
    shown = client.get("/console/conformance/vendor-1").get_data(as_text=True)
    assert "应答 6982" in shown
    compared = client.get("/console/conformance/vendor-2?with=vendor-1").get_data(as_text=True)
    assert "read-free" in compared.split("相较以下报告的变化")[1].split("</table>")[0]
    for wrong in ("..%2Fledger", ".hidden", "nothing"):
        assert client.get(f"/console/conformance/{wrong}").status_code == 404


def test_an_uploaded_trace_shows_nobodys_data(signed_in: SignIn, token: Token) -> None:
    """Command headers, lengths and status words stay; what was read, written or proved is hidden."""
    client = signed_in("maker")
    name = "沈月明".encode("gb18030").hex().upper()
    lines = [
        {"command": "00A404000F7378312E73682EC9E7BBE1B1A3D5CF", "answer": "9000"},
        {"command": "00B2023420", "answer": f"091E{name}9000"},
        {"command": "0020000003123456", "answer": "63C2"},
    ]
    file = io.BytesIO("\n".join(map(json.dumps, lines)).encode())
    data = {"csrf": token(client), "trace": "", "atr": "", "file": (file, "trace.jsonl")}
    page = client.post("/console/cards/trace", data=data, content_type="multipart/form-data").get_data(as_text=True)
    assert "读记录" in page
    assert "63C2" in page
    assert "7378312E7368" in page
    assert name not in page
    assert "123456" not in page.split("解析结果")[1]
