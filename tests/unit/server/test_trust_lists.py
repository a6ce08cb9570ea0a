"""A service that relies on a trust list is ready only while the list is good."""

from datetime import timedelta
from pathlib import Path

from cardstack.ca.agreement import Event, Step
from cardstack.crypto import local
from cardstack.crypto.armour import pem
from cardstack.vault.network import Network
from server.app import create_app
from server.config import Config
from server.pki import lists
from tests.unit.ca.provinces import AT, agreement
from tests.unit.vault.homes import home

PASSWORD = b"test"


def network(folder: Path) -> Network:
    """Two provinces that recognise each other."""
    for id_ in ("31", "33"):
        one = home(folder, id_)
        signer = one.authority.signer
        assert isinstance(signer, local.LocalSigner)
        (one.folder / "key.pem").write_bytes(signer.to_pkcs8(PASSWORD))
    made = Network(folder, PASSWORD)
    made.agree([agreement("31", "33", via=None)])
    return made


def test_readiness_follows_the_list(tmp_path: Path) -> None:
    """Good; rolled back; stale; without anchors; of a stranger: each but the first is 503 with its code."""
    here, trust = network(tmp_path / "ca"), tmp_path / "trust"
    config = Config(home=tmp_path / "service", trust=trust)
    (trust / "anchors").mkdir(parents=True)
    (trust / "lists").mkdir()
    root = here.home("31").certificate
    (trust / "anchors" / "31.pem").write_bytes(pem("CERTIFICATE", root.raw))
    use = trust / "lists" / "31.json"

    def code(days: int = 0) -> str | None:
        error = lists.trouble(trust, AT + timedelta(days=days))
        return None if error is None else error.code

    assert code() is None
    here.publish_list("31", at=AT, actor="tester", password=PASSWORD)
    first = (here.home("31").folder / "trustlist.json").read_bytes()
    here.publish_list("31", at=AT, actor="tester", password=PASSWORD)
    use.write_bytes((here.home("31").folder / "trustlist.json").read_bytes())
    assert (code(), code(), code(60)) == (None, None, "CS-2273")
    use.write_bytes(first)
    assert code() == "CS-2272"
    here.agree([agreement("31", "33", via=None).after(Event(AT.date(), Step.END, "invented"))])
    here.publish_list("31", at=AT, actor="tester", password=PASSWORD)
    use.write_bytes((here.home("31").folder / "trustlist.json").read_bytes())
    assert code() == "CS-2274"
    use.write_bytes(b"{}")
    assert code() == "CS-2270"
    answer = create_app(config).test_client().get("/ready")
    assert (answer.status_code, answer.json["code"] if answer.json else None) == (503, "CS-2270")
    (trust / "lists" / "seen.json").write_text("[]")
    assert code() == "CS-2302"
    use.unlink()
    assert create_app(config).test_client().get("/ready").status_code == 200
