"""Transit applications: T-Union (JT/T 978 as validators use it), its files 15 to 1E, and the purse of PBOC part 2."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated

from cardstack.card import tables
from cardstack.card.access import NEVER, proof
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Form, Item, Nested, part
from cardstack.card.profile import Application, Diversified, Pin, Purse, PurseKind
from cardstack.codec import An, Binary, Cn, Day, Moment, Number
from cardstack.crypto.cryptogram import Block
from cardstack.text import Text
from cardstack.tlv import Tlv

VALIDATORS = "bus and metro validators (ids 7705538656, 10923516837, 35282670581)"
RIVAL = "another bus validator (id 10923516837), which contradicts the first"
PBOC = "PBOC 2.0 part 2; COS manual 6.22-6.28"
AID = bytes.fromhex("A000000632010105")


@dataclass(frozen=True, slots=True)
class Public:
    """File 15: the application and its card number."""

    issuer: Annotated[bytes, part(Binary(8), Text("issuer", "发卡机构标识"), VALIDATORS)] = bytes(8)
    purses: Annotated[int, part(Number(1), Text("purses: 1 ED, 2 EP, 3 both", "应用类型标识"), VALIDATORS)] = 2
    version: Annotated[int, part(Number(1), Text("application version", "应用版本"), VALIDATORS)] = 1
    serial: Annotated[
        bytes, part(Binary(10), Text("application serial number (card number)", "应用序列号"), VALIDATORS, personal=True)
    ] = bytes(10)
    valid_from: Annotated[date | None, part(Day(), Text("valid from", "应用启用日期"), VALIDATORS)] = None
    valid_until: Annotated[date | None, part(Day(), Text("valid until", "应用有效日期"), VALIDATORS)] = None
    own: Annotated[bytes, part(Binary(2), Text("issuer's own FCI data", "发卡机构自定义 FCI 数据"), VALIDATORS)] = bytes(2)

    @property
    def serial8(self) -> bytes:
        """The last eight bytes of the serial number, by which keys are diversified."""
        return self.serial[2:]


@dataclass(frozen=True, slots=True)
class Passenger:
    """File 16: the holder, where the card is personal."""

    kind: Annotated[int, part(Number(1), Text("card type identifier", "卡类型标识"), VALIDATORS)] = 0
    staff: Annotated[int, part(Number(1), Text("staff of the operator", "本单位职工标识"), VALIDATORS)] = 0
    name: Annotated[str, part(An(20), Text("name", "持卡人姓名"), VALIDATORS, personal=True)] = ""
    number: Annotated[str, part(An(32, "ascii"), Text("identity document number", "证件号码"), VALIDATORS, personal=True)] = ""
    document: Annotated[int, part(Number(1), Text("kind of identity document", "证件类型"), VALIDATORS)] = 0


@dataclass(frozen=True, slots=True)
class Administration:
    """File 17: where the card comes from and where it is good."""

    country: Annotated[str, part(Cn(4), Text("country", "国家代码"), VALIDATORS)] = "00000156"
    province: Annotated[str, part(Cn(2), Text("province", "省代码"), VALIDATORS)] = ""
    city: Annotated[str, part(Cn(2), Text("city", "城市代码"), VALIDATORS)] = ""
    interoperable: Annotated[str, part(Cn(2), Text("0001 interoperable, 0000 local only", "互通卡种"), VALIDATORS)] = "0001"
    kind: Annotated[int, part(Number(1), Text("card kind", "卡种类型"), VALIDATORS)] = 1
    reserved: Annotated[bytes, part(Binary(49), Text("reserved for the city", "预留"), VALIDATORS)] = bytes(49)


@dataclass(frozen=True, slots=True)
class PurseEntry:
    """One record of file 18: a transaction as the card logged it."""

    sequence: Annotated[int, part(Number(2), Text("transaction sequence", "联机或脱机交易序号"), PBOC)] = 0
    overdraft: Annotated[int, part(Number(3), Text("overdraft limit, fen", "透支限额"), PBOC)] = 0
    amount: Annotated[int, part(Number(4), Text("amount, fen", "交易金额"), PBOC)] = 0
    kind: Annotated[int, part(Number(1), Text("transaction type", "交易类型标识"), PBOC, codes=tables.PURSE_KIND)] = 0
    terminal: Annotated[bytes, part(Binary(6), Text("terminal", "终端机编号"), PBOC)] = bytes(6)
    moment: Annotated[datetime | None, part(Moment(), Text("date and time", "交易日期时间"), PBOC)] = None


@dataclass(frozen=True, slots=True)
class RailRecord:
    """Record 2701 of file 1A: the journey by rail that is open or was the last."""

    identifier: Annotated[bytes, part(Binary(2), Text("record identifier", "记录标识"), VALIDATORS)] = bytes.fromhex("2701")
    length: Annotated[int, part(Number(1), Text("bytes that follow", "记录长度"), VALIDATORS)] = 0x7D
    valid: Annotated[int, part(Number(1), Text("valid", "有效标识"), VALIDATORS)] = 0
    interoperable: Annotated[int, part(Number(1), Text("interoperable", "互联互通标识"), VALIDATORS)] = 0
    locked: Annotated[int, part(Number(1), Text("locked", "应用锁定标志"), VALIDATORS)] = 0
    serial: Annotated[bytes, part(Binary(8), Text("transaction serial number", "交易流水号"), VALIDATORS)] = bytes(8)
    state: Annotated[int, part(Number(1), Text("state: 1 inside, 2 outside, 3 and 4 updated", "交易状态"), VALIDATORS)] = 0
    entry_city: Annotated[str, part(Cn(2), Text("city of entry", "进站城市代码"), VALIDATORS)] = "0000"
    exit_city: Annotated[str, part(Cn(2), Text("city of exit", "出站城市代码"), VALIDATORS)] = "0000"
    entry_operator: Annotated[bytes, part(Binary(8), Text("organisation of entry", "进站机构标识"), VALIDATORS)] = bytes(8)
    exit_operator: Annotated[bytes, part(Binary(8), Text("organisation of exit", "出站机构标识"), VALIDATORS)] = bytes(8)
    entry_station: Annotated[bytes, part(Binary(8), Text("station of entry", "进站站点"), VALIDATORS, personal=True)] = bytes(8)
    exit_station: Annotated[bytes, part(Binary(8), Text("station of exit", "出站站点"), VALIDATORS, personal=True)] = bytes(8)
    entry_terminal: Annotated[bytes, part(Binary(8), Text("terminal of entry", "进站终端编号"), VALIDATORS)] = bytes(8)
    exit_terminal: Annotated[bytes, part(Binary(8), Text("terminal of exit", "出站终端编号"), VALIDATORS)] = bytes(8)
    entered: Annotated[datetime | None, part(Moment(), Text("time of entry", "进站时间"), VALIDATORS, personal=True)] = None
    left: Annotated[datetime | None, part(Moment(), Text("time of exit", "出站时间"), VALIDATORS, personal=True)] = None
    fare_max: Annotated[int, part(Number(4), Text("highest fare, fen", "最大消费金额"), VALIDATORS)] = 0
    reserved: Annotated[bytes, part(Binary(43), Text("reserved for the city", "预留"), VALIDATORS)] = bytes(43)


@dataclass(frozen=True, slots=True)
class BusRecord:
    """Record 2702 of file 1A: the ride by bus that is open or was the last."""

    identifier: Annotated[bytes, part(Binary(2), Text("record identifier", "记录标识"), VALIDATORS)] = bytes.fromhex("2702")
    length: Annotated[int, part(Number(1), Text("bytes that follow", "记录长度"), VALIDATORS)] = 0x7D
    valid: Annotated[int, part(Number(1), Text("valid", "有效标识"), VALIDATORS)] = 0
    flag: Annotated[int, part(Number(1), Text("1 by segment, 2 pre-authorised", "分段或预授权标识"), VALIDATORS)] = 0
    locked: Annotated[int, part(Number(1), Text("locked", "应用锁定标志"), VALIDATORS)] = 0
    serial: Annotated[bytes, part(Binary(8), Text("transaction serial number", "交易流水号"), VALIDATORS)] = bytes(8)
    state: Annotated[int, part(Number(1), Text("state", "交易状态"), VALIDATORS)] = 0
    on_city: Annotated[str, part(Cn(2), Text("city of boarding", "上车城市代码"), VALIDATORS)] = "0000"
    on_organisation: Annotated[bytes, part(Binary(8), Text("organisation of boarding", "上车机构标识"), VALIDATORS)] = bytes(8)
    on_operator: Annotated[bytes, part(Binary(2), Text("operator of boarding", "上车运营商代码"), VALIDATORS)] = bytes(2)
    on_line: Annotated[bytes, part(Binary(2), Text("line of boarding", "上车线路"), VALIDATORS)] = bytes(2)
    on_stop: Annotated[bytes, part(Binary(1), Text("stop of boarding", "上车站点"), VALIDATORS, personal=True)] = bytes(1)
    on_bus: Annotated[str, part(An(8, "ascii"), Text("bus boarded", "上车车辆号"), VALIDATORS)] = ""
    on_terminal: Annotated[bytes, part(Binary(8), Text("terminal of boarding", "上车终端编号"), VALIDATORS)] = bytes(8)
    boarded: Annotated[datetime | None, part(Moment(), Text("time of boarding", "上车时间"), VALIDATORS, personal=True)] = None
    marked: Annotated[int, part(Number(4), Text("amount marked, fen", "标注金额"), VALIDATORS)] = 0
    direction: Annotated[int, part(Number(1), Text("direction: AB up, BA down", "方向标识"), VALIDATORS)] = 0
    off_city: Annotated[str, part(Cn(2), Text("city of alighting", "下车城市代码"), VALIDATORS)] = "0000"
    off_organisation: Annotated[bytes, part(Binary(8), Text("organisation of alighting", "下车机构标识"), VALIDATORS)] = bytes(8)
    off_operator: Annotated[bytes, part(Binary(2), Text("operator of alighting", "下车运营商代码"), VALIDATORS)] = bytes(2)
    off_line: Annotated[bytes, part(Binary(2), Text("line of alighting", "下车线路"), VALIDATORS)] = bytes(2)
    off_stop: Annotated[bytes, part(Binary(1), Text("stop of alighting", "下车站点"), VALIDATORS, personal=True)] = bytes(1)
    off_bus: Annotated[str, part(An(8, "ascii"), Text("bus left", "下车车辆号"), VALIDATORS)] = ""
    off_terminal: Annotated[bytes, part(Binary(8), Text("terminal of alighting", "下车终端编号"), VALIDATORS)] = bytes(8)
    alighted: Annotated[datetime | None, part(Moment(), Text("time of alighting", "下车时间"), VALIDATORS, personal=True)] = None
    amount: Annotated[int, part(Number(4), Text("amount, fen", "交易金额"), VALIDATORS)] = 0
    distance: Annotated[int, part(Number(2), Text("distance", "里程"), VALIDATORS)] = 0
    reserved: Annotated[bytes, part(Binary(26), Text("reserved", "预留"), VALIDATORS)] = bytes(26)


def _other(number: int, size: int = 128) -> bytes:
    """A journey record nobody has written: its identifier, the bytes that follow, zeros."""
    return bytes((0x27, number, size - 3)).ljust(size, b"\0")


def _opaque(number: int, size: int, name: Text) -> Item:
    return part(Binary(size), Text(f"{name.en} 27{number:02X}", f"{name.zh} 27{number:02X}"), VALIDATORS)


@dataclass(frozen=True, slots=True)
class Journeys:
    """File 1A: one record a means of transport, found by number or by the second byte of its identifier.

    Of the records after the first two only identifier and size are public.
    """

    rail: Annotated[RailRecord, part(Nested(RailRecord), Text("rail 2701", "轨道交通 2701"), VALIDATORS)] = RailRecord()
    bus: Annotated[BusRecord | RailRecord, part(Nested(BusRecord), Text("bus 2702", "公交 2702"), VALIDATORS)] = BusRecord()
    ferry: Annotated[bytes, _opaque(0x03, 128, Text("ferry", "轮渡"))] = _other(0x03)
    taxi: Annotated[bytes, _opaque(0x04, 128, Text("taxi", "出租汽车"))] = _other(0x04)
    rental: Annotated[bytes, _opaque(0x05, 128, Text("car rental", "租赁汽车"))] = _other(0x05)
    bicycle: Annotated[bytes, _opaque(0x06, 128, Text("bicycle", "公共自行车"))] = _other(0x06)
    parking: Annotated[bytes, _opaque(0x07, 112, Text("parking", "停车"))] = _other(0x07, 112)
    coach: Annotated[bytes, _opaque(0x08, 128, Text("coach", "长途客运"))] = _other(0x08)
    ship: Annotated[bytes, _opaque(0x09, 128, Text("passenger ship", "客轮"))] = _other(0x09)
    intercity: Annotated[bytes, _opaque(0x0A, 128, Text("intercity rail", "城际铁路"))] = _other(0x0A)
    air: Annotated[bytes, _opaque(0x0B, 128, Text("air", "民航"))] = _other(0x0B)
    motorway: Annotated[bytes, _opaque(0x0C, 128, Text("motorway", "高速公路"))] = _other(0x0C)
    discount: Annotated[bytes, _opaque(0x0D, 30, Text("discount information", "优惠信息"))] = _other(0x0D, 30)


LIKE_RAIL = Text("bus 2702, laid out like 2701", "公交 2702（同 2701 布局）")


@dataclass(frozen=True, slots=True)
class JourneysLikeRail(Journeys):
    """File 1A as another validator has it: the bus record laid out like the rail record."""

    bus: Annotated[BusRecord | RailRecord, part(Nested(RailRecord), LIKE_RAIL, RIVAL)] = RailRecord(bytes.fromhex("2702"))


@dataclass(frozen=True, slots=True)
class TripEntry:
    """One record of file 1E: a trip as the terminal logged it."""

    kind: Annotated[int, part(Number(1), Text("transaction type", "交易类型"), VALIDATORS, codes=tables.TRIP_KIND)] = 0
    terminal: Annotated[bytes, part(Binary(8), Text("terminal", "终端编号"), VALIDATORS)] = bytes(8)
    industry: Annotated[int, part(Number(1), Text("industry", "行业代码"), VALIDATORS, codes=tables.INDUSTRY)] = 0
    station: Annotated[bytes, part(Binary(4), Text("line and station", "线路站点"), VALIDATORS, personal=True)] = bytes(4)
    operator: Annotated[bytes, part(Binary(2), Text("operator", "运营商代码"), VALIDATORS)] = bytes(2)
    reserved_1: Annotated[bytes, part(Binary(1), Text("reserved", "预留"), VALIDATORS)] = bytes(1)
    amount: Annotated[int, part(Number(4), Text("amount, fen", "交易金额"), VALIDATORS)] = 0
    balance: Annotated[int, part(Number(4), Text("balance, fen", "交易后余额"), VALIDATORS)] = 0
    moment: Annotated[datetime | None, part(Moment(), Text("date and time", "交易日期时间"), VALIDATORS, personal=True)] = None
    city: Annotated[str, part(Cn(2), Text("city", "受理方城市代码"), VALIDATORS)] = ""
    acquirer: Annotated[bytes, part(Binary(8), Text("acquirer", "受理方机构标识"), VALIDATORS)] = bytes(8)
    reserved_2: Annotated[bytes, part(Binary(6), Text("reserved", "预留"), VALIDATORS)] = bytes(6)


DAMK = proof("DAMK")
PUBLIC = File(0x0015, Text("public application data", "公共应用基本信息文件"), Public, VALIDATORS, Form.TRANSPARENT, update=DAMK)
PASSENGER = File(0x0016, Text("holder", "持卡人基本信息文件"), Passenger, VALIDATORS, Form.TRANSPARENT, update=DAMK)
ADMINISTRATION = File(0x0017, Text("administration", "管理信息文件"), Administration, VALIDATORS, Form.TRANSPARENT, update=DAMK)
LOG = File(0x0018, Text("purse log", "交易明细文件"), PurseEntry, PBOC, Form.CYCLIC, update=NEVER, records=10)
JOURNEYS = File(
    0x001A,
    Text("journeys in progress", "公共交通过程信息变长记录文件"),
    Journeys,
    VALIDATORS,
    Form.RECORDS,
    update=proof("CAPP"),
    identified_by=1,
)
TRIPS = File(
    0x001E, Text("trips", "公共交通过程信息循环记录文件"), TripEntry, VALIDATORS, Form.CYCLIC, update=proof("CAPP"), records=30
)

PURSE_KEYS = (
    Key("DPK", 0x01, Usage.PURCHASE, tries=0, levels=2, source=PBOC),
    Key("DPK2", 0x02, Usage.PURCHASE, version=2, tries=0, levels=2, source=PBOC),
    Key("DLK", 0x01, Usage.LOAD, tries=0, levels=2, source=PBOC),
    Key("DULK", 0x01, Usage.UNLOAD, tries=0, levels=2, source=PBOC),
    Key("DUK", 0x01, Usage.OVERDRAFT, tries=0, levels=2, source=PBOC),
    Key("DTK", 0x00, Usage.TAC, tries=0, levels=2, source=PBOC),
    Key("DAMK", 0x00, Usage.MAINTENANCE, levels=2, source=PBOC),
    Key("DAMK", 0x02, levels=2, source=PBOC),
)
TYCPU = "card library TYCPUCard: every payment key exists twice, 3DES and SM4, over one purse"
SM4_PURSE_KEYS = (
    Key("DPK41", 0x41, Usage.PURCHASE, version=0x41, algorithm=Block.SM4, tries=0, levels=2, source=TYCPU),
    Key("DLK41", 0x41, Usage.LOAD, version=0x41, algorithm=Block.SM4, tries=0, levels=2, source=TYCPU),
    Key("DTK41", 0x40, Usage.TAC, version=0x41, algorithm=Block.SM4, tries=0, levels=2, source=TYCPU),
)

TUNION = Application(
    "T-UNION",
    Text("T-Union transit purse", "交通联合电子钱包应用"),
    VALIDATORS,
    aid=AID,
    fid=0x3F01,
    files=(PUBLIC, PASSENGER, ADMINISTRATION, LOG, JOURNEYS, TRIPS),
    keys=PURSE_KEYS + SM4_PURSE_KEYS,
    pin=Pin(),
    purses=(Purse(PurseKind.EP),),
    diversified=Diversified.BY_SERIAL,
    proprietary=(Tlv(0x9F08, b"\x02"),),
    issuer_file=0x0015,
)
TUNION_LIKE_RAIL = replace(
    TUNION,
    label=Text("T-Union transit purse, bus record laid out like the rail record", "交通联合电子钱包应用（公交记录同轨道布局）"),
    spec=f"{VALIDATORS}; 1A: {RIVAL}",
    files=tuple(replace(file, body=JourneysLikeRail) if file is JOURNEYS else file for file in TUNION.files),
)
PPSE = Application(
    "PPSE",
    Text("proximity payment environment", "近距离支付系统环境"),
    VALIDATORS,
    aid=b"2PAY.SYS.DDF01",
    proprietary=(Tlv(0xBF0C, bytes.fromhex("61124F08A000000632010105500A") + b"MOT_T_EP".ljust(10)[:10]),),
)
