"""Files in: signed or not, each line taken or named, once; their pages, downloads and another look."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cardstack.errors import Malformed, Refused
from cardstack.settlement.bulk import return_file
from cardstack.text import Text
from server import filing
from server.permissions import Grant, Role
from server.store.office import Office
from server.store.office.jobbing import Job
from server.store.office.people import Operator
from server.store.store import Store
from server.turns import Turns
from tests.filed import Files, correspond, files, lines_of_bills
from tests.ledgers import NOON
from tests.unit.console.conftest import Clock

SignIn = Callable[[str], FlaskClient]
Token = Callable[[FlaskClient], str]


@pytest.fixture(scope="module")
def made() -> Files:
    return files()


def arrive(raw: bytes, number: str = "F1") -> filing.Arrival:
    return filing.Arrival(raw, "a.zip", "maker", NOON, number)


def test_a_day_of_rides_is_posted_and_answered(made: Files, store: Store, office: Office) -> None:
    """What holds is in the ledger; the other two lines stand in the return file with their reasons."""
    taken = filing.take(arrive(made.transit), made.means(store, office))
    assert (taken.verdict, taken.state, taken.lines_ok, taken.lines_failed) == ("good", "partly", 8, 2)
    assert [(one.line, one.code) for one in taken.faults] == [(9, "tac-wrong"), (10, "line-malformed")]
    assert store.transactions(limit=1)[0].sender == "33.transit-operator"
    answer = office.files.answer_to("F1")
    assert answer is not None
    assert (answer.direction, answer.answers) == ("out", "F1")
    assert [one.line for one in return_file.faults(office.files.raw(answer.id))] == [9, 10]


def test_the_same_bytes_are_taken_once(made: Files, store: Store, office: Office) -> None:
    """A second time is refused with the number of the first."""
    filing.take(arrive(made.medical), made.means(store, office))
    with pytest.raises(Refused) as refused:
        filing.take(arrive(made.medical, "F2"), made.means(store, office))
    assert refused.value.facts["file"] == "F1"


def test_a_bad_signature_is_kept_and_nothing_of_the_file_believed(made: Files, store: Store, office: Office) -> None:
    """Refused, with the reason; where nobody was trusted yet, another look takes it."""
    bad = filing.take(arrive(made.tampered), made.means(store, office))
    assert (bad.verdict, bad.state, bad.lines_ok) == ("bad", "refused", 0)
    assert bad.said.zh.startswith("CS-")
    early = filing.take(arrive(made.medical, "F2"), made.means(store, office, believed=False))
    assert (early.state, early.said.en[:7]) == ("refused", "CS-4182")
    later = filing.retry(early, made.means(store, office), actor="maker", at=NOON + timedelta(hours=1))
    assert (later.state, later.lines_ok, later.lines_failed) == ("refused", 0, 21)  # nobody here booked one of them
    kept = office.files.get("F2")
    assert kept is not None
    assert [one.code for one in kept.faults[-2:]] == ["missing-here", "parts-differ"]


def test_a_month_is_reconciled_with_the_ledger(store: Store, office: Office) -> None:
    """What is booked here is taken; what nobody booked, and what does not add up, is named."""
    made = files(lines_of_bills(store, 9))
    taken = filing.take(arrive(made.medical), made.means(store, office))
    assert (taken.state, taken.lines_ok) == ("partly", 9)
    assert [(one.line, one.code, one.text.zh) for one in taken.faults] == [
        (10, "missing-here", "对方有、本方无"),
        (11, "parts-differ", "各项支付合计与总额不一致"),
    ]


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04 no archive", b"<html><script>", b"MZ\x90\x00", b"%PDF-1.7"])
def test_what_is_no_file_of_ours_is_not_kept(raw: bytes, made: Files, store: Store, office: Office) -> None:
    """Neither a page nor a program gets in."""
    with pytest.raises(Malformed):
        filing.take(arrive(raw), made.means(store, office))
    assert office.files.page(before=None, size=5, scope=None, where={}) == []


def test_the_pages_of_files(signed_in: SignIn, store: Store, office: Office) -> None:
    """Listed with verdict and lines; each leads to its faults and to its answer."""
    correspond(store, office)
    client = signed_in("maker")
    page = client.get("/console/files/").get_data(as_text=True)
    assert "验签通过" in page
    assert "验签未通过" in page
    one = next(file for file in office.files.page(before=None, size=9, scope=None, where={"kind": "transit"}))
    shown = client.get(f"/console/files/{one.id}").get_data(as_text=True)
    assert "tac-wrong" in shown
    assert f"/console/files/{one.id}-return" in shown
    assert "交通日文件" in client.get("/console/files/?kind=transit&direction=in").get_data(as_text=True)
    assert signed_in("elsewhere").get(f"/console/files/{one.id}").status_code == 404
    assert one.id not in signed_in("elsewhere").get("/console/files/").get_data(as_text=True)


def test_a_download_is_never_a_page(signed_in: SignIn, store: Store, office: Office) -> None:
    """Octets, as an attachment, not to be sniffed; in the audit log; not for readers."""
    correspond(store, office)
    one = office.files.page(before=None, size=1, scope=None, where={"kind": "medical"})[0]
    answer = signed_in("maker").get(f"/console/files/{one.id}/download")
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.get_data() == office.files.raw(one.id)
    assert office.audit.page(before=None, size=1, scope=None)[0].action == "files.download"
    assert signed_in("checker").get(f"/console/files/{one.id}/download").status_code == 403


def test_an_upload_through_the_page(made: Files, signed_in: SignIn, token: Token, office: Office, clock: Clock) -> None:
    """A file of one's own province is kept; another's is refused by the field; what is no file comes back too."""
    office.people.save(Operator("clerk31", "沪", (Grant(Role.CLERK, "31"),)), clock())
    client, other = signed_in("maker"), signed_in("clerk31")

    def send(who: FlaskClient, raw: bytes, name: str = "../../etc/a b<script>.zip") -> tuple[int, str]:
        data = {"csrf": token(who), "_back": "/console/files/", "file": (io.BytesIO(raw), name)}
        answer = who.post("/console/files/", data=data, content_type="multipart/form-data")
        return answer.status_code, answer.location or answer.get_data(as_text=True)

    status, page = send(other, made.medical)
    assert (status, "CS-4184" in page, 'aria-describedby="e-file' in page) == (422, True, True)
    status, page = send(client, b"PK\x03\x04")
    assert (status, 'id="e-file"' in page) == (422, True)
    status, address = send(client, made.medical)
    assert status == 303
    kept = office.files.get(address.rsplit("/", 1)[1])
    assert kept is not None
    assert (kept.name, kept.state) == ("a_b_script_.zip", "refused")  # this app trusts nobody
    again = client.post(f"{address}/retry", data={"csrf": token(client)})
    assert again.status_code == 303


def test_a_bank_s_file_is_bounded(made: Files, store: Store, office: Office) -> None:
    """It is looked at as a whole, so there is less room for it than for what is looked at in pieces."""
    with pytest.raises(Malformed, match="16 MB"):
        filing.take(arrive(b"<" + b" " * (16 << 20)), made.means(store, office))
    assert office.files.page(before=None, size=9, scope=None, where={}) == []


def test_operators_files_take_turns_with_those_of_nodes(
    app: Flask, made: Files, signed_in: SignIn, token: Token, office: Office
) -> None:
    """An upload waits in the background until a place is free, and gives it back."""
    turns = app.extensions["file-turns"] = Turns(places=1, queue=0, wait_s=0)
    client = signed_in("maker")
    assert turns.take()
    data = {"csrf": token(client), "file": (io.BytesIO(made.medical), "a.zip")}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("server.console.files.PATIENCE", 0.0)
        client.post("/console/files/", data=data, content_type="multipart/form-data")
    (job,) = office.jobs.of("maker", "file")
    assert (job.state, office.files.get(job.file_name)) == ("running", None)
    turns.give_back()
    for _ in range(1000):
        if office.jobs.of("maker", "file")[0].state != "running":
            break
        client.get(f"/console/files/work/{job.id}?seen=running-0")
    assert office.files.get(job.file_name) is not None
    assert turns.take()


def test_a_long_file_goes_on_in_the_background(
    made: Files, signed_in: SignIn, token: Token, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page answers at once and says how far it is; in the end the file is there, or why not, in the reader's language."""
    monkeypatch.setattr("server.console.files.PATIENCE", 0.0)
    client, other = signed_in("maker"), signed_in("checker")

    def send(raw: bytes) -> Job:
        data = {"csrf": token(client), "file": (io.BytesIO(raw), "a.zip")}
        answer = client.post("/console/files/", data=data, content_type="multipart/form-data")
        assert (answer.status_code, answer.location) == (303, "/console/files/")
        for _ in range(1000):
            job = office.jobs.of("maker", "file")[0]
            if job.state != "running":
                break
            client.get(f"/console/files/work/{job.id}?seen=running-0")
        return job

    job = send(made.medical)
    kept = office.files.get(job.file_name)
    assert kept is not None
    assert (job.state, job.total, kept.state) == ("done", 21, "refused")  # this app trusts nobody
    assert f"/console/files/{job.file_name}" in client.get("/console/files/").get_data(as_text=True)
    assert office.audit.page(before=None, size=9, scope=None, action="files.taken")[0].subject == job.file_name
    assert client.get(f"/console/files/work/{job.id}?seen=done-{job.done}").status_code == 204
    assert other.get(f"/console/files/work/{job.id}").status_code == 404

    job = send(made.medical)
    assert (job.state, job.error.zh[:7]) == ("failed", "CS-4181")
    client.get("/console/files/?lang=en")
    page = client.get("/console/files/").get_data(as_text=True)
    assert "These bytes came before" in page
    assert "<progress" not in page


def test_a_file_that_is_done_soon_leaves_no_job(made: Files, signed_in: SignIn, token: Token, office: Office) -> None:
    """Nor does one that is refused at once."""
    client = signed_in("maker")
    data = {"csrf": token(client), "file": (io.BytesIO(made.medical), "a.zip")}
    assert client.post("/console/files/", data=data, content_type="multipart/form-data").location != "/console/files/"
    assert office.jobs.of("maker", "file") == []


def test_a_file_may_be_larger_than_a_message(made: Files, signed_in: SignIn, token: Token) -> None:
    """Where files are taken in, by whoever may; everywhere else, and from everybody else, so much is not read."""
    client, reader = signed_in("maker"), signed_in("checker")
    client.application.config["MAX_CONTENT_LENGTH"] = len(made.medical) // 2

    def send(who: FlaskClient, address: str) -> int:
        headers = {"X-CSRF-Token": token(who)}
        data = {"file": (io.BytesIO(made.medical), "a.zip")}
        return who.post(address, data=data, headers=headers, content_type="multipart/form-data").status_code

    assert send(client, "/console/files/") == 303
    assert send(client, "/console/reconciliation/bank-file") == 413
    assert send(reader, "/console/files/") == 403


def test_work_that_a_stop_interrupted_says_so(signed_in: SignIn, office: Office, clock: Clock) -> None:
    """After an hour without a word, where a bar would have stood for ever."""
    work = Job("lost", "file", "maker", "a.zip", "running", 7, 21, "F1", "", "", Text("", ""), clock(), clock())
    office.jobs.add(work)
    client = signed_in("maker")
    assert "<progress" in client.get("/console/files/").get_data(as_text=True)
    clock.at += timedelta(hours=1)
    page = signed_in("maker").get("/console/files/").get_data(as_text=True)
    assert "服务中断" in page
    assert "<progress" not in page
