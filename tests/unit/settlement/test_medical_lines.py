"""Fee lines: the day of each, what is given back, and what the explanation says of them."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardstack.errors import Malformed
from cardstack.settlement.medical.claim import Claim
from cardstack.settlement.schemes.medical import INPATIENT, body_of, compute
from tests.unit.settlement.claims import DAY, a_claim
from tests.unit.settlement.test_medical_scheme import a_bill

STAY: dict[str, Any] = {"care": "inpatient", "registration": "long-term"}


def line(code: str, price: int, quantity: int = 1_000, **facts: Any) -> dict[str, Any]:
    """A fee line whose amount is price times quantity, half up; a negative quantity is given back."""
    amount = (2 * price * abs(quantity) + 1_000) // 2_000
    return {"code": code, "price_fen": price, "quantity": quantity, "amount_fen": amount if quantity > 0 else -amount, **facts}


def stay(*lines: dict[str, Any], **facts: Any) -> Claim:
    return a_claim(**{**STAY, "lines": lines, **facts})


def test_an_items_class_is_that_of_the_day_it_was_given() -> None:
    """The tablet left class B on 1 July: of a stay over that day, each fee has the class of its own day."""
    lines = [line("0302", 10_000, day="2026-06-30"), line("0302", 10_000, day="2026-07-01"), line("0302", 10_000)]
    result = compute(stay(*lines), date(2026, 7, 2))
    assert result.info.preselfpay_amt == 1_500
    assert [step.facts["first_fen"] for step in result.steps[:3]] == [1_500, 0, 0]
    assert "2026-06-30" in result.steps[0].what.zh


def test_a_fee_is_not_younger_than_its_bill() -> None:
    """A line of tomorrow is no line of today's bill."""
    claim = stay(line("0101", 100, day="2026-10-13"))
    with pytest.raises(Malformed, match=r"lines\[0\]"):
        compute(claim, DAY)
    body = {**body_of(claim, compute(claim, date(2026, 10, 13)))}
    reason = INPATIENT.check(a_bill(claim, body, scheme="medical-inpatient"))
    assert reason is not None
    assert reason.code == "claim-malformed"


def test_what_is_given_back_was_never_charged() -> None:
    """Three boxes and one back are two boxes: in the bill, above the price limit, in the first share, in every part."""
    other = line("0101", 500_000)
    back = compute(stay(line("0202", 20_000, 3_000), other, line("0202", 20_000, -1_000)), DAY)
    two = compute(stay(line("0202", 20_000, 2_000), other), DAY)
    assert back.info == two.info
    assert "退回200.00元" in back.steps[0].what.zh


LINES = st.lists(st.tuples(st.sampled_from(["0101", "0202", "0302", "0502"]), st.integers(1, 9), st.integers(1, 5)), min_size=1)


@given(LINES, st.data())
def test_returns_leave_what_was_kept(charged: list[tuple[str, int, int]], data: st.DataObject) -> None:
    """Whatever is given back, in whatever pieces: the split is that of the rest, and all given back is a bill of nothing."""
    lines = [line(code, price * 10_007, count * 1_000) for code, price, count in charged]
    kept, returns = [], []
    for code, price, count in charged:
        back = data.draw(st.integers(0, count))
        returns += [line(code, price * 10_007, -1_000) for _ in range(back)]
        if back < count:
            kept.append(line(code, price * 10_007, (count - back) * 1_000))
    result = compute(stay(*lines, *returns), DAY)
    assert result.info.medfee_sumamt == sum(one["amount_fen"] for one in kept)
    assert min(getattr(result.info, name) for name in result.info.__struct_fields__) >= 0
    if kept:
        by_item = {(one["code"], one["price_fen"]) for one in kept}
        if len(by_item) == len(kept):
            assert result.info == compute(stay(*kept), DAY).info


@pytest.mark.parametrize(
    "lines",
    [
        [line("0101", 100), line("0101", 100, -2_000)],
        [line("0101", 100), line("0101", 99, -1_000)],
        [line("0101", 100), line("0201", 100, -1_000)],
        [line("0101", 100, -1_000), line("0101", 100)],
        [line("0101", 100, day="2026-10-01"), line("0101", 100, -1_000, day="2026-10-02")],
        [{"code": "0101", "price_fen": 100, "quantity": 1_000, "amount_fen": -100}],
        [{"code": "0101", "price_fen": 100, "quantity": -1_000, "amount_fen": 100}],
        [{"code": "0101", "price_fen": 100, "quantity": 0, "amount_fen": 0}],
    ],
)
def test_only_what_was_charged_is_given_back(lines: list[dict[str, Any]]) -> None:
    """The same item at the same price and day, charged before it in the same bill, and no more of it."""
    with pytest.raises(Malformed, match="lines"):
        stay(*lines)


def test_the_deductible_says_how_its_figure_came_about() -> None:
    """Which stay of the year, what the registration does to it with its rounding, what a referral took off."""
    unregistered = compute(a_claim(insured_place="340000", registration="unregistered"), DAY)
    (step,) = [step for step in unregistered.steps if step.name == "act_pay_dedc"]
    assert "400.00元×120%＝480.00元（四舍五入到分）" in step.what.zh
    second = compute(stay(line("0801", 1_000_000), insured_place="320000", before={"stays": 1}), DAY)
    (step,) = [step for step in second.steps if step.name == "act_pay_dedc"]
    assert "第2次住院" in step.what.zh
    assert step.facts["number"] == 2
    referred = {"insurance": "resident", "level": "3", "stay": "s2", "referred_from": "s1", "before": {"stay.s1.dedc": 5_000}}
    moved = compute(stay(line("0801", 1_000_000), **referred), DAY)
    (step,) = [step for step in moved.steps if step.name == "act_pay_dedc"]
    assert "转诊前已计50.00元" in step.what.zh
    assert step.facts["carried_fen"] == 5_000


def test_an_item_over_its_limit_says_the_limit() -> None:
    """Unit price, quantity and the limit, so that the amount over it can be checked."""
    step = compute(stay(line("0202", 20_000, 2_000)), DAY).steps[0]
    assert "200.00元×2" in step.what.zh
    assert "限价130.00元" in step.what.zh
    assert step.facts["limit_fen"] == 13_000


def test_a_person_whom_no_row_of_the_pool_fits_is_told_so() -> None:
    """The pool pays nothing, and the explanation says why."""
    result = compute(a_claim(category="pupil"), DAY)
    (step,) = [step for step in result.steps if step.name == "hifp_pay"]
    assert (result.info.hifp_pay, step.amount_fen) == (0, 0)
    assert "pupil" in step.what.en
