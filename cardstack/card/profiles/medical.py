"""DF04, social insurance 2: medical insurance, its account on the card and its logs (V2.0 §5.6, tables 7 and 9)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from cardstack.card import tables
from cardstack.card.access import NEVER, PIN, proof
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Form, Item, part
from cardstack.card.profile import Application
from cardstack.card.profiles.sources import KDF, T9
from cardstack.codec import An, Binary, Cn, Day, Digits, Moment, Number
from cardstack.text import Text

T7, M38 = "V2.0 table 7", "letter 2012/38"


@dataclass(frozen=True, slots=True)
class Medical:
    """EF05: what the holder is entitled to."""

    kind: Annotated[
        str, Item(0x81, An(0x08, "ascii"), Text("medical insurance type and flags", "医疗保险类别与标志"), "V2.0 tables 9, 42-47")
    ] = ""
    """The type (table 42), then five flags: care away from home filed, pooled outpatient care, serious outpatient disease,
    medical aid, preferential treatment (异地就医备案、门诊统筹、门诊大病、医疗救助、优抚; tables 43 to 47)."""
    region: Annotated[str, Item(0x84, Cn(0x03), Text("place of insurance", "参保地行政区划代码"), f"{T9}; GB/T 2260")] = ""
    emergency: Annotated[str, Item(0x87, An(0x11), Text("medical note 87", "医疗信息 87 项"), T9, personal=True)] = ""
    blood: Annotated[str, Item(0x8C, Cn(0x01), Text("blood group", "血型"), T9, personal=True)] = ""
    since: Annotated[date | None, Item(0x80, Day(), Text("insured since", "参保日期"), T9)] = None
    contact: Annotated[str, Item(0x8B, An(0x1D), Text("contact", "联系人"), T9, personal=True)] = ""
    phone: Annotated[str, Item(0x8A, An(0x0F), Text("contact's phone", "联系电话"), T9, personal=True)] = ""
    hospital_1: Annotated[str, Item(0x83, An(0x09), Text("chosen institution 1", "定点医疗机构一"), T9, personal=True)] = ""
    hospital_2: Annotated[str, Item(0x86, An(0x09), Text("chosen institution 2", "定点医疗机构二"), T9, personal=True)] = ""
    hospital_3: Annotated[str, Item(0x89, An(0x09), Text("chosen institution 3", "定点医疗机构三"), T9, personal=True)] = ""
    hospital_4: Annotated[str, Item(0x7D, An(0x09), Text("chosen institution 4", "定点医疗机构四"), T9, personal=True)] = ""
    hospital_5: Annotated[str, Item(0x7E, An(0x09), Text("chosen institution 5", "定点医疗机构五"), T9, personal=True)] = ""
    hospital_6: Annotated[str, Item(0x7F, An(0x09), Text("chosen institution 6", "定点医疗机构六"), T9, personal=True)] = ""
    hospital_7: Annotated[str, Item(0x8D, An(0x09), Text("chosen institution 7", "定点医疗机构七"), T9, personal=True)] = ""
    hospital_8: Annotated[str, Item(0x8E, An(0x09), Text("chosen institution 8", "定点医疗机构八"), T9, personal=True)] = ""
    mode: Annotated[
        str,
        Item(0x8F, An(0x01, "ascii"), Text("settlement mode: 1 online, 2 offline", "结算方式"), T9, codes=tables.SETTLEMENT_MODE),
    ] = ""


@dataclass(frozen=True, slots=True)
class Offline:
    """EF06: temporary offline settlement of online cards."""

    allowed: Annotated[
        str, Item(0x90, An(0x01, "ascii"), Text("temporary offline settlement allowed: 1 yes", "临时脱机结算标志"), T9)
    ] = ""
    amount: Annotated[int, Item(0x92, Digits(0x04), Text("offline amount so far, fen", "临时脱机结算累计金额"), T9)] = 0
    count: Annotated[str, Item(0x93, An(0x02, "ascii"), Text("offline settlements so far", "临时脱机结算次数"), T9)] = ""


@dataclass(frozen=True, slots=True)
class MedicalEntry:
    """One record of EF08: a settlement or a load as the card logged it; amounts are binary fen."""

    sequence: Annotated[int, part(Number(2), Text("transaction sequence", "交易序号"), T9)] = 0
    kind: Annotated[
        str,
        part(
            An(1, "ascii"), Text("type: 1 account load, 2 settlement", "交易类型"), "V2.0 tables 9, 51", codes=tables.MEDICAL_LOG
        ),
    ] = ""
    terminal: Annotated[bytes, part(Binary(6), Text("terminal", "终端机编号"), "V2.0 table 9; 8.5.3.3")] = bytes(6)
    moment: Annotated[datetime | None, part(Moment(), Text("date and time", "交易日期时间"), T9, personal=True)] = None
    account: Annotated[int, part(Number(4), Text("paid from the account, fen", "个人账户支付金额"), T9, personal=True)] = 0
    self_paid: Annotated[int, part(Number(4), Text("self-paid, fen", "个人自付金额"), T9, personal=True)] = 0
    pooled: Annotated[int, part(Number(4), Text("paid from the pool, fen", "统筹基金支付金额"), T9, personal=True)] = 0


@dataclass(frozen=True, slots=True)
class SpecialEntry:
    """One record of EF15: the class of a special settlement (injury, maternity, medical aid)."""

    sequence: Annotated[int, part(Number(2), Text("transaction sequence", "交易序号"), T9)] = 0
    kind: Annotated[
        str, part(An(1, "ascii"), Text("settlement class", "结算类别"), "V2.0 tables 9, 52", codes=tables.SETTLEMENT_CLASS)
    ] = ""


@dataclass(frozen=True, slots=True)
class MedicalState:
    """What INIT answers before sequence and random. The order is this project's reading of the internal file."""

    balance: Annotated[int, part(Number(4), Text("account balance, fen", "个人账户余额"), M38)] = 0
    self_paid: Annotated[int, part(Number(4), Text("self-paid this year, fen", "本年度个人自付累计"), M38)] = 0
    pooled: Annotated[int, part(Number(4), Text("paid from the pool this year, fen", "本年度统筹支付累计"), M38)] = 0
    year: Annotated[str, part(Cn(2), Text("year of payment", "支付年度"), M38)] = "0000"


@dataclass(frozen=True, slots=True)
class Amounts:
    """The internal file behind B028 and B02C: only the card's system reads and writes it."""

    online: Annotated[int, part(Number(2), Text("online counter", "联机交易计数器"), T7)] = 0
    offline: Annotated[int, part(Number(2), Text("offline counter", "脱机交易计数器"), T7)] = 0
    balance: Annotated[int, part(Number(4), Text("account balance, fen", "个人账户余额"), T7)] = 0
    self_paid: Annotated[int, part(Number(4), Text("self-paid this year, fen", "本年度个人自付累计"), T7)] = 0
    pooled: Annotated[int, part(Number(4), Text("paid from the pool this year, fen", "本年度统筹支付累计"), T7)] = 0
    year: Annotated[str, part(Cn(2), Text("year of payment", "支付年度"), T7)] = "0000"
    starts: Annotated[str, part(Cn(2), Text("start of the year, month and day", "年度起始月日"), T7)] = "0101"


RK, UK1, UK2 = proof("RK1DF04"), proof("UK1DF04"), proof("UK2DF04")
FILES = (
    File(0xEF05, Text("medical insurance", "医疗保险基本信息文件"), Medical, T7, read=PIN | RK, update=UK1),
    File(0xEF06, Text("temporary offline settlement", "临时脱机结算信息文件"), Offline, T7, read=PIN & RK, update=UK2),
    File(
        0xEF08,
        Text("medical transaction log", "医疗费用结算交易明细文件"),
        MedicalEntry,
        T7,
        Form.CYCLIC,
        read=PIN,
        update=NEVER,
        records=30,
    ),
    File(
        0xEF15,
        Text("special settlement log", "特殊结算类别明细文件"),
        SpecialEntry,
        T7,
        Form.CYCLIC,
        read=PIN | RK,
        update=UK2,
        records=8,
    ),
    File(0xEF00, Text("amounts", "金额内部文件"), Amounts, T7, Form.INTERNAL, read=NEVER, update=NEVER),
)
KEYS = (
    Key("RK1DF04", 0x84, psam=(0x67, 0x2D), hsm=0x0182, levels=3, source=KDF),
    Key("UK1DF04", 0x85, psam=(0x48, 0x49), hsm=0x00AC, source=KDF),
    Key("UK2DF04", 0x86, psam=(0x47, 0x2A), hsm=0x017C, source=KDF),
    Key("STKDF04", 0x23, Usage.RELOAD, tries=0, hsm=0x0175, source=KDF),
    Key("DPKDF04", 0x01, Usage.PURCHASE, version=1, tries=0, hsm=0x017F, source=KDF),
    Key("DPKDF04-2", 0x02, Usage.PURCHASE, version=2, tries=0, hsm=0x0199, source=KDF),
    Key("DPKDF04-3", 0x03, Usage.PURCHASE, version=3, tries=0, hsm=0x019C, source=KDF),
    Key("DLKDF04", 0x01, Usage.LOAD, tries=0, hsm=0x00B2, source=KDF),
    Key("DTKDF04", 0x00, Usage.TAC, tries=0, hsm=0x00B5, source=KDF),
)
DF04 = Application(
    "DF04",
    Text("social insurance 2: medical", "社会保险信息区 2（医疗保险）"),
    T7,
    aid=bytes.fromhex("D15600000503"),
    fid=0xDF04,
    parent="SSSE",
    files=FILES,
    keys=KEYS,
    medical=True,
)
