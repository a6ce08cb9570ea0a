"""Bills settled again after an earlier one is corrected or taken back: the list of what to send, and that it is taken."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from cardstack.cli.settle import app
from cardstack.errors import CardstackError
from cardstack.settlement.envelope import parse, seal
from cardstack.settlement.line import prepare
from cardstack.settlement.medical.claim import Claim
from cardstack.settlement.medical.year import on_the_year
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.schemes.medical import body_of, compute, scheme_for
from cardstack.settlement.transaction import MessageId, Party, Transaction
from cardstack.settlement.wire import canonical, digest
from cardstack.text import Text
from cardstack.values import Fen
from server.store import reads
from server.store.commit import Kept
from server.store.posting import Submission
from server.store.store import Store
from server.store.values import Participant
from tests.ledgers import NODE, NOON, message_id, node_trust
from tests.unit.settlement.claims import a_claim

_, SIGNER, CERTIFICATE = node_trust()
PARTIES = tuple(Party(name) for name in ("33.medical-fund", "33.medical-account", "33.hospital-fund"))


@pytest.fixture
def store(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A ledger of the schemes that are settled, where the commands find it."""
    monkeypatch.setenv("CARDSTACK_DATABASE", ledger_url)
    store = Store(ledger_url, SCHEMES)
    for party in PARTIES:
        store.register_party(Participant(party, Text(party, "参与方"), party, None, NOON))
    yield store
    store.close()


def stay(fen: int, name: str) -> Claim:
    """An invented stay of a Jiaxing employee in Hangzhou, in the range of serious illness."""
    return a_claim(("0101", fen), care="inpatient", registration="home", insured_place="330400", stay=name)


def send(store: Store, *messages: Transaction) -> list[str]:
    sealed = parse(seal(messages, SIGNER, [CERTIFICATE], NOON))
    lines = [prepare(one, digest(canonical(one)), NODE, SCHEMES) for one in messages]
    (answers,) = store.submit([Submission(Kept("envelope", sealed.digest, sealed.raw, str(NODE.name), NOON), lines)], NOON)
    return [one.outcome.value for one in answers]


def settlement(serial: int, claim: Claim, body: dict[str, Any]) -> Transaction:
    return Transaction(
        id=message_id(serial),
        scheme=scheme_for(claim, NOON.date())[0],
        kind="settlement",
        sender=NODE.name,
        home="330400",
        treating="330100",
        occurred_at=NOON,
        amount_fen=Fen(claim.total_fen),
        body=body,
    )


def reversal(serial: int, of: str) -> Transaction:
    told = settlement(serial, stay(1, "s"), {})
    return replace(told, kind="reversal", reverses=MessageId(of), amount_fen=Fen(0))


def settle(store: Store, serial: int, claim: Claim) -> None:
    with store.view() as view:
        claim, split = on_the_year(claim, NOON.date(), compute, lambda accounts: reads.totals(view, accounts))
    assert send(store, settlement(serial, claim, body_of(claim, split))) == ["accepted"]


def asked(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["resettle", *arguments, "--json"], catch_exceptions=False)
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@pytest.fixture
def three(store: Store) -> Store:
    """Three stays, each on the totals that the ones before it left."""
    for serial, fen in enumerate((30_000_000, 20_000_000, 9_000_000), 1):
        settle(store, serial, stay(fen, f"s{serial}"))
    return store


def carry_out(store: Store, plan: dict[str, Any]) -> list[str]:
    """Send what the list says, in one batch."""
    back = [reversal(100 + place, one["id"]) for place, one in enumerate(plan["take_back"])]
    claims = [msgspec.convert(one["body"]["claim"], Claim) for one in plan["settle"]]
    anew = [
        settlement(200 + place, claim, one["body"]) for place, (claim, one) in enumerate(zip(claims, plan["settle"], strict=True))
    ]
    return send(store, *back, *anew)


def test_what_the_list_says_is_taken_in_its_order(three: Store, tmp_path: Path) -> None:
    """The last is taken back first, then all are settled on the totals that each then finds; nothing is stale."""
    corrected = tmp_path / "claim.json"
    corrected.write_bytes(msgspec.json.encode(stay(10_000_000, "s1")))
    plan = asked(message_id(1), "--claim", str(corrected))
    assert [one["id"] for one in plan["take_back"]] == [message_id(number) for number in (3, 2, 1)]
    assert [one["instead_of"] for one in plan["settle"]] == [message_id(number) for number in (1, 2, 3)]
    assert carry_out(three, plan) == ["accepted"] * 6
    changed = sum(sum(one["funds_fen"].values()) + one["person_fen"] for one in plan["changes"])
    assert changed == 10_000_000 - 30_000_000
    pooled = plan["changes"][1]  # the cap that the first bill used up has room again
    assert pooled["funds_fen"]["hifp_pay"] > 0 > pooled["funds_fen"]["hifob_pay"]
    assert pooled["person_fen"] == -sum(pooled["funds_fen"].values())
    assert not three.audit(signatures=False, contents=True).findings
    again = asked(message_id(200), "--claim", str(corrected))
    assert all(one == {**one, "funds_fen": {}, "person_fen": 0} for one in again["changes"])


def test_a_bill_settled_again_keeps_its_number(store: Store, tmp_path: Path) -> None:
    """Or the hospital's till, sending it under another id, would be paid for it once more."""
    with store.view() as view:
        claim, split = on_the_year(stay(900_000, "s1"), NOON.date(), compute, lambda accounts: reads.totals(view, accounts))
    numbered = settlement(1, claim, {**body_of(claim, split), "bill": "B1"})
    assert send(store, numbered) == ["accepted"]
    corrected = tmp_path / "claim.json"
    corrected.write_bytes(msgspec.json.encode(stay(800_000, "s1")))
    plan = asked(message_id(1), "--claim", str(corrected))
    assert carry_out(store, plan) == ["accepted"] * 2
    assert send(store, replace(numbered, id=message_id(2))) == ["duplicate"]


def test_a_bill_taken_back_leaves_the_year_as_if_it_had_not_been(three: Store) -> None:
    """The two others are settled as first and second."""
    plan = asked(message_id(1))
    assert [one["instead_of"] for one in plan["settle"]] == [message_id(2), message_id(3)]
    assert plan["changes"][0]["person_fen"] < 0
    assert carry_out(three, plan) == ["accepted"] * 5
    with three.view() as view:
        totals = dict(view.all("SELECT account, total_fen FROM total WHERE total_fen <> 0"))
    assert totals["330000.employee.p-0001.2026.stays"] == 2
    assert "330000.employee.p-0001.stay.s1.dedc" not in totals


def test_only_a_bill_that_stands_is_settled_again(three: Store, tmp_path: Path) -> None:
    """None of that id, one taken back, a correction for somebody else."""
    other = tmp_path / "claim.json"
    other.write_bytes(msgspec.json.encode(a_claim(care="inpatient", insured_place="330400", person="somebody")))
    with pytest.raises(CardstackError) as nobody:
        asked(message_id(1), "--claim", str(other))
    assert nobody.value.facts["field"] == "claim"
    send(three, reversal(9, message_id(3)))
    for message in (message_id(3), message_id(9), message_id(77)):
        with pytest.raises(CardstackError) as caught:
            asked(message)
        assert caught.value.code == "CS-3208"


def test_what_rests_on_a_bill_that_was_taken_back_is_told(three: Store) -> None:
    """Nothing, while nothing was; after a reversal between others, those that stand at a place they no longer have."""
    assert asked()["changes"] == []
    assert send(three, reversal(9, message_id(1))) == ["accepted"]
    told = asked()
    assert [one["id"] for one in told["changes"]] == [message_id(2), message_id(3)]
    table = CliRunner().invoke(app, ["resettle"], catch_exceptions=False).stdout
    assert message_id(2) in table
    assert "2026-11-22" in table
    assert sum(sum(one["funds_fen"].values()) for one in told["changes"]) == -sum(one["person_fen"] for one in told["changes"])
    assert carry_out(three, told) == ["accepted"] * 4
    assert asked()["changes"] == []
    assert send(three, reversal(10, message_id(201))) == ["accepted"]
    assert asked()["changes"] == []
