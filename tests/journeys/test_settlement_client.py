"""The sample client works as it stands, also when the answer is lost."""

import importlib.util
from datetime import datetime
from pathlib import Path
from typing import Any

from cardstack.settlement.transaction import Transaction
from server.app import create_app
from server.client import Client, Lost
from server.config import Config
from server.serving import in_background
from server.store import open_store
from tests.ledgers import NOON, SCHEMES, bill, enrol, node_trust

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "settlement-client" / "submit.py"


def test_the_sample_submits_and_survives_a_lost_answer(tmp_path: Path) -> None:
    """The first answer is lost after it was booked; the second says that it stands."""
    spec = importlib.util.spec_from_file_location("submit", SAMPLE)
    assert spec is not None
    assert spec.loader is not None
    sample: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sample)
    assert len(SAMPLE.read_text("utf-8").splitlines()) <= 50
    store = enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES))
    trust, signer, certificate = node_trust()
    app = create_app(Config(home=tmp_path), store=store, trust=trust, clock=lambda: NOON)

    class LosesOne(Client):
        lost = False

        def submit(self, transaction: Transaction, at: datetime) -> dict[str, Any]:
            answer = super().submit(transaction, at)
            if not self.lost:
                self.lost = True
                raise Lost("reset")
            return answer

    with in_background(app) as url:
        client = LosesOne(url, signer, [certificate])
        assert sample.submit(client, bill(1), NOON)["outcome"] == "repeated"
        client.close()
    app.extensions["cardstack"].intake.close()
    store.close()
