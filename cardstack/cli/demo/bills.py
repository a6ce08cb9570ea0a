"""What the visitor's card pays in Zhejiang: a medical bill split by Shanghai's rules, and a bus ride from the purse."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from cardstack.apdu.script import Exchange, run
from cardstack.apdu.trace import Exchanged, traced
from cardstack.card import paying
from cardstack.card.profile import Profile
from cardstack.card.profiles.transit import Public
from cardstack.card.reading import open_application, read_file
from cardstack.card.watching import Watcher
from cardstack.settlement.medical.claim import Claim, read_claim
from cardstack.settlement.medical.split import Split
from cardstack.settlement.schemes import medical
from cardstack.settlement.schemes.transit import price_of
from cardstack.settlement.transaction import SHANGHAI, MessageId, Party, Transaction
from cardstack.settlement.transit.tap import Tap
from cardstack.values import Fen

HOSPITAL: Final = "H33010600001"
HOSPITAL_NODE: Final = Party("33.hospital.h33010600001")
BUS_COMPANY: Final = "T33010000001"
BUS_NODE: Final = Party("33.transit-operator")
TRANSIT_PSAM: Final = 0x8011
FULL_FARE_FEN: Final = 200
LINES: Final = (("0101", 2000, 1000), ("0201", 2500, 1000), ("0202", 26000, 1000), ("0203", 48000, 1000), ("0302", 4800, 2000))
"""Item, unit price in fen, quantity in thousandths: consultation, blood count, CT above its price limit, MRI, a drug."""


def claim(insured_place: str, person: str, age: int) -> Claim:
    """An outpatient visit at a hospital of the highest level in Hangzhou."""
    lines = [
        {"code": code, "price_fen": price, "quantity": quantity, "amount_fen": price * quantity // 1000}
        for code, price, quantity in LINES
    ]
    return read_claim(
        {
            "person": person,
            "insurance": "employee",
            "category": "retired",
            "care": "outpatient",
            "insured_place": insured_place,
            "treating_place": "330100",
            "hospital": HOSPITAL,
            "level": "3",
            "registration": "waived",
            "age": age,
            "lines": lines,
            "accounts": [{"holder": person, "granted_fen": 120_000}],
        }
    )


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill with its split and the message that claims it."""

    claim: Claim
    split: Split
    transaction: Transaction


def medical_bill(charged: Claim, at: datetime, serial: int, evidence: Mapping[str, Any]) -> Bill:
    """The bill as the hospital sends it: the claim, and the split that the insured place's figures give."""
    local = at.astimezone(SHANGHAI)
    result = medical.compute(charged, local.date())
    message = Transaction(
        MessageId.of(HOSPITAL, local, serial),
        medical.OUTPATIENT.name,
        "settlement",
        HOSPITAL_NODE,
        charged.insured_place,
        charged.treating_place,
        local,
        Fen(charged.total_fen),
        {**medical.body_of(charged, result), "bill": f"{HOSPITAL}-{local:%Y%m%d%H%M%S}-{serial:04d}"},
        evidence,
    )
    return Bill(charged, result, message)


@dataclass(frozen=True, slots=True)
class Ride:
    """A bus ride paid from the purse, and the message that claims it."""

    tap: Tap
    balance_fen: Fen
    transaction: Transaction
    trace: tuple[Exchanged, ...]


def bus_ride(profile: Profile, card: Exchange, psam: Exchange, *, at: datetime, serial: int, home: str) -> Ride:
    """One tap on a bus in Hangzhou: the discounted fare leaves the purse, the TAC goes to the issuer."""
    local = at.astimezone(SHANGHAI)
    trace: list[Exchanged] = []
    seen = Watcher(profile)
    told = traced(card, trace.append, clock=lambda: at, reader="bus", hide=seen.hide, describe=seen.describe)
    public = run(_public(profile), told)
    quoted = price_of(_tap(public, None, 0, local)).charged_fen
    receipt = run(
        paying.transit_purchase(profile, paying.PsamSam(TRANSIT_PSAM), Fen(quoted), local.replace(tzinfo=None)), told, psam=psam
    )
    tap = _tap(public, receipt, quoted, local)
    message = Transaction(
        MessageId.of(BUS_COMPANY, local, serial),
        "transit",
        "ride",
        BUS_NODE,
        home,
        "330100",
        local,
        Fen(tap.amount_fen),
        {"tap": _as_body(tap)},
        {"apdu": [line_of(one) for one in trace]},
    )
    return Ride(tap, receipt.balance_fen, message, tuple(trace))


def _public(profile: Profile) -> Any:
    yield from open_application(profile, "T-UNION")
    return (yield from read_file(profile.file("T-UNION", 0x0015)))


def _tap(public: Public, receipt: paying.Receipt | None, amount_fen: int, moment: datetime) -> Tap:
    """The record of a tap; before the purchase, without receipt, as what the fare is asked for."""
    opening = receipt.opening if receipt else None
    return Tap(
        issuer=public.issuer.hex().upper(),
        card=public.serial.hex(),
        counter=int.from_bytes(opening.sequence) if opening else 0,
        balance_fen=opening.balance_fen if opening else 0,
        amount_fen=amount_fen,
        gross_fen=FULL_FARE_FEN,
        kind=6,
        terminal=receipt.debit.terminal.hex().upper() if receipt else "0" * 12,
        terminal_serial=int.from_bytes(receipt.debit.sequence) if receipt else 0,
        moment=f"{moment:%Y%m%d%H%M%S}",
        city="3310",
        card_city=public.issuer.hex()[4:8],
        acquirer="12003310FFFFFFFF",
        industry="02",
        tac=receipt.tac.hex().upper() if receipt else "0" * 8,
        line="K155",
        algorithm=opening.block.value if opening else "3des",
        key_version=opening.key_version if opening else 1,
    )


def _as_body(tap: Tap) -> Any:
    return msgspec.to_builtins(tap)


def line_of(one: Exchanged) -> dict[str, str]:
    """An exchange as evidence: command and answer, masked, what it was and what the status word says."""
    return {"command": one.command, "answer": one.answer, "decoded": one.decoded, "meaning": str(one.meaning)}
