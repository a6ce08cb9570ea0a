"""The social security application SSSE: who issued the card and who holds it (V2.0 §5.4, tables 3 and 9)."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from cardstack.card import tables
from cardstack.card.access import FREE, proof
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Form, Item, part
from cardstack.card.profile import Application, Pin
from cardstack.card.profiles.sources import KDF, T9, V1
from cardstack.codec import An, Binary, Cn, Day, Hex
from cardstack.crypto.cryptogram import Block
from cardstack.text import Text
from cardstack.tlv import Tlv

T3, API = "V2.0 table 3", "integrators, version 3.00 (id 31305626917)"
JIANGSU = "Jiangsu provincial library 2013 (SiCard)"
RID = bytes.fromhex("D156000005")
AID = "sx1.sh.社会保障".encode("gbk")
PERSONAL = True


@dataclass(frozen=True, slots=True)
class Issuer:
    """EF05: the card and who issued it."""

    identifier: Annotated[
        str, Item(0x01, Hex(0x10), Text("card identification code", "卡的识别码"), "V2.0 tables 9, 10", PERSONAL)
    ] = ""
    kind: Annotated[
        str, Item(0x02, An(0x01, "ascii"), Text("card class", "卡的类别"), "V2.0 tables 9, 11", codes=tables.CARD_CLASS)
    ] = ""
    version: Annotated[str, Item(0x03, An(0x04, "ascii"), Text("specification version", "规范版本"), T9)] = ""
    organisation: Annotated[
        str, Item(0x04, Cn(0x0C), Text("initialising organisation", "初始化机构编号"), "V2.0 tables 9, 12")
    ] = ""
    issued: Annotated[date | None, Item(0x05, Day(), Text("date of issue", "发卡日期"), T9)] = None
    valid_until: Annotated[date | None, Item(0x06, Day(), Text("valid until", "卡有效期"), T9)] = None
    number: Annotated[str, Item(0x07, An(0x09, "ascii"), Text("card number", "卡号"), "V2.0 table 9, annex A", PERSONAL)] = ""

    @property
    def region(self) -> str:
        """The city that issued the card: the first six digits of the identification code (GB/T 2260)."""
        return self.identifier[:6]


@dataclass(frozen=True, slots=True)
class Holder:
    """EF06: who holds the card, generations 2 and 3."""

    number: Annotated[str, Item(0x08, An(0x12, "ascii"), Text("social security number", "社会保障号码"), T9, PERSONAL)] = ""
    name: Annotated[str, Item(0x09, An(0x1E), Text("name", "姓名"), T9, PERSONAL)] = ""
    more_name: Annotated[str, Item(0x4E, An(0x14), Text("name, continued", "姓名扩展"), T9, PERSONAL)] = ""
    sex: Annotated[str, Item(0x0A, An(0x01, "ascii"), Text("sex", "性别"), f"{T9}; GB/T 2261.1", codes=tables.SEX)] = ""
    nation: Annotated[str, Item(0x0B, Cn(0x01), Text("nation", "民族"), f"{T9}; GB 3304", codes=tables.NATION)] = ""
    birthplace: Annotated[str, Item(0x0C, Cn(0x03), Text("birthplace", "出生地"), f"{T9}; GB/T 2260", PERSONAL)] = ""
    born: Annotated[date | None, Item(0x0D, Day(), Text("date of birth", "出生日期"), T9, PERSONAL)] = None

    @property
    def full_name(self) -> str:
        """The name with its continuation."""
        return self.name + self.more_name


@dataclass(frozen=True, slots=True)
class FirstHolder:
    """EF06 of generation 1: no name continuation, so sex is record 3 and the date of birth record 6."""

    number: Annotated[
        str, Item(0x08, An(0x12, "ascii"), Text("social security number", "社会保障号码"), "LB002-2000", PERSONAL)
    ] = ""
    name: Annotated[str, Item(0x09, An(0x1E), Text("name", "姓名"), "LB002-2000", PERSONAL)] = ""
    sex: Annotated[str, Item(0x0A, An(0x01, "ascii"), Text("sex", "性别"), "LB002-2000; GB/T 2261.1", codes=tables.SEX)] = ""
    nation: Annotated[str, Item(0x0B, Cn(0x01), Text("nation", "民族"), "LB002-2000; GB 3304", codes=tables.NATION)] = ""
    birthplace: Annotated[str, Item(0x0C, Cn(0x03), Text("birthplace", "出生地"), "LB002-2000; GB/T 2260", PERSONAL)] = ""
    born: Annotated[date | None, Item(0x0D, Day(), Text("date of birth", "出生日期"), "LB002-2000", PERSONAL)] = None

    @property
    def full_name(self) -> str:
        """The name; this generation has no continuation."""
        return self.name


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """EF07: fingerprint templates."""

    content: Annotated[bytes, part(Binary(0x300), Text("fingerprint templates", "指纹数据"), "V2.0 table 14", personal=True)] = (
        bytes(0x300)
    )


@dataclass(frozen=True, slots=True)
class Photo:
    """EF08: the photograph, bmp or jpeg, 26 by 32 mm."""

    content: Annotated[bytes, part(Binary(0x1000), Text("photograph", "照片"), "V2.0 table 15", personal=True)] = bytes(0x1000)


@dataclass(frozen=True, slots=True)
class JiangsuExtension:
    """EF0D: what Jiangsu adds to SSSE."""

    person: Annotated[str, Item(0xEA, An(0x0C, "ascii"), Text("person identifier", "个人编号"), JIANGSU, PERSONAL)] = ""
    first_issued_in: Annotated[
        str, Item(0xEB, Cn(0x03), Text("place of first issue", "首次发卡地区"), f"{JIANGSU}; GB/T 2260")
    ] = ""
    flag_1: Annotated[
        str, Item(0xEC, An(0x01, "ascii"), Text("local flag 1 (meaning unknown)", "本地标志一（含义未见公开）"), JIANGSU)
    ] = ""
    flag_2: Annotated[
        str, Item(0xED, An(0x01, "ascii"), Text("local flag 2 (meaning unknown)", "本地标志二（含义未见公开）"), JIANGSU)
    ] = ""


UK, RK = proof("UKSSSE"), proof("RKSSSE")
ISSUER = File(0xEF05, Text("issuer data", "发卡机构基本数据文件"), Issuer, T3, read=FREE, update=UK)
HOLDER = File(0xEF06, Text("cardholder data", "持卡人基本信息数据文件"), Holder, T3, read=FREE, update=UK)
HOLDER_1 = File(0xEF06, Text("cardholder data", "持卡人基本信息数据文件"), FirstHolder, "LB002-2000", read=FREE, update=UK)
HOLDER_3 = File(0xEF06, Text("cardholder data", "持卡人基本信息数据文件"), Holder, API, read=RK, update=UK)
FINGERPRINTS = File(0xEF07, Text("fingerprints", "指纹数据文件"), Fingerprints, T3, Form.TRANSPARENT, read=RK, update=UK)
PHOTO = File(0xEF08, Text("photograph", "照片数据文件"), Photo, T3, Form.TRANSPARENT, read=RK, update=UK)
JIANGSU_EXTENSION = File(
    0xEF0D, Text("Jiangsu extension", "江苏扩展数据文件"), JiangsuExtension, JIANGSU, read=FREE, update=proof("UK0DSSSE")
)

KEYS = (
    Key("IRK", 0x00, Usage.INTERNAL, tries=0, psam=(0x67, 0x08), hsm=0x0170, levels=3, source=KDF),
    Key("UKSSSE", 0x04, psam=(0x48, 0x12), hsm=0x0094, source=KDF),
    Key("PUK", 0x06, psam=(0x48, 0x10), hsm=0x0090, source=KDF),
    Key("STK", 0x09, Usage.RELOAD, tries=0, psam=(0x48, 0x09), hsm=0x0173, source=KDF),
    Key("RKSSSE", 0x0A, psam=(0x47, 0x0A), hsm=0x004C, source=KDF),
    Key("BK", 0x11, Usage.LOCK, psam=(0x48, 0x11), hsm=0x0091, source=KDF),
)
JIANGSU_KEYS = (*KEYS, Key("UK0DSSSE", 0x0D, psam=(0x48, 0x13), source="Jiangsu library 2013"))

# The directory's short identifier makes the FCI the 30 bytes that clients compare (611E).
ALGORITHM_3DES = (Tlv(0x88, b"\x01"), Tlv(0x9F0C, bytes.fromhex("860101")))
ALGORITHM_SM4 = (Tlv(0x88, b"\x01"), Tlv(0x9F0C, bytes.fromhex("860103")))

SSSE = Application(
    "SSSE",
    Text("social security application", "社会保障应用环境"),
    "V2.0 table 1",
    aid=AID,
    fid=0xDDF1,
    files=(ISSUER, HOLDER, FINGERPRINTS, PHOTO),
    keys=KEYS,
    pin=Pin(),
    proprietary=ALGORITHM_3DES,
)
SSSE_1 = replace(SSSE, spec=V1, files=(ISSUER, HOLDER_1, FINGERPRINTS))
SSSE_MF = replace(SSSE_1, aid=b"", fid=0x3F00, proprietary=())
SSSE_JIANGSU = replace(SSSE, files=(*SSSE.files, JIANGSU_EXTENSION), keys=JIANGSU_KEYS)
FILES_3 = (ISSUER, HOLDER_3, FINGERPRINTS, PHOTO)
SSSE_3_DES = replace(SSSE, spec=API, files=FILES_3)


def with_sm4(application: Application) -> Application:
    """The same application with SM4 keys, and saying so in its FCI."""
    return replace(
        application, keys=tuple(replace(key, algorithm=Block.SM4) for key in application.keys), proprietary=ALGORITHM_SM4
    )


SSSE_3 = with_sm4(SSSE_3_DES)
SSSE_JIANGSU_3 = with_sm4(replace(SSSE_3_DES, files=(*FILES_3, JIANGSU_EXTENSION), keys=JIANGSU_KEYS))
