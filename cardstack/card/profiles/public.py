"""DF01, public data: household, residence, status, employer, nationality, education (V2.0 §5.3, table 4)."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from cardstack.card.access import FREE, PIN, proof
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Form, Item, Nested, part
from cardstack.card.profile import Application
from cardstack.card.profiles.sources import KDF, PRESUMED, T9
from cardstack.codec import An, Binary, Cn, Day
from cardstack.text import Text

T4 = "V2.0 table 4"


@dataclass(frozen=True, slots=True)
class Household:
    """EF05: household registration."""

    kind: Annotated[str, Item(0x20, An(0x02, "ascii"), Text("household type", "户口类别"), T9)] = ""
    address: Annotated[str, Item(0x21, An(0x50), Text("registered address", "户籍地址"), T9, personal=True)] = ""
    region: Annotated[
        str, Item(0x0E, Cn(0x03), Text("region of registration", "户籍所在地行政区划"), "V2.0 table 9; GB/T 2260", personal=True)
    ] = ""


@dataclass(frozen=True, slots=True)
class Residence:
    """EF06: where the holder lives, and whom to call."""

    address: Annotated[str, Item(0x23, An(0x50), Text("address of residence", "常住地址"), T9, personal=True)] = ""
    region: Annotated[
        str, Item(0x24, Cn(0x03), Text("region of residence", "常住地行政区划"), "V2.0 table 9; GB/T 2260", personal=True)
    ] = ""
    phone: Annotated[str, Item(0x28, An(0x0F), Text("phone", "联系电话"), T9, personal=True)] = ""
    contact: Annotated[str, Item(0x2C, An(0x32), Text("contact or guardian", "联系人（监护人）"), T9, personal=True)] = ""
    contact_phone: Annotated[str, Item(0x2D, An(0x0F), Text("contact's phone", "联系人电话"), T9, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Activity:
    """EF07: whether the holder works."""

    state: Annotated[str, Item(0x29, An(0x01, "ascii"), Text("at work or retired", "在职或离退休状态"), T9)] = ""


@dataclass(frozen=True, slots=True)
class Marriage:
    """EF08: marital status."""

    state: Annotated[
        str, Item(0x2B, An(0x01, "ascii"), Text("marital status", "婚姻状况"), "V2.0 table 9; GB/T 2261.2", personal=True)
    ] = ""


@dataclass(frozen=True, slots=True)
class Employer:
    """EF09: identity class and employer."""

    name: Annotated[str, Item(0x2E, An(0x46), Text("employer", "单位名称"), T9, personal=True)] = ""
    code: Annotated[
        str, Item(0x30, An(0x09, "ascii"), Text("organisation code", "组织机构代码"), "V2.0 table 9; GB 11714", personal=True)
    ] = ""
    kind: Annotated[str, Item(0x32, An(0x02, "ascii"), Text("identity class", "人员身份"), T9)] = ""


@dataclass(frozen=True, slots=True)
class Nationality:
    """EF0A: nationality and political status."""

    nationality: Annotated[str, Item(0x37, An(0x03, "ascii"), Text("nationality", "国籍"), "V2.0 table 9; GB/T 2659")] = ""
    political: Annotated[
        str, Item(0x38, An(0x02, "ascii"), Text("political status", "政治面貌"), "V2.0 table 9; GB/T 4762", personal=True)
    ] = ""
    joined: Annotated[date | None, Item(0x39, Day(), Text("joined the party on", "参加党派日期"), T9, personal=True)] = None


@dataclass(frozen=True, slots=True)
class Degree:
    """One degree inside item 40."""

    degree: Annotated[str, Item(0x57, An(0x03, "ascii"), Text("degree", "学位"), "V2.0 table 9; GB/T 6864")] = ""
    subject: Annotated[str, Item(0x58, Cn(0x03), Text("field of study", "所学专业"), "V2.0 table 9; GB/T 16835")] = ""
    school: Annotated[str, Item(0x59, An(0x28), Text("school", "毕业院校"), T9, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Education:
    """EF15: education and up to three degrees."""

    level: Annotated[str, Item(0x2A, Cn(0x01), Text("level of education", "学历"), "V2.0 table 9; GB/T 4658")] = ""
    degrees: Annotated[tuple[Degree, ...], Item(0x40, Nested(Degree), Text("degree", "学位信息"), T9, times=3)] = ()


@dataclass(frozen=True, slots=True)
class Reserved:
    """EF16 to EF1A: reserved by the ministry, free to read."""

    content: Annotated[bytes, part(Binary(0x128), Text("reserved", "预留"), "V2.0 tables 4 and 9")] = bytes(0x128)


READ = PIN | proof("RK1DF01")


def _file(fid: int, name: Text, body: type, key: str) -> File:
    return File(fid, name, body, T4, read=READ, update=proof(key))


def _reserved(fid: int, number: int, key: str) -> File:
    name = Text(f"reserved {number}", f"预留文件 {number}")
    return File(fid, name, Reserved, T4, Form.TRANSPARENT, read=FREE, update=proof(key))


FILES = (
    _file(0xEF05, Text("household registration", "户籍信息文件"), Household, "UK1DF01"),
    _file(0xEF06, Text("residence", "常住地信息文件"), Residence, "UK4DF01"),
    _file(0xEF07, Text("personal status", "个人状况信息文件"), Activity, "UK2DF01"),
    _file(0xEF08, Text("marital status", "婚姻状况信息文件"), Marriage, "UK3DF01"),
    _file(0xEF09, Text("identity class and employer", "人员身份及就业单位信息文件"), Employer, "UK2DF01"),
    _file(0xEF0A, Text("nationality and political status", "国籍及政治面貌信息文件"), Nationality, "UK5DF01"),
    _file(0xEF15, Text("education", "学历信息文件"), Education, "UK6DF01"),
    _reserved(0xEF16, 1, "UK7DF01"),
    _reserved(0xEF17, 2, "UK8DF01"),
    _reserved(0xEF18, 3, "UK9DF01"),
    _reserved(0xEF19, 4, "UKADF01"),
    _reserved(0xEF1A, 5, "UKBDF01"),
)
KEYS = (
    Key("UK1DF01", 0x83, psam=(0x48, 0x42), hsm=0x0097, source=KDF),
    Key("UK2DF01", 0x84, psam=(0x48, 0x43), hsm=0x009A, source=KDF),
    Key("UK3DF01", 0x85, psam=(0x47, 0x24), hsm=0x0176, source=KDF),
    Key("UK4DF01", 0x86, psam=(0x47, 0x25), hsm=0x0179, source=KDF),
    Key("UK5DF01", 0x87, psam=(0x48, 0x44), hsm=0x009D, source=KDF),
    Key("RK1DF01", 0x88, psam=(0x47, 0x2E), hsm=0x004F, source=PRESUMED),
    Key("UK6DF01", 0x89, psam=(0x47, 0x2F), hsm=0x0052, source=KDF),
    Key("UK7DF01", 0x8A, psam=(0x47, 0x30), hsm=0x0055, source=KDF),
    Key("UK8DF01", 0x8B, psam=(0x47, 0x31), hsm=0x0058, source=KDF),
    Key("UK9DF01", 0x8C, psam=(0x47, 0x32), hsm=0x005B, source=KDF),
    Key("UKADF01", 0x8D, psam=(0x47, 0x33), hsm=0x005E, source=KDF),
    Key("UKBDF01", 0x8E, psam=(0x47, 0x34), hsm=0x0061, source=KDF),
    Key("STKDF01", 0x20, Usage.RELOAD, tries=0, hsm=0x0174, source=KDF),
)
DF01 = Application(
    "DF01",
    Text("public data", "公共应用信息区"),
    T4,
    aid=bytes.fromhex("D15600000500"),
    fid=0xDF01,
    parent="SSSE",
    files=FILES,
    keys=KEYS,
)
