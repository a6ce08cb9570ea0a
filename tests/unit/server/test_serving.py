"""A client and a service over real HTTP."""

from pathlib import Path

import pytest

from cardstack.errors import CardstackError
from server.app import create_app
from server.client import Client, Lost
from server.config import Config
from server.serving import in_background
from server.store import open_store
from tests.ledgers import NOON, SCHEMES, bill, enrol, message_id, node_trust


def test_a_client_submits_asks_and_hears_of_problems(tmp_path: Path) -> None:
    """Answers are data, problems are errors with the service's code, and no answer is an unknown outcome."""
    store = enrol(open_store(f"sqlite:///{tmp_path}/ledger.db", SCHEMES))
    trust, signer, certificate = node_trust()
    app = create_app(Config(home=tmp_path), store=store, trust=trust, clock=lambda: NOON)
    with in_background(app) as url:
        client = Client(url, signer, [certificate])
        assert client.submit(bill(1), NOON)["outcome"] == "accepted"
        assert [one["outcome"] for one in client.submit_batch([bill(1), bill(2)], NOON)] == ["repeated", "accepted"]
        assert client.transaction(message_id(2))["state"] == "posted"
        assert [one["id"] for one in client.windows(stage="open")] == ["toy-2026-11-22"]
        assert sum(one["net_fen"] for one in client.window("toy-2026-11-22")["positions"]) == 0
        assert len(client.events()["events"]) == 2
        with pytest.raises(CardstackError) as refused:
            client.submit(bill(3, 13), NOON)
        assert (refused.value.code, refused.value.facts["reason"]) == ("CS-4026", "unlucky")
        client.close()
    with pytest.raises(Lost):
        client.submit(bill(4), NOON)
    client.close()
    app.extensions["cardstack"].intake.close()
    store.close()
