"""The parts of an envelope are those that a plain JSON reader finds, however the bytes are laid out; or it is no envelope."""

import json
from base64 import b64encode
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cardstack.crypto import local
from cardstack.crypto.keys import Algorithm
from cardstack.errors import Malformed
from cardstack.settlement.envelope import Sealed, parse, seal
from tests.ledgers import NOON, bill

RAW = seal([bill(1), bill(2, note="其他 [}]")], local.generate(Algorithm.ECDSA_P256_SHA256), [b"certificate"], NOON)
WHOLE = parse(RAW)
HEAD = {"format": '"cardstack-envelope/1"', "signature": json.dumps(b64encode(WHOLE.signature).decode())}
CHAIN = {"certificates": json.dumps([b64encode(b"certificate").decode()]), "signed_at": json.dumps(NOON.isoformat())}
spaces = st.sampled_from(["", "", " ", "\n\t"])
noise = st.sampled_from(
    [b"", b"}", b"]", b"null", b',"x":[]', b',"x":{}', b'"signed":{', b'"transactions":[', b"[]}", b" ", b"\x00"]
)


def laid_out(members: list[tuple[str, str]], space: str) -> str:
    return "{" + ",".join(f'{space}"{name}"{space}:{space}{value}' for name, value in members) + space + "}"


def plainly(raw: bytes) -> Any:
    """As a reader that makes do with bytes that are no UTF-8: they make their line malformed, not the envelope."""
    return json.loads(raw.decode(errors="replace"))


def parts(raw: bytes) -> Sealed | None:
    try:
        return parse(raw)
    except Malformed:
        return None


@given(st.sampled_from(list(permutations(range(3)))), st.sampled_from(list(permutations(range(3)))), spaces, spaces)
def test_members_stand_in_any_order(outer: tuple[int, ...], inner: tuple[int, ...], space: str, gap: str) -> None:
    """Whatever their order and the spaces between them, the parts are the same; `signed` is as it was sent."""
    lines = [*CHAIN.items(), ("transactions", WHOLE.array.decode())]
    signed = laid_out([lines[place] for place in inner], gap)
    members = [*HEAD.items(), ("signed", signed)]
    found = parse(laid_out([members[place] for place in outer], space).encode())
    assert (found.signed, found.array) == (signed.encode(), WHOLE.array)
    assert (found.contents, found.summary, found.certificates) == (WHOLE.contents, WHOLE.summary, WHOLE.certificates)
    assert (found.signature, found.signed_at) == (WHOLE.signature, WHOLE.signed_at)


@given(st.integers(0, len(RAW)), st.integers(0, 40), noise)
def test_spoilt_bytes_are_refused_or_read_as_json_reads_them(place: int, removed: int, added: bytes) -> None:
    """What is cut out of the middle, or put there, never shifts the parts against each other."""
    raw = RAW[:place] + added + RAW[place + removed :]
    found = parts(raw)
    if found is not None:
        signed = plainly(raw)["signed"]
        assert plainly(found.signed) == signed
        assert plainly(found.array) == signed["transactions"]
        assert raw.count(found.signed) == 1
