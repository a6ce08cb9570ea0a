"""Medical splits a second, explained step by step; and a monthly medical file from bytes to books."""

from datetime import date

from bench.harness import measure, report
from cardstack.settlement.bulk.medical_file import LAYOUT, batches
from cardstack.settlement.medical.claim import read_claim
from cardstack.settlement.schemes.medical import compute

DAY = date(2026, 10, 12)
LINES = [("0101", 2_500), ("0202", 30_000), ("0302", 33_333), ("0801", 900_000)]


def main() -> None:
    """Print both lines."""
    claim = read_claim(
        {
            "person": "p1",
            "insurance": "employee",
            "category": "employed",
            "care": "inpatient",
            "insured_place": "320000",
            "treating_place": "330100",
            "hospital": "H33010600001",
            "level": "3",
            "registration": "referral",
            "age": 45,
            "lines": [{"code": code, "amount_fen": fen, "price_fen": fen} for code, fen in LINES],
            "stay": "s1",
            "accounts": [{"holder": "p1", "granted_fen": 9_000}],
        }
    )
    report("medical split with its explanation", measure(lambda n: [compute(claim, DAY) for _ in range(n)], 2_000))
    line = {
        "psn_no": "p1",
        "mdtrt_id": "v1",
        "setl_id": "s1",
        "insuplc_admdvs": "310000",
        "mdtrtarea_admvs": "330100",
        "insutype": "310",
        "clr_type": "11",
        "setl_time": "20261012093000",
        "medfee_sumamt": 10_000,
        "fund_pay_sumamt": 6_000,
        "acct_pay": 1_000,
        "cash_payamt": 3_000,
        "hosp_part_amt": 0,
        "refd_setl_flag": "0",
        "fixmedins_name": "示意医院",
    }
    first = LAYOUT.line({"id": "H33010600001202610120930000000", **line})
    body = b"".join(b"H330106000012026101209%08d" % n + first[30:] for n in range(50_000))
    report(
        "monthly medical file, bytes to books",
        measure(lambda n: [len(batch.books) for batch in batches(body[: n * LAYOUT.size])], 50_000, rounds=3),
    )


if __name__ == "__main__":
    main()
