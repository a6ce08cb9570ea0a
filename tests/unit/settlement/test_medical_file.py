"""The monthly medical file: columns to books, faults by line, restart, and the result file."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.settlement.bulk.layout import Charset
from cardstack.settlement.bulk.medical_file import LAYOUT, REASONS, RESULT, batches, result_body
from cardstack.settlement.bulk.seen import Seen
from cardstack.settlement.medical.reconciliation import Book, reconcile, totals


def a_line(number: int, charset: Charset = "gb18030", **facts: Any) -> bytes:
    given_: dict[str, Any] = {
        "id": f"H3301060000120261012093000{number:04d}",
        "psn_no": "p000001",
        "mdtrt_id": f"v{number}",
        "setl_id": f"s{number}",
        "insuplc_admdvs": "310000",
        "mdtrtarea_admvs": "330100",
        "insutype": "310",
        "clr_type": "11",
        "setl_time": "20261012093000",
        "medfee_sumamt": 10_000,
        "fund_pay_sumamt": 6_000,
        "acct_pay": 1_000,
        "cash_payamt": 2_500,
        "hosp_part_amt": 500,
        "refd_setl_flag": "0",
        "fixmedins_name": "浙江大学医学院附属第一医院（示意）",
    }
    return LAYOUT.line({**given_, **facts}, charset)


@pytest.mark.parametrize("charset", ["gb18030", "utf-8"])
def test_lines_become_a_book(charset: Charset) -> None:
    """In either charset; reversals take off in the totals."""
    body = b"".join((a_line(1, charset), a_line(2, charset), a_line(1, charset, refd_setl_flag="1")))
    (batch,) = batches(body, charset=charset)
    assert batch.faults == ()
    assert batch.books[0] == Book("H33010600001202610120930000001", ("310", "11"), 10_000, 6_000, 1_000)
    assert totals(batch.books) == {("310", "11"): (10_000, 6_000, 1_000, 3)}


def test_each_fault_is_named_by_its_line() -> None:
    """Sums, repetition, charset, form; the lines around are taken."""
    broken = bytearray(a_line(5))
    broken[40] = 0x0A
    undecodable = a_line(4).replace("浙".encode("gb18030"), b"\xff\xff")
    no_day = a_line(7, setl_time="20260229120000")
    body = b"".join((a_line(1), a_line(2, cash_payamt=1), a_line(1), undecodable, bytes(broken), a_line(6), no_day))
    (batch,) = batches(body)
    assert [(fault.line, fault.code, fault.column) for fault in batch.faults] == [
        (2, "parts-differ", ""),
        (3, "repeated-line", ""),
        (4, "text-undecodable", "fixmedins_name"),
        (5, "line-malformed", "psn_no"),
        (7, "line-malformed", "setl_time"),
    ]
    assert [book.key[-1] for book in batch.books] == ["1", "6"]
    assert {fault.code for fault in batch.faults} == set(REASONS)


@settings(max_examples=30)
@given(st.integers(1, 30), st.integers(1, 7), st.data())
def test_a_stop_changes_nothing(count: int, chunk: int, data: st.DataObject) -> None:
    """Going on from where it stopped gives the rest of the book."""
    body = b"".join(map(a_line, range(count)))
    whole = [book for batch in batches(body) for book in batch.books]
    parts = list(batches(body, chunk=chunk))
    stop = data.draw(st.integers(0, len(parts)))
    done = [book for batch in parts[:stop] for book in batch.books]
    start = parts[stop - 1].next_line if stop else 0
    assert done + [book for batch in batches(body, chunk=chunk, start=start) for book in batch.books] == whole


def test_the_result_file_says_what_differs() -> None:
    """With sign, kind and words."""
    (batch,) = batches(a_line(1) + a_line(2))
    theirs = [batch.books[0]._replace(medfee_sumamt=9_000)]
    raw = result_body(reconcile(batch.books, theirs))
    assert len(raw) == 2 * RESULT.size
    text = raw.decode("gb18030")
    assert "amount        +1000" in text
    assert "missing-there +10000" in text


@settings(max_examples=30)
@given(st.lists(st.integers(0, 5_000), max_size=3_000))
def test_keys_that_came_before_are_known(numbers: list[int]) -> None:
    """As a set of them knows them."""
    seen, known = Seen(), set[int]()
    for number in numbers:
        assert seen.add(b"%d" % number) == (number not in known)
        known.add(number)


def test_a_long_file_s_keys_are_all_known() -> None:
    """Beyond several doublings of the table."""
    seen = Seen()
    assert all(seen.add(b"%d" % number) for number in range(20_000))
    assert not any(seen.add(b"%d" % number) for number in range(20_000))
