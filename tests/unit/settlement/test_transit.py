"""Transit records: proof, fare, discounts and who bears them, the fee."""

from datetime import date, timedelta
from typing import Any

import pytest

from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.schemes.transit import TRANSIT, Transit, price_of
from cardstack.settlement.transaction import MessageId
from cardstack.settlement.transit.fares import Discount, FarePolicy, fare
from cardstack.settlement.transit.keys import Keys
from cardstack.settlement.transit.tap import moment_of
from tests.unit.settlement.taps import a_ride, a_tap


def legs(**facts: Any) -> dict[str, tuple[str, str, int]]:
    ride = a_ride(a_tap(**facts))
    assert TRANSIT.check(ride) is None
    return {leg.kind: (leg.debtor, leg.creditor, leg.amount_fen) for leg in TRANSIT.postings(ride, ride.day)}


def test_a_ride_becomes_its_postings() -> None:
    """A Shanghai adult on a Hangzhou bus: 9 % off borne at home, the fee half to the issuer."""
    assert legs() == {
        "fare": ("31.card-issuer", "33.transit-operator", 182),
        "discount": ("31.card-sponsor", "33.transit-operator", 18),
        "issuer-fee": ("33.transit-operator", "31.card-issuer", 1),
    }


@pytest.mark.parametrize(
    ("card_class", "charged", "sponsor"),
    [("student", 100, "33.city-finance"), ("senior", 0, "31.card-sponsor"), ("soldier", 0, "33.city-finance")],
)
def test_the_same_city_treatment_names_who_bears_it(card_class: str, charged: int, sponsor: str) -> None:
    """A student, a senior and a soldier from away are treated as at home; the difference has a payer."""
    found = legs(card_class=card_class)
    assert found.get("fare", ("", "", 0))[2] == charged
    assert found["discount"] == (sponsor, "33.transit-operator", 200 - charged)


@pytest.mark.parametrize("algorithm", ["3des", "sm4"])
def test_a_record_is_proven_by_its_tac(algorithm: str) -> None:
    """The right TAC is taken; with any covered field changed it proves nothing."""
    tap = a_tap(algorithm=algorithm)
    assert TRANSIT.check(a_ride(tap)) is None
    changed = a_tap(algorithm=algorithm, terminal_serial=13, tac=tap.tac)
    reason = TRANSIT.check(a_ride(changed))
    assert reason is not None
    assert reason.code == "tac-wrong"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"balance_fen": 100}, "balance-short"),
        ({"grey": True}, "grey-unproven"),
        ({"amount_fen": 200}, "fare-differs"),
        ({"expires": "20261011"}, "card-expired"),
        ({"amount_fen": 100_001, "gross_fen": 100_001, "balance_fen": 200_000}, "over-limit"),
        ({"amount_fen": 0, "gross_fen": 100_001, "card_class": "senior"}, "over-limit"),
        ({"industry": "03"}, "no-fare"),
    ],
)
def test_each_fault_has_its_reason(facts: dict[str, Any], code: str) -> None:
    """The first reason that applies is the answer."""
    tap = a_tap(**{"amount_fen": 182, **facts})
    reason = TRANSIT.check(a_ride(tap))
    assert reason is not None
    assert reason.code == code


def test_late_future_and_contradicting_records_are_refused() -> None:
    """The sender's own id says when it was sent; message and record must agree."""
    tap = a_tap()
    at = moment_of(tap.moment)
    for ride, code in (
        (a_ride(tap, sent=at + timedelta(days=31)), "late"),
        (a_ride(tap, sent=at - timedelta(hours=1)), "future"),
        (a_ride(tap, amount_fen=181), "amount-differs"),
        (a_ride(tap, occurred_at=at + timedelta(seconds=1)), "moment-differs"),
        (a_ride(tap, body={"tap": {"issuer": "x"}}), "tap-malformed"),
        (a_ride(tap, body={}), "tap-malformed"),
    ):
        reason = TRANSIT.check(ride)
        assert reason is not None
        assert reason.code == code


def test_a_record_of_no_figures_and_an_id_of_no_day_have_their_reasons() -> None:
    """Before the first limits, and with a message id of the 30th of February: a reason, never an error."""
    early = a_ride(a_tap(moment="20241231083000", amount_fen=182))
    nowhere = a_ride(a_tap(), id=MessageId("T33010000001202602300000000001"))
    found = [TRANSIT.check(early), TRANSIT.check(nowhere)]
    assert [one.code for one in found if one] == ["no-figure", "tap-malformed"]


def test_a_card_is_good_on_its_last_day_and_a_journey_may_cost_what_the_limit_says() -> None:
    """Both bounds are inside."""
    assert TRANSIT.check(a_ride(a_tap(expires="20261012"))) is None
    dear = {"city": "2900", "industry": "01", "gross_fen": 100_000, "balance_fen": 100_000}
    assert TRANSIT.check(a_ride(a_tap(**dear))) is None


def test_an_issuer_without_a_key_here_cannot_be_verified() -> None:
    """Nothing is taken on trust."""
    reason = Transit(keys=Keys({})).check(a_ride(a_tap()))
    assert reason is not None
    assert reason.code == "no-key"


def test_transfer_band_month_and_caps() -> None:
    """Each kind of discount from its declaration, in the order of the data."""
    previous = {"moment": "20261012080000", "industry": "01"}
    transfer = price_of(a_tap(previous=previous))
    assert [off.amount_fen for off in transfer.offs] == [18, 100]
    assert price_of(a_tap(previous={**previous, "transfers": 2})).charged_fen == 182
    assert price_of(a_tap(previous={**previous, "moment": "20261012065900"})).charged_fen == 182
    assert price_of(a_tap(day_fen=2_950)).charged_fen == 50
    weekly = FarePolicy(
        since=date(2025, 1, 1),
        reference="invented",
        city="3310",
        industry=("02",),
        discounts=(Discount(kind="week-cap", title="周封顶", cap_fen=10_000),),
    )
    assert [fare(a_tap(week_fen=paid, amount_fen=0), weekly).charged_fen for paid in (9_800, 9_900, 12_000)] == [200, 100, 0]
    metro = {"city": "2900", "industry": "01", "gross_fen": 400}
    assert price_of(a_tap(**metro, month_fen=6_999)).charged_fen == 400
    assert price_of(a_tap(**metro, month_fen=7_000)).charged_fen == 360
    nanjing = {"city": "3010", "industry": "01", "gross_fen": 400}
    assert price_of(a_tap(**nanjing, moment="20261012065959")).charged_fen == 304
    assert price_of(a_tap(**nanjing, month_fen=29_900)).charged_fen == 100


def test_an_unended_journey_pays_the_highest_fare() -> None:
    """No discount is given on it."""
    price = price_of(a_tap(incomplete=True))
    assert (price.charged_fen, price.offs) == (500, ())


def test_a_record_is_claimed_once_by_its_card() -> None:
    """Issuer, card and counter."""
    ride = a_ride(a_tap())
    assert TRANSIT.claims(ride) == ("card.02002900FFFFFFFF.03100020000000000017.7",)
    assert TRANSIT.accumulations(ride) == ()


def test_the_explanation_agrees_with_the_postings() -> None:
    """Gross, discounts, charged and fee, in both languages."""
    ride = a_ride(a_tap())
    steps = TRANSIT.explain(ride, ride.day)
    assert [(step.name, step.amount_fen) for step in steps] == [("gross", 200), ("class", 18), ("charged", 182), ("fee", 1)]
    assert all(step.reference and step.what.zh for step in steps)


def test_the_registry_has_each_scheme_under_its_name() -> None:
    """One line registers a scheme."""
    assert {name: scheme.name for name, scheme in SCHEMES.items()} == {name: name for name in SCHEMES}
    assert all(scheme.title.zh for scheme in SCHEMES.values())
