"""The functions that hospital systems call: outputs in their orders, numbers for every failure, steps with a host."""

from collections.abc import Callable
from datetime import datetime

import pytest

from cardstack.agent import codes
from cardstack.agent.family import FAMILY, call
from cardstack.agent.sscard import SscApi
from cardstack.apdu.script import run
from cardstack.card.issuing import master_for_tests
from cardstack.card.keys import Factors
from cardstack.card.profiles import PROFILES, profile
from cardstack.card.proving import LocalKeys, source_blocks
from cardstack.readers.reader import Reader
from emulator.desk import PSAM, slot
from emulator.opening import Opened, open_card
from emulator.slot import Slot

NUMBER, NAME = "11010519491231002X", "王小明"
MOMENT = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001  # the card writes no zone


def api(name: str = "3.00", *, pins: list[str | None] | None = None, card: Slot | None = None, keys: bool = True) -> SscApi:
    """A terminal with an emulated card; the holder types what is in `pins`."""
    held, psam = card or slot(name), slot(PSAM, serves=name)

    def open_it(_: int) -> Opened:
        reader = Reader(f"emu:{name}", held.atr, held)
        second = Reader("emu:psam", psam.atr, psam)
        source = LocalKeys(master_for_tests) if keys else None
        return Opened(reader, held, source, {"psam": second}, second if keys else None)

    typed = list(pins or [])
    return SscApi(open_it, lambda _: typed.pop(0) if typed else None, clock=lambda: MOMENT)


SOCIAL = [name for name, one in PROFILES.items() if one.has("SSSE") and one.has("DF01") and not name.startswith("1.00")]


@pytest.mark.parametrize("name", SOCIAL)
def test_basics_in_their_order(name: str) -> None:
    """Eleven fields, a bar behind each, as in the official example."""
    code, out = call(api(name), "iReadCardBas", {"iType": 1})
    fields = out.split("|")
    assert (code, len(fields), fields[0], fields[1], fields[4], fields[-1]) == (0, 12, "310100", NUMBER, NAME, "")
    assert (len(fields[5]), fields[6], fields[7], fields[9]) == (26, profile(name).version, "20240101", "000000000001")


def test_without_keys_a_third_generation_card_asks_for_the_psam() -> None:
    """-2201, on which callers fall to the HSM steps; a second-generation card is read all the same."""
    assert call(api("3.00", keys=False), "iReadCardBas", {"iType": 1}) == (codes.NO_PSAM, "")
    assert call(api("2.00", keys=False), "iReadCardBas", {"iType": 1})[0] == 0


def host_answer(name: str, said: str) -> Callable[[str, str, str], str]:
    """The province's host: it holds the master keys, and computes what step 2 wants."""
    fields = said.split("|")
    factors = Factors(fields[0], bytes.fromhex(fields[1])[-8:])
    keys, application = LocalKeys(master_for_tests), profile(name).application("SSSE")

    def cipher(key_name: str, challenge: str, source: str) -> str:
        key = (
            next(key for one in profile(name).applications for key in one.keys if key.name == key_name)
            if application.key_named(key_name) is None
            else application.key_named(key_name)
        )
        assert key
        blocks = source_blocks(bytes.fromhex(source), key.algorithm)
        answer: bytes = run(keys.cipher(key, factors, bytes.fromhex(challenge), blocks), lambda _: b"")
        return answer.hex().upper()

    return cipher


@pytest.mark.parametrize("name", ["3.00", "3.00-3des", "2.00"])
def test_basics_in_two_steps_with_a_host(name: str) -> None:
    """Step 1 in the recorded form; a card whose holder is free leaves the last two fields empty; step 2 reads."""
    terminal = api(name, keys=False)
    code, said = call(terminal, "iReadCardBas_HSM_Step1", {"iType": 3})
    fields = said.split("|")
    algorithm = "03" if name == "3.00" else "01"
    assert (code, len(fields), fields[0], len(fields[1]), fields[2]) == (0, 9, "310100", 26, algorithm)
    cipher = host_answer(name, said)
    internal = next(key.name for key in profile(name).application("SSSE").keys if key.usage.name == "INTERNAL")
    answer = cipher(internal, fields[4], fields[5]) + "|"
    if name != "2.00":
        answer += cipher("RKSSSE", fields[6], fields[7]).ljust(32, "0") + "|"
    else:
        assert fields[6:8] == ["", ""]
    code, out = call(terminal, "iReadCardBas_HSM_Step2", {"pKey": answer})
    assert (code, out.split("|")[1]) == (0, NUMBER)
    assert call(terminal, "iReadCardBas_HSM_Step2", {"pKey": answer}) == (codes.PARAMETER, "")


def test_a_host_that_differs_and_one_that_talks_nonsense() -> None:
    """-25 where the card's proof is not the host's, -14 for what is no hexadecimal, -25536-n for a wrong key."""
    terminal = api("2.00")
    call(terminal, "iReadCardBas_HSM_Step1", {"iType": 1})
    assert call(terminal, "iReadCardBas_HSM_Step2", {"pKey": "00" * 8 + "|"}) == (codes.HOST_DIFFERS, "")
    call(terminal, "iReadCardBas_HSM_Step1", {"iType": 1})
    assert call(terminal, "iReadCardBas_HSM_Step2", {"pKey": "gold|"}) == (codes.PARAMETER, "")
    terminal = api("3.00")
    call(terminal, "iReadCardBas_HSM_Step1", {"iType": 1})
    code, _ = call(terminal, "iReadCardBas_HSM_Step2", {"pKey": "00" * 16 + "|" + "00" * 16 + "|"})
    assert code == -0x63C2


def test_items_by_pin_and_by_keys() -> None:
    """The separators of the interface; a card that is another one is -22, an address that is none -14."""
    asked = {"iType": 1, "pCardInfo": "", "pFileAddr": "SSSEEF05|07|$SSSEEF06|08|09|$"}
    code, out = call(api("2.00"), "iReadCard", asked | {"iAuthType": 2})
    assert (code, out) == (0, f"D2143569X|${NUMBER}|{NAME}|$")
    code, out = call(api("2.00", pins=["123456"]), "iReadCard", asked | {"iAuthType": 1, "pCardInfo": f"{NUMBER}|"})
    assert (code, out) == (0, f"D2143569X|${NUMBER}|{NAME}|$")
    assert call(api("2.00"), "iReadCard", asked | {"iAuthType": 2, "pCardInfo": "someone|"})[0] == codes.MISMATCH
    assert call(api("2.00"), "iReadCard", asked | {"iAuthType": 2, "pFileAddr": "XX"})[0] == codes.PARAMETER
    assert call(api("2.00"), "iReadCard", asked | {"iAuthType": 3})[0] == codes.PARAMETER


def test_an_item_is_written_and_read_back() -> None:
    """Under the update key of its file, from the PSAM's keys or through the host."""
    card = slot("2.00")
    where = {"iType": 1, "pCardInfo": "", "pFileAddr": "SSSEEF06|4E|$"}
    assert call(api("2.00", card=card), "iWriteCard", where | {"pWriteData": "示例|$"}) == (0, "")
    assert call(api("2.00", card=card), "iReadCard", where | {"iAuthType": 2}) == (0, "示例|$")
    terminal = api("2.00", card=card, keys=False)
    code, said = call(terminal, "iWriteCard_HSM_Step1", where | {"pWriteData": "续|$"})
    fields = said.split("|")
    assert (code, len(fields)) == (0, 8)
    assert call(terminal, "iWriteCard_HSM_Step2", {"pKey": host_answer("2.00", said)("UKSSSE", fields[5], fields[6])}) == (0, "")
    assert call(api("2.00", card=card), "iReadCard", where | {"iAuthType": 2}) == (0, "续|$")


def test_every_address_is_proved_by_the_host() -> None:
    """One question a key, in any application: the same step again while it answers 1; free files need no host (-2204)."""
    card = slot("3.00")
    where = {"iType": 1, "pCardInfo": "", "pFileAddr": "SSSEEF06|08|$DF01EF05|20|$DF01EF06|23|$DF02EF05|42|$"}
    terminal = api("3.00", card=card, keys=False)
    expected = call(api("3.00", card=card), "iReadCard", where | {"iAuthType": 2})
    code, said = call(terminal, "iReadCard_HSM_Step1", where)
    asked = []
    for name in ("RKSSSE", "RK1DF01", "RK1DF02"):
        fields = said.split("|")
        asked.append(fields[4])
        code, said = call(terminal, "iReadCard_HSM_Step2", {"pKey": host_answer("3.00", said)(name, fields[5], fields[6])})
        assert code == (codes.MORE if name != "RK1DF02" else 0), name
    assert (code, said) == expected
    assert len(set(asked)) == 3
    free = {"iType": 1, "pCardInfo": "", "pFileAddr": "SSSEEF05|07|$"}
    assert call(terminal, "iReadCard_HSM_Step1", free) == (codes.NO_HOST_NEEDED, "")


def test_every_address_is_written_under_its_own_key() -> None:
    """Two files of two applications, two keys."""
    card = slot("2.00")
    where = {"iType": 1, "pCardInfo": "", "pFileAddr": "SSSEEF06|4E|$DF01EF06|28|$"}
    terminal = api("2.00", card=card, keys=False)
    code, said = call(terminal, "iWriteCard_HSM_Step1", where | {"pWriteData": "示例|$02112345|$"})
    for name in ("UKSSSE", "UK4DF01"):
        fields = said.split("|")
        code, said = call(terminal, "iWriteCard_HSM_Step2", {"pKey": host_answer("2.00", said)(name, fields[5], fields[6])})
    assert (code, said) == (0, "")
    assert call(api("2.00", card=card), "iReadCard", where | {"iAuthType": 2}) == (0, "示例|$02112345|$")


def test_pins() -> None:
    """Right, wrong with its number, cancelled, too short, changed, unequal, set anew."""
    card = slot("2.00")

    def said(name: str, *pins: str | None, **more: str) -> int:
        return call(api("2.00", card=card, pins=list(pins)), name, {"iType": 1, **more})[0]

    assert said("iVerifyPIN", "123456") == 0
    assert said("iVerifyPIN", "999999") == codes.PIN_IS_WRONG
    assert said("iVerifyPIN") == codes.CANCELLED
    assert said("iVerifyPIN", "12") == codes.PIN_LENGTH
    assert said("iChangePIN", "123456", "654321", "654320") == codes.PIN_UNEQUAL
    assert said("iChangePIN", "123456", "654321", "654321") == 0
    assert [said("iVerifyPIN", "000000") for _ in range(6)][-1] == codes.PIN_IS_BLOCKED
    assert said("iUnblockPIN", pCardInfo="") == 0
    assert said("iVerifyPIN", "654321") == 0
    assert said("iReloadPIN", "111111", "111111", pCardInfo="") == 0
    assert said("iVerifyPIN", "111111") == 0


def test_a_debit_and_its_record() -> None:
    """With the PSAM's proof; the newest record carries the amounts."""
    card = slot("2.00")
    terminal = api("2.00", card=card, pins=["123456", "123456"])
    code, out = call(terminal, "iDoDebit", {"iType": 1, "pCardInfo": "", "pPayInfo": "0|1200|3400|"})
    assert (code, len(out.split("|"))) == (0, 7), code
    code, out = call(terminal, "iReadDebitRecord", {"iType": 1})
    assert code == 0
    assert {"1200", "3400"} <= set(out.split("|")[0].split(","))
    assert call(terminal, "iDoDebit", {"iType": 1, "pPayInfo": "12"})[0] == codes.PARAMETER


def test_failures_have_their_numbers() -> None:
    """A wrong type, a wrong argument, an unknown function, no such reader."""
    assert call(api(), "iReadCardBas", {"iType": 9})[0] == codes.PARAMETER
    assert call(api(), "iReadCardBas", {"iType": "1"})[0] == codes.PARAMETER
    assert call(api(), "iFly", {})[0] == codes.UNSUPPORTED
    assert call(SscApi(lambda _: open_card("tcp:127.0.0.1:1")), "iReadCardBas", {"iType": 1})[0] == codes.READER_FAILED
    assert call(SscApi(lambda _: open_card("emu:t-union")), "iReadCardBas", {"iType": 1})[0] < 0


def test_the_family_is_whole() -> None:
    """Every function of LD/T 33 with its steps; those that write or ask for the PIN are marked."""
    steps = {name.split("_")[0] for name in FAMILY if "_HSM_Step1" in name}
    assert steps == {"iReadCardBas", "iReadCard", "iWriteCard", "iReloadPIN", "iUnblockPIN", "iDoDebit"}
    assert not FAMILY["iReadCardBas"].writes
    assert FAMILY["iVerifyPIN"].writes
