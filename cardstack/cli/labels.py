"""What people read beside a value that a program asks for by name: one list, so that a word is said alike everywhere."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cardstack.cli.output import language, words
from cardstack.text import Text

LABELS: Final[Mapping[str, Text]] = {
    "already": Text("made before", "此前已制"),
    "amount_fen": Text("amount, fen", "金额（分）"),
    "at": Text("at", "时间"),
    "atr": Text("ATR", "ATR"),
    "balance_fen": Text("balance, fen", "余额（分）"),
    "block": Text("block", "区块"),
    "blocks": Text("blocks", "区块数"),
    "bytes": Text("bytes", "字节数"),
    "cards": Text("cards", "卡数"),
    "checkpoints": Text("checkpoints", "检查点数"),
    "decided_by": Text("decided by", "复核人"),
    "digest": Text("digest", "摘要"),
    "disputes": Text("disputes", "异议数"),
    "encryption": Text("encryption certificate", "加密证书"),
    "entries": Text("entries", "交易数"),
    "envelope": Text("envelope", "信封"),
    "failed": Text("failed", "失败"),
    "failure": Text("failure", "失败原因"),
    "file": Text("file", "文件"),
    "fingerprint": Text("fingerprint", "指纹"),
    "head": Text("head of the chain", "链头"),
    "home": Text("home region", "参保地"),
    "http": Text("HTTP", "HTTP"),
    "id": Text("id", "标识"),
    "key_index": Text("key index", "密钥索引"),
    "kind": Text("kind", "种类"),
    "layout": Text("layout", "版式"),
    "line": Text("line", "行号"),
    "lines": Text("lines", "行数"),
    "lines_failed": Text("lines not taken", "未受理行数"),
    "lines_ok": Text("lines taken", "已受理行数"),
    "loaded_fen": Text("loaded, fen", "充值（分）"),
    "made": Text("made", "本次制卡"),
    "maker": Text("asked for by", "申请人"),
    "needed": Text("shares needed", "所需份额数"),
    "new": Text("new versions", "新增版本"),
    "nodes": Text("nodes", "接入节点数"),
    "occurred_at": Text("occurred at", "发生时间"),
    "origins": Text("origins", "允许来源"),
    "out": Text("folder", "输出目录"),
    "outcome": Text("outcome", "结果"),
    "paid_fen": Text("paid, fen", "支付（分）"),
    "parties": Text("parties", "参与方数"),
    "path": Text("path", "路径"),
    "postings": Text("postings", "分录数"),
    "reader": Text("reader", "读卡器"),
    "reason": Text("reason", "事由"),
    "refers": Text("about", "引用报文"),
    "request": Text("request", "申请编号"),
    "requests": Text("requests", "申请数"),
    "scheme": Text("scheme", "业务"),
    "secret": Text("secret", "口令"),
    "sender": Text("sender", "发送方"),
    "seq": Text("number", "序号"),
    "sequence": Text("sequence", "交易序号"),
    "serial": Text("serial number", "序列号"),
    "shares": Text("shares", "份额文件"),
    "signature": Text("signature certificate", "签名证书"),
    "signed_until": Text("signed up to line", "已签名至行"),
    "state": Text("state", "状态"),
    "tac": Text("TAC", "TAC"),
    "terminal": Text("terminal", "终端号"),
    "ticket": Text("ticket", "票据"),
    "token": Text("token", "令牌"),
    "total_fen": Text("total, fen", "合计（分）"),
    "transcript": Text("transcript", "记录文件"),
    "treating": Text("treating region", "就医地"),
    "until": Text("until", "有效期至"),
    "version": Text("version", "版本"),
    "waiting": Text("waiting to be judged", "待审核"),
    "what": Text("what", "申请事项"),
    "window": Text("window", "清算窗口"),
    "windows": Text("windows", "清算窗口数"),
    "ws": Text("WebSocket", "WebSocket"),
}
"""By the name in `--json`, which never changes."""


def label(name: str) -> str:
    """What a value is called; a name that people type themselves, such as a field of a request, stays as it is."""
    return LABELS[name].of(language()) if name in LABELS else name


PLACES: Final[Mapping[str, str]] = {
    "added figures": "新增参数",
    "bank lines of": "银行明细",
    "block": "区块",
    "card list": "卡名单",
    "dispute": "异议",
    "entry": "交易",
    "envelope": "信封",
    "figure": "参数",
    "payment": "划款指令",
    "prepayment change": "预付金变动",
    "prepayment increase": "预付金紧急调增",
    "thresholds": "预警线",
    "window": "清算窗口",
}
"""How an audit of the ledger begins to say where it found something, and how a Chinese reader says it."""


def place(where: str) -> str:
    """Where an audit found something, in the reader's language; what begins otherwise is a name alone."""
    begun = next((one for one in PLACES if where == one or where.startswith(one + " ")), None)
    return where if begun is None else words(where, PLACES[begun] + where.removeprefix(begun))


def facts(data: Mapping[str, Any]) -> None:
    """Print each value of a command's data after its label; what is not there is left out."""
    colon = words(": ", "：")
    for name, value in data.items():
        if value not in (None, "", [], {}):
            print(label(name), _said(value), sep=colon)


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
