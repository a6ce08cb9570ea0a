"""What an APDU says, in words: the command's name, what it points at, what the status word and the data mean."""

from collections.abc import Iterator, Mapping

from cardstack import tlv
from cardstack.apdu.atr import Atr
from cardstack.apdu.message import Command
from cardstack.apdu.status import meaning
from cardstack.errors import Malformed, told
from cardstack.text import Text

NAMES: Mapping[int, Text] = {
    0x04: Text("DEACTIVATE FILE / MANAGE", "停用文件"),
    0x0E: Text("ERASE BINARY", "擦除二进制"),
    0x16: Text("CARD BLOCK", "卡片锁定"),
    0x18: Text("APPLICATION UNBLOCK", "应用解锁"),
    0x1E: Text("APPLICATION BLOCK", "应用锁定"),
    0x20: Text("VERIFY", "校验密码"),
    0x24: Text("PIN UNBLOCK / RELOAD", "密码解锁或重装"),
    0x28: Text("INITIALISE MEDICAL PAYMENT", "医保消费初始化"),
    0x2A: Text("PERFORM SECURITY OPERATION", "执行安全操作"),
    0x2C: Text("MEDICAL DEBIT", "医保消费"),
    0x50: Text("INITIALISE TRANSACTION", "交易初始化"),
    0x52: Text("CREDIT FOR LOAD", "圈存"),
    0x54: Text("DEBIT FOR PURCHASE", "消费"),
    0x5A: Text("GET TRANSACTION PROOF", "取交易认证"),
    0x5C: Text("GET BALANCE", "读余额"),
    0xA8: Text("GET PROCESSING OPTIONS", "取处理选项"),
    0x5E: Text("CHANGE PIN", "修改密码"),
    0x70: Text("MANAGE CHANNEL / INIT SAM", "管理通道或 SAM 初始化"),
    0x72: Text("CREDIT SAM", "SAM 校验 MAC2"),
    0x82: Text("EXTERNAL AUTHENTICATE", "外部认证"),
    0x84: Text("GET CHALLENGE", "取随机数"),
    0x88: Text("INTERNAL AUTHENTICATE", "内部认证"),
    0xA4: Text("SELECT", "选择"),
    0xB0: Text("READ BINARY", "读二进制"),
    0xB2: Text("READ RECORD", "读记录"),
    0xC0: Text("GET RESPONSE", "取响应"),
    0xCA: Text("GET DATA", "取数据"),
    0xD6: Text("UPDATE BINARY", "修改二进制"),
    0xDA: Text("PUT DATA", "写数据"),
    0xDC: Text("UPDATE RECORD", "修改记录"),
    0xDE: Text("DERIVE KEY", "密钥分散"),
    0xE0: Text("CREATE FILE", "建立文件"),
    0xE2: Text("APPEND RECORD", "追加记录"),
    0xE4: Text("DELETE FILE", "删除文件"),
    0xF0: Text("VENDOR COMMAND", "厂商命令"),
    0xFA: Text("ENCRYPT OR MAC", "加密或计算 MAC"),
}
RECORDS, BINARY = frozenset({0xB2, 0xDC, 0xE2}), frozenset({0xB0, 0xD6})
SECRET = frozenset({0x20, 0x24, 0x5E})
"""Commands whose data is never shown."""


def command(raw: bytes) -> Text:
    """What a command asks for.

    >>> command(bytes.fromhex("00B2083420")).en
    'READ RECORD 8 of file 06, 32 bytes'
    >>> command(bytes.fromhex("00A4040006A00000063201")).en
    'SELECT A00000063201'
    """
    try:
        parsed = Command.parse(raw)
    except Malformed:
        return Text("not a command", "不是命令")
    name = NAMES.get(parsed.ins, Text(f"INS {parsed.ins:02X}", f"INS {parsed.ins:02X}"))
    where = _where(parsed)
    wanted = parsed.ne or 0
    size = Text(f", {wanted} bytes", f"，{wanted} 字节") if wanted and parsed.ins in RECORDS | BINARY else Text("", "")
    return Text(name.en + where.en + size.en, name.zh + where.zh + size.zh)


def _where(parsed: Command) -> Text:
    """What the parameters point at."""
    if parsed.ins in RECORDS:
        file = f"{parsed.p2 >> 3:02X}"
        return Text(f" {parsed.p1} of file {file}", f" 文件 {file} 第 {parsed.p1} 条")
    if parsed.ins in BINARY and parsed.p1 & 0x80:
        file = f"{parsed.p1 & 0x1F:02X}"
        return Text(f" of file {file} from {parsed.p2}", f" 文件 {file} 自 {parsed.p2}")
    if parsed.ins in BINARY:
        offset = parsed.p1 << 8 | parsed.p2
        return Text(f" from {offset}", f" 自 {offset}")
    if parsed.ins == 0xA4:
        return Text(f" {parsed.data.hex().upper()}", f" {parsed.data.hex().upper()}")
    return Text("", "")


def answer(raw: bytes) -> Text:
    """What the status word says.

    >>> answer(bytes.fromhex("6A82")).zh
    '6A82 文件或应用未找到'
    """
    if len(raw) < 2:
        return Text("no answer", "无应答")
    sw = int.from_bytes(raw[-2:])
    said = meaning(sw)
    return Text(f"{sw:04X} {said.en}", f"{sw:04X} {said.zh}")


def tree(raw: bytes, depth: int = 0) -> Iterator[str]:
    """Data objects as indented lines; one line of hexadecimal where there are none.

    >>> list(tree(bytes.fromhex("6F068404A0000003")))
    ['6F (6)', '  84 (4) A0000003']
    """
    try:
        objects = tlv.parse(raw) if depth < tlv.DEPTH_MAX else ()
    except Malformed:
        objects = ()
    if not objects or any(one.tag == 0 for one in objects):
        if raw:
            yield "  " * depth + raw.hex().upper()
        return
    for one in objects:
        head = f"{'  ' * depth}{one.tag:X} ({len(one.value)})"
        if one.constructed:
            yield head
            yield from tree(one.value, depth + 1)
        else:
            yield f"{head} {one.value.hex().upper()}".rstrip()


def atr(raw: bytes) -> Iterator[Text]:
    """What an answer to reset says, line by line."""
    try:
        parsed = Atr.parse(raw)
    except Malformed as error:
        yield told(error)
        return
    convention = ("direct", "正向") if raw[:1] == b"\x3b" else ("inverse", "反向")
    yield Text(f"convention {convention[0]}", f"约定 {convention[1]}")
    protocols = " ".join(f"T={number}" for number in parsed.protocols)
    yield Text(f"protocols {protocols}", f"协议 {protocols}")
    held = parsed.historical.hex().upper()
    yield Text(f"historical bytes {held}", f"历史字节 {held}")
    if len(parsed.historical) == 13:
        factor = parsed.historical[5:].hex().upper()
        yield Text(f"diversification factor {factor} (social security cards)", f"分散因子 {factor}（社会保障卡）")
