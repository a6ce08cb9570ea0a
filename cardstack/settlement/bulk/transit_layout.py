"""The layout of the T+1 transit file, declared once; writer, reader, reference and tests read this."""

from collections.abc import Mapping
from typing import Final

from cardstack.crypto.cryptogram import Block
from cardstack.errors import faulty
from cardstack.settlement.bulk.layout import Charset, Column, Layout
from cardstack.settlement.transit.tap import Tap
from cardstack.text import Text

ALGORITHMS: Final[Mapping[bytes, Block]] = {b"1": Block.TRIPLE_DES, b"2": Block.SM4}
CLASSES: Final[Mapping[bytes, str]] = {b"01": "adult", b"02": "student", b"03": "senior", b"05": "soldier"}
_CODES: Final[Mapping[str, str]] = {name: code.decode() for code, name in CLASSES.items()}
LAYOUT: Final = Layout(
    "transit-1",
    Text("T+1 transit file, a purchase a line", "公共交通T+1交易文件，每行一笔"),
    (
        Column("id", 30, "id", Text("message id", "报文编号")),
        Column("home", 6, "number", Text("region of the card's issuer", "发卡地行政区划")),
        Column("treating", 6, "number", Text("region of the operator", "受理地行政区划")),
        Column("issuer", 16, "hex", Text("issuer", "发卡机构")),
        Column("card", 20, "number", Text("card number", "卡号")),
        Column("card_city", 4, "number", Text("city of the card", "卡所属城市")),
        Column("card_class", 2, "choice", Text("01 adult, 02 student, 03 senior, 05 soldier", "卡种"), tuple(_CODES.values())),
        Column("counter", 5, "number", Text("card's transaction counter", "卡交易计数器")),
        Column("kind", 2, "choice", Text("type of transaction", "交易类型"), ("06", "09")),
        Column("algorithm", 1, "choice", Text("1 3DES, 2 SM4", "算法标识"), ("1", "2")),
        Column("key_version", 3, "number", Text("version of the TAC key", "密钥版本")),
        Column("balance_fen", 10, "number", Text("balance before, fen", "交易前余额（分）")),
        Column("amount_fen", 10, "number", Text("amount paid, fen", "实收金额（分）")),
        Column("gross_fen", 10, "number", Text("fare before discounts, fen", "应收金额（分）")),
        Column("terminal", 12, "hex", Text("terminal", "终端编号")),
        Column("terminal_serial", 10, "number", Text("terminal's serial number of the record", "终端交易序号")),
        Column("moment", 14, "moment", Text("date and time", "交易日期时间")),
        Column("city", 4, "number", Text("city of the journey", "受理城市")),
        Column("acquirer", 16, "hex", Text("acquirer", "收单机构")),
        Column("industry", 2, "hex", Text("service: 01 metro 02 bus", "行业代码")),
        Column("line", 24, "text", Text("name of the line", "线路名称")),
        Column("previous_moment", 14, "digits", Text("start of the journey before", "上次乘车时间")),
        Column("previous_industry", 2, "hexes", Text("service of the journey before", "上次行业")),
        Column("transfers", 3, "number", Text("transfers so far", "已换乘次数")),
        Column("month_fen", 10, "number", Text("paid in the month before this", "当月累计（分）")),
        Column("day_fen", 10, "number", Text("paid on the day before this", "当日累计（分）")),
        Column("incomplete", 1, "choice", Text("1: never ended", "未完成行程标志"), ("0", "1")),
        Column("grey", 1, "choice", Text("1: not confirmed by the card", "灰交易标志"), ("0", "1")),
        Column("tac", 8, "hex", Text("transaction authentication code", "交易验证码")),
    ),
)


WITH_EXPIRY: Final = Layout(
    "transit-2",
    Text("T+1 transit file with the card's week and end of validity", "公共交通T+1交易文件（含周累计与卡有效期）"),
    (
        *LAYOUT.columns[:-1],
        Column("week_fen", 10, "number", Text("paid in the week before this", "当周累计（分）")),
        Column("expires", 8, "digits", Text("last day on which the card is good", "卡有效截止日期")),
        LAYOUT.columns[-1],
    ),
)
"""As transit-1, for terminals that send what was paid in the week, and the end of validity."""
LAYOUTS: Final[Mapping[str, Layout]] = {one.name: one for one in (LAYOUT, WITH_EXPIRY)}


def line_of(
    tap: Tap, message_id: str, home: str, treating: str, charset: Charset = "gb18030", *, layout: Layout = LAYOUT
) -> bytes:
    """The line of one purchase; `home` and `treating` are the six digits of the regions. What has no column is not left out."""
    if layout is LAYOUT and (tap.expires or tap.week_fen):
        field = "expires" if tap.expires else "week_fen"
        raise faulty(field, f"only {WITH_EXPIRY.name} has a column for it", f"仅 {WITH_EXPIRY.name} 有该列")
    previous = tap.previous
    values: dict[str, object] = {name: getattr(tap, name) for name in tap.__struct_fields__}
    values |= {
        "id": message_id,
        "home": home,
        "treating": treating,
        "card_class": _CODES[tap.card_class],
        "kind": f"{tap.kind:02d}",
        "algorithm": "1" if tap.algorithm == "3des" else "2",
        "previous_moment": previous.moment if previous else "",
        "previous_industry": previous.industry if previous else "",
        "transfers": previous.transfers if previous else 0,
        "incomplete": int(tap.incomplete),
        "grey": int(tap.grey),
    }
    return layout.line(values, charset)
