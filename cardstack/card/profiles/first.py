"""Generation 1 (LB002-2000), as cards of it are still in hand; items that may be rewritten follow V2.0 annex C."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from cardstack.card import tables
from cardstack.card.generation import Either, Rewritten
from cardstack.card.layout import File, Item, Nested, part
from cardstack.card.profile import Application
from cardstack.card.profiles import employment, insurance, medical, public
from cardstack.card.profiles.sources import V1
from cardstack.codec import An, Cn, Day, Digits
from cardstack.text import Text

ANNEX_C = f"{V1}; V2.0 annex C"


@dataclass(frozen=True, slots=True)
class Household:
    """DF01 EF05: household registration."""

    kind: Annotated[str, Item(0x20, An(0x01, "ascii"), Text("household type", "户口类别"), V1)] = ""
    address: Annotated[str, Item(0x21, An(0x3E), Text("registered address", "户籍地址"), V1, personal=True)] = ""
    station: Annotated[str, Item(0x22, An(0x12), Text("police station", "派出所"), V1, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Residence:
    """DF01 EF06: where the holder lives."""

    address: Annotated[str, Item(0x25, An(0x3E), Text("address of residence", "常住地址"), V1, personal=True)] = ""
    station: Annotated[str, Item(0x26, An(0x12), Text("police station", "派出所"), V1, personal=True)] = ""
    postcode: Annotated[str, Item(0x27, Cn(0x03), Text("postcode", "邮政编码"), V1)] = ""
    phone: Annotated[str, Item(0x28, An(0x0F), Text("phone", "联系电话"), V1, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Employer:
    """DF01 EF09: employer."""

    name: Annotated[str, Item(0x2E, An(0x3E), Text("employer", "单位名称"), V1, personal=True)] = ""
    item_2f: Annotated[str, Item(0x2F, An(0x08, "ascii"), Text("item 2F (meaning not public)", "2F 项（含义未见公开）"), V1)] = ""
    code: Annotated[str, Item(0x30, An(0x09, "ascii"), Text("organisation code", "组织机构代码"), V1, personal=True)] = ""
    item_31: Annotated[str, Item(0x31, An(0x01, "ascii"), Text("item 31 (meaning not public)", "31 项（含义未见公开）"), V1)] = ""
    kind: Annotated[
        str | Rewritten, Item(0x32, Either(An(0x03, "ascii"), An(0x02, "ascii")), Text("identity class", "人员身份"), ANNEX_C)
    ] = ""


@dataclass(frozen=True, slots=True)
class Wages:
    """DF01 EF0A: wages; rewritten it is nationality and political status."""

    item_37: Annotated[
        int | Rewritten,
        Item(
            0x37,
            Either(Digits(0x04), An(0x03, "ascii")),
            Text("wages 37, rewritten nationality", "37 项工资，改写后为国籍"),
            ANNEX_C,
            personal=True,
        ),
    ] = 0
    item_38: Annotated[
        int | Rewritten,
        Item(
            0x38,
            Either(Digits(0x04), An(0x02, "ascii")),
            Text("wages 38, rewritten political status", "38 项工资，改写后为政治面貌"),
            ANNEX_C,
            personal=True,
        ),
    ] = 0
    item_39: Annotated[
        str, Item(0x39, Cn(0x04), Text("date 39; it follows 38", "39 项日期（随 38 项）"), ANNEX_C, personal=True)
    ] = ""


@dataclass(frozen=True, slots=True)
class Degree:
    """One degree inside items 40 and 41."""

    degree: Annotated[str, Item(0x57, An(0x03, "ascii"), Text("degree", "学位"), V1)] = ""
    subject: Annotated[str, Item(0x58, Cn(0x03), Text("field of study", "所学专业"), V1)] = ""
    school: Annotated[str, Item(0x59, An(0x28), Text("school", "毕业院校"), V1, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Qualification:
    """One qualification inside items 43 and 44."""

    occupation: Annotated[str, Item(0x5A, Cn(0x07), Text("occupation", "职业（工种）代码"), V1)] = ""
    level: Annotated[str, Item(0x5B, Cn(0x01), Text("level", "等级"), V1)] = ""
    number: Annotated[str, Item(0x5C, An(0x09, "ascii"), Text("certificate number", "证书编号"), V1, personal=True)] = ""
    issued: Annotated[date | None, Item(0x5D, Day(), Text("date of issue", "发证日期"), V1)] = None


@dataclass(frozen=True, slots=True)
class Skills:
    """DF02 EF05: education and skills."""

    degree_1: Annotated[Degree, Item(0x40, Nested(Degree), Text("degree 1", "学位信息一"), V1)] = Degree()
    degree_2: Annotated[Degree, Item(0x41, Nested(Degree), Text("degree 2", "学位信息二"), V1)] = Degree()
    item_42: Annotated[str, Item(0x42, Cn(0x03), Text("item 42 (meaning not public)", "42 项（含义未见公开）"), V1)] = ""
    qualification_1: Annotated[Qualification, Item(0x43, Nested(Qualification), Text("qualification 1", "职业资格一"), V1)] = (
        Qualification()
    )
    qualification_2: Annotated[Qualification, Item(0x44, Nested(Qualification), Text("qualification 2", "职业资格二"), V1)] = (
        Qualification()
    )


@dataclass(frozen=True, slots=True)
class EmploymentState:
    """DF02 EF06: the holder's employment at present."""

    item_4b: Annotated[str, Item(0x4B, Cn(0x04), Text("item 4B (meaning not public)", "4B 项（含义未见公开）"), V1)] = ""
    item_4c: Annotated[str, Item(0x4C, Cn(0x04), Text("item 4C (meaning not public)", "4C 项（含义未见公开）"), V1)] = ""
    item_60: Annotated[date | None, Item(0x60, Day(), Text("item 60, a date", "60 项日期"), V1)] = None
    item_4d: Annotated[
        str | Rewritten,
        Item(0x4D, Either(Cn(0x04), Cn(0x03)), Text("item 4D (meaning not public)", "4D 项（含义未见公开）"), ANNEX_C),
    ] = ""
    item_4f: Annotated[str, Item(0x4F, Cn(0x04), Text("item 4F (meaning not public)", "4F 项（含义未见公开）"), V1)] = ""
    item_50: Annotated[
        str | Rewritten,
        Item(0x50, Either(Cn(0x04), Cn(0x03)), Text("item 50 (meaning not public)", "50 项（含义未见公开）"), ANNEX_C),
    ] = ""
    occupation: Annotated[str, Item(0x3A, An(0x07, "ascii"), Text("occupation", "职业（工种）代码"), V1)] = ""


@dataclass(frozen=True, slots=True)
class EmploymentEntry:
    """One record of DF02 EF07: a job and its time."""

    occupation: Annotated[str, part(An(0x07, "ascii"), Text("job", "职业（工种）代码"), V1)] = ""
    began: Annotated[date | None, part(Day(), Text("from", "起始日期"), V1)] = None
    ended: Annotated[date | None, part(Day(), Text("until", "终止日期"), V1)] = None
    employer: Annotated[str, part(An(0x46), Text("employer", "单位名称"), V1, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Leaving:
    """DF02 EF08: registration of those who work elsewhere."""

    number: Annotated[str, Item(0x52, Cn(0x0A), Text("card number", "登记卡编号"), V1, personal=True)] = ""
    authority: Annotated[str, Item(0x53, An(0x3E), Text("issuing authority", "发证机关"), V1)] = ""
    item_94: Annotated[str, Item(0x94, An(0x08, "ascii"), Text("item 94 (meaning not public)", "94 项（含义未见公开）"), V1)] = ""
    issued: Annotated[date | None, Item(0x54, Day(), Text("date of issue", "发证日期"), V1)] = None


@dataclass(frozen=True, slots=True)
class Coming:
    """DF02 EF09: employment certificate of those who come from elsewhere."""

    number: Annotated[
        str | Rewritten, Item(0x55, Either(Cn(0x0A), Cn(0x08)), Text("certificate number", "就业证编号"), ANNEX_C, personal=True)
    ] = ""
    authority: Annotated[str, Item(0x56, An(0x3E), Text("issuing authority", "发证机关"), V1)] = ""
    item_95: Annotated[str, Item(0x95, An(0x08, "ascii"), Text("item 95 (meaning not public)", "95 项（含义未见公开）"), V1)] = ""
    issued: Annotated[date | None, Item(0x96, Day(), Text("date of issue", "发证日期"), V1)] = None
    region: Annotated[
        str | Rewritten,
        Item(
            0x97,
            Either(Cn(0x04), Cn(0x03)),
            Text("item 97, rewritten region of issue", "97 项，改写后为发证机构行政区划"),
            ANNEX_C,
        ),
    ] = ""


@dataclass(frozen=True, slots=True)
class Unemployment:
    """DF03 EF05: unemployment insurance."""

    item_60: Annotated[date | None, Item(0x60, Day(), Text("item 60, a date", "60 项日期"), V1)] = None
    item_98: Annotated[date | None, Item(0x98, Day(), Text("item 98, a date", "98 项日期"), V1)] = None
    item_61: Annotated[
        int | Rewritten,
        Item(0x61, Either(Digits(0x04), Cn(0x03)), Text("item 61, rewritten region", "61 项，改写后为行政区划"), ANNEX_C),
    ] = 0
    item_62: Annotated[date | None, Item(0x62, Day(), Text("item 62, a date", "62 项日期"), V1)] = None
    item_63: Annotated[str, Item(0x63, An(0x03, "ascii"), Text("item 63 (meaning not public)", "63 项（含义未见公开）"), V1)] = ""
    item_64: Annotated[str, Item(0x64, An(0x03, "ascii"), Text("item 64 (meaning not public)", "64 项（含义未见公开）"), V1)] = ""
    item_65: Annotated[str, Item(0x65, An(0x03, "ascii"), Text("item 65 (meaning not public)", "65 项（含义未见公开）"), V1)] = ""
    item_66: Annotated[str, Item(0x66, An(0x03, "ascii"), Text("item 66 (meaning not public)", "66 项（含义未见公开）"), V1)] = ""


@dataclass(frozen=True, slots=True)
class Capacity:
    """DF03 EF06: appraisal of work capacity."""

    appraised: Annotated[date | None, Item(0x67, Day(), Text("date of appraisal", "鉴定日期"), V1, personal=True)] = None
    item_68: Annotated[
        str, Item(0x68, An(0x3E), Text("item 68 (meaning not public)", "68 项（含义未见公开）"), V1, personal=True)
    ] = ""
    item_69: Annotated[
        str, Item(0x69, An(0x3E), Text("item 69 (meaning not public)", "69 项（含义未见公开）"), V1, personal=True)
    ] = ""
    number: Annotated[str, Item(0x6A, An(0x10, "ascii"), Text("document number", "鉴定文书号"), V1, personal=True)] = ""
    finding: Annotated[str, Item(0x6B, An(0x3C), Text("finding", "鉴定结论"), V1, personal=True)] = ""


@dataclass(frozen=True, slots=True)
class Pension:
    """DF03 EF07: pension insurance."""

    item_6c: Annotated[date | None, Item(0x6C, Day(), Text("item 6C, a date", "6C 项日期"), V1)] = None
    item_6d: Annotated[int, Item(0x6D, Digits(0x04), Text("item 6D (meaning not public)", "6D 项（含义未见公开）"), V1)] = 0
    item_6e: Annotated[date | None, Item(0x6E, Day(), Text("item 6E, a date", "6E 项日期"), V1)] = None
    item_6f: Annotated[
        date | None, Item(0x6F, Day(), Text("item 6F, a date; it follows 71", "6F 项日期（随 71 项）"), ANNEX_C)
    ] = None
    kind: Annotated[str, Item(0x70, An(0x03, "ascii"), Text("item 70; it follows 71", "70 项（随 71 项）"), ANNEX_C)] = ""
    item_71: Annotated[
        int | Rewritten,
        Item(
            0x71, Either(Digits(0x04), Cn(0x03)), Text("item 71, rewritten place of insurance", "71 项，改写后为参保地"), ANNEX_C
        ),
    ] = 0
    item_72: Annotated[int, Item(0x72, Digits(0x04), Text("item 72 (meaning not public)", "72 项（含义未见公开）"), V1)] = 0
    item_73: Annotated[date | None, Item(0x73, Day(), Text("item 73, a date", "73 项日期"), V1)] = None


@dataclass(frozen=True, slots=True)
class Medical:
    """DF04 EF05: medical insurance with three chosen institutions."""

    since: Annotated[date | None, Item(0x80, Day(), Text("insured since", "参保日期"), V1)] = None
    hospital_1: Annotated[
        str | Rewritten,
        Item(
            0x81,
            Either(An(0x3E), An(0x08, "ascii")),
            Text("institution 1, rewritten insurance type and flags", "定点医疗机构一，改写后为医疗保险类别与标志"),
            ANNEX_C,
            personal=True,
        ),
    ] = ""
    item_82: Annotated[
        str, Item(0x82, An(0x08, "ascii"), Text("institution 1, item 82", "定点医疗机构一 82 项"), V1, personal=True)
    ] = ""
    code_1: Annotated[
        str, Item(0x83, An(0x09, "ascii"), Text("institution 1, code", "定点医疗机构一代码"), V1, personal=True)
    ] = ""
    hospital_2: Annotated[
        str | Rewritten,
        Item(
            0x84,
            Either(An(0x3E), Cn(0x03)),
            Text("institution 2, rewritten place of insurance", "定点医疗机构二，改写后为参保地"),
            ANNEX_C,
            personal=True,
        ),
    ] = ""
    item_85: Annotated[
        str, Item(0x85, An(0x08, "ascii"), Text("institution 2, item 85", "定点医疗机构二 85 项"), V1, personal=True)
    ] = ""
    code_2: Annotated[
        str, Item(0x86, An(0x09, "ascii"), Text("institution 2, code", "定点医疗机构二代码"), V1, personal=True)
    ] = ""
    hospital_3: Annotated[
        str | Rewritten,
        Item(
            0x87,
            Either(An(0x3E), An(0x11)),
            Text("institution 3, rewritten item 87", "定点医疗机构三，改写后为 87 项"),
            ANNEX_C,
            personal=True,
        ),
    ] = ""
    item_88: Annotated[
        str, Item(0x88, An(0x08, "ascii"), Text("institution 3, item 88", "定点医疗机构三 88 项"), V1, personal=True)
    ] = ""
    code_3: Annotated[
        str, Item(0x89, An(0x09, "ascii"), Text("institution 3, code", "定点医疗机构三代码"), V1, personal=True)
    ] = ""
    phone: Annotated[str, Item(0x8A, An(0x0F), Text("phone", "联系电话"), V1, personal=True)] = ""
    contact: Annotated[str, Item(0x8B, An(0x0A), Text("contact", "联系人"), V1, personal=True)] = ""
    blood: Annotated[str, Item(0x8C, An(0x01, "ascii"), Text("blood group", "血型"), V1, personal=True)] = ""
    mode: Annotated[
        str,
        Item(0x8F, An(0x01, "ascii"), Text("settlement mode: 1 online, 2 offline", "结算方式"), V1, codes=tables.SETTLEMENT_MODE),
    ] = ""


@dataclass(frozen=True, slots=True)
class Account:
    """DF04 EF06: account and year's totals; rewritten it is temporary offline settlement."""

    balance: Annotated[
        int | Rewritten,
        Item(
            0x90,
            Either(Digits(0x04), An(0x01, "ascii")),
            Text("account balance, rewritten offline settlement allowed", "个人账户余额，改写后为临时脱机结算标志"),
            ANNEX_C,
            personal=True,
        ),
    ] = 0
    item_92: Annotated[
        int,
        Item(
            0x92, Digits(0x04), Text("total of the year 92, it follows 93", "92 项年度累计（随 93 项）"), ANNEX_C, personal=True
        ),
    ] = 0
    item_93: Annotated[
        int | Rewritten,
        Item(
            0x93,
            Either(Digits(0x04), An(0x02, "ascii")),
            Text("total of the year 93, rewritten offline settlements so far", "93 项年度累计，改写后为临时脱机结算次数"),
            ANNEX_C,
            personal=True,
        ),
    ] = 0


def _second(application: Application, **bodies: tuple[type, Text]) -> tuple[File, ...]:
    """The files of a generation 2 application that generation 1 has too, with its own bodies; access as in V2.0."""
    kept = {f"EF{file.fid & 0xFF:02X}": file for file in application.files}
    return tuple(replace(kept[fid], body=body, name=name, spec=V1) for fid, (body, name) in bodies.items())


DF01 = replace(
    public.DF01,
    files=(
        *_second(
            public.DF01,
            EF05=(Household, Text("household registration", "户籍信息文件")),
            EF06=(Residence, Text("residence", "通讯信息文件")),
            EF07=(public.Activity, Text("personal status", "个人状况信息文件")),
            EF08=(public.Marriage, Text("marital status", "婚姻状况信息文件")),
            EF09=(Employer, Text("employer", "就业单位信息文件")),
            EF0A=(Wages, Text("wages", "工资信息文件")),
        ),
    ),
)
_STATE = employment.DF02.files[1]
DF02 = replace(
    employment.DF02,
    files=(
        *_second(
            employment.DF02,
            EF05=(Skills, Text("occupation and skills", "职业与专业技能信息文件")),
            EF06=(EmploymentState, Text("employment state", "就业与失业信息文件")),
            EF07=(EmploymentEntry, Text("employment history", "就业记录信息文件")),
            EF09=(Coming, Text("employment certificate, incoming", "外来人员就业证信息文件")),
        ),
        replace(
            _STATE, fid=0xEF08, body=Leaving, name=Text("registration card, outgoing", "外出人员就业登记卡信息文件"), spec=V1
        ),
    ),
)
DF03 = replace(
    insurance.DF03,
    files=_second(
        insurance.DF03,
        EF05=(Unemployment, Text("unemployment insurance", "失业保险信息文件")),
        EF06=(Capacity, Text("loss of work capacity", "丧失劳动能力鉴定信息文件")),
        EF07=(Pension, Text("pension insurance", "养老保险信息文件")),
    ),
)
_LOG = medical.FILES[2]
DF04 = replace(
    medical.DF04,
    files=(
        *_second(
            medical.DF04,
            EF05=(Medical, Text("medical insurance", "医疗保险基本信息文件")),
            EF06=(Account, Text("account", "医疗保险账户信息文件")),
        ),
        replace(_LOG, records=10, spec=V1),
        medical.FILES[4],
    ),
)
