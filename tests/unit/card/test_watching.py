"""A trace shows what was done and hides whose card it is."""

import pytest

from cardstack.apdu.script import run
from cardstack.apdu.trace import Exchanged, parse, replay, traced
from cardstack.card import address, proving, reading
from cardstack.card.issuing import master_for_tests
from cardstack.card.profiles import PROFILES, profile
from cardstack.card.reading import Terminal
from cardstack.card.watching import Watcher
from cardstack.errors import Malformed, Refused
from emulator.slot import Slot
from tests.cards import ORDER, WANG, card

TERMINAL = Terminal(proving.LocalKeys(master_for_tests), ORDER.factors.card)


def told(name: str, *, known: bool = True) -> list[Exchanged]:
    """A whole reading of holder, PIN and purse, as a masked trace has it."""
    lines: list[Exchanged] = []
    watcher = Watcher(profile(name) if known else None)
    exchange = traced(Slot(card(name)), lines.append, hide=watcher.hide, describe=watcher.describe)
    run(reading.read_issuer(profile(name)), exchange)
    run(reading.read_holder(profile(name), TERMINAL), exchange)
    run(proving.verify_pin("123456"), exchange)
    if profile(name).has("T-UNION"):
        run(reading.open_application(profile(name), "T-UNION"), exchange)
        for file in profile(name).application("T-UNION").files:
            run(reading.read_file(file), exchange)
    return lines


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", ["1.00", "2.00", "2.00-jiangsu", "3.00", "3.00-contactless"])
def test_nothing_personal_is_in_a_masked_trace(name: str, *, known: bool) -> None:
    """Neither the number, the name, the card number nor the PIN, in any coding, whether or not the profile is known."""
    text = "".join(one.command + one.answer for one in told(name, known=known)).lower()
    secrets = (
        str(WANG.number).encode().hex(),
        WANG.name.encode("gb18030").hex(),
        str(ORDER.number).encode().hex(),
        "0020000003123456",
        "19491231",
    )
    assert [secret for secret in secrets if secret in text] == []


def test_what_is_not_personal_can_be_read() -> None:
    """The version, tags and lengths, status words, and what each command was."""
    lines = told("2.00")
    assert any(one.answer.startswith("0304322E3030") for one in lines)
    assert any(one.answer.startswith("0812" + "**" * 18) and one.sw == "9000" for one in lines)
    assert any("社会保障号码" in one.decoded and "READ RECORD" in one.decoded for one in lines)
    assert any(one.command.startswith("0020000003******") for one in lines)


def test_a_personal_file_written_is_hidden_too() -> None:
    """UPDATE RECORD shows tag and length of a personal item, and nothing of a PIN."""
    watcher, second = Watcher(profile("2.00")), profile("2.00")
    sent = []
    watcher.hide(bytes.fromhex("00A4000002DF01"), bytes.fromhex("9000"))
    for _, command in address.updates(second, "DF01EF05|21|20|$", "示例路 1 号|10|$"):
        sent.append(watcher.hide(bytes(command), bytes.fromhex("9000"))[0])
    assert sent[0].startswith("00DC022C522150****")
    assert sent[1] == "00DC012C0420023130"


@pytest.mark.parametrize("raw", [b"", b"\x00", bytes.fromhex("00B2"), bytes.fromhex("00B2010C"), bytes(300)])
def test_any_bytes_can_be_watched(raw: bytes) -> None:
    """A malformed command is hidden from its fifth byte on, and nothing escapes."""
    for one in PROFILES.values():
        assert Watcher(one).hide(raw, bytes.fromhex("6700"))[1] == "6700"


def test_an_unmasked_trace_replays_and_a_masked_one_says_why_not() -> None:
    """Lines of JSON back into a card that says the same again."""
    lines: list[Exchanged] = []
    watched = traced(Slot(card()), lines.append, hide=lambda command, answer: (command.hex(), answer.hex()))
    first = run(reading.read_holder(profile("2.00")), watched)
    again = parse(one.line() for one in lines)
    assert run(reading.read_holder(profile("2.00")), replay(again)) == first
    with pytest.raises(Refused, match="hides what was said"):
        run(reading.read_holder(profile("2.00")), replay(told("2.00")))
    with pytest.raises(Malformed, match="line 1"):
        list(parse(["{"]))
