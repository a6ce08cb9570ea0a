"""Two processes submit the same message ids at once, on SQLite and on PostgreSQL."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cardstack.errors import Refused
from cardstack.settlement.transaction import Party
from server.store import open_store
from server.store.office import Office
from tests.ledgers import FUND, HOSPITAL, NOON, SCHEMES

COUNT = 150
ROOT = Path(__file__).resolve().parents[3]


def test_each_id_is_accepted_exactly_once(ledger_url: str) -> None:
    """One of the two is told accepted and the other repeated, for every id; the nets and the audit agree."""
    command = [sys.executable, "-m", "tests.rivals", ledger_url]
    rivals = [
        subprocess.Popen([*command, str(seed), str(COUNT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True)
        for seed in (1, 2)
    ]
    outcomes = []
    for rival in rivals:
        out, err = rival.communicate(timeout=120)
        assert rival.returncode == 0, err
        outcomes.append(json.loads(out))
    for serial in map(str, range(COUNT)):
        assert sorted(one[serial] for one in outcomes) == ["accepted", "repeated"]
    store = open_store(ledger_url, SCHEMES)
    owed = sum((100 + serial) * 4 // 5 for serial in range(COUNT))
    assert {one.party: one.net_fen for one in store.positions("toy-2026-11-22")} == {FUND: -owed, HOSPITAL: owed}
    report = store.audit(signatures=False)
    assert (report.entries, report.findings) == (COUNT, ())
    store.close()


REGISTERING = """
import sys
from datetime import timedelta
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from server.store.office import Office
from server.store.office.people import Operator
from server.store.store import Store
from server.store.values import Participant, RegisteredNode
from tests.ledgers import NOON, SCHEMES
store, who = Store(sys.argv[1], SCHEMES), sys.argv[2]
office = Office(store.database.engine)
for number in range(12):
    name, title = Party(f"31.party-{number}"), Text(who, who)
    store.register_party(Participant(name, title, f"account {who}", None, NOON))
    store.register_node(RegisteredNode(name, "hospital", title, f"CN=party-{number}", relays=False, active=True, since=NOON))
    store.set_setting(f"setting {number}", who)
    office.people.save(Operator(f"operator-{number}", who, ()), NOON)
    office.people.failed(f"key {number}", NOON, timedelta(hours=1))
    office.people.setting(f"choice {number}", who)
print("done")
"""


def test_two_processes_register_the_same_names(ledger_url: str) -> None:
    """Whoever comes second changes what is there: nobody fails, and each row is all of one of them."""
    rivals = [
        subprocess.Popen(
            [sys.executable, "-c", REGISTERING, ledger_url, who],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        for who in ("one", "other")
    ]
    for rival in rivals:
        out, err = rival.communicate(timeout=120)
        assert (rival.returncode, out.strip()) == (0, "done"), err
    store = open_store(ledger_url, SCHEMES)
    parties = [one for one in store.parties() if one.name.startswith("31.party-")]
    assert len(parties) == 12
    assert all(one.account == f"account {one.title.en}" for one in parties)
    assert len([one for one in store.nodes() if one.subject.startswith("CN=party-")]) == 12
    assert {store.setting(f"setting {number}") for number in range(12)} <= {"one", "other"}
    people = Office(store.database.engine).people
    assert len(people.operators()) == 12
    assert {people.failures(f"key {number}", NOON) for number in range(12)} == {2}
    store.close()


def test_a_subject_names_one_node(ledger_url: str) -> None:
    """A second node under a subject that is taken is refused in words, not by the database's."""
    store = open_store(ledger_url, SCHEMES)
    taken = store.nodes()[0]
    with pytest.raises(Refused, match="subject"):
        store.register_node(replace(taken, name=Party("33.another")))
    assert [one.name for one in store.nodes()] == [taken.name]
    store.close()
