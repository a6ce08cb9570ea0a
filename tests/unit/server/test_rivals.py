"""Two processes submit the same message ids at once, on SQLite and on PostgreSQL."""

import json
import subprocess
import sys
from pathlib import Path

from server.store import open_store
from tests.ledgers import FUND, HOSPITAL, SCHEMES

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
