"""Real clients against the emulated card: each is served to its last step by the profile that fits it."""

import pytest

from cardstack.card.profiles import PROFILES, profile
from cardstack.conformance.flows import Flow, Step, load, recorded, replay
from cardstack.errors import Malformed

FLOWS = recorded()
FITTING = {
    "kiosk-zz": "2.00",
    "tecsun": "1.00",
    "yuhang-z9": "2.00",
    "mingtai-shanghai": "3.00-shanghai",
    "huada-cardinfo": "2.00",
    "jiangsu-t10-read": "2.00-jiangsu",
    "jiangsu-t10-write": "2.00-jiangsu",
    "jiangsu-sicard-flag": "2.00-jiangsu",
    "jiangsu-sicard-ssse": "2.00-jiangsu",
    "jiangsu-sicard-df": "2.00-jiangsu",
    "jiangsu-sicard-write": "2.00-jiangsu",
    "jiangsu-sicard-pin": "2.00-jiangsu",
    "shenzhen-t6": "2.00",
    "evolis-z390": "3.00",
    "gyh-hsm": "3.00",
    "gwi-sichuan-js": "2.00-direct",
    "huzhou-iccinter2": "2.00-zhejiang",
    "loudi-sicard": "2.00",
    "sichuan-wapp-detect": "2.00",
    "sichuan-debit": "2.00",
    "ningxia-t10": "2.00",
    "shanghai-metro-tunion": "city-union-shanghai",
    "nfc-relay-shanghai": "city-union-shanghai",
    "wangpos-bus": "t-union",
    "seray-cityunion": "city-union-shanghai",
    "nfcard-tunion": "t-union",
    "nfcard-cityunion": "city-union-shanghai",
    "metrodroid-china": "t-union",
    "etc-cardconsume": "etc",
    "citycard-kiosk-load": "city-card",
    "javacard-lab": "city-card",
    "hce-tunion": "t-union",
    "mt8-shanghai-old": "1.00-shanghai-mf",
    "jiashan-cardno": "2.00-zhejiang",
    "dk-nfc": "2.00-direct",
    "hospital-usb": "2.00",
    "decard-linux": "3.00",
    "python-probe": "2.00",
    "pse-track2": "2.00",
    "pboard-kiosk": "city-union-shanghai",
    "shanghai-touristcard": "city-union-shanghai",
    "gs25-etc": "etc",
    "wallet-hefei": "hefei-transit",
    "wallet-ningbo": "ningbo-transit",
    "wallet-jiangsu": "jiangsu-transit",
    "wallet-beijing": "beijing-transit",
    "wallet-shenzhen": "shenzhen-transit-phone",
    "wallet-wuhan": "wuhan-transit-phone",
    "wallet-shanghai-phone": "shanghai-transit-phone",
    "trip-reader-suzhou": "suzhou-transit",
    "any-card-beijing": "beijing-transit",
}


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.id)
def test_the_client_reaches_its_last_step(flow: Flow) -> None:
    """With its own acceptance rule at every step, PSAM steps included."""
    verdict = replay(flow, profile(FITTING[flow.id]))
    assert verdict.works, f"step {verdict.done + 1} of {verdict.steps}: {verdict.why}"


def test_every_client_has_a_profile_and_every_rule_a_client() -> None:
    """The table above names each flow once."""
    assert set(FITTING) == {flow.id for flow in FLOWS}
    assert set(FITTING.values()) <= set(PROFILES)


@pytest.mark.parametrize(
    ("rule", "answer", "accepted"),
    [
        ("9000|61..", "611E", True),
        ("exactly 611E", "9000", False),
        ("bare", "9000", True),
        ("bare", "6F009000", False),
        ("contains 9000", "AA90006A82", True),
        ("9000 and data", "9000", False),
        ("not 9000|61..", "6A82", True),
        ("any", "6F00", True),
    ],
)
def test_a_client_accepts_by_its_own_rule(rule: str, answer: str, accepted: bool) -> None:  # a column of the table
    """Status words with gaps, the whole answer, its first byte, its data."""
    assert Step("", rule).accepts(bytes.fromhex(answer)) is accepted


def test_a_file_of_flows_that_is_none_says_so() -> None:
    """The flow is named."""
    with pytest.raises(Malformed, match="flows"):
        load("[]")
    with pytest.raises(Malformed, match="x"):
        load('{"flows": [{"id": "x", "steps": [{"sent": ""}]}]}')
