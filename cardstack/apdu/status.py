"""Status words and what they mean (ISO/IEC 7816-4 §5.1.3; the 93xx and 94xx are PBOC's)."""

from collections.abc import Mapping

from cardstack.text import Text

MEANINGS: Mapping[int, Text] = {
    0x9000: Text("done", "成功"),
    0x6200: Text("warning, memory unchanged", "警告，存储器未改变"),
    0x6281: Text("part of the data may be corrupted", "返回数据可能有误"),
    0x6282: Text("end of file reached before Ne bytes", "文件长度小于 Le"),
    0x6283: Text("selected file is blocked", "所选文件已锁定"),
    0x6300: Text("verification failed", "校验失败"),
    0x6581: Text("memory failure", "存储器故障"),
    0x6700: Text("wrong length", "长度错误"),
    0x6881: Text("logical channel not supported", "不支持该逻辑通道"),
    0x6882: Text("secure messaging not supported", "不支持安全报文"),
    0x6883: Text("last command of the chain expected", "应为命令链的最后一条"),
    0x6884: Text("command chaining not supported", "不支持命令链"),
    0x6901: Text("command not accepted in this state", "当前状态不接受该命令"),
    0x6981: Text("command incompatible with file structure", "命令与文件结构不相容"),
    0x6982: Text("security status not satisfied", "不满足安全状态"),
    0x6983: Text("authentication method blocked", "认证方法已锁定"),
    0x6984: Text("no challenge, or reference data invalidated", "未取随机数或引用数据失效"),
    0x6985: Text("conditions of use not satisfied", "不满足使用条件"),
    0x6986: Text("no current EF", "没有当前文件"),
    0x6987: Text("secure messaging data objects missing", "安全报文数据项缺失"),
    0x6988: Text("secure messaging MAC is wrong", "安全报文数据项不正确"),
    0x6A80: Text("wrong data field", "数据域参数错误"),
    0x6A81: Text("function not supported or card locked", "功能不支持或卡片已锁定"),
    0x6A82: Text("file or application not found", "文件或应用未找到"),
    0x6A83: Text("record not found", "记录未找到"),
    0x6A84: Text("not enough memory in the file", "文件存储空间不足"),
    0x6A86: Text("wrong P1 or P2", "P1、P2 参数错误"),
    0x6A88: Text("referenced key or data not found", "引用的密钥或数据未找到"),
    0x6A89: Text("file already exists", "文件已存在"),
    0x6B00: Text("offset outside the file", "偏移超出文件范围"),
    0x6D00: Text("instruction not supported", "不支持的命令"),
    0x6E00: Text("class not supported", "不支持的命令类别"),
    0x6F00: Text("internal error of the card", "卡片内部错误"),
    0x9302: Text("MAC is wrong", "MAC 错误"),
    0x9303: Text("application permanently blocked", "应用永久锁定"),
    0x9401: Text("not enough money", "余额不足"),
    0x9402: Text("transaction counter has reached its maximum", "交易计数器达到最大值"),
    0x9403: Text("key index not supported", "密钥索引不支持"),
    0x9406: Text("required MAC not available", "所需 MAC 不可用"),
}


def meaning(sw: int) -> Text:
    """What a status word says.

    >>> meaning(0x63C2).en, meaning(0x6A82).zh
    ('wrong, 2 tries left', '文件或应用未找到')
    """
    if sw >> 4 == 0x63C:
        return Text(f"wrong, {sw & 0x0F} tries left", f"校验失败，还可尝试 {sw & 0x0F} 次")
    if sw >> 8 == 0x61:
        return Text(f"{sw & 0xFF or 256} more bytes to fetch", f"还有 {sw & 0xFF or 256} 字节可取")
    if sw >> 8 == 0x6C:
        return Text(f"wrong Le, {sw & 0xFF or 256} bytes are there", f"Le 错误，应为 {sw & 0xFF or 256} 字节")
    return MEANINGS.get(sw, Text("not a status word of the standards", "标准中没有该状态字"))
