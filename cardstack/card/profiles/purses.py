"""Further payment applications on cards in the field: CityUnion and Shanghai's own files, PBOC purse and deposit, bank, ETC."""

from dataclasses import dataclass, replace
from typing import Annotated

from cardstack import tlv
from cardstack.card.access import FREE, NEVER, PIN, proof
from cardstack.card.keys import Key, Usage
from cardstack.card.layout import File, Form, part
from cardstack.card.profile import Application, Diversified, Pin, Purse, PurseKind
from cardstack.card.profiles.sources import OURS
from cardstack.card.profiles.transit import DAMK, LOG, PBOC, PUBLIC, PURSE_KEYS, TUNION, PurseEntry
from cardstack.codec import Binary
from cardstack.text import Text
from cardstack.tlv import Tlv

RELAY = "NFC relay log of a Shanghai card (id 16044765244)"
METRO = "Shanghai metro terminals (fengyuruhui98/File shapi)"
READERS = "nfcard, metrodroid; bus validators (seray/sjc)"
ETC = "ETC stored-value terminals (CardConsume)"
UNIONPAY = "PBOC 3.0 debit; kiosks read records 1 of SFI 2, 3 and 16"


@dataclass(frozen=True, slots=True)
class Sixteen:
    """A record of sixteen bytes of which only the last, a longitudinal check, is known."""

    content: Annotated[bytes, part(Binary(16), Text("local content, last byte its check", "本地数据，末字节为校验"), RELAY)] = (
        bytes(16)
    )


@dataclass(frozen=True, slots=True)
class LocalPurse:
    """SFI 7 of Shanghai cards: what a CAPP purchase writes."""

    state: Annotated[bytes, part(Binary(16), Text("local transaction record", "本地交易记录"), RELAY)] = bytes(16)


@dataclass(frozen=True, slots=True)
class LocalRecords:
    """SFI 16 of Shanghai cards: two records."""

    first: Annotated[bytes, part(Binary(16), Text("record 1", "记录 1"), METRO)] = bytes(16)
    second: Annotated[bytes, part(Binary(16), Text("record 2, last byte its check", "记录 2，末字节为校验"), METRO)] = bytes(16)


@dataclass(frozen=True, slots=True)
class LocalState:
    """SFI 17 of Shanghai cards: three records."""

    first: Annotated[bytes, part(Binary(16), Text("record 1, last byte its check", "记录 1，末字节为校验"), METRO)] = bytes(16)
    second: Annotated[bytes, part(Binary(16), Text("record 2", "记录 2"), METRO)] = bytes(16)
    third: Annotated[bytes, part(Binary(16), Text("record 3", "记录 3"), METRO)] = bytes(16)


CAPP = proof("CAPP")
SHANGHAI_FILES = (
    File(0x0007, Text("Shanghai local record", "上海本地交易记录文件"), LocalPurse, RELAY, Form.RECORDS, update=CAPP),
    File(0x0010, Text("Shanghai local data 1", "上海本地数据文件一"), LocalRecords, METRO, Form.RECORDS, update=CAPP),
    File(0x0011, Text("Shanghai local data 2", "上海本地数据文件二"), LocalState, METRO, Form.RECORDS, update=CAPP),
)
SHANGHAI_KEYS = (Key("LOCAL", 0x02, levels=2, source=f"{RELAY}: 0082 with eight bytes of cryptogram alone"),)

CITY_UNION = Application(
    "CITY-UNION",
    Text("CityUnion transit purse", "城市一卡通互联互通电子钱包应用"),
    READERS,
    aid=bytes.fromhex("A00000000386980701"),
    fid=0x1001,
    files=(PUBLIC, LOG),
    keys=(*PURSE_KEYS[:-1], replace(PURSE_KEYS[-1], kid=0x03)),
    pin=Pin(),
    purses=(Purse(PurseKind.EP),),
    diversified=Diversified.BY_SERIAL,
    proprietary=(Tlv(0x9F08, b"\x02"),),
    issuer_file=0x0015,
    # Kiosks look for card type, its subtype and "in use" behind the file's 30 bytes (BSIT pboard, id 26269582796).
    issuer_more=bytes.fromhex("00010000000000010000"),
)
CITY_UNION_SHANGHAI = replace(
    CITY_UNION,
    label=Text("CityUnion transit purse, Shanghai", "上海公共交通卡应用"),
    spec=f"{READERS}; {RELAY}",
    files=(*CITY_UNION.files, *SHANGHAI_FILES),
    keys=(*CITY_UNION.keys, *SHANGHAI_KEYS),
    purses=(Purse(PurseKind.EP, overdraft_fen=800),),
)

TUNION_SHANGHAI = replace(
    TUNION,
    label=Text("T-Union transit purse, Shanghai", "交通联合电子钱包应用（上海）"),
    spec=f"{TUNION.spec}; {METRO}",
    files=(*TUNION.files, *SHANGHAI_FILES[1:]),
)

EP_ED = Application(
    "EP-ED",
    Text("electronic purse and deposit of PBOC part 2", "PBOC 电子钱包和电子存折应用"),
    PBOC,
    aid=b"9PBOC.EPED"[:10],
    fid=0x3F02,
    files=(PUBLIC, LOG),
    keys=PURSE_KEYS,
    pin=Pin(),
    purses=(Purse(PurseKind.EP), Purse(PurseKind.ED, limit_fen=0x7FFFFFFF)),
    diversified=Diversified.BY_SERIAL,
    issuer_file=0x0015,
)


PAN = "6228480000000000000F"
"""An invented account number: no bank issued it, and its check digit is wrong."""
TRACK_2 = Tlv(0x70, tlv.encode((Tlv(0x57, bytes.fromhex(PAN[:19] + "D301220100000000F")), Tlv(0x9F1F, b"00000000")))).encode()
ACCOUNT = Tlv(0x70, tlv.encode((Tlv(0x5A, bytes.fromhex(PAN)), Tlv(0x5F34, b"\x01")))).encode()


@dataclass(frozen=True, slots=True)
class BankTrack:
    """One record of a payment application, template 70, with track 2 equivalent data."""

    content: Annotated[bytes, part(Binary(len(TRACK_2)), Text("record template 70", "记录模板 70"), UNIONPAY, personal=True)] = (
        TRACK_2
    )


@dataclass(frozen=True, slots=True)
class BankAccount:
    """The record with the account number by itself."""

    content: Annotated[bytes, part(Binary(len(ACCOUNT)), Text("record template 70", "记录模板 70"), UNIONPAY, personal=True)] = (
        ACCOUNT
    )


BANK = Application(
    "BANK",
    Text("bank card application", "银行金融应用"),
    UNIONPAY,
    aid=bytes.fromhex("A000000333010101"),
    files=(
        File(0x0001, Text("track 2 equivalent", "二磁道等效数据"), BankTrack, UNIONPAY, Form.RECORDS, update=NEVER),
        File(0x0002, Text("track 2 equivalent", "二磁道等效数据"), BankTrack, UNIONPAY, Form.RECORDS, update=NEVER),
        File(0x0003, Text("account number", "主账号"), BankAccount, UNIONPAY, Form.RECORDS, update=NEVER),
        File(0x0010, Text("further data", "其他数据"), BankTrack, UNIONPAY, Form.RECORDS, update=NEVER),
    ),
    proprietary=(Tlv(0x50, b"PBOC DEBIT"),),
    processing=bytes.fromhex("7C00 08010100 10010100 18010100"),
    objects=(Tlv(0x9F36, bytes.fromhex("0001")), Tlv(0x9F13, bytes(2)), Tlv(0x9F17, b"\x03")),
)
"""Its counters stand still and no transaction is made with it: social security clients read the account number, no more."""


@dataclass(frozen=True, slots=True)
class PseEntry:
    """The directory record of the payment environment: the bank application with its label."""

    content: Annotated[bytes, part(Binary(0x1A), Text("directory entry, template 70", "目录记录模板 70"), UNIONPAY)] = (
        bytes.fromhex("701861164F08A000000333010101500A") + b"PBOC DEBIT"
    )


PSE = Application(
    "PSE",
    Text("payment environment", "支付系统环境"),
    UNIONPAY,
    aid=b"1PAY.SYS.DDF01",
    files=(File(0x0001, Text("directory", "目录文件"), PseEntry, UNIONPAY, Form.RECORDS, update=NEVER),),
    proprietary=(Tlv(0x88, b"\x01"),),
)


@dataclass(frozen=True, slots=True)
class EtcPublic:
    """File 15 of a motorway card: 43 bytes, of which issuer and card number are known."""

    issuer: Annotated[bytes, part(Binary(8), Text("issuer", "发卡方标识"), ETC)] = bytes(8)
    kind: Annotated[bytes, part(Binary(2), Text("card kind and version", "卡片类型与版本"), ETC)] = bytes(2)
    serial: Annotated[bytes, part(Binary(10), Text("card number", "卡片网络编号与内部编号"), ETC, personal=True)] = bytes(10)
    rest: Annotated[
        bytes,
        part(
            Binary(23), Text("validity, plate and more (order not public)", "有效期、车牌等（顺序未见公开）"), ETC, personal=True
        ),
    ] = bytes(23)


@dataclass(frozen=True, slots=True)
class EtcHolder:
    """File 16 of a motorway card: holder and document, as file 16 of PBOC."""

    content: Annotated[bytes, part(Binary(55), Text("holder", "持卡人基本数据"), ETC, personal=True)] = bytes(55)


@dataclass(frozen=True, slots=True)
class EtcLane:
    """File 11 of a motorway card: what lanes of an older standard keep; its order is not public."""

    content: Annotated[bytes, part(Binary(39), Text("lane data", "联网收费信息"), ETC)] = bytes(39)


@dataclass(frozen=True, slots=True)
class EtcRecords:
    """SFI 19 of a motorway card: the compound records a toll lane reads and writes."""

    one: Annotated[bytes, part(Binary(0x2B), Text("record AA: entry and exit", "AA 记录：出入口信息"), ETC)] = bytes.fromhex(
        "AA2900"
    ).ljust(0x2B, b"\0")
    two: Annotated[bytes, part(Binary(0x3C), Text("record 2", "记录 2"), ETC)] = b"\xab".ljust(0x3C, b"\0")
    three: Annotated[bytes, part(Binary(1), Text("record 3, not known", "记录 3（未知）"), OURS)] = b"\xb3"
    four: Annotated[bytes, part(Binary(1), Text("record 4, not known", "记录 4（未知）"), OURS)] = b"\xb4"
    five: Annotated[bytes, part(Binary(1), Text("record 5, not known", "记录 5（未知）"), OURS)] = b"\xb5"
    six: Annotated[bytes, part(Binary(1), Text("record 6, not known", "记录 6（未知）"), OURS)] = b"\xb6"
    seven: Annotated[bytes, part(Binary(0x3F), Text("record 7", "记录 7"), ETC)] = b"\xb7".ljust(0x3F, b"\0")


ETC_PURSE = Application(
    "ETC",
    Text("motorway stored value", "高速公路储值卡应用"),
    ETC,
    fid=0x1001,
    files=(
        File(0x0015, Text("card data", "卡片发行信息文件"), EtcPublic, ETC, Form.TRANSPARENT, read=FREE, update=DAMK),
        LOG,
        File(0x0016, Text("holder", "持卡人基本数据文件"), EtcHolder, ETC, Form.TRANSPARENT, read=FREE, update=DAMK),
        File(0x0011, Text("lane data", "联网收费信息文件"), EtcLane, ETC, Form.TRANSPARENT, read=FREE, update=DAMK),
        File(0x0019, Text("compound records", "复合消费记录文件"), EtcRecords, ETC, Form.RECORDS, read=FREE, update=CAPP),
    ),
    keys=PURSE_KEYS,
    pin=Pin(),
    purses=(Purse(PurseKind.EP, limit_fen=0x7FFFFFFF),),
    diversified=Diversified.BY_SERIAL,
)


@dataclass(frozen=True, slots=True)
class CityHolder:
    """File 16 of older city cards: type, staff flag, name of twenty bytes, number."""

    flags: Annotated[bytes, part(Binary(2), Text("card type and staff flag", "卡类型与职工标识"), READERS)] = bytes(2)
    name: Annotated[bytes, part(Binary(20), Text("name", "持卡人姓名"), READERS, personal=True)] = bytes(20)
    number: Annotated[bytes, part(Binary(33), Text("identity document", "证件号码及类型"), READERS, personal=True)] = bytes(33)


CITY_CARD = Application(
    "CITY-CARD",
    Text("city card whose purse is current after reset", "城市通卡（上电即为钱包应用）"),
    "load kiosks (delphi-citycard) and laboratory cards",
    fid=0x3F01,
    files=(
        PUBLIC,
        File(0x0016, Text("holder", "持卡人信息文件"), CityHolder, READERS, Form.TRANSPARENT, read=FREE, update=DAMK),
        LOG,
    ),
    keys=(
        *PURSE_KEYS,
        Key("DLK8", 0x08, Usage.LOAD, version=1, tries=0, source="laboratory exercise (javacard-lab)"),
        Key("DPK7", 0x07, Usage.PURCHASE, version=1, tries=0, source="laboratory exercise (javacard-lab)"),
    ),
    purses=(Purse(PurseKind.EP),),
    diversified=Diversified.BY_SERIAL,
)
ED_LOG = File(
    0x0018, Text("deposit and purse log", "交易明细文件"), PurseEntry, PBOC, Form.CYCLIC, read=PIN, update=NEVER, records=10
)
EP_ED = replace(EP_ED, files=(PUBLIC, ED_LOG))
