"""Write the medical bills that a version's code settles into a dump of its ledger, for later versions to read.

Run by `tests.saving` for today's version. For an older one, of which none was saved: check its commit out elsewhere and there
`PYTHONPATH=. python …/tests/saving_medical.py FOLDER`. It asks for nothing that the fifth version of the tables had not.
"""

import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from cardstack.settlement.envelope import parse, seal
from cardstack.settlement.medical.claim import read_claim
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.schemes.medical import body_of, compute
from cardstack.settlement.transaction import Party, Transaction
from cardstack.values import Fen
from server.store import open_store
from server.store.store import Store
from tests import ledgers
from tests.ledgers import NODE, NOON, enrol, message_id, node_trust, submission

NAMES = ("31.medical-fund", "31.medical-account", "31.hospital-fund", "33.medical-fund", "33.medical-account", "33.hospital-fund")
_, SIGNER, CERTIFICATE = node_trust()
CARD = {"accounts": [{"holder": "p1", "granted_fen": 70_000}]}
AWAY = {"insured_place": "330100", "treating_place": "310000", "attributes": ["civil-servant"], "stay": "S2"}
Visit: TypeAlias = tuple[str, str, int, Mapping[str, Any]]
BILLS: tuple[Visit, ...] = (
    ("outpatient", "p1", 90_000, CARD),
    ("outpatient", "p1", 40_000, {**CARD, "insured_place": "310104"}),
    ("pharmacy", "p1", 8_001, CARD),
    ("chronic", "p1", 30_000, {"disease": "diabetes"}),
    ("inpatient", "p1", 2_000_000, {"stay": "S1"}),
    ("inpatient", "p1", 70_000_033, {"stay": "S1"}),
    ("inpatient", "p2", 900_000, AWAY),
    ("outpatient", "p3", 12_345, {}),
)
"""Care, person, fen and what else is to be said; the last bill is taken back. Their figures are the same in every version."""


def asked(visit: Visit) -> dict[str, Any]:
    """The claim of a visit, of which the year is not yet known."""
    care, person, fen, further = visit
    return {
        "person": person,
        "insurance": "employee",
        "category": "employed",
        "care": care,
        "insured_place": "310115",
        "treating_place": "330100",
        "hospital": "H33010600001",
        "level": "3",
        "registration": "waived" if care in ("outpatient", "pharmacy") else "long-term",
        "age": 45,
        "lines": [{"code": "0101", "amount_fen": fen, "price_fen": fen}],
        **further,
    }


def settlement(path: Path, serial: int, visit: Visit) -> Transaction:
    """A bill on the year as the ledger in that file holds it."""
    care, _, _, further = visit
    scheme = "medical-outpatient" if care == "pharmacy" else f"medical-{care}"
    before: dict[str, int] = {}
    used: dict[str, int] = {}
    with sqlite3.connect(path) as raw:
        held = dict(raw.execute("SELECT account, total_fen FROM total WHERE total_fen > 0"))
    raw.close()
    while True:
        accounts = [{**one, "used_fen": used.get(one["holder"], 0)} for one in further.get("accounts", [])]
        claim = read_claim({**asked(visit), "before": before, "accounts": accounts})
        split = compute(claim, NOON.date())
        told = Transaction(
            id=message_id(serial),
            scheme=scheme,
            kind="settlement",
            sender=NODE.name,
            home=claim.insured_place,
            treating=claim.treating_place,
            occurred_at=NOON,
            amount_fen=Fen(claim.total_fen),
            body={**body_of(claim, split), "bill": f"B{serial}"},
        )
        # Which totals a split reads may depend on others, so it is made until nothing new is found.
        now = [held.get(one.account, 0) for one in SCHEMES[scheme].accumulations(told)]
        found = {use.key: fen for use, fen in zip(split.uses, now, strict=False) if fen}
        spent = {one.holder: fen for (one, _), fen in zip(split.accounts, now[len(split.uses) :], strict=True) if fen}
        if (found, spent) == (before, used):
            return told
        before, used = found, spent


def send(store: Store, told: Transaction) -> None:
    """Submit one as a signed envelope."""
    raw = seal([told], SIGNER, [CERTIFICATE], NOON)
    made = submission(told)
    signed = made.kept._replace(raw=raw, digest=parse(raw).digest)
    ((answer,),) = store.submit([made._replace(kept=signed)], NOON)
    assert answer.outcome.value == "accepted"


def main(saved: Path) -> None:
    """`medical-NNNN.sql` in that folder, with the number of the version of the tables."""
    ledgers.SCHEMES.update(SCHEMES)  # by which `submission` prepares a line
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        store = enrol(open_store(f"sqlite:///{path}", SCHEMES), [Party(name) for name in NAMES])
        for serial, visit in enumerate(BILLS, 1):
            last = settlement(path, serial, visit)
            send(store, last)
        send(store, replace(last, id=message_id(len(BILLS) + 1), kind="reversal", body={}, reverses=last.id))
        store.close()
        raw = sqlite3.connect(path)
        ((version,),) = raw.execute("SELECT version_num FROM alembic_version")
        (saved / f"medical-{version}.sql").write_text("\n".join(raw.iterdump()) + "\n", "utf-8")
        raw.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
