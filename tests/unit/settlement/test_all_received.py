"""Answers that differ by their ids alone are the same as a list of them, to whoever reads and to whoever writes them."""

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm
from cardstack.settlement.answer import Answer, Outcome
from cardstack.settlement.receipt import give, read
from cardstack.settlement.receiving import AllReceived
from server.api.routes import answers_data
from tests.ledgers import NOON, message_id

IDS = st.lists(st.integers(1, 9999).map(message_id).map(str), min_size=1, max_size=20)
SIGNER = local.generate(Algorithm.ECDSA_P256_SHA256)


@given(IDS, st.integers(-25, 25), st.integers(-25, 25))
def test_it_is_the_list_of_its_answers(ids: list[str], start: int, stop: int) -> None:
    """Length, items, slices and iteration are those of the list."""
    short, long = AllReceived(ids), [Answer(one, Outcome.RECEIVED) for one in ids]
    assert (len(short), list(short), list(short[start:stop])) == (len(long), long, long[start:stop])
    assert list(pairwise(short)) == list(pairwise(long))


@given(IDS)
def test_it_is_written_as_the_list_is(ids: list[str]) -> None:
    """The answer over HTTP says what it says of a list; the receipt has no need to, beside the digest of their envelope."""
    short, long = AllReceived(ids), [Answer(one, Outcome.RECEIVED) for one in ids]
    assert msgspec.json.encode(answers_data(short)) == msgspec.json.encode(answers_data(long))
    ours, theirs = (read(give(bytes(32), some, SIGNER, [b"certificate"], NOON)) for some in (short, long))
    assert (ours.all_received, ours.answers) == (len(ids), ())
    assert (theirs.all_received, [one.id for one in theirs.answers]) == (0, ids)
