"""`cardstack ca`: two provinces and a bridge from nothing to a recognised, then revoked, card."""

import json
from pathlib import Path
from typing import Any

import pytest

from cardstack.ca import csr
from cardstack.ca import encoding as der
from cardstack.ca.certificate import Certificate
from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm
from tests.command import CommandLine

AGREEMENTS = """
[[agreement]]
id = "31-33"
by = "31"
of = "33"
via = "00"
since = 2026-01-01
until = 2030-12-31
levels = [["high", "high"]]
[[agreement.history]]
since = 2025-12-01
step = "sign"
reference = "invented notice"
"""
AT = ["--at", "2026-11-22T08:00:00+00:00"]


class Ca:
    """The command in a folder of its own."""

    def __init__(self, folder: Path, command: CommandLine) -> None:
        self.folder, self.command = folder, command

    def __call__(self, *words: str, code: int = 0) -> Any:
        """What it says as JSON."""
        ended = self.command("ca", *words, "--json")
        assert ended.code == code, ended.out + ended.err
        return ended.data

    def __truediv__(self, name: str) -> str:
        return str(self.folder / name)


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ca:
    """Three authorities, an agreement and two officers."""
    said = Ca(tmp_path, CommandLine(monkeypatch, capsys))
    monkeypatch.setenv("CARDSTACK_HOME", str(tmp_path))
    monkeypatch.setenv("CARDSTACK_CA_PASSWORD", "test ca")
    monkeypatch.setenv("CARDSTACK_OFFICER_PASSWORD", "test officer")
    for id_, title, suite in (("31", "上海市", "international"), ("33", "浙江省", "sm")):
        said("create", id_, "--title", f"{title}人社 CA", "--province", title, "--suite", suite, *AT)
    said("create", "00", "--title", "桥 CA", "--profile", "bridge", *AT)
    (tmp_path / "ca" / "agreements.toml").write_text(AGREEMENTS, "utf-8")
    for name in ("a", "b"):
        said("officer", name, "--name", f"测试 {name}", *AT)
    return said


def test_from_agreement_to_recognised_card(said: Ca) -> None:
    """Plan, approve twice, apply; issue, recognise, explain the refusal after revocation."""
    plan, card = said / "plan.json", said / "card.pem"
    assert [one["move"] for one in said("plan", "--out", plan, *AT)["changes"]] == ["issue", "issue"]
    said("approve", plan, "--officer", "a", *AT)
    assert said("apply", plan, *AT, code=1)["error"]["code"] == "CS-2260"
    said("approve", plan, "--officer", "b", *AT)
    assert len(said("apply", plan, *AT)["issued"]) == 2
    assert said("plan", *AT)["changes"] == []
    subject = ["--subject", "O=测试,CN=001", "--number", "social-insurance=TEST0001"]
    made = said("issue", "33", "card", "--key", said / "key.pem", *subject, "--out", card, *AT)
    (told,) = said("inspect", card)["certificates"]
    assert (told["numbers"][0]["title"], told["numbers"][0]["number"]) == ("社会保险号", "******01")
    assert said("inspect", card, "--reveal")["certificates"][0]["numbers"][0]["number"] == "TEST0001"
    assert (told["purposes"], told["key_usage"]) == (["card"], ["digital_signature"])
    for id_ in ("00", "31", "33"):
        assert said("crl", id_, "--force", "full", *AT)["published"] == "full"
    yes = said("recognise", card, "--by", "31", "--level", "high", *AT)
    assert (yes["accepted"], yes["level"], len(yes["path"])) == (True, "high", 4)
    cases = [
        {"id": "a", "certificate": card},
        {"id": "b", "certificate": made["certificate"]},
        {"id": "c", "certificate": "x"},
        7,
    ]
    (said.folder / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)), "utf-8")
    batch = said.command("ca", "recognise", "--by", "31", "--batch", said / "cases.jsonl", *AT)
    answers = [json.loads(line) for line in batch.out.splitlines()]
    assert [(one["id"], one["accepted"], one.get("level")) for one in answers] == [
        ("a", True, "high"),
        ("b", True, "high"),
        ("c", False, None),
        (4, False, None),
    ]
    said("status", "33", made["serial"], "suspend", *AT)
    no = said("recognise", card, "--by", "31", *AT, code=3)
    assert (no["accepted"], no["clause"][:8]) == (False, "RFC 5280")
    assert said("status", "33", made["serial"], "resume", "--at", "2026-11-22T09:00:00+00:00")["state"] == "good"
    later = ["--at", "2026-11-22T09:01:00+00:00"]
    assert said("recognise", card, "--by", "31", *later)["accepted"]
    again = said("renew", "33", made["serial"], "--out", said / "again.pem", *later)
    assert (again["subject"], again["serial"] != made["serial"]) == (made["subject"], True)
    assert said("recognise", said / "again.pem", "--by", "31", *later)["level"] == "high"
    for change in ("--revoke", "--expire"):
        assert said("what-if", change, "00-33", *AT)["effects"][-1]["of"] == "33"
    assert said("what-if", "--only", "31-00:basic", *AT)["effects"][-1]["lost"] == [{"theirs": "high", "ours": "high"}]
    assert said("what-if", "--exclude", "31-00:C=CN,ST=浙江省,O=测试", *AT)["total"] == {"issuers": 0, "terminals": 0, "nodes": 0}
    assert {(one["by"], one["of"]) for one in said("graph", *AT)["recognitions"]} == {("31", "33"), ("00", "33")}
    assert said("agreements", *AT)["agreements"][0]["in_force"]


def test_a_batch_of_cards(said: Ca) -> None:
    """A line in, a certificate out; a bad line is named and nothing is issued."""
    spki = local.generate(Algorithm.SM2_SM3).public.spki.hex()
    lines = [
        {"subject": f"O=测试,CN={number}", "spki": spki, "numbers": {"social-insurance": f"TEST{number}"}} for number in range(3)
    ]
    wanted, out = said.folder / "wanted.jsonl", said.folder / "made.jsonl"
    wanted.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert said("batch", "33", "card", str(wanted), "--out", str(out), *AT)["issued"] == 3
    made = [Certificate.parse(bytes.fromhex(json.loads(line)["certificate"])) for line in out.read_text("utf-8").splitlines()]
    assert [one.spki.hex() for one in made] == [spki] * 3
    wanted.write_text(json.dumps(lines[0]) + "\n{}", "utf-8")
    assert said("batch", "33", "card", str(wanted), "--out", str(out), *AT, code=65)["error"]["facts"] == {"line": 2}
    assert said("show", "33")["authorities"][0]["count"]["good"] == 3


def test_the_log_and_the_list_are_checked(said: Ca) -> None:
    """`audit verify` with a noted head; a changed line is named; the trust list is published and verified."""
    head = said("audit", "verify", "33")["head"]
    said("issue", "33", "ocsp", "--key", said / "key.pem", "--subject", "CN=ocsp", *AT)
    assert said("audit", "verify", "33", "--head", head)["lines"] == 3
    log = said.folder / "ca" / "33" / "audit.jsonl"
    log.write_text(log.read_text("utf-8").replace("CN=ocsp", "CN=0csp"), "utf-8")
    assert said("audit", "verify", "33", code=3)["error"]["code"] == "CS-2250"
    listed = said / "list.json"
    assert said("trustlist", "31", "--out", listed, *AT, code=3)["error"]["code"] == "CS-2250"


def test_a_trust_list_is_published_and_verified(said: Ca) -> None:
    """Sequence 1 with one anchor; past its next update it is refused."""
    listed = said / "list.json"
    assert said("trustlist", "31", "--out", listed, *AT)["sequence"] == 1
    assert len(said("trustlist", "31", "--verify", listed, *AT)["anchors"]) == 1
    late = said("trustlist", "31", "--verify", listed, "--at", "2027-03-01T00:00:00+00:00", code=3)
    assert late["error"]["code"] == "CS-2273"


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["show", "99"], 1, "CS-2321"),
        (["issue", "31", "card", "--subject", "CN=1"], 65, "CS-1000"),
        (["issue", "31", "nothing", "--key", "k", "--subject", "CN=1"], 65, "CS-2201"),
        (["status", "31", "zz"], 65, "CS-1000"),
        (["status", "31", "ff"], 1, "CS-2220"),
        (["crl", "31", "--force", "half"], 65, "CS-1000"),
        (["plan", "--at", "yesterday"], 65, "CS-1000"),
        (["plan", "--at", "2026-01-01"], 65, "CS-1000"),
        (["what-if", "--revoke", "x"], 1, "CS-2230"),
        (["approve", "missing.json", "--officer", "a"], 1, "CS-2301"),
        (["create", "31", "--title", "again"], 1, "CS-2303"),
        (["create", "../x", "--title", "outside"], 65, "CS-1000"),
    ],
)
def test_mistakes_are_said_with_their_code(said: Ca, arguments: list[str], code: int, problem: str) -> None:
    """Each with the exit code of its kind, as JSON."""
    assert said(*arguments, code=code)["error"]["code"] == problem


def test_without_a_password_it_says_which(said: Ca, monkeypatch: pytest.MonkeyPatch) -> None:
    """CS-9020 names the variable."""
    monkeypatch.delenv("CARDSTACK_CA_PASSWORD")
    assert said("crl", "31", code=1)["error"]["facts"]["name"] == "CARDSTACK_CA_PASSWORD"


def test_a_ceremony_makes_a_root_whose_key_two_shares_open(said: Ca, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run, verify; then sign with two shares instead of a password."""
    present = ["--officer", "a", "--officer", "b", "--shares", said / "shares", "--yes"]
    made = said("ceremony", "run", "34", "--title", "安徽省人社", "--province", "安徽省", *present)
    proven = said("ceremony", "verify", made["transcript"], "--known")
    assert proven["outputs"]["certificate"]["fingerprint"] == made["fingerprint"]
    monkeypatch.setenv("CARDSTACK_CA_SHARES", ":".join(made["shares"]))
    assert said("crl", "34", "--force", "full")["number"] == 2
    monkeypatch.setenv("CARDSTACK_CA_SHARES", made["shares"][0])
    assert said("crl", "34", code=1)["error"]["code"] == "CS-2010"
    monkeypatch.delenv("CARDSTACK_CA_SHARES")
    assert said("crl", "34", "--force", "full", code=65)["error"]["code"] == "CS-2005"
    monkeypatch.setenv("CARDSTACK_CA_PASSWORD_31", "not this one")
    assert said("crl", "31", "--force", "full", code=65)["error"]["code"] == "CS-2005"
    assert said("crl", "33", "--force", "full")["published"] == "full"
    assert said("ceremony", "run", "35", "--title", "x", "--officer", "z", "--shares", said / "s", code=65)["error"]


def test_a_key_change_keeps_what_was_issued_and_who_trusts(said: Ca) -> None:
    """The log verifies with both keys, and who knows the old root follows the link to new certificates."""
    old = (said.folder / "ca" / "31" / "ca.pem").read_text()
    done = said("rekey", "31", *AT)
    assert done["before"] != done["after"]
    card = said / "card.pem"
    said("issue", "31", "card", "--key", said / "key.pem", "--subject", "CN=1", "--out", card, *AT)
    assert said("audit", "verify", "31")["checkpoints"] == 4
    assert said("recognise", card, "--by", "31", *AT)["accepted"]
    (said.folder / "old.pem").write_text(old)
    listed = said("show", "31", "--certificates")["authorities"][0]["certificates"]
    serials = [one["serial"] for one in listed if one["profile"] == "link"]
    pool = [str(said.folder / "ca" / "31" / "certificates" / one[:2] / f"{one}.cer") for one in serials]
    later = "2026-11-22T08:00:01+00:00"
    command = ["validate", "--anchor", said / "old.pem", "--at", later, "--revocation", "off"]
    assert said(*command, *(part for one in pool for part in ("--pool", one)), card)["valid"]


def test_a_lost_encryption_key_is_recovered_by_three_officers(said: Ca, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule, issue, open; then a new card: ask, approve, recover, verify; one approval fewer, and nothing is given out."""
    monkeypatch.setenv("CARDSTACK_ESCROW_PASSWORD", "test centre")
    said("officer", "c", "--name", "测试 c", *AT)
    for name in ("old", "new"):
        key = local.generate(Algorithm.SM2_SM3)
        (said.folder / f"{name}.pem").write_bytes(key.to_pkcs8(b"test officer"))
        (said.folder / f"{name}.csr").write_bytes(csr.build(der.name(CN="x"), key))
    assert said("escrow", "rule", "33", "--needed", "3", *AT)["needed"] == 3
    made = said("escrow", "issue", "33", "--csr", said / "old.csr", "--subject", "CN=测试", "--out", said / "citizen", *AT)
    certificate = Certificate.parse((said.folder / "citizen" / "encryption.pem").read_bytes())
    envelope = said / "citizen/encryption-key.der"
    opened = said("escrow", "open", envelope, "--key", said / "old.pem", "--out", said / "encryption.pem")
    assert opened["public_key"] == certificate.spki.hex()
    asked, out, proof = said / "asked.json", said / "recovered.der", said / "proof.jsonl"
    words = ["--for", said / "new.csr", "--reason", "补卡申请 7 号", "--out", asked]
    assert said("escrow", "ask", "33", made["encryption"], *words)["needed"] == 3
    assert said("escrow", "ask", "33", made["signature"], *words, code=1)["error"]["code"] == "CS-2340"
    recover = ["escrow", "recover", asked, "--out", out, "--transcript", proof, *AT]
    for name in "abc":
        assert said(*recover, code=1)["error"]["code"] == "CS-2260"
        assert said("escrow", "approve", asked, "--officer", name, *AT)["request"]["reason"] == "补卡申请 7 号"
    said(*recover)
    assert (
        said("escrow", "open", out, "--key", said / "new.pem", "--out", said / "again.pem")["public_key"] == opened["public_key"]
    )
    assert said("escrow", "verify", proof, "--by", "33", "--known")["officers"] == ["a", "b", "c"]
    assert said("escrow", "verify", proof, "--by", "31", code=3)["error"]["code"] == "CS-2250"
    last = said("audit", "show", "33", "--last", "1")["lines"][0]
    assert (last["action"], last["actor"], last["facts"]["ground"]) == ("recover", "a+b+c", "holder")
    assert said("audit", "verify", "33")["lines"]


def test_a_change_of_recognition_is_asked_for_and_decided_like_any_other(said: Ca) -> None:
    """`settle change`: an agreement by one, a checker and an approver; the certificates follow, and nothing is left to plan."""

    def change(*words: str) -> Any:
        ended = said.command("settle", "change", *words, "--json")
        assert ended.code == 0, ended.out + ended.err
        return ended.data

    fields = {"by": "31", "of": "33", "via": "00", "since": "2026-01-01", "until": "2030-12-31", "reference": "invented"}
    typed = [f"{name}={value}" for name, value in fields.items()]
    asked = change("ask", "agreement", *typed, "level_high=high", "--actor", "maker", "--reason", "protocol")
    change("approve", asked["request"], "--actor", "checker")
    assert change("approve", asked["request"], "--actor", "approver")["state"] == "done"
    assert said("plan")["changes"] == []
    assert [one["status"] for one in said("agreements")["agreements"]] == ["ended", "in-force"]


def test_a_province_elsewhere_is_entered_by_its_certificate(said: Ca, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add, import its CRL and the cross certificate it issued; plan, graph and show know it; a second time it is refused."""
    here, elsewhere = said.folder, said.folder / "elsewhere"
    monkeypatch.setenv("CARDSTACK_HOME", str(elsewhere))
    made = said("create", "34", "--title", "安徽省人社", "--province", "安徽省", *AT)
    monkeypatch.setenv("CARDSTACK_HOME", str(here))
    root, crl = elsewhere / "ca" / "34" / "ca.pem", elsewhere / "ca" / "34" / "crl" / "full.crl"
    policies = [part for name, oid in made["policies"].items() for part in ("--policy", f"{name}={oid}")]
    words = ["34", "--certificate", str(root), "--title", "安徽省", "--names", "C=CN,ST=安徽省", *policies]
    assert said("foreign", "add", *words)["fingerprint"] == made["fingerprint"]
    assert said("foreign", "add", *words, code=1)["error"]["code"] == "CS-2350"
    assert said("foreign", "add", *words, "--replace")["id"] == "34"
    assert said("foreign", "crl", "34", str(crl), *AT)["number"] == 1
    table = AGREEMENTS.replace('"31-33"', '"31-34"').replace('of = "33"\nvia = "00"', 'of = "34"')
    (here / "ca" / "agreements.toml").write_text(table, "utf-8")
    assert [(one["issuer"], one["subject"]) for one in said("plan", *AT)["changes"]] == [("31", "34")]
    assert "34" in {one["id"] for one in said("graph", *AT)["members"]}
    assert said("foreign", "show")["foreign"][0]["crl"]["number"] == 1
    assert said("foreign", "cross", "34", str(root), code=3)["error"]["code"] == "CS-2351"
