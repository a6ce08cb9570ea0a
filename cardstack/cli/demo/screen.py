"""What the demo prints while it runs: one part after another, in the language of the terminal."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from cardstack.cli.output import language
from cardstack.text import Text
from cardstack.values import Fen, yuan

BANNER: Final = Text(
    "DEMO: invented people, test keys. Never use them in production.",
    "演示模式：持卡人均为虚构，密钥均为测试密钥，切勿用于生产。",
)
TITLES: Final[Mapping[str, Text]] = {
    "authorities": Text("Four province CAs and their bridge", "四省市根 CA 与桥 CA"),
    "cards": Text("Eight cards, two a province", "八张模拟卡，每省市两张"),
    "card_reads": Text("At a hospital in Hangzhou", "在杭州的医院就诊"),
    "unrecognised": Text("A card of a province without an agreement", "来自未签互认协议省份的卡"),
    "trace": Text("What was said to the Shanghai card (content masked)", "与上海卡的报文（内容已脱敏）"),
    "medical_bill": Text("The bill, split by Shanghai's rules", "按上海规则结算的费用"),
    "bus_ride": Text("A bus ride in Hangzhou on the same card", "同一张卡在杭州乘公交"),
    "transactions": Text("Sent to the settlement service, signed", "签名后报送清算系统"),
    "nets": Text("Windows closed, nets in yuan (they sum to zero)", "清算窗口截止，轧差净额（元，合计为零）"),
    "instructions": Text("Settlement instructions", "划款指令"),
}
TRACE_LINES: Final = 12


class Screen:
    """Prints the parts as they come."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self.language = language()
        self.console.print(f"[bold reverse] {BANNER.zh} {BANNER.en} [/]")

    def tell(self, name: str, value: Any) -> None:
        """One part, if it is one that people are shown."""
        show = SHOWN.get(name)
        if show is not None:
            self.console.print(f"\n[bold]{TITLES[name].of(self.language)}[/]")
            show(self, value)

    def line(self, text: str) -> None:
        """One indented line, shown as it is."""
        self.console.print("  " + escape(text))

    def said(self, text: Mapping[str, str]) -> str:
        """A bilingual text as data, in the screen's language."""
        return text[self.language]


def _authorities(screen: Screen, value: list[dict[str, Any]]) -> None:
    for one in value:
        print_ = one["fingerprint"].upper()
        pairs = ":".join(print_[at : at + 2] for at in range(0, 32, 2))
        screen.line(f"{one['short']} {one['id']} {one['algorithm']:<18} SHA-256 {pairs}…")


def _cards(screen: Screen, value: list[dict[str, Any]]) -> None:
    for one in value:
        flaw = "" if one["flaw"] == "none" else f"  [{one['flaw']}]"
        screen.line(f"{one['card']}  {one['profile']:<14} {one['holder']}  {one['citizen_number']}{flaw}")


def _read(screen: Screen, one: dict[str, Any]) -> None:
    if one["ok"]:
        screen.line(f"✔ {one['card']}  {one['holder']}  {len(one['path'])} ⟶ {', '.join(one['policies'])}")
        return
    error = one["error"]
    screen.line(f"✘ {one['card']}  {screen.said(one['failed_at'])}")
    screen.line(f"    {error['code']} {screen.said(error['title'])} {screen.said(error['remedy'])}")


def _reads(screen: Screen, value: list[dict[str, Any]]) -> None:
    for one in value:
        _read(screen, one)


def _trace(screen: Screen, value: list[dict[str, str]]) -> None:
    for one in value[:TRACE_LINES]:
        answer = one["answer"]
        screen.line(f"> {one['command'][:64]}  {one['decoded']}")
        screen.line(f"< {answer[:56] + '…' + answer[-4:] if len(answer) > 60 else answer}  {one['meaning']}")
    if len(value) > TRACE_LINES:
        screen.line(f"… {len(value)}")


def _bill(screen: Screen, value: dict[str, Any]) -> None:
    for step in value["steps"]:
        screen.line(screen.said(step["text"]))


def _ride(screen: Screen, value: dict[str, Any]) -> None:
    fare, paid, left = (yuan(Fen(value[name])) for name in ("fare_fen", "paid_fen", "balance_fen"))
    words = Text(
        f"fare {fare}, paid {paid}, left in the purse {left} yuan", f"票价 {fare} 元，实扣 {paid} 元，钱包余额 {left} 元"
    )
    screen.line(words.of(screen.language))


def _transactions(screen: Screen, value: list[dict[str, Any]]) -> None:
    for one in value:
        screen.line(f"{one['id']}  {one['outcome']} ⟶ {one['window']}")


def _nets(screen: Screen, value: list[dict[str, Any]]) -> None:
    for one in value:
        screen.line(f"{one['party']:<24}{yuan(Fen(one['net_fen'])):>14}")


def _instructions(screen: Screen, value: list[dict[str, Any]]) -> None:
    for one in value:
        screen.line(f"{one['id']}  {one['debtor']} ⟶ {one['creditor']}  {yuan(Fen(one['amount_fen']))}")


SHOWN: Final[Mapping[str, Callable[[Screen, Any], None]]] = {
    "authorities": _authorities,
    "cards": _cards,
    "card_reads": _reads,
    "unrecognised": _read,
    "trace": _trace,
    "medical_bill": _bill,
    "bus_ride": _ride,
    "transactions": _transactions,
    "nets": _nets,
    "instructions": _instructions,
}
