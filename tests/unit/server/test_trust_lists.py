"""A service that relies on a trust list is ready only while the list is good."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from cardstack.ca import encoding as der
from cardstack.ca.agreement import Agreement, Event, Level, Status, Step
from cardstack.ca.certificate import Certificate
from cardstack.ca.issue import Wish
from cardstack.ca.profile import profile
from cardstack.ca.register import Act
from cardstack.ca.trust import PathRejected
from cardstack.crypto import local
from cardstack.crypto.armour import pem
from cardstack.crypto.keys import Algorithm
from cardstack.vault.home import AuthorityHome
from cardstack.vault.network import Network
from server import trustlists
from server.app import create_app
from server.config import Config
from server.trusting import Trust
from server.trustlists import Relied
from tests.unit.ca.provinces import AT, agreement
from tests.unit.vault.homes import card, home

PASSWORD = b"test"


def network(folder: Path) -> Network:
    """Three provinces, of which one recognises another."""
    for id_ in ("31", "32", "33"):
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
        error = trustlists.trouble(trust, AT + timedelta(days=days))
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


class Relying:
    """A service in 31 that takes 31's trust list and nothing of 33's own; its clock is set by hand."""

    def __init__(self, folder: Path, agreed: Agreement) -> None:
        self.here, self.trust, self.at = network(folder / "ca"), folder / "trust", AT
        self.here.agree([agreed])
        for part in ("anchors", "lists", "crls"):
            (self.trust / part).mkdir(parents=True)
        root = self.here.home("31").certificate
        (self.trust / "anchors" / "31.pem").write_bytes(pem("CERTIFICATE", root.raw))
        self.relied = Relied(self.trust, lambda: self.at)

    def publish(self, name: str = "31") -> bytes:
        """The next list, put into use."""
        self.here.publish_list(name, at=self.at, actor="tester", password=PASSWORD)
        raw = (self.here.home(name).folder / "trustlist.json").read_bytes()
        (self.trust / "lists" / "31.json").write_bytes(raw)
        return raw

    def says(self, *certificates: Certificate, at: datetime | None = None) -> list[bool]:
        """Which of these are believed."""
        for id_, one in self.here.homes.items():
            one.publish(at=self.at, actor="tester", force="full")
            (self.trust / "crls" / f"{id_}.crl").write_bytes(one.crl("full") or b"")
        trust = Trust.load(self.trust, lists=self.relied)
        return [self._believed(trust, one, at or self.at) for one in certificates]

    @staticmethod
    def _believed(trust: Trust, certificate: Certificate, at: datetime) -> bool:
        try:
            return trust.vouch([certificate.raw], at).certificate == certificate
        except PathRejected:
            return False


def test_whom_a_list_recognises_is_believed(tmp_path: Path) -> None:
    """For its levels and its names alone; not before there is a list, and not after it has run out."""
    relying = Relying(tmp_path, agreement("31", "33", via=None, levels=((Level.HIGH, Level.HIGH),)))
    theirs = relying.here.home("33")
    high = card(theirs)
    basic = _card(theirs, theirs.name(CN="2"), Level.BASIC)
    elsewhere = _card(theirs, der.name(C="CN", ST="上海市", CN="3"), Level.HIGH)
    assert relying.says(high) == [False]
    relying.publish()
    assert relying.says(high, basic, elsewhere) == [True, False, False]
    relying.at += timedelta(days=31)
    assert (relying.says(high), relying.relied.trouble() is not None) == ([False], True)
    relying.publish()
    assert (relying.says(high), relying.relied.trouble()) == ([True], None)


def test_an_old_or_false_list_does_not_displace_the_one_in_use(tmp_path: Path) -> None:
    """Rolled back, broken, another province's: not ready, and the last good list counts until it runs out, over a restart too."""
    relying = Relying(tmp_path, agreement("31", "33", via=None))
    made = card(relying.here.home("33"))
    first = relying.publish()
    relying.publish()
    assert relying.says(made) == [True]
    use = relying.trust / "lists" / "31.json"
    relying.here.agree([agreement("31", "33", via=None), agreement("33", "31", via=None)])
    root = relying.here.home("33").certificate
    (relying.trust / "anchors" / "33.pem").write_bytes(pem("CERTIFICATE", root.raw))
    relying.publish("33")
    other = use.read_bytes()
    (relying.trust / "anchors" / "33.pem").unlink()
    for raw, code in ((first, "CS-2272"), (b"{}", "CS-2270"), (other, None)):
        use.write_bytes(raw)
        restarted = Relied(relying.trust, lambda: relying.at)
        for relied in (relying.relied, restarted):
            error = relied.trouble()
            assert error is not None
            assert code in {None, error.code}
        assert relying.says(made) == [True]
    relying.at += timedelta(days=31)
    assert relying.says(made) == [False]


def test_an_ended_recognition_still_covers_signatures_of_before(tmp_path: Path) -> None:
    """By the list's history: believed for the day before the end, not for the day after."""
    end = date(2026, 12, 1)
    both = [agreement("31", "33", via=None).after(Event(end, Step.END, "invented")), agreement("31", "32", via=None)]
    relying = Relying(tmp_path, agreement("31", "33", via=None))
    relying.here.agree(both)
    made = card(relying.here.home("33"))
    relying.publish()
    assert relying.says(made) == [True]
    relying.at = AT + timedelta(days=15)
    relying.here.home("33").publish(at=relying.at, actor="tester", force="full")
    relying.publish()
    day_before = AT + timedelta(days=5)
    assert [one.status_at(day_before.date()) for one in relying.relied.standings()[0].used.services] == [  # type: ignore[union-attr]  # it is good
        Status.IN_FORCE,
        Status.IN_FORCE,
    ]
    found = [anchor.certificate for anchor in relying.relied.anchors(made, day_before)]
    assert relying.here.home("33").certificate in found
    found = [anchor.certificate for anchor in relying.relied.anchors(made, relying.at)]
    assert found == [relying.here.home("32").certificate]


def test_purposes_of_an_agreement_hold_for_its_anchors(tmp_path: Path) -> None:
    """Recognised for messages alone: a card is not believed."""
    relying = Relying(tmp_path, replace(agreement("31", "33", via=None), purposes=("message",)))
    made = card(relying.here.home("33"))
    relying.publish()
    assert relying.says(made) == [False]


def test_a_crl_that_is_replaced_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that is never restarted learns of a revocation from the next file."""
    monkeypatch.setattr("server.trusting.LOOKED", 0.0)
    relying = Relying(tmp_path, agreement("31", "33", via=None))
    theirs = relying.here.home("33")
    made = card(theirs)
    relying.publish()
    assert relying.says(made) == [True]
    trust = Trust.load(relying.trust, lists=relying.relied)
    assert trust.vouch([made.raw], AT).certificate == made
    theirs.act(made.serial, Act.REVOKE, at=AT, actor="tester")
    theirs.publish(at=AT, actor="tester", force="full")
    (relying.trust / "crls" / "33.crl").write_bytes(theirs.crl("full") or b"")
    with pytest.raises(PathRejected):
        trust.vouch([made.raw], AT)


def _card(theirs: AuthorityHome, subject: bytes, level: Level) -> Certificate:
    return theirs.issue(
        profile("card"),
        subject=subject,
        public=local.generate(Algorithm.ECDSA_P256_SHA256).public,
        at=AT,
        actor="tester",
        wish=Wish(policies=(theirs.policy(level),)),
    )
