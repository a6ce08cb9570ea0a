"""Published answers of the national interface: their sums hold, our split and our books give the same fen."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cardstack.settlement.bulk.medical_file import LAYOUT, batches
from cardstack.settlement.medical.names import FUNDS
from cardstack.settlement.medical.policy import Entry, Policy
from cardstack.settlement.medical.reconciliation import Totals, reconcile, totals
from cardstack.settlement.medical.split import Setlinfo, split
from tests.unit.settlement.claims import a_claim

FILE = Path(__file__).parents[2] / "vectors" / "medical" / "messages" / "hebei-outpatient.json"
PUBLISHED: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
DAY = date(2021, 11, 29)


def fen(yuan: str | None) -> int:
    """An amount as it was published; what a message leaves empty is nothing."""
    amount = Decimal(yuan or 0) * 100
    assert amount == int(amount)
    return int(amount)


@pytest.mark.parametrize("number", ["2206", "2207", "2208"])
def test_the_published_parts_sum(number: str) -> None:
    """0 = 1 + 2 + 3 + 4 = 9 + 10 + 11, and 11 = account + cash; a reversal holds the same with its signs."""
    told = {name: fen(amount) for name, amount in PUBLISHED["answers"][number].items()}
    whole = told["medfee_sumamt"]
    assert whole == sum(told[name] for name in ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt"))
    assert whole == told["fund_pay_sumamt"] + told["hosp_part_amt"] + told["acct_pay"] + told["psn_cash_pay"]
    assert told["fund_pay_sumamt"] == sum(told.get(fund, 0) for fund in FUNDS)
    rows = sum(fen(row["fund_payamt"]) for row in PUBLISHED["setldetail"].get(number, ()))
    assert not rows or rows == told["fund_pay_sumamt"] + told["acct_pay"]


def test_the_published_bill_is_split_to_the_fen() -> None:
    """Line, first share, deductible, account, cash and the balance left: every field of 2207, and 2206 told the same."""
    (line,) = PUBLISHED["lines"]
    share = int(Decimal(line["selfpay_prop"]) * 1000)
    entry = Entry(code="1", grade="B", first_permille=share, limit_fen=fen(line["pric_uplmt_amt"]), since=DAY, reference="2204")
    policy = {
        "since": "2021-01-01",
        "reference": "inferred: a deductible that this bill did not use up",
        "place": "131100",
        "insurance": "employee",
        "care": ["outpatient"],
        "group": "outpatient",
        "deductibles": [{"fen": [10_000]}],
        "registrations": [{"name": "home"}],
        "layers": [{"fund": "hifp_pay", "rows": [{"bands": [{"permille": 500}]}]}],
    }
    told = PUBLISHED["answers"]["2207"]
    claim = a_claim(
        ("1", fen(line["det_item_fee_sumamt"])),
        insured_place="131100",
        treating_place="131102",
        registration="home",
        accounts=[{"holder": "p", "granted_fen": fen(told["balc"]) + fen(told["acct_pay"])}],
    )
    info = split(claim, (msgspec.convert(policy, Policy),), {"1": (entry,)}, DAY).info
    assert {name: getattr(info, name) for name in told} == {name: fen(amount) for name, amount in told.items()}
    assert set(Setlinfo.__struct_fields__) - set(told) == {"hifdm_pay"}
    assert PUBLISHED["answers"]["2206"] == told


def test_the_published_settlement_and_reversal_make_a_book() -> None:
    """Read as lines of the monthly file: no fault, the reversal takes off, and both sides agree."""
    body = b""
    for number, refund in (("2207", "0"), ("2208", "1")):
        told = {name: abs(fen(amount)) for name, amount in PUBLISHED["answers"][number].items()}
        values = {
            "id": f"H1311020002620211129180952{number}",
            "psn_no": "p",
            "mdtrt_id": "v",
            "setl_id": number,
            "insuplc_admdvs": "131199",
            "mdtrtarea_admvs": "131102",
            "insutype": "310",
            "clr_type": "11",
            "setl_time": "20211129180952",
            "cash_payamt": told["psn_cash_pay"],
            "refd_setl_flag": refund,
            "fixmedins_name": "示意",
        }
        names = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "hosp_part_amt")
        body += LAYOUT.line({**values, **{name: told[name] for name in names}}, "gb18030")
    (batch,) = batches(body)
    assert batch.faults == ()
    assert totals(batch.books) == {("310", "11"): Totals(452 - 2_510, 0, 452 - 2_510, 2)}
    assert reconcile(batch.books, batch.books) == ()
