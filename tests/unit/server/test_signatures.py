"""Signatures of requests (RFC 9421) that were changed: nothing but the one that was made is believed, and nothing breaks."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from server.app import create_app
from server.config import Config
from server.signatures import Request, sign
from server.store import open_store
from tests.ledgers import NOON, SCHEMES, enrol, node_trust

TRUST, SIGNER, LEAF = node_trust()
MADE = dict(sign(Request("GET", "http://localhost/windows", {}), SIGNER, LEAF, NOON))
MARKS = ["", "(", ")", ";", ",", "=", ":", '"', "\\", "@method", "é", "\x7f", " ", "  , ", "9" * 40, "A" * 5000, "(" * 3000]
WORDS = ['"@query-param";name="a"', '"@status"', '"client-cert";bs', '"x";req', ";created=999999999999999", ";created=-1"]
WORDS += [";created=?1", ";expires=1", ';alg="hmac-sha256"', ";keyid="]
EDIT = st.tuples(st.sampled_from(sorted(MADE)), st.integers(0, 1500), st.integers(0, 12), st.sampled_from(MARKS + WORDS))


def meant(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without what a reader of structured fields may leave out."""
    return {name: re.sub(r"[\s=]", "", value) for name, value in headers.items()}


@pytest.fixture(scope="module")
def client() -> Iterator[FlaskClient]:
    """Of a service where reading needs a signature."""
    with tempfile.TemporaryDirectory() as folder:
        store = enrol(open_store(f"sqlite:///{folder}/ledger.db", SCHEMES))
        config = Config(home=Path(folder), signed_reads=True)
        app = create_app(config, store=store, trust=TRUST, clock=lambda: NOON, with_console=False)
        yield app.test_client()
        app.extensions["cardstack"].intake.close()
        store.close()


@given(st.lists(EDIT, min_size=1, max_size=3))
def test_a_changed_signature_is_turned_away(client: FlaskClient, edits: list[tuple[str, int, int, str]]) -> None:
    """Pieces of its headers replaced by what means something there, at any place: 403 and no server error."""
    headers = dict(MADE)
    for name, where, length, piece in edits:
        value = headers[name]
        place = where % (len(value) + 1)
        headers[name] = value[:place] + piece + value[place + length :]
    status = client.get("/windows", headers=headers).status_code
    assert status in ((401, 403) if meant(headers) != meant(MADE) else (200, 401, 403))


def test_the_signature_that_was_made_is_believed(client: FlaskClient) -> None:
    """So that the others are turned away for what was changed."""
    assert client.get("/windows", headers=MADE).status_code == 200
