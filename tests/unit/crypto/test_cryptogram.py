"""Published vectors, and everything else against a second implementation that shares no code with ours."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardstack.crypto import cryptogram
from cardstack.crypto.cryptogram import Block
from cardstack.errors import Malformed
from tests import second

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/cryptograms.json").read_text("utf-8"))["cases"]
TDES, SM4 = Block.TRIPLE_DES, Block.SM4
QUICK = settings(max_examples=20, deadline=None)
keys = st.binary(min_size=16, max_size=16)
eights = st.binary(min_size=8, max_size=8)
blocks = st.sampled_from([TDES, SM4])


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["id"])
def test_published_vectors(case: dict[str, Any]) -> None:
    """Every number printed in a manual or standard that the project found."""
    block = Block(case.get("block", "3des"))
    held = {name: bytes.fromhex(case.get(name, "")) for name in ("key", "data", "iv", "random", "sequence", "terminal")}
    match case["function"]:
        case "session_key":
            out = cryptogram.session_key(held["key"], held["random"], held["sequence"], held["terminal"])
        case "encrypt":
            out = cryptogram.encrypt(held["key"], held["data"], block)
        case name:
            out = getattr(cryptogram, name)(held["key"], held["data"], block, held["iv"] or None)
    wanted = bytes.fromhex(case["out"])
    assert out[: len(wanted)] == wanted


def test_the_second_implementation_is_right_itself() -> None:
    """The worked example that every DES text prints."""
    assert second.des(bytes.fromhex("133457799BBCDFF1"), bytes.fromhex("0123456789ABCDEF")).hex() == "85e813540f0ab405"


@QUICK
@given(keys, eights)
def test_diversified_keys(key: bytes, factor: bytes) -> None:
    """The factor and its complement, by either cipher."""
    both = factor + second.xor(factor, b"\xff" * 8)
    expected = second.triple_des(key, both[:8]) + second.triple_des(key, both[8:])
    assert cryptogram.diversify(key, factor) == expected
    assert cryptogram.diversify(key, factor, SM4) == second.sm4(key, both)


@QUICK
@given(keys, eights, eights)
def test_authentication_cryptograms(key: bytes, challenge: bytes, source: bytes) -> None:
    """DES under the process key; with SM4 both are filled up with their complement."""
    assert cryptogram.authentication(key, challenge, source) == second.des(second.triple_des(key, challenge), source)
    wide, far = (one + second.xor(one, b"\xff" * 8) for one in (challenge, source))
    assert cryptogram.authentication(key, challenge, source, SM4) == second.sm4(second.sm4(key, wide), far)


@QUICK
@given(keys, st.binary(max_size=70), st.sampled_from([8, 16]))
def test_macs(key: bytes, data: bytes, size: int) -> None:
    """Chains, folded TAC keys and retail MACs of any length, from any initial vector."""
    iv = second.xor(key[:size], bytes(range(size)))
    block = TDES if size == 8 else SM4
    short = key[:8] if size == 8 else key
    assert cryptogram.mac(short, data, block, iv) == second.chain(short, data, iv)[:4]
    folded = second.xor(key[:8], key[8:]) if size == 8 else key
    assert cryptogram.tac(key, data, block, iv) == second.chain(folded, data, iv)[:4]
    expected = second.retail(key, data, iv) if size == 8 else second.chain(key, data, iv)
    assert cryptogram.retail_mac(key, data, block, iv) == expected


@QUICK
@given(keys, st.binary(min_size=8, max_size=8), blocks)
def test_session_keys(key: bytes, parts: bytes, block: Block) -> None:
    """Random, card sequence, terminal part; SM4 pads the eight bytes to its block."""
    made = cryptogram.session_key(key, parts[:4], parts[4:6], parts[6:], block)
    padded = parts + b"\x80" + bytes(7)
    assert made == (second.triple_des(key, parts) if block is TDES else second.sm4(key, padded))


@QUICK
@given(keys, st.lists(st.binary(max_size=32), min_size=2, max_size=6), blocks)
def test_a_kept_context_remembers_nothing(key: bytes, messages: list[bytes], block: Block) -> None:
    """The chain of one message does not begin where the last one ended, nor in another thread."""
    alone = [cryptogram.retail_mac(key, message, block) for message in messages]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda message: cryptogram.retail_mac(key, message, block), messages * 3))
    assert together == alone * 3


@given(st.binary(min_size=2, max_size=7), st.sampled_from([8, 16]))
def test_a_pin_comes_out_of_its_block(pin: bytes, size: int) -> None:
    """Length, PIN, padding, whichever the cipher's block."""
    assert cryptogram.pin_of_block(cryptogram.pin_block(pin, size)) == pin


@given(st.binary(max_size=24))
def test_any_bytes_are_a_pin_block_or_malformed(raw: bytes) -> None:
    """What a terminal deciphers with a wrong key is refused, never taken for a PIN."""
    try:
        pin = cryptogram.pin_of_block(raw)
    except Malformed:
        return
    assert cryptogram.pin_block(pin, len(raw)) == raw


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: cryptogram.encrypt(bytes(7), bytes(8)),
        lambda: cryptogram.encrypt(bytes(16), bytes(9)),
        lambda: cryptogram.encrypt(bytes(8), bytes(16), SM4),
        lambda: cryptogram.diversify(bytes(16), bytes(7)),
        lambda: cryptogram.process_key(bytes(16), bytes(4)),
        lambda: cryptogram.authentication(bytes(16), bytes(8), bytes(9)),
        lambda: cryptogram.session_key(bytes(16), bytes(4), bytes(2), bytes(4)),
    ],
)
def test_keys_and_data_of_other_lengths_are_malformed(wrong: Any) -> None:
    """Nothing is silently cut or filled up."""
    with pytest.raises(Malformed):
        wrong()
