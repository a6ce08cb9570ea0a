"""The DFs of V2.0 annex B: DF05 life and health, DF06 relief and preferential treatment. They have no registered AID."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from cardstack.card.access import FREE, proof
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Item, Nested
from cardstack.card.profile import Application
from cardstack.card.profiles.sources import KDF
from cardstack.codec import An, Cn, Day
from cardstack.text import Text

B7 = "V2.0 annex B, table B7 (tags and widths)"
B8 = "V2.0 annex B, table B8"
DEFINED = "V2.0 annex B, table B8 (tags); the width is this project's definition"


@dataclass(frozen=True, slots=True)
class Note:
    """One note inside item A3."""

    text: Annotated[str, Item(0xA5, An(0x10), Text("text", "内容"), B7, personal=True)] = ""
    code: Annotated[str, Item(0xA6, An(0x04, "ascii"), Text("code", "代码"), B7, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class ShortNote:
    """One note inside item A4."""

    text: Annotated[str, Item(0xA7, An(0x10), Text("text", "内容"), B7, personal=True)] = ""
    code: Annotated[str, Item(0xA8, An(0x03, "ascii"), Text("code", "代码"), B7, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Health:
    """EF05 of DF05: health."""

    item_a0: Annotated[
        str, Item(0xA0, An(0x01, "ascii"), Text("item A0 (meaning not public)", "A0 项（含义未见公开）"), B7, personal=True)
    ] = ""
    item_a1: Annotated[
        str, Item(0xA1, An(0x01, "ascii"), Text("item A1 (meaning not public)", "A1 项（含义未见公开）"), B7, personal=True)
    ] = ""
    item_b9: Annotated[
        str, Item(0xB9, An(0x01, "ascii"), Text("item B9 (meaning not public)", "B9 项（含义未见公开）"), B7, personal=True)
    ] = ""
    item_a2: Annotated[
        str, Item(0xA2, An(0x04, "ascii"), Text("item A2 (meaning not public)", "A2 项（含义未见公开）"), B7, personal=True)
    ] = ""
    item_a9: Annotated[
        str, Item(0xA9, Cn(0x01), Text("item A9 (meaning not public)", "A9 项（含义未见公开）"), B7, personal=True)
    ] = ""
    allergies: Annotated[
        tuple[Note, ...],
        Item(0xA3, Nested(Note), Text("note A3 (meaning not public)", "A3 项（含义未见公开）"), B7, personal=True, times=5),
    ] = ()
    vaccinations: Annotated[
        tuple[ShortNote, ...],
        Item(0xA4, Nested(ShortNote), Text("note A4 (meaning not public)", "A4 项（含义未见公开）"), B7, personal=True, times=5),
    ] = ()
    item_ba: Annotated[
        str, Item(0xBA, An(0x14), Text("item BA (meaning not public)", "BA 项（含义未见公开）"), B7, personal=True)
    ] = ""
    item_bb: Annotated[
        str, Item(0xBB, An(0x64), Text("item BB (meaning not public)", "BB 项（含义未见公开）"), B7, personal=True)
    ] = ""
    item_aa: Annotated[
        str, Item(0xAA, An(0x14), Text("item AA (meaning not public)", "AA 项（含义未见公开）"), B7, personal=True)
    ] = ""
    item_ab: Annotated[
        date | None,
        Item(0xAB, Day(), Text("item AB, a date (meaning not public)", "AB 项日期（含义未见公开）"), B7, personal=True),
    ] = None
    item_ac: Annotated[
        str,
        Item(0xAC, An(0x01, "ascii"), Text("warning AC (meaning not public)", "AC 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_ad: Annotated[
        str,
        Item(0xAD, An(0x01, "ascii"), Text("warning AD (meaning not public)", "AD 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_ae: Annotated[
        str,
        Item(0xAE, An(0x01, "ascii"), Text("warning AE (meaning not public)", "AE 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_af: Annotated[
        str,
        Item(0xAF, An(0x01, "ascii"), Text("warning AF (meaning not public)", "AF 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_b0: Annotated[
        str,
        Item(0xB0, An(0x01, "ascii"), Text("warning B0 (meaning not public)", "B0 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_b1: Annotated[
        str,
        Item(0xB1, An(0x01, "ascii"), Text("warning B1 (meaning not public)", "B1 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_b2: Annotated[
        str,
        Item(0xB2, An(0x01, "ascii"), Text("warning B2 (meaning not public)", "B2 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_b3: Annotated[
        str,
        Item(0xB3, An(0x01, "ascii"), Text("warning B3 (meaning not public)", "B3 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_b4: Annotated[
        str,
        Item(0xB4, An(0x01, "ascii"), Text("warning B4 (meaning not public)", "B4 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_b5: Annotated[
        str,
        Item(0xB5, An(0x01, "ascii"), Text("warning B5 (meaning not public)", "B5 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_b6: Annotated[
        str,
        Item(0xB6, An(0x01, "ascii"), Text("warning B6 (meaning not public)", "B6 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_b7: Annotated[
        str,
        Item(0xB7, An(0x01, "ascii"), Text("warning B7 (meaning not public)", "B7 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_bc: Annotated[
        str,
        Item(0xBC, An(0x01, "ascii"), Text("warning BC (meaning not public)", "BC 项标志（含义未见公开）"), B7, personal=True),
    ] = ""
    item_b8: Annotated[
        str, Item(0xB8, An(0x28), Text("item B8 (meaning not public)", "B8 项（含义未见公开）"), B7, personal=True)
    ] = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant inside items C3, C4 and C5."""

    kind: Annotated[str, Item(0xE3, Cn(0x01), Text("kind", "类别"), B8, personal=True)] = ""
    began: Annotated[date | None, Item(0xE4, Day(), Text("date E4", "E4 项日期"), B8, personal=True)] = None
    ended: Annotated[date | None, Item(0xE5, Day(), Text("date E5", "E5 项日期"), B8, personal=True)] = None
    recorded: Annotated[date | None, Item(0xE6, Day(), Text("date E6", "E6 项日期"), B8, personal=True)] = None
    region: Annotated[str, Item(0xE7, Cn(0x03), Text("region", "行政区划"), B8, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Relief:
    """EF05 of DF06: social relief."""

    item_c0: Annotated[
        str, Item(0xC0, An(0x46), Text("item C0 (meaning not public)", "C0 项（含义未见公开）"), B8, personal=True)
    ] = ""
    item_c2: Annotated[
        str, Item(0xC2, An(0x09, "ascii"), Text("item C2 (meaning not public)", "C2 项（含义未见公开）"), B8, personal=True)
    ] = ""
    grant_c3: Annotated[Grant, Item(0xC3, Nested(Grant), Text("grant C3", "C3 项救助"), B8, personal=True)] = Grant()
    grant_c4: Annotated[Grant, Item(0xC4, Nested(Grant), Text("grant C4", "C4 项救助"), B8, personal=True)] = Grant()
    grant_c5: Annotated[Grant, Item(0xC5, Nested(Grant), Text("grant C5", "C5 项救助"), B8, personal=True)] = Grant()


@dataclass(frozen=True, slots=True)
class Preferential:
    """EF06 of DF06: preferential treatment; tags of table B8, their widths this project's definition."""

    item_c6: Annotated[
        str,
        Item(
            0xC6,
            An(0x04, "ascii"),
            Text("item C6 (meaning and width not public)", "C6 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_c8: Annotated[
        str,
        Item(
            0xC8,
            An(0x04, "ascii"),
            Text("item C8 (meaning and width not public)", "C8 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_c9: Annotated[
        str,
        Item(
            0xC9,
            An(0x04, "ascii"),
            Text("item C9 (meaning and width not public)", "C9 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_ca: Annotated[
        str,
        Item(
            0xCA,
            An(0x04, "ascii"),
            Text("item CA (meaning and width not public)", "CA 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_cb: Annotated[
        str,
        Item(
            0xCB,
            An(0x04, "ascii"),
            Text("item CB (meaning and width not public)", "CB 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_cc: Annotated[
        str,
        Item(
            0xCC,
            An(0x04, "ascii"),
            Text("item CC (meaning and width not public)", "CC 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_cd: Annotated[
        str,
        Item(
            0xCD,
            An(0x04, "ascii"),
            Text("item CD (meaning and width not public)", "CD 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_ce: Annotated[
        str,
        Item(
            0xCE,
            An(0x04, "ascii"),
            Text("item CE (meaning and width not public)", "CE 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_cf: Annotated[
        str,
        Item(
            0xCF,
            An(0x04, "ascii"),
            Text("item CF (meaning and width not public)", "CF 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_d0: Annotated[
        str,
        Item(
            0xD0,
            An(0x04, "ascii"),
            Text("item D0 (meaning and width not public)", "D0 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_d1: Annotated[
        str,
        Item(
            0xD1,
            An(0x04, "ascii"),
            Text("item D1 (meaning and width not public)", "D1 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_d2: Annotated[
        str,
        Item(
            0xD2,
            An(0x04, "ascii"),
            Text("item D2 (meaning and width not public)", "D2 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_d3: Annotated[
        str,
        Item(
            0xD3,
            An(0x04, "ascii"),
            Text("item D3 (meaning and width not public)", "D3 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_d4: Annotated[
        str,
        Item(
            0xD4,
            An(0x04, "ascii"),
            Text("item D4 (meaning and width not public)", "D4 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_d5: Annotated[
        str,
        Item(
            0xD5,
            An(0x04, "ascii"),
            Text("item D5 (meaning and width not public)", "D5 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_d6: Annotated[
        str,
        Item(
            0xD6,
            An(0x04, "ascii"),
            Text("item D6 (meaning and width not public)", "D6 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_d7: Annotated[
        str,
        Item(
            0xD7,
            An(0x04, "ascii"),
            Text("item D7 (meaning and width not public)", "D7 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_d8: Annotated[
        str,
        Item(
            0xD8,
            An(0x04, "ascii"),
            Text("item D8 (meaning and width not public)", "D8 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_d9: Annotated[
        str,
        Item(
            0xD9,
            An(0x04, "ascii"),
            Text("item D9 (meaning and width not public)", "D9 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_da: Annotated[
        str,
        Item(
            0xDA,
            An(0x04, "ascii"),
            Text("item DA (meaning and width not public)", "DA 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_db: Annotated[
        str,
        Item(
            0xDB,
            An(0x04, "ascii"),
            Text("item DB (meaning and width not public)", "DB 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_dc: Annotated[
        str,
        Item(
            0xDC,
            An(0x04, "ascii"),
            Text("item DC (meaning and width not public)", "DC 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_dd: Annotated[
        str,
        Item(
            0xDD,
            An(0x04, "ascii"),
            Text("item DD (meaning and width not public)", "DD 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_de: Annotated[
        str,
        Item(
            0xDE,
            An(0x04, "ascii"),
            Text("item DE (meaning and width not public)", "DE 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_df: Annotated[
        str,
        Item(
            0xDF,
            An(0x04, "ascii"),
            Text("item DF (meaning and width not public)", "DF 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_e0: Annotated[
        str,
        Item(
            0xE0,
            An(0x04, "ascii"),
            Text("item E0 (meaning and width not public)", "E0 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_e1: Annotated[
        str,
        Item(
            0xE1,
            An(0x04, "ascii"),
            Text("item E1 (meaning and width not public)", "E1 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""
    item_e2: Annotated[
        str,
        Item(
            0xE2,
            An(0x04, "ascii"),
            Text("item E2 (meaning and width not public)", "E2 项（含义与长度未见公开）"),
            DEFINED,
            personal=True,
        ),
    ] = ""


DF05 = Application(
    "DF05",
    Text("life and health", "生命与健康信息区"),
    "V2.0 annex B",
    aid="生命与健康信息区".encode("gbk"),
    fid=0xDF05,
    parent="SSSE",
    files=(File(0xEF05, Text("health", "健康信息文件"), Health, B7, read=FREE, update=proof("UK1DF05")),),
    keys=(
        Key("UK1DF05", 0x83, psam=(0x47, 0xB4), hsm=0x008D, source=KDF),
        Key("STKDF05", 0x24, Usage.RELOAD, tries=0, hsm=0x008C, source=KDF),
    ),
)
DF06 = Application(
    "DF06",
    Text("relief and preferential treatment", "救助与优抚信息区"),
    "V2.0 annex B",
    aid="救助与优抚信息区".encode("gbk"),
    fid=0xDF06,
    parent="SSSE",
    files=(
        File(0xEF05, Text("social relief", "社会救助信息文件"), Relief, B8, read=proof("RK1DF06"), update=proof("UK1DF06")),
        File(
            0xEF06,
            Text("preferential treatment", "优抚信息文件"),
            Preferential,
            B8,
            read=proof("RK1DF06"),
            update=proof("UK2DF06"),
        ),
    ),
    keys=(
        Key("RK1DF06", 0x83, psam=(0x48, 0x52), hsm=0x00C8, source="Jiangsu library 2013; the HSM map has RK1DF06 at id 53"),
        Key("UK1DF06", 0x85, psam=(0x48, 0x53), hsm=0x00CE, source=KDF),
        Key("UK2DF06", 0x86, psam=(0x48, 0x54), hsm=0x00D1, source=KDF),
        Key("LKDF06", 0x52, Usage.LOCK, hsm=0x00C7, source=KDF),
    ),
)
