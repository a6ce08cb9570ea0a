"""DF02, employment and unemployment: skills, state, history, certificate, aid, policies used (V2.0 §5.4, table 5)."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from cardstack.card.access import PIN, proof
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Form, Item, Nested, part
from cardstack.card.profile import Application
from cardstack.card.profiles.sources import KDF, PRESUMED, READING, T9
from cardstack.codec import An, Cn, Day
from cardstack.text import Text

T5 = "V2.0 table 5"


@dataclass(frozen=True, slots=True)
class Qualification:
    """One vocational qualification inside item 43."""

    occupation: Annotated[str, Item(0x5A, An(0x07, "ascii"), Text("occupation", "职业（工种）代码"), READING)] = ""
    level: Annotated[str, Item(0x5B, An(0x01, "ascii"), Text("level", "职业资格等级"), READING)] = ""
    authority: Annotated[str, Item(0x5C, An(0x46), Text("issuing authority", "发证机关"), READING)] = ""
    issued: Annotated[date | None, Item(0x5D, Day(), Text("date of issue", "发证日期"), READING)] = None
    number: Annotated[str, Item(0x5E, An(0x10, "ascii"), Text("certificate number", "证书编号"), READING, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Title:
    """One professional title inside item 44."""

    title: Annotated[str, Item(0x33, An(0x03, "ascii"), Text("title", "专业技术职务代码"), READING)] = ""
    authority: Annotated[str, Item(0x34, An(0x46), Text("authority", "评定（发证）机关"), READING)] = ""
    granted: Annotated[date | None, Item(0x35, Day(), Text("date", "取得日期"), READING)] = None
    number: Annotated[str, Item(0x36, An(0x10, "ascii"), Text("certificate number", "证书编号"), READING, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Skills:
    """EF05: occupation, titles and skills."""

    item_42: Annotated[str, Item(0x42, An(0x03, "ascii"), Text("item 42 (meaning not public)", "42 项（含义未见公开）"), T9)] = ""
    item_41: Annotated[str, Item(0x41, An(0x03, "ascii"), Text("item 41 (meaning not public)", "41 项（含义未见公开）"), T9)] = ""
    qualifications: Annotated[
        tuple[Qualification, ...],
        Item(0x43, Nested(Qualification), Text("vocational qualification", "职业资格信息"), READING, times=2),
    ] = ()
    titles: Annotated[
        tuple[Title, ...], Item(0x44, Nested(Title), Text("professional title", "专业技术职务信息"), READING, times=2)
    ] = ()


@dataclass(frozen=True, slots=True)
class EmploymentState:
    """EF06: the holder's employment at present."""

    item_4c: Annotated[
        date | None, Item(0x4C, Day(), Text("item 4C, a date (meaning not public)", "4C 项日期（含义未见公开）"), T9)
    ] = None
    item_4b: Annotated[str, Item(0x4B, An(0x05, "ascii"), Text("item 4B (meaning not public)", "4B 项（含义未见公开）"), T9)] = ""
    item_4d: Annotated[str, Item(0x4D, Cn(0x03), Text("item 4D (meaning not public)", "4D 项（含义未见公开）"), T9)] = ""
    first_employed: Annotated[
        date | None,
        Item(
            0x60,
            Day(),
            Text("item 60, a date: here or in DF03 EF05, never in both", "60 项日期（与 DF03 EF05 二者居一）"),
            "V2.0 table 9, note",
        ),
    ] = None
    item_4f: Annotated[str, Item(0x4F, An(0x06, "ascii"), Text("item 4F (meaning not public)", "4F 项（含义未见公开）"), T9)] = ""
    item_50: Annotated[str, Item(0x50, Cn(0x03), Text("item 50 (meaning not public)", "50 项（含义未见公开）"), T9)] = ""
    occupation: Annotated[str, Item(0x3A, An(0x07, "ascii"), Text("occupation", "职业（工种）代码"), READING)] = ""


@dataclass(frozen=True, slots=True)
class EmploymentEntry:
    """One record of EF07: a job and its time."""

    occupation: Annotated[str, part(An(0x07, "ascii"), Text("job", "职业（工种）代码"), T9)] = ""
    began: Annotated[date | None, part(Day(), Text("from", "起始日期"), T9)] = None
    ended: Annotated[date | None, part(Day(), Text("until", "终止日期"), T9)] = None
    employer: Annotated[str, part(An(0x46), Text("employer", "单位名称"), T9, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """EF09: the employment and unemployment certificate."""

    number: Annotated[
        str,
        Item(
            0x55,
            An(0x10, "ascii"),
            Text("certificate number", "就业失业登记证编号"),
            "V2.0 table 9 (annex C says cn08)",
            personal=True,
        ),
    ] = ""
    authority: Annotated[str, Item(0x56, An(0x46), Text("issuing authority", "发证机构"), READING)] = ""
    issued: Annotated[date | None, Item(0x96, Day(), Text("date of issue", "发证日期"), READING)] = None
    region: Annotated[str, Item(0x97, Cn(0x03), Text("region of issue", "发证机构行政区划"), "V2.0 table 9; GB/T 2260")] = ""


@dataclass(frozen=True, slots=True)
class Recognition:
    """One recognition inside item 99."""

    kind: Annotated[str, Item(0x10, An(0x03, "ascii"), Text("category", "就业援助对象类别"), READING)] = ""
    recognised: Annotated[date | None, Item(0x11, Day(), Text("recognised on", "认定日期"), READING)] = None
    region: Annotated[str, Item(0x12, Cn(0x03), Text("recognised in", "认定机构行政区划"), READING)] = ""


@dataclass(frozen=True, slots=True)
class Aid:
    """EF15: employment aid."""

    recognitions: Annotated[
        tuple[Recognition, ...],
        Item(0x99, Nested(Recognition), Text("recognition for employment aid", "就业援助对象认定信息"), READING, times=4),
    ] = ()
    ended: Annotated[
        date | None, Item(0x0F, Day(), Text("item 0F, a date (meaning not public)", "0F 项日期（含义未见公开）"), T9)
    ] = None
    region: Annotated[str, Item(0x1F, Cn(0x03), Text("item 1F, a region (meaning not public)", "1F 项（含义未见公开）"), T9)] = ""


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """One record of EF16: a support policy the holder used."""

    policy: Annotated[str, part(An(0x03, "ascii"), Text("policy", "享受扶持政策"), READING)] = ""
    began: Annotated[date | None, part(Day(), Text("from", "起始日期"), READING)] = None
    ended: Annotated[date | None, part(Day(), Text("until", "终止日期"), READING)] = None
    recorded: Annotated[date | None, part(Day(), Text("recorded on", "登记日期"), READING)] = None
    region: Annotated[str, part(Cn(0x03), Text("region", "行政区划"), READING)] = ""


READ = PIN | proof("RK1DF02")


def _file(fid: int, name: Text, body: type, key: str, form: Form = Form.TAGGED, *, records: int = 1) -> File:
    return File(fid, name, body, T5, form, read=READ, update=proof(key), records=records)


FILES = (
    _file(0xEF05, Text("occupation and skills", "职业和专业技能信息文件"), Skills, "UK1DF02"),
    _file(0xEF06, Text("employment state", "就业状况信息文件"), EmploymentState, "UK2DF02"),
    _file(0xEF07, Text("employment history", "就业记录信息文件"), EmploymentEntry, "UK3DF02", Form.CYCLIC, records=4),
    _file(0xEF09, Text("employment certificate", "就业失业登记证信息文件"), Registration, "UK4DF02"),
    _file(0xEF15, Text("employment aid", "就业援助对象认定信息文件"), Aid, "UK5DF02"),
    _file(0xEF16, Text("support policies used", "享受扶持政策信息文件"), PolicyEntry, "UK6DF02", Form.CYCLIC, records=4),
)
KEYS = (
    Key("UK1DF02", 0x83, psam=(0x47, 0x26), hsm=0x0187, source=KDF),
    Key("UK2DF02", 0x84, psam=(0x48, 0x45), hsm=0x00A0, source=KDF),
    Key("UK3DF02", 0x85, psam=(0x48, 0x46), hsm=0x00A3, source=KDF),
    Key("UK4DF02", 0x86, psam=(0x47, 0x27), hsm=0x018A, source=KDF),
    Key("UK5DF02", 0x87, psam=(0x47, 0x28), hsm=0x018D, source=KDF),
    Key("RK1DF02", 0x88, psam=(0x47, 0x35), hsm=0x0064, source=PRESUMED),
    Key("UK6DF02", 0x89, psam=(0x47, 0x36), hsm=0x0067, source=KDF),
    Key("STKDF02", 0x21, Usage.RELOAD, tries=0, hsm=0x0185, source=KDF),
)
DF02 = Application(
    "DF02",
    Text("employment and unemployment", "就业与失业信息区"),
    T5,
    aid=bytes.fromhex("D15600000501"),
    fid=0xDF02,
    parent="SSSE",
    files=FILES,
    keys=KEYS,
)
