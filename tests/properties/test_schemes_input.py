"""Whatever a peer sends as the content of a message, a scheme answers with a reason or with postings, and raises nothing else."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.errors import CardstackError
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.told import SIZE
from cardstack.settlement.transaction import MessageId, Party, Transaction
from cardstack.values import Fen
from tests.unit.settlement.claims import a_claim
from tests.unit.settlement.taps import a_ride, a_tap
from tests.unit.settlement.test_further_schemes import buy, charge, drive
from tests.unit.settlement.test_medical_scheme import a_bill
from tests.unit.settlement.test_purse import change
from tests.unit.settlement.test_registration import FILED
from tests.unit.settlement.test_services import ANSWER, AT, QUERY, STATEMENT


def message(scheme: str, kind: str, sender: str, body: dict[str, Any], amount: int = 0) -> Transaction:
    """A message of a service."""
    return Transaction(
        id=MessageId.of("S31010000001", AT, 1),
        scheme=scheme,
        kind=kind,
        sender=Party(sender),
        home="310000",
        treating="330100",
        occurred_at=AT,
        amount_fen=Fen(amount),
        body=body,
    )


GOOD = (
    a_bill(a_claim()),
    a_ride(a_tap()),
    buy(),
    charge(),
    drive(),
    change(),
    message("pension-certification", "answer", "33.office", ANSWER),
    replace(message("pension-transfer", "send", "31.office", STATEMENT, 1_860_000), pending_until=AT + timedelta(days=30)),
    message("portable-record", "query", "33.office", QUERY),
    message("medical-registration", "file", "31.office", FILED),
)
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, -1, 0, 2**53 - 1, "", "x" * 70, "９９", "2026-13-01", "31", [], {}, [{}], True, {"a": 1}, "310000", ["02", "02"]]
)


@st.composite
def spoilt(draw: st.DrawFn, value: Any) -> Any:
    """The same content with something in it left out, added or replaced."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        name = draw(st.sampled_from(sorted(value)))
        how = draw(st.sampled_from(["replace", "replace", "replace", "drop", "add"]))
        rest = {key: one for key, one in value.items() if key != name}
        if how == "drop":
            return rest
        return {**value, "more": draw(JUNK)} if how == "add" else {**rest, name: draw(spoilt(value[name]))}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], draw(spoilt(value[place])), *value[place + 1 :]]
    return draw(JUNK)


@pytest.mark.parametrize("good", GOOD, ids=lambda one: one.scheme)
@settings(max_examples=60)
@given(data=st.data())
def test_any_content_is_judged_and_nothing_escapes(good: Transaction, data: st.DataObject) -> None:
    """`check` never raises; what passes it has postings, claims, totals and an explanation, or a coded error."""
    body = json.loads(json.dumps(msgspec.to_builtins(good.body)))
    for _ in range(data.draw(st.integers(1, 2))):
        body = data.draw(spoilt(body))
    try:
        told = replace(good, body=body if isinstance(body, dict) else {})
    except CardstackError:
        return
    scheme = SCHEMES[good.scheme]
    if scheme.check(told) is None:
        for part in (scheme.postings, scheme.explain):
            with suppress(CardstackError):
                part(told, told.day)
        with suppress(CardstackError):
            assert all(one.account for one in scheme.accumulations(told))
            assert all(scheme.claims(told))


FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
REFUNDS = (
    buy("refund", refund_of="M33010000001202610120830000001"),
    change("refund", undoes="T33010000001202610120830000007"),
)


def respelt(value: Any) -> Iterator[Any]:
    """The same content with one of its texts spelt otherwise: a line feed at its end, its digits full-width."""
    if isinstance(value, str):
        yield from {f"{value}\n", value.translate(FULL_WIDTH)} - {value}
    elif isinstance(value, dict):
        yield from ({**value, name: other} for name, one in value.items() for other in respelt(one))
    elif isinstance(value, list):
        yield from ([*value[:place], other, *value[place + 1 :]] for place, one in enumerate(value) for other in respelt(one))


@pytest.mark.parametrize("good", [*GOOD, *REFUNDS], ids=lambda one: f"{one.scheme} {one.kind}")
def test_no_record_can_be_spelt_in_two_ways(good: Transaction) -> None:
    """Another spelling is refused, or claims the same: nothing is settled twice under two claims, and nothing is raised."""
    scheme = SCHEMES[good.scheme]
    assert scheme.check(good) is None
    for body in respelt(json.loads(json.dumps(msgspec.to_builtins(good.body)))):
        told = replace(good, body={**good.body, **body})
        if scheme.check(told) is None:
            assert _once(scheme.claims(told)) == _once(scheme.claims(good))


def _once(claims: tuple[str, ...]) -> list[str]:
    """Without those under which a registration is found: a person who is spelt otherwise is another."""
    return [one for one in claims if len(one) != 2 * SIZE]
