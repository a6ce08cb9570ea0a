"""City transit cards: one purse of PBOC part 2 under each city's own name, as wallets and readers of the field select it.

Names and directory identifiers come from public reader programs; nothing more is known of these cards here, so their
files are those of the family they belong to.
"""

from dataclasses import dataclass, replace
from typing import Annotated

from cardstack.card.layout import File, Form, part
from cardstack.card.profile import MF, Application, Data, Profile, Style
from cardstack.card.profiles.purses import CITY_UNION, PSE
from cardstack.card.profiles.transit import PPSE, TUNION
from cardstack.codec import Binary
from cardstack.text import Text

DIRECT = Style(select=Data.DIRECT)
"""Contactless: everything at once."""
WALLETS = "transit wallets and readers (ids 70343521877, 60341453091, 46384223511; nfcard, metrodroid)"


@dataclass(frozen=True, slots=True)
class Gate:
    """SFI 8 of Shenzhen cards: the last entry and exit; its order is not public."""

    content: Annotated[
        bytes, part(Binary(32), Text("last entry and exit, found by its first byte 01", "进出站记录，首字节 01 为标识"), WALLETS)
    ] = b"\x01".ljust(32, b"\0")


@dataclass(frozen=True, slots=True)
class Issue:
    """SFI 4 of Beijing cards: city, number and dates; its order is not public."""

    content: Annotated[bytes, part(Binary(32), Text("issue data", "发行信息"), WALLETS, personal=True)] = bytes.fromhex(
        "10007510"
    ).ljust(32, b"\0")


@dataclass(frozen=True, slots=True)
class Number:
    """SFI 10 of Wuhan cards: the card number; its order is not public."""

    content: Annotated[bytes, part(Binary(32), Text("card number", "卡号"), WALLETS, personal=True)] = bytes(32)


def _named(family: Application, label: Text, aid: bytes, fid: int | None = None) -> Application:
    """A city's purse: the family's files and keys under its own name and identifier."""
    return replace(family, label=label, spec=WALLETS, aid=aid, fid=family.fid if fid is None else fid)


JIANGSU = _named(TUNION, Text("Jiangsu transit purse", "江苏一卡通"), bytes.fromhex("A000000632010105215053555A484F55"))
SUZHOU = _named(CITY_UNION, Text("Suzhou transit purse", "苏州通"), b"SUXIN.DDF01")
SUZHOU_2 = _named(CITY_UNION, Text("Suzhou transit purse, second issue", "苏州通（第二版）"), b"SZPK_ZYY")
HEFEI = _named(CITY_UNION, Text("Hefei transit purse", "合肥通"), bytes.fromhex("A0000000032300869807010000000000"), 0x3F01)
NINGBO = _named(CITY_UNION, Text("Ningbo transit purse", "宁波市民卡"), bytes.fromhex("A0000000033150869807010000000000"), 0x3F01)
SHANGHAI_PHONE = _named(
    CITY_UNION,
    Text("Shanghai transit purse on a phone", "上海公共交通卡（手机）"),
    bytes.fromhex("A00000004644574F50504F53484149"),
    0x3F01,
)
BEIJING = _named(
    TUNION,
    Text("Beijing, Tianjin, Hebei transit purse", "京津冀互通卡"),
    bytes.fromhex("A00000063201010510009156000014A1"),
    0xADFA,
)
SHENZHEN = _named(CITY_UNION, Text("Shenzhen transit purse", "深圳通"), b"PAY.SZT")
SHENZHEN_WALLET = _named(CITY_UNION, Text("Shenzhen transit purse on a phone", "深圳通（手机）"), b"SZT.WALLET.ENV")
WUHAN = _named(CITY_UNION, Text("Wuhan transit purse", "武汉通"), b"AP1.WHCTC")
WUHAN_PHONE = _named(CITY_UNION, Text("Wuhan transit purse on a phone", "武汉通（手机）"), bytes.fromhex("A0000053425748544B"))
LINGNAN = _named(CITY_UNION, Text("Lingnan transit purse", "岭南通"), b"PAY.TICL")
LINGNAN_BASE = Application("LINGNAN-BASE", Text("Lingnan base application", "岭南通主应用"), WALLETS, aid=b"PAY.APPY", fid=0xDDF1)

GATE = File(0x0008, Text("last entry and exit", "进出站记录文件"), Gate, WALLETS, Form.RECORDS)
ISSUE = File(0x0004, Text("issue data", "发行信息文件"), Issue, WALLETS, Form.TRANSPARENT)
NUMBER = File(0x000A, Text("card number", "卡号文件"), Number, WALLETS, Form.TRANSPARENT)


def _card(name: str, title: Text, *applications: Application, files: tuple[File, ...] = ()) -> Profile:
    """A transit card of a city: its purses, the payment environments, and what lies in its master file."""
    master = replace(MF, files=files)
    return Profile(name, title, "", (master, *applications, PPSE, PSE), style=DIRECT, contactless=True)


CARDS = (
    _card("jiangsu-transit", Text("Jiangsu transit card", "江苏一卡通"), JIANGSU),
    _card("suzhou-transit", Text("Suzhou transit card", "苏州通"), SUZHOU),
    _card("suzhou-transit-2", Text("Suzhou transit card, second issue", "苏州通（第二版）"), SUZHOU_2),
    _card("hefei-transit", Text("Hefei transit card", "合肥通"), HEFEI),
    _card("ningbo-transit", Text("Ningbo transit card", "宁波市民卡"), NINGBO),
    _card("shanghai-transit-phone", Text("Shanghai transit card on a phone", "上海公共交通卡（手机）"), SHANGHAI_PHONE),
    _card("beijing-transit", Text("Beijing, Tianjin, Hebei transit card", "京津冀互通卡"), BEIJING, files=(ISSUE,)),
    _card("shenzhen-transit", Text("Shenzhen transit card", "深圳通"), replace(SHENZHEN, files=(*SHENZHEN.files, GATE))),
    _card(
        "shenzhen-transit-phone",
        Text("Shenzhen transit card on a phone", "深圳通（手机）"),
        replace(SHENZHEN_WALLET, files=(*SHENZHEN_WALLET.files, GATE)),
    ),
    _card("wuhan-transit", Text("Wuhan transit card", "武汉通"), replace(WUHAN, files=(*WUHAN.files, NUMBER))),
    _card(
        "wuhan-transit-phone",
        Text("Wuhan transit card on a phone", "武汉通（手机）"),
        replace(WUHAN_PHONE, files=(*WUHAN_PHONE.files, NUMBER)),
    ),
    _card("lingnan-transit", Text("Lingnan transit card", "岭南通"), LINGNAN_BASE, replace(LINGNAN, fid=0xADF3, name="LINGNAN")),
)
"""Each as a kind of card."""
