"""DF07, personnel and talent; its AID ends in 04 (V2.0 §5.7, table 8)."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from cardstack.card.access import proof
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Item
from cardstack.card.profile import Application
from cardstack.card.profiles.sources import KDF, READING, T9
from cardstack.codec import An, Day
from cardstack.text import Text

T8 = "V2.0 table 8"


@dataclass(frozen=True, slots=True)
class Honour:
    """EF05: honours."""

    kind: Annotated[str, Item(0xF0, An(0x02, "ascii"), Text("honour", "荣誉称号"), READING)] = ""
    level: Annotated[str, Item(0xF1, An(0x01, "ascii"), Text("level", "级别"), READING)] = ""
    granted: Annotated[date | None, Item(0xF2, Day(), Text("granted on", "授予日期"), READING)] = None
    item_f3: Annotated[str, Item(0xF3, An(0x03, "ascii"), Text("item F3 (meaning not public)", "F3 项（含义未见公开）"), T9)] = ""
    item_f4: Annotated[
        date | None, Item(0xF4, Day(), Text("item F4, a date (meaning not public)", "F4 项日期（含义未见公开）"), T9)
    ] = None


@dataclass(frozen=True, slots=True)
class Expert:
    """EF06: experts."""

    kind: Annotated[str, Item(0xF5, An(0x03, "ascii"), Text("kind of expert", "专家类别"), READING)] = ""
    since: Annotated[date | None, Item(0xF6, Day(), Text("since", "批准日期"), READING)] = None
    authority: Annotated[str, Item(0xF7, An(0x46), Text("authority", "批准机关"), READING)] = ""


@dataclass(frozen=True, slots=True)
class Veteran:
    """EF07: former military cadres."""

    transferred: Annotated[date | None, Item(0xF8, Day(), Text("transferred on", "转业日期"), READING)] = None
    kind: Annotated[str, Item(0xF9, An(0x01, "ascii"), Text("kind of placement", "安置方式"), READING)] = ""


FILES = (
    File(0xEF05, Text("honours", "表彰奖励信息文件"), Honour, T8, read=proof("RK1DF07"), update=proof("UK1DF07")),
    File(0xEF06, Text("experts", "专家信息文件"), Expert, T8, read=proof("RK2DF07"), update=proof("UK2DF07")),
    File(0xEF07, Text("former military cadres", "军转干部信息文件"), Veteran, T8, read=proof("RK3DF07"), update=proof("UK3DF07")),
)
KEYS = (
    Key("RK1DF07", 0x83, psam=(0x47, 0x3D), hsm=0x007A, source=KDF),
    Key("RK2DF07", 0x84, psam=(0x47, 0x3F), hsm=0x0080, source=KDF),
    Key("RK3DF07", 0x85, psam=(0x47, 0xB1), hsm=0x0086, source=KDF),
    Key("UK1DF07", 0x86, psam=(0x47, 0x3E), hsm=0x007D, source=KDF),
    Key("UK2DF07", 0x87, psam=(0x47, 0xB0), hsm=0x0083, source=KDF),
    Key("UK3DF07", 0x88, psam=(0x47, 0xB2), hsm=0x0089, source=KDF),
    Key("STKDF07", 0x3C, Usage.RELOAD, tries=0, hsm=0x0079, source=KDF),
)
DF07 = Application(
    "DF07",
    Text("personnel and talent", "人事人才信息区"),
    T8,
    aid=bytes.fromhex("D15600000504"),
    fid=0xDF07,
    parent="SSSE",
    files=FILES,
    keys=KEYS,
)
