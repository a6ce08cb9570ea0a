"""SIGKILL of the real service under load, again and again, on both databases: what it answered is there, and there once."""

import json
import random
import time
from collections import Counter
from contextlib import closing, suppress
from http.client import HTTPException
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import pytest

from cardstack.crypto.local import LocalSigner
from cardstack.settlement.envelope import seal
from server.store.store import Store
from tests.hosting import Hosted, hosted
from tests.ledgers import FUND, NOON, SCHEMES, bill, node_trust

SENDERS, LINES = 4, 6
ROUNDS = 2
PREFERENCES: tuple[dict[str, str], ...] = ({}, {"Prefer": "respond-async"}, {"Prefer": "respond-async, wait=1"})


class Sender(Thread):
    """A node that sends batches of its own and of its neighbour's ids, and sends again what was not answered."""

    def __init__(self, number: int, signer: LocalSigner, leaf: bytes, kept: "Kept") -> None:
        super().__init__(daemon=True)
        self.number, self.signer, self.leaf, self.kept = number, signer, leaf, kept
        self.dice, self.end, self.here = random.Random(number), Event(), Hosted(0, None)  # type: ignore[arg-type]  # given later
        self.lost: list[list[int]] = []

    def run(self) -> None:
        """Until the service is gone, or the end."""
        with suppress(OSError, HTTPException), closing(self.here.connect(10)) as connection:
            while not self.end.is_set():
                serials = self.lost.pop() if self.lost else self.kept.take(self.dice)
                self.lost.append(serials)
                raw = seal([bill(serial, 100 + serial) for serial in serials], self.signer, [self.leaf], NOON)
                headers = {"Content-Type": "application/json", **self.dice.choice(PREFERENCES)}
                connection.request("POST", "/batches", raw, headers)
                with closing(connection.getresponse()) as response:
                    told = json.loads(response.read())
                assert response.status in (200, 202), told
                self.kept.answered(told["answers"])
                self.lost.remove(serials)


class Kept:
    """What was ever sent, and what was answered to it."""

    def __init__(self) -> None:
        self.lock, self.next = Lock(), 0
        self.said: dict[str, list[str]] = {}

    def take(self, dice: random.Random) -> list[int]:
        """New ids, and some that others have sent or are sending."""
        with self.lock:
            first, self.next = self.next, self.next + LINES
        old = [dice.randrange(max(1, first)) for _ in range(2)]
        return [*range(first, first + LINES), *(one for one in dict.fromkeys(old) if one < first)]

    def answered(self, answers: list[dict[str, Any]]) -> None:
        """Each outcome, by id."""
        with self.lock:
            for one in answers:
                self.said.setdefault(one["id"], []).append(one["outcome"])


@pytest.mark.slow
def test_every_answered_line_is_there_exactly_once(ledger_url: str, tmp_path: Path) -> None:
    """Nothing answered is missing at any start; in the end every id is booked once and was accepted at most once."""
    trust, signer, leaf = node_trust()
    kept, dice = Kept(), random.Random(7)
    lost: list[list[list[int]]] = [[] for _ in range(SENDERS)]
    for _ in range(ROUNDS):
        senders = [Sender(number, signer, leaf, kept) for number in range(SENDERS)]
        with hosted(tmp_path, ledger_url, trust.anchors[0].certificate.raw) as here:
            for sender, left in zip(senders, lost, strict=True):
                sender.here, sender.lost = here, left
                sender.start()
            time.sleep(0.3 + dice.random())
            here.kill()
        for sender in senders:
            sender.join(30)
        lost = [sender.lost for sender in senders]
        check(ledger_url, kept)
    with hosted(tmp_path, ledger_url, trust.anchors[0].certificate.raw) as here:
        finish(here, signer, leaf, kept)
    store = Store(ledger_url, SCHEMES)
    report = store.audit(signatures=False)
    assert (report.entries, report.waiting, report.findings) == (kept.next, 0, ())
    owed = sum((100 + serial) * 4 // 5 for serial in range(kept.next))
    assert {one.party: one.net_fen for one in store.positions("toy-2026-11-22")}[FUND] == -owed
    store.close()
    assert max(Counter(one)["accepted"] + Counter(one)["received"] for one in kept.said.values()) == 1
    assert kept.next > 100


def check(url: str, kept: Kept) -> None:
    """What was answered is there as it was said: booked, or waiting to be judged; and the ledger is whole."""
    store = Store(url, SCHEMES)
    with store.view() as view:
        booked = {id_ for (id_,) in view.all("SELECT id FROM entry")}
        waiting = {id_ for (id_,) in view.all("SELECT id FROM received")}
    assert not booked & waiting
    for id_, outcomes in kept.said.items():
        assert set(outcomes) <= {"accepted", "received", "repeated"}
        assert id_ in (booked if "accepted" in outcomes else booked | waiting)
    assert store.audit(signatures=False).findings == ()
    store.close()


def finish(here: Hosted, signer: LocalSigner, leaf: bytes, kept: Kept) -> None:
    """Send everything once more, and wait until all that waited was judged."""
    connection = here.connect()
    for first in range(0, kept.next, 500):
        some = range(first, min(first + 500, kept.next))
        raw = seal([bill(serial, 100 + serial) for serial in some], signer, [leaf], NOON)
        connection.request("POST", "/batches", raw, {"Content-Type": "application/json"})
        with closing(connection.getresponse()) as response:
            kept.answered(json.loads(response.read())["answers"])
    connection.close()
