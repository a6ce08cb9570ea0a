"""What of a conversation is seen: what the declarations call personal is not."""

from cardstack.apdu.script import run
from cardstack.apdu.trace import Exchanged, traced
from cardstack.card import proving, reading
from cardstack.card.masking import masking
from cardstack.card.profiles import profile
from emulator.samples import HOLDER, sample
from emulator.slot import Slot


def conversation() -> list[Exchanged]:
    told: list[Exchanged] = []
    second = profile("2.00")
    card = traced(Slot(sample(second)), told.append, hide=masking(second))
    run(reading.read_issuer(second), card)
    run(reading.read_holder(second), card)
    run(proving.verify_pin("123456"), card)
    return told


def test_names_numbers_and_secrets_are_hidden() -> None:
    """Neither name, citizen number nor PIN can be read out of a masked trace."""
    text = "".join(one.command + one.answer for one in conversation())
    secret = (HOLDER.name.encode("gb18030").hex(), str(HOLDER.number).encode().hex(), "0020000003123456")
    assert [one for one in secret if one.upper() in text] == []


def test_what_everyone_may_know_is_seen() -> None:
    """The application's name, the version record and the tags of the hidden ones."""
    told = conversation()
    assert told[0].command.startswith("00A404000F7378312E7368")
    assert any(one.answer == "0304322E30309000" for one in told)
    assert any(one.answer.startswith("091E**") and one.answer.endswith("9000") for one in told)


def test_without_a_profile_records_are_hidden() -> None:
    """Nothing is known of them, so nothing is shown."""
    hide = masking(None)
    assert hide(bytes.fromhex("00B2032C06"), bytes.fromhex("0304322E30309000")) == ("00B2032C06", "************9000")
