"""Card lists over HTTP: published by two people, pulled by version as signed files, judged by."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cardstack.errors import CardstackError, Malformed, Refused, Untrusted
from cardstack.settlement.bulk import list_file
from cardstack.settlement.bulk.list_file import read
from cardstack.settlement.bulk.package import unpack
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.schemes.transit import Transit
from cardstack.settlement.transit.lists import Kind, Lists
from server import commands
from server.app import create_app
from server.approvals import Decision
from server.client import Client
from server.config import Config
from server.identity import Identity
from server.means import Means
from server.permissions import EVERYWHERE, Grant, Role
from server.pulling import Pulled
from server.serving import in_background
from server.store import open_store
from server.store.adjusting import Two
from server.store.office import Office
from server.store.office.people import Operator
from server.store.store import Store
from tests.ledgers import NOON, node_trust

ISSUER = "02002900FFFFFFFF"
A, B, C, RANGE = (
    f"{ISSUER}.{card}" for card in ("0310" + "0" * 15 + "1", "0310" + "0" * 15 + "2", "0310" + "0" * 15 + "3", "03109*")
)
TWO = Two("lin", "chen")


class Hub:
    """A service with its own key, and its store."""

    def __init__(self, folder: Path, *, key: bool = True) -> None:
        self.store = open_store(f"sqlite:///{folder}/hub.db")
        self.trust, signer, leaf = node_trust("hub")
        identity = Identity(signer, (leaf,)) if key else None
        self.app = create_app(
            Config(home=folder), store=self.store, trust=self.trust, clock=lambda: NOON, identity=identity, with_console=False
        )

    def close(self) -> None:
        self.app.extensions["cardstack"].intake.close()
        self.store.close()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = Hub(tmp_path)
    yield made
    made.close()


def publish(store: Store, add: set[str], remove: Iterable[str] = (), at: datetime = NOON) -> None:
    store.desk.publish_list(Kind.BLACK, frozenset(add), frozenset(remove), TWO, now=at)


def test_an_operator_pulls_the_whole_and_then_what_changed(hub: Hub, tmp_path: Path) -> None:
    """Verified each time and kept; nothing newer is nothing sent; over several versions in one step."""
    folder = tmp_path / "lists"
    with in_background(hub.app) as url:
        client = Client(url)
        with pytest.raises(Refused) as nothing:
            client.pull_list("black")
        assert (nothing.value.code, client.card_lists()) == ("CS-4000", [])
        publish(hub.store, {A, B, RANGE})
        pulled = Pulled(folder, hub.trust.vouch)
        here, new = pulled.pull(client, Kind.BLACK)
        assert (here.version, sorted(here.cards), new) == (1, sorted([A, B, RANGE]), True)
        assert pulled.pull(client, Kind.BLACK)[1] is False
        publish(hub.store, {C}, at=NOON + timedelta(hours=1))
        publish(hub.store, set(), {A}, at=NOON + timedelta(hours=2))
        raw = client.pull_list("black", 1)
        assert raw is not None
        update = read(unpack(raw).manifest.name, unpack(raw).data)
        assert (update.version, update.base, *update.add, *update.remove) == (3, 1, C, A)
        here, new = pulled.pull(client, Kind.BLACK)
        assert (here.version, sorted(here.cards)) == (3, sorted([B, C, RANGE]))
        assert Pulled(folder, hub.trust.vouch).here(Kind.BLACK).cards == here.cards
        assert [one["version"] for one in client.card_lists()] == [3]
        client.close()


def test_what_is_asked_for_again_is_not_sent_again(hub: Hub) -> None:
    """By the entity tag, or by the version that is there; the file is a signed archive of its layout."""
    publish(hub.store, {A})
    client = hub.app.test_client()
    first = client.get("/lists/black")
    assert (first.status_code, first.content_type, first.headers["ETag"]) == (200, "application/zip", '"black-1"')
    assert unpack(first.data).manifest.layout == "list-1"
    again = client.get("/lists/black", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/lists/black?after=1").status_code == 304
    publish(hub.store, {B}, at=NOON + timedelta(hours=1))
    newer = client.get("/lists/black", headers={"If-None-Match": first.headers["ETag"]})
    assert (newer.status_code, newer.headers["ETag"]) == (200, '"black-2"')
    assert client.get("/lists/black?after=77").status_code == 200
    assert client.get("/lists/pink").status_code == 422
    assert client.get("/lists/black?after=-1").status_code == 422
    assert client.get("/lists/white").status_code == 404


def test_a_list_is_not_sent_unsigned(tmp_path: Path) -> None:
    """A service without a key says so instead."""
    hub = Hub(tmp_path, key=False)
    publish(hub.store, {A})
    answer = hub.app.test_client().get("/lists/black")
    assert (answer.status_code, answer.json["code"]) == (503, "CS-4060")  # type: ignore[index]  # a problem has members
    hub.close()


def test_a_file_that_was_changed_or_is_a_strangers_is_not_taken(hub: Hub, tmp_path: Path) -> None:
    """Neither another key, nor another list, nor a delta whose base is not there."""
    publish(hub.store, {A})
    raw = hub.app.test_client().get("/lists/black").data
    stranger, _, _ = node_trust("stranger")
    with pytest.raises(Untrusted):
        Pulled(tmp_path, stranger.vouch).update(raw, Kind.BLACK)
    with pytest.raises(Malformed):
        Pulled(tmp_path, hub.trust.vouch).update(raw, Kind.WHITE)
    with pytest.raises(CardstackError):
        Pulled(tmp_path, hub.trust.vouch).update(raw[:-200] + raw[-199:], Kind.BLACK)


def test_a_gap_is_closed_with_the_whole_list(hub: Hub, tmp_path: Path) -> None:
    """What does not fit on the version that is there makes the operator ask for everything."""
    publish(hub.store, {A, B, C})
    publish(hub.store, {RANGE}, at=NOON + timedelta(hours=1))

    class Wrong:
        """A service that answers the first question with a delta on what nobody has."""

        def __init__(self) -> None:
            self.asked: list[int] = []

        def pull_list(self, kind: str, after: int = 0) -> bytes | None:
            self.asked.append(after)
            delta = "?after=1" if len(self.asked) == 1 else ""
            raw: bytes = hub.app.test_client().get(f"/lists/{kind}{delta}").data
            return raw

    wrong = Wrong()
    here, _ = Pulled(tmp_path / "lists", hub.trust.vouch).pull(wrong, Kind.BLACK)  # type: ignore[arg-type]  # only its one method is called
    assert (here.version, len(here.cards), wrong.asked) == (2, 4, [0, 0])


def test_two_people_publish_and_restore_and_the_service_judges_by_it(tmp_path: Path, store: Store) -> None:
    """Cards of a form, an earlier version as the next one; the scheme of journeys has the list before the next message."""
    office = Office(store.database.engine)
    people = {
        name: Operator(name, name, (Grant(role, EVERYWHERE),)) for name, role in (("lin", Role.CLERK), ("chen", Role.CHECKER))
    }
    for one in people.values():
        office.people.save(one, NOON)
    means = Means(office, store, NOON)

    def change(number: str, **told: object) -> None:
        drawn = commands.draft("card-list", {"kind": "black", **told}, means)
        commands.enter(drawn, by=people["lin"], reason="invented", number=number, means=means)
        after = commands.settle(number, Decision("chen", True, "", NOON), by=people["chen"], means=means)
        assert after.failure == ""

    change("R1", add=f"{A}\n{B}\n")
    change("R2", remove=A)
    change("R3", restore=1)
    here = store.desk.card_list(Kind.BLACK)
    assert (here.version, sorted(here.cards)) == (3, [A, B])
    for told in ({"add": "x"}, {"add": A, "remove": A}, {"add": A, "restore": 1}, {}, {"restore": 9}):
        with pytest.raises(CardstackError):
            commands.draft("card-list", {"kind": "black", **told}, means)
    store.schemes = SCHEMES
    store.node_of("CN=hospital")
    judged = store.schemes["transit"]
    assert isinstance(judged, Transit)
    assert judged.lists.verdict(ISSUER, A.partition(".")[2], NOON + timedelta(days=2)) is Kind.BLACK
    with pytest.raises(Refused):
        store.desk.publish_list(Kind.BLACK, frozenset({A}), frozenset(), TWO, now=NOON)


def test_a_list_grows_no_longer_than_anybody_would_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is published can be pulled; nothing is kept of what cannot."""
    monkeypatch.setattr(list_file, "CARDS_MAX", 2)
    publish(store, {A, B})
    with pytest.raises(Malformed, match="at most"):
        publish(store, {C}, at=NOON + timedelta(hours=1))
    assert store.desk.card_list(Kind.BLACK).version == 1


def test_only_the_newest_versions_are_kept_in_memory(store: Store) -> None:
    """Whoever is further behind is sent the whole list."""
    for number in range(70):
        publish(store, {f"{ISSUER}.{number:020d}"}, at=NOON + timedelta(hours=number))
    here = store.desk.card_list(Kind.BLACK)
    assert (here.version, len(here.cards), len(here.versions)) == (70, 70, 64)
    assert (here.delta(2).base, here.delta(69).base) == (None, 69)


def test_a_card_that_was_blocked_before_the_versions_in_memory_stays_blocked(store: Store) -> None:
    """However often the list changed since: a late record is judged by the oldest version that is still known."""
    card = f"{0:020d}"
    for number in range(70):
        publish(store, {f"{ISSUER}.{number:020d}"}, at=NOON + timedelta(minutes=number))
    lists = Lists({Kind.BLACK: store.desk.card_list(Kind.BLACK)}, grace=timedelta(0))
    assert lists.verdict(ISSUER, card, NOON + timedelta(minutes=3)) is Kind.BLACK
    assert lists.verdict(ISSUER, f"{69:020d}", NOON + timedelta(minutes=3)) is None


def test_an_older_list_is_no_way_back(hub: Hub, tmp_path: Path) -> None:
    """A whole list that was signed once and is sent again takes no card off a newer one."""
    publish(hub.store, {A})
    old = hub.app.test_client().get("/lists/black").data
    publish(hub.store, {B, C}, at=NOON + timedelta(hours=1))
    pulled = Pulled(tmp_path / "lists", hub.trust.vouch)

    class Sends:
        """A service, or who stands before it, that answers with one file."""

        def __init__(self, raw: bytes) -> None:
            self.raw = raw

        def pull_list(self, kind: str, after: int = 0) -> bytes | None:
            del kind, after
            return self.raw

    pulled.pull(Sends(hub.app.test_client().get("/lists/black").data), Kind.BLACK)  # type: ignore[arg-type]  # only its one method is called
    with pytest.raises(Refused, match="version 1 is not newer than 2"):
        pulled.pull(Sends(old), Kind.BLACK)  # type: ignore[arg-type]  # as above
    assert sorted(pulled.here(Kind.BLACK).cards) == sorted([A, B, C])
