"""What stands behind a booked transaction is checked as it came: an envelope, a file's package, or a decision here."""

from collections.abc import Callable
from dataclasses import replace

from flask.testing import FlaskClient

from cardstack.text import Text
from server.console import evidence
from server.store.office import Office
from server.store.store import Store
from tests import filed


def test_a_transaction_of_a_file_is_vouched_for_by_the_file(
    store: Store, office: Office, signed_in: Callable[[str], FlaskClient]
) -> None:
    """Its package's signature is checked again; a changed byte is found."""
    filed.correspond(store, office)
    kept = {one.envelope: store.envelope(one.envelope) for one in store.transactions(limit=400)}
    file = next(one for one in kept.values() if one is not None and one.kind == "file")
    assert evidence.signature_of(file).holds
    broken = bytearray(file.raw)
    broken[len(broken) // 2] ^= 1
    assert not evidence.signature_of(replace(file, raw=bytes(broken))).holds
    entry = next(one for one in store.transactions(limit=400) if one.envelope == file.seq)
    page = signed_in("maker").get(f"/console/transactions/{entry.id}").get_data(as_text=True)
    assert "签名有效" in page
    assert "未能通过验签" not in page


def test_what_was_booked_here_claims_no_signature(store: Store) -> None:
    """Neither green nor red: nobody outside could have signed it."""
    kept = store.envelope(store.transactions(limit=1)[0].envelope)
    assert kept is not None
    assert not evidence.signature_of(kept).made_here
    said = evidence.signature_of(replace(kept, kind="decision", raw=b"{}"))
    assert said.made_here
    assert not said.holds
    assert said.problem == Text("envelope: Object missing required field `format`", "envelope：缺少字段 `format`")
