"""What a peer may answer wrongly, and what is then said: never anything but a coded error."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from cardstack.apdu import secure
from cardstack.apdu.message import Command
from cardstack.apdu.script import Script, run
from cardstack.apdu.trace import Exchanged, bodies_hidden, parse, replay, traced
from cardstack.card import loading, paying, plain, proving, view
from cardstack.card.generation import Either, Rewritten
from cardstack.card.issuing import Order, Person, master_for_tests, personalise
from cardstack.card.keys import Factors, derive
from cardstack.card.loading import LoadHost
from cardstack.card.paying import LocalSam, PsamSam
from cardstack.card.profiles import profile
from cardstack.card.profiles.employment import Aid
from cardstack.card.profiles.social import Holder
from cardstack.codec import An, Cn
from cardstack.crypto.cryptogram import Block
from cardstack.errors import CardstackError, Malformed, Refused, Untrusted
from cardstack.values import CardNumber, CitizenNumber, Fen
from emulator.slot import Slot
from tests.cards import MOMENT, ORDER, SSSE, card, say

SECOND = profile("2.00")
TUNION = profile("t-union")
FACTORS = Factors("330106", bytes(8))
KEYS = proving.LocalKeys(master_for_tests)
PERSON = Person(CitizenNumber("11010519491231002X"), "示例")


def answers(*said: str) -> Callable[[bytes], bytes]:
    """A peer that says these things in turn, and the last for ever."""
    waiting: Iterator[str] = iter(said)
    last = [said[-1]]

    def answer(_: bytes) -> bytes:
        last[0] = next(waiting, last[0])
        return bytes.fromhex(last[0])

    return answer


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (proving.get_challenge, ["01029000"]),
        (lambda: proving.verify_pin("12"), ["9000"]),
        (lambda: proving.verify_pin("１２３４５６"), ["9000"]),
        (lambda: proving.change_pin("123456", "654321"), ["63C1"]),
        (lambda: proving.external_authenticate(SECOND.key("SSSE", "PUK"), FACTORS, KEYS), ["00112233445566779000", "63C2"]),
        (lambda: proving.external_authenticate(SECOND.key("SSSE", "PUK"), FACTORS, KEYS), ["00112233445566779000", "6A88"]),
        (lambda: proving.internal_authenticate(SECOND.key("SSSE", "IRK"), FACTORS, KEYS, bytes(3)), ["9000"]),
        (lambda: proving.internal_authenticate(SECOND.key("SSSE", "IRK"), FACTORS, KEYS, bytes(16)), ["019000"]),
        (lambda: paying.transit_balance(TUNION), ["9000", "019000"]),
        (lambda: paying.transaction_proof(6, bytes(2)), ["01029000"]),
        (
            lambda: loading.transit_load(
                profile("t-union"), LoadHost(bytes(16)), Fen(1), MOMENT, terminal=bytes(6), pin="123456"
            ),
            ["9000", "9000", "029000"],
        ),
        (
            lambda: paying.transit_purchase(TUNION, LocalSam(bytes(16), bytes(6), 1), Fen(1), MOMENT),
            ["9000", "9000", "00" * 30 + "9000", "029000"],
        ),
        (
            lambda: paying.medical_purchase(
                SECOND, LocalSam(bytes(16), bytes(6), 1), FACTORS, (Fen(1), Fen(1), Fen(1)), MOMENT, pin="123456"
            ),
            ["9000"],
        ),
    ],
)
def test_a_peer_that_answers_wrongly_is_told_so(script: Callable[[], Script[Any]], said: list[str]) -> None:
    """Too short, too long, refused or nonsense."""
    with pytest.raises(CardstackError):
        run(script(), answers(*said))


def test_an_unknown_algorithm_is_malformed() -> None:
    """Neither 3DES nor SM4."""
    with pytest.raises(Malformed, match="77"):
        paying.algorithm_of(0x77)


def test_a_psam_that_answers_too_little_is_malformed() -> None:
    """8070 gives sequence and MAC1, eight bytes."""
    opening = paying.Opening(Fen(0), bytes(2), 0, 1, 0, bytes(4))
    with pytest.raises(Malformed, match="eight bytes"):
        run(PsamSam(0x8011).begin(opening, bytes(12), ()), answers("9000"), psam=answers("9000", "019000"))


def test_keys_that_a_source_does_not_hold_are_refused() -> None:
    """A purchase key has no place in the PSAM's BFDE, a transit key none in the HSM."""
    key = profile("t-union").key("T-UNION", "DPK")
    for source in (proving.PsamKeys(), proving.HsmKeys()):
        with pytest.raises(Refused, match="DPK"):
            run(source.cipher(key, FACTORS, bytes(8), bytes(8)), answers("9000"))


def test_an_hsm_that_refuses_is_not_trusted() -> None:
    """Its answer begins with 41 and has the length it says."""
    key = SECOND.key("SSSE", "PUK")
    for said in ("4500", "41" + 16 * "0" + "08" + "00"):
        with pytest.raises(Untrusted):
            run(proving.HsmKeys().mac(key, FACTORS, bytes(8), b"data"), answers("9000"), hsm=answers(said))


@pytest.mark.parametrize("source", [proving.PsamKeys(), proving.HsmKeys()], ids=lambda one: type(one).__name__)
def test_a_mac_comes_from_psam_and_hsm(source: Any) -> None:
    """The first four bytes of what they give."""
    partner = answers("9000", "9000", "11223344556677889000")
    hsm = answers("41" + 16 * "0" + "08" + "1122334455667788")
    made = run(source.mac(SECOND.key("SSSE", "STK"), FACTORS, bytes(8), b"data"), answers("9000"), psam=partner, hsm=hsm)
    assert made.hex() == "11223344"


def test_a_pin_is_changed_and_unblocked_on_a_card() -> None:
    """805E by the holder; 8424 00 by the issuer gives the old PIN its tries back."""
    slot = Slot(card())
    say(slot, SSSE)
    run(proving.change_pin("123456", "654321"), slot)
    for _ in range(6):
        with pytest.raises(Refused):
            run(proving.verify_pin("123456"), slot)
    social = SECOND.application("SSSE")
    puk, stk = social.key_named("PUK"), social.key_named("STK")
    assert puk is not None
    assert stk is not None
    run(proving.unblock_pin(puk, stk, ORDER.factors, KEYS), slot)
    run(proving.verify_pin("654321"), slot)


def test_protected_commands_that_are_none_are_not_trusted() -> None:
    """Without room for a MAC, with a wrong one, or with data that does not decipher."""
    key = bytes(range(16))
    good = secure.protect(Command(0x00, 0xDC, 1, 4, b"data"), key, bytes(8))
    for wrong in (Command(0x04, 0xDC, data=b"abc"), Command(0x04, 0xDC, 1, 4, good.data[:-1] + b"\0\0")):
        with pytest.raises(Untrusted):
            secure.unprotect(wrong, key, bytes(8))
    with pytest.raises(Untrusted, match="padding"):
        secure.decipher(bytes(8), key)
    with pytest.raises(Malformed, match="challenge"):
        secure.initial_vector(bytes(9))


def test_an_item_of_two_definitions_refuses_what_would_be_read_wrongly() -> None:
    """A new value as long as the old item, and an old value that ends like a rewritten one."""
    item = Either(An(4), Cn(2))
    assert item.decode(item.encode(Rewritten("1234"))) == Rewritten("1234")
    with pytest.raises(ValueError, match="cannot be seen"):
        Either(An(2), Cn(2)).encode(Rewritten("1234"))
    with pytest.raises(ValueError, match="may not end"):
        Either(An(4), Cn(2)).encode("安邦")
    assert str(item) == "an04, rewritten cn02 and E"


def test_content_for_a_file_that_is_not_declared_is_malformed() -> None:
    """And factors, levels and places that are none."""
    order = Order("330100", bytes(4), CardNumber("D2143569X"), date(2026, 1, 1), date(2036, 1, 1))
    with pytest.raises(Malformed, match="has no file"):
        personalise(SECOND, order, PERSON, {("DF01", 0xEF0F): None})
    with pytest.raises(Malformed, match="city code"):
        Factors("33", bytes(8))
    with pytest.raises(Malformed, match="one to three"):
        FACTORS.chain(4)
    assert derive(bytes(16), [], Block.SM4) == bytes(16)
    with pytest.raises(Refused):
        SECOND.file("SSSE", 0xEF0F)
    with pytest.raises(Refused):
        SECOND.key("SSSE", "nobody")


def test_content_is_shown_with_its_meaning_and_masked() -> None:
    """Rows for people, data for programs, a schema for those who check."""
    holder = Holder(number="11010519491231002X", name="张小三", sex="2", nation="01", born=date(1949, 12, 31))
    shown = {row.tag: (row.value, row.meaning) for row in view.rows(holder)}
    assert (shown["08"], shown["09"]) == (("1101**********002X", ""), ("张*三", ""))
    assert shown["0A"] == ("2", "女 female")
    assert view.as_data(holder, unmasked=True)["born"] == "19491231"
    assert view.as_data((holder, holder))[1]["name"] == "张*三"
    nested = [row for row in view.rows(Aid()) if row.name.en == "category"]
    assert len(nested) == 0 or nested[0].value == ""
    schema = plain.schema(Aid)
    assert (schema["properties"]["recognitions"]["maxItems"], schema["additionalProperties"]) == (4, False)
    assert set(schema["required"]) == set(schema["properties"])
    assert plain.masked("上海市黄浦区示例路") == "上海市******"


def test_a_trace_that_is_none_says_which_line() -> None:
    """Not JSON, no object, no answer; and one that is not hexadecimal cannot be replayed."""
    for line in ("[]", '"x"', "{}", '{"command": 7, "answer": "9000"}', '{"command": "00", "answer": "9"}'):
        with pytest.raises(Malformed, match="line 1"):
            list(parse([line]))
    assert list(parse(["", "  "])) == []
    odd = Exchanged("", "", 0, "0084000008", "zz9000")
    with pytest.raises(Malformed, match="hexadecimal"):
        replay([odd])(bytes.fromhex("0084000008"))
    told: list[Exchanged] = []
    traced(answers("9000"), told.append, hide=bodies_hidden)(bytes.fromhex("00A4000002EF05"))
    assert (told[0].command, told[0].sw, told[0].meaning.en, told[0].masked) == ("00A4000002****", "9000", "done", True)
