"""The whole demo as data: made once under the data directory, told again from there ever after."""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from flask import Flask

from cardstack.ca.agreement import Level
from cardstack.ca.certificate import Certificate
from cardstack.ca.issue import Wish
from cardstack.ca.profile import profile as certificate_profile
from cardstack.card.profiles import profile
from cardstack.cli.demo import RESULT, authorities, bills, cards, clearing, visit
from cardstack.cli.demo.authorities import Authorities
from cardstack.cli.demo.people import PEOPLE, STRANGER, Person
from cardstack.cli.output import as_data
from cardstack.errors import Refused, problem
from cardstack.settlement.schemes import medical
from cardstack.settlement.transaction import SHANGHAI
from cardstack.text import Text
from cardstack.values import mask_name, mask_number
from cardstack.vault import files
from emulator.store import KeptSlot
from server.app import create_app
from server.config import Config
from server.serving import in_background
from server.store import open_store
from server.store.store import Store
from server.trusting import Trust

HOSPITAL_TERMINAL: Final = bytes.fromhex("330106000001")
BUS_TERMINAL: Final = bytes.fromhex("330100000002")
TREATING: Final = "33"
UNRECOGNISED = problem(
    "CS-9001",
    Text("The demo's first visitor was not served", "演示的第一位持卡人未能完成就诊"),
    Text("Start afresh with `cardstack demo --reset`.", "请用 `cardstack demo --reset` 重新开始。"),
)
Told = Callable[[str, Any], None]


@dataclass(frozen=True, slots=True)
class Demo:
    """Where everything lies, and the moment at which it is told."""

    folder: Path
    at: datetime

    @property
    def config(self) -> Config:
        """The settlement service of the demo: everything lies in the demo's own folder."""
        return Config(home=self.folder, trust=self.folder / "trust", database=f"sqlite:///{self.folder / 'demo.db'}", demo=True)

    @property
    def result(self) -> Path:
        """What the first run found, as JSON."""
        return self.folder / RESULT


def run(folder: Path, tell: Told) -> dict[str, Any]:
    """The three journeys, afresh; each part is told as soon as it is there."""
    demo = Demo(folder, datetime.now(UTC).replace(microsecond=0))
    # What an interrupted run left is no demo: half a ledger is worse than none.
    shutil.rmtree(folder, ignore_errors=True)
    result: dict[str, Any] = {"reused": False}
    for name, value in _parts(demo):
        result[name] = value
        tell(name, value)
    files.write_json(demo.result, result)
    return result


def _parts(demo: Demo) -> Iterator[tuple[str, Any]]:
    provinces = Authorities(demo.folder / "ca", demo.at)
    yield "authorities", [_authority(provinces, one) for one in authorities.FOUNDINGS]
    cards.make_all(demo.folder / "cards", partial(_certify, demo, provinces))
    provinces.publish()
    yield "cards", [_card(one) for one in PEOPLE]
    seen = {one.key: _attend(demo, provinces, one) for one in (*PEOPLE, STRANGER)}
    first = seen[PEOPLE[0].key]
    yield "card_reads", [_read(one, seen[one.key]) for one in PEOPLE]
    yield "unrecognised", _read(STRANGER, seen[STRANGER.key])
    yield "trace", [bills.line_of(one) for one in first.trace]
    yield from _clear(demo, provinces, first)


def _clear(demo: Demo, provinces: Authorities, first: visit.Visit) -> Iterator[tuple[str, Any]]:
    bill, ride = _bills(demo, first)
    yield "medical_bill", _told_bill(bill)
    yield "bus_ride", {"fare_fen": ride.tap.gross_fen, "paid_fen": ride.tap.amount_fen, "balance_fen": ride.balance_fen}
    with service(demo, provinces) as (store, url, _):
        signing = clearing.nodes(demo.folder / "nodes", provinces)
        clearing.enter(store, signing, demo.at)
        answers = clearing.send(url, signing, (bill.transaction, ride.transaction), demo.at)
        yield "transactions", answers
        windows = sorted({answer["window"] for answer in answers})
        clearing.close(store, windows, demo.at)
        yield "windows", windows
        yield "nets", clearing.nets(store, windows)
        yield "instructions", clearing.instructions(store, windows)


@contextmanager
def service(demo: Demo, provinces: Authorities | None = None, port: int = 0) -> Iterator[tuple[Store, str, Flask]]:
    """The settlement service over the demo's data, in this process; while the data is made it has no console yet."""
    if provinces is not None:
        provinces.write_trust(demo.folder / "trust")
    store = open_store(demo.config.database_url)
    # Who runs the demo wants its own lines on the screen, not one for every request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    try:
        app = create_app(demo.config, store=store, trust=Trust.load(demo.folder / "trust"), with_console=provinces is None)
        with in_background(app, port=port) as url:
            yield store, url, app
    finally:
        store.close()


def _authority(provinces: Authorities, one: authorities.Founding) -> dict[str, Any]:
    certificate = provinces.homes[one.id].certificate
    return {
        "id": one.id,
        "short": one.short,
        "title": one.title._asdict(),
        "algorithm": one.algorithm.value,
        "fingerprint": certificate.fingerprint,
        "policies": {level.value: oid for level, oid in authorities.policies(one.id).items()},
        "recognises": sorted({str(cross.subject) for cross in provinces.crosses if cross.issuer == certificate.subject}),
    }


def _certify(demo: Demo, provinces: Authorities, person: Person) -> Certificate:
    """A card's certificate; the stranger's comes from an authority that nobody here has an agreement with."""
    public = cards.public_key(person)
    if person is not STRANGER:
        return provinces.card_certificate(person, public)
    home = authorities.found(demo.folder / "stranger", authorities.STRANGER, provinces.began)
    return home.issue(
        certificate_profile("card"),
        subject=home.name(O="演示 Demo", CN=f"社会保障卡 {person.key}"),
        public=public,
        at=provinces.began,
        actor=authorities.ACTOR,
        wish=Wish(policies=(home.declared.policies[Level.HIGH],)),
    )


def _card(person: Person) -> dict[str, Any]:
    return {
        "card": person.key,
        "province": person.province,
        "profile": person.profile,
        "holder": mask_name(person.name),
        "citizen_number": person.number.masked,
        "card_number": mask_number(str(person.card_number)),
        "flaw": person.flaw.value,
    }


def _attend(demo: Demo, provinces: Authorities, person: Person) -> visit.Visit:
    folder = demo.folder / "cards"
    slot = KeptSlot(cards.image(folder, person))
    desk = visit.Desk(
        psam=partial(cards.terminal_psam, HOSPITAL_TERMINAL),
        hsm=partial(cards.issuers_hsm, person.province),
        directory=lambda _: Certificate.parse(cards.published(folder, person).read_bytes()),
        recognise=provinces.recogniser(TREATING),
        nonce=os.urandom,
        at=demo.at,
    )
    return visit.attend(desk, slot, slot.atr[-8:])


def _read(person: Person, seen: visit.Visit) -> dict[str, Any]:
    said: dict[str, Any] = {"card": person.key, "steps": [step._asdict() for step in seen.done], "ok": seen.error is None}
    if seen.holder is not None:
        said |= {"holder": mask_name(seen.holder.name), "citizen_number": mask_number(seen.holder.number)}
    if seen.issuer is not None:
        said |= {"version": seen.issuer.version, "region": seen.issuer.region, "valid_until": str(seen.issuer.valid_until)}
    if seen.trusted is not None:
        said |= {"path": [str(one.subject) for one in seen.trusted.path], "policies": sorted(seen.trusted.policies)}
    if seen.error is not None and seen.failed_at is not None:
        said |= {"failed_at": seen.failed_at._asdict(), "error": as_data(seen.error)}
    return said


def _bills(demo: Demo, first: visit.Visit) -> tuple[bills.Bill, bills.Ride]:
    person = PEOPLE[0]
    if first.error is not None or first.trusted is None or first.profile is None:
        raise first.error or Refused(problem=UNRECOGNISED)
    local_day = demo.at.astimezone(SHANGHAI).date()
    age = local_day.year - person.number.born.year
    evidence = {
        "card_certificate": first.trusted.certificate.fingerprint,
        "path": [str(one.subject) for one in first.trusted.path],
        "apdu": [bills.line_of(one) for one in first.trace],
    }
    charged = bills.claim(person.city, f"demo-{person.key}", age)
    bill = bills.medical_bill(charged, demo.at, 1, evidence)
    kind = profile("3.00")
    slot = KeptSlot(cards.image(demo.folder / "cards", person))
    ride = bills.bus_ride(kind, slot, cards.terminal_psam(BUS_TERMINAL, kind), at=demo.at, serial=1, home=person.city)
    return bill, ride


def _told_bill(bill: bills.Bill) -> dict[str, Any]:
    steps = medical.OUTPATIENT.explain(bill.transaction, bill.transaction.day)
    return {
        "total_fen": bill.claim.total_fen,
        "split": msgspec.to_builtins(bill.split.info),
        "steps": [{"text": step.what._asdict(), "amount_fen": step.amount_fen, "reference": step.reference} for step in steps],
    }
