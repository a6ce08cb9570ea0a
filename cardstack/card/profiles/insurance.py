"""DF03, social insurance 1: all insurances but the medical one (V2.0 §5.5, table 6)."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from cardstack.card import tables
from cardstack.card.access import PIN, proof
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Form, Item, Nested
from cardstack.card.profile import Application
from cardstack.card.profiles.sources import KDF, PRESUMED, READING, T9
from cardstack.codec import An, Cn, Day, Digits
from cardstack.text import Text

T6 = "V2.0 table 6"


@dataclass(frozen=True, slots=True)
class Unemployment:
    """EF05: unemployment insurance."""

    region: Annotated[
        str, Item(0x61, Cn(0x03), Text("item 61, a region (meaning not public)", "61 项行政区划（含义未见公开）"), T9)
    ] = ""
    first_employed: Annotated[
        date | None,
        Item(
            0x60,
            Day(),
            Text("item 60, a date: here or in DF02 EF06, never in both", "60 项日期（与 DF02 EF06 二者居一）"),
            "V2.0 table 9, note",
        ),
    ] = None
    item_98: Annotated[
        date | None, Item(0x98, Day(), Text("item 98, a date (meaning not public)", "98 项日期（含义未见公开）"), T9)
    ] = None
    item_62: Annotated[
        date | None, Item(0x62, Day(), Text("item 62, a date (meaning not public)", "62 项日期（含义未见公开）"), T9)
    ] = None
    item_63: Annotated[str, Item(0x63, An(0x03, "ascii"), Text("item 63 (meaning not public)", "63 项（含义未见公开）"), T9)] = ""
    item_64: Annotated[str, Item(0x64, An(0x03, "ascii"), Text("item 64 (meaning not public)", "64 项（含义未见公开）"), T9)] = ""
    item_65: Annotated[str, Item(0x65, An(0x03, "ascii"), Text("item 65 (meaning not public)", "65 项（含义未见公开）"), T9)] = ""
    item_66: Annotated[str, Item(0x66, An(0x03, "ascii"), Text("item 66 (meaning not public)", "66 项（含义未见公开）"), T9)] = ""


@dataclass(frozen=True, slots=True)
class Appraisal:
    """One earlier appraisal inside item 4A."""

    grade: Annotated[str, Item(0x13, An(0x02, "ascii"), Text("grade of disability", "伤残等级"), READING, personal=True)] = ""
    care: Annotated[str, Item(0x14, An(0x01, "ascii"), Text("grade of care", "护理依赖等级"), READING, personal=True)] = ""
    number: Annotated[str, Item(0x15, An(0x14, "ascii"), Text("document number", "鉴定文书号"), READING, personal=True)] = ""
    appraised: Annotated[date | None, Item(0x16, Day(), Text("date of appraisal", "鉴定日期"), READING, personal=True)] = None
    finding: Annotated[str, Item(0x17, An(0x3C), Text("finding", "鉴定结论"), READING, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Capacity:
    """EF06: appraisal of work capacity."""

    number: Annotated[str, Item(0x45, An(0x14, "ascii"), Text("document number", "鉴定文书号"), READING, personal=True)] = ""
    grade: Annotated[str, Item(0x46, An(0x02, "ascii"), Text("grade of disability", "伤残等级"), READING, personal=True)] = ""
    item_47: Annotated[
        str, Item(0x47, An(0x02, "ascii"), Text("item 47 (meaning not public)", "47 项（含义未见公开）"), T9, personal=True)
    ] = ""
    care: Annotated[str, Item(0x48, An(0x01, "ascii"), Text("grade of care", "护理依赖等级"), READING, personal=True)] = ""
    item_49: Annotated[
        str, Item(0x49, An(0x01, "ascii"), Text("item 49 (meaning not public)", "49 项（含义未见公开）"), T9, personal=True)
    ] = ""
    appraised: Annotated[date | None, Item(0x67, Day(), Text("date of appraisal", "鉴定日期"), READING, personal=True)] = None
    finding: Annotated[str, Item(0x6B, An(0x3C), Text("finding", "鉴定结论"), READING, personal=True)] = ""
    earlier: Annotated[
        tuple[Appraisal, ...],
        Item(0x4A, Nested(Appraisal), Text("earlier appraisal", "历次鉴定信息"), READING, personal=True, times=3),
    ] = ()


@dataclass(frozen=True, slots=True)
class Pension:
    """EF07: pension insurance."""

    kind: Annotated[str, Item(0x70, An(0x03, "ascii"), Text("insurance type", "险种类型"), READING, codes=tables.INSURANCE)] = ""
    region: Annotated[str, Item(0x71, Cn(0x03), Text("place of insurance", "参保地行政区划"), READING)] = ""
    item_6e: Annotated[
        date | None, Item(0x6E, Day(), Text("item 6E, a date (meaning not public)", "6E 项日期（含义未见公开）"), T9)
    ] = None
    item_6c: Annotated[
        date | None, Item(0x6C, Day(), Text("item 6C, a date (meaning not public)", "6C 项日期（含义未见公开）"), T9)
    ] = None
    item_6f: Annotated[
        date | None, Item(0x6F, Day(), Text("item 6F, a date (meaning not public)", "6F 项日期（含义未见公开）"), T9)
    ] = None
    item_73: Annotated[
        date | None, Item(0x73, Day(), Text("item 73, a date (meaning not public)", "73 项日期（含义未见公开）"), T9)
    ] = None


@dataclass(frozen=True, slots=True)
class Injury:
    """EF15: work injury insurance."""

    region: Annotated[str, Item(0x7A, Cn(0x03), Text("place of insurance", "参保地行政区划"), READING)] = ""
    item_7b: Annotated[
        date | None, Item(0x7B, Day(), Text("item 7B, a date (meaning not public)", "7B 项日期（含义未见公开）"), T9)
    ] = None
    item_7c: Annotated[
        date | None, Item(0x7C, Day(), Text("item 7C, a date (meaning not public)", "7C 项日期（含义未见公开）"), T9)
    ] = None


@dataclass(frozen=True, slots=True)
class Maternity:
    """EF16: maternity insurance."""

    region: Annotated[str, Item(0x51, Cn(0x03), Text("place of insurance", "参保地行政区划"), READING)] = ""
    state: Annotated[str, Item(0x5F, An(0x01, "ascii"), Text("item 5F (meaning not public)", "5F 项（含义未见公开）"), T9)] = ""


@dataclass(frozen=True, slots=True)
class InjuryFinding:
    """EF17: recognition of a work injury."""

    number: Annotated[str, Item(0x3B, An(0x14, "ascii"), Text("document number", "工伤认定书编号"), READING, personal=True)] = ""
    employer: Annotated[str, Item(0x3C, An(0x46), Text("employer", "用人单位名称"), READING, personal=True)] = ""
    kind: Annotated[
        str, Item(0x3D, An(0x01, "ascii"), Text("item 3D (meaning not public)", "3D 项（含义未见公开）"), T9, personal=True)
    ] = ""
    recognised: Annotated[date | None, Item(0x3E, Day(), Text("date", "认定日期"), READING, personal=True)] = None
    finding: Annotated[str, Item(0x3F, An(0x3C), Text("finding", "认定结论"), READING, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Dependants:
    """EF18: relatives who are supported."""

    kind: Annotated[
        str, Item(0x74, An(0x03, "ascii"), Text("insurance type", "险种类型"), "V2.0 tables 9, 36", codes=tables.INSURANCE)
    ] = ""
    region: Annotated[str, Item(0x75, Cn(0x03), Text("region", "行政区划"), READING)] = ""
    relation: Annotated[str, Item(0x76, Cn(0x01), Text("relation", "供养关系"), READING, personal=True)] = ""
    began: Annotated[date | None, Item(0x77, Day(), Text("from", "起始日期"), READING, personal=True)] = None
    ended: Annotated[date | None, Item(0x78, Day(), Text("until", "终止日期"), READING, personal=True)] = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """One insurance certificate inside item 79."""

    kind: Annotated[
        str, Item(0x18, An(0x03, "ascii"), Text("insurance type", "险种类型"), "V2.0 tables 9, 36", codes=tables.INSURANCE)
    ] = ""
    region: Annotated[str, Item(0x19, Cn(0x03), Text("place of insurance", "参保地行政区划"), "V2.0 table 9; GB/T 2260")] = ""
    began: Annotated[date | None, Item(0x1A, Day(), Text("from", "起始日期"), READING)] = None
    ended: Annotated[date | None, Item(0x1B, Day(), Text("until", "终止日期"), READING)] = None
    amount: Annotated[int, Item(0x1C, Digits(0x04), Text("amount, fen", "金额"), "V2.0 table 9", personal=True)] = 0
    reason: Annotated[str, Item(0x1D, An(0x03, "ascii"), Text("item 1D (meaning not public)", "1D 项（含义未见公开）"), T9)] = ""
    recorded: Annotated[date | None, Item(0x1E, Day(), Text("date", "日期"), READING)] = None


@dataclass(frozen=True, slots=True)
class Certificates:
    """EF19: pension, medical, unemployment and one reserved certificate."""

    certificates: Annotated[
        tuple[Certificate, ...], Item(0x79, Nested(Certificate), Text("insurance certificate", "参保缴费凭证信息"), T9, times=4)
    ] = ()


READ = PIN | proof("RK1DF03")


def _file(fid: int, name: Text, body: type, key: str, form: Form = Form.TAGGED) -> File:
    return File(fid, name, body, T6, form, read=READ, update=proof(key))


FILES = (
    File(
        0xEF05,
        Text("unemployment insurance", "失业保险信息文件"),
        Unemployment,
        T6,
        read=PIN | proof("RK2DF03"),
        update=proof("UK1DF03"),
    ),
    _file(0xEF06, Text("work capacity appraisal", "劳动能力鉴定信息文件"), Capacity, "UK2DF03"),
    _file(0xEF07, Text("pension insurance", "养老保险信息文件"), Pension, "UK3DF03"),
    _file(0xEF15, Text("work injury insurance", "工伤保险信息文件"), Injury, "UK4DF03"),
    _file(0xEF16, Text("maternity insurance", "生育保险信息文件"), Maternity, "UK5DF03"),
    _file(0xEF17, Text("recognition of work injury", "工伤认定信息文件"), InjuryFinding, "UK6DF03"),
    _file(0xEF18, Text("supported relatives", "供养亲属信息文件"), Dependants, "UK7DF03"),
    _file(0xEF19, Text("insurance certificates", "参保缴费凭证信息文件"), Certificates, "UK8DF03", Form.FIXED),
)
KEYS = (
    Key("RK1DF03", 0x84, psam=(0x47, 0x2B), hsm=0x0193, source=PRESUMED),
    Key("RK2DF03", 0x85, psam=(0x47, 0x2C), hsm=0x0196, source=PRESUMED),
    Key("UK1DF03", 0x86, psam=(0x48, 0x47), hsm=0x00A6, source=KDF),
    Key("UK2DF03", 0x87, psam=(0x47, 0x29), hsm=0x0190, source=KDF),
    Key("UK3DF03", 0x88, psam=(0x48, 0x48), hsm=0x00A9, source=KDF),
    Key("UK4DF03", 0x89, psam=(0x47, 0x37), hsm=0x006A, source=KDF),
    Key("UK5DF03", 0x8A, psam=(0x47, 0x38), hsm=0x006D, source=KDF),
    Key("UK6DF03", 0x8B, psam=(0x47, 0x39), hsm=0x0070, source=KDF),
    Key("UK7DF03", 0x8C, psam=(0x47, 0x3A), hsm=0x0073, source=KDF),
    Key("UK8DF03", 0x8D, psam=(0x47, 0x3B), hsm=0x0076, source=KDF),
    Key("STKDF03", 0x22, Usage.RELOAD, tries=0, hsm=0x0186, source=KDF),
    Key("LKDF03", 0x40, Usage.LOCK, hsm=0x0092, source=KDF),
)
DF03 = Application(
    "DF03",
    Text("social insurance 1", "社会保险信息区 1"),
    T6,
    aid=bytes.fromhex("D15600000502"),
    fid=0xDF03,
    parent="SSSE",
    files=FILES,
    keys=KEYS,
)
