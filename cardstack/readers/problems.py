"""What can go wrong between a program and a card in a reader."""

from cardstack.errors import Refused, problem
from cardstack.text import Text

NO_LIBRARY = problem(
    "CS-1301",
    Text("There is no PC/SC library", "未找到 PC/SC 库"),
    Text(
        "On Debian: apt-get install libpcsclite1 pcscd libccid", "Debian 系统请执行：apt-get install libpcsclite1 pcscd libccid"
    ),
)
NO_SERVICE = problem(
    "CS-1302",
    Text("The PC/SC service is not running", "PC/SC 服务未运行"),
    Text(
        "Start pcscd, or `cardstack emulator serve --pcsc SOCKET` and set PCSCLITE_CSOCK_NAME.",
        "请启动 pcscd，或运行 `cardstack emulator serve --pcsc SOCKET` 并设置 PCSCLITE_CSOCK_NAME。",
    ),
)
NO_READER = problem(
    "CS-1303",
    Text("No such reader", "没有该读卡器"),
    Text("`cardstack readers list` shows the readers that are there.", "可用 `cardstack readers list` 查看现有读卡器。"),
)
NO_CARD = problem(
    "CS-1304",
    Text("There is no card in the reader", "读卡器中没有卡"),
    Text("Insert the card and try again.", "请插入卡片后重试。"),
)
CARD_LOST = problem(
    "CS-1305",
    Text("The card went away in the middle of the conversation", "卡片在通信过程中离开"),
    Text(
        "Insert it again and start over; check the last write on the card before repeating it.",
        "请重新插卡并从头开始；重复写入前请先核对上一次写入是否已生效。",
    ),
)
CARD_MUTE = problem(
    "CS-1306",
    Text("The card does not answer", "卡片无响应"),
    Text("Take the card out, clean its contacts and insert it again.", "请取出卡片，清洁触点后重新插入。"),
)
IN_USE = problem(
    "CS-1307",
    Text("Another program holds the reader", "读卡器被其他程序占用"),
    Text("Close the other program, or wait until it is done.", "请关闭其他程序，或等待其操作完成。"),
)
CARD_RESET = problem(
    "CS-1308",
    Text("Another program has reset the card", "卡片已被其他程序复位"),
    Text("Start over: select the application and prove again.", "请从选择应用开始重新操作。"),
)
PCSC_FAILED = problem(
    "CS-1309",
    Text("The PC/SC service answered {code}", "PC/SC 服务返回 {code}"),
    Text("`cardstack doctor` looks for the cause.", "可运行 `cardstack doctor` 查找原因。"),
)
READER_NAME = problem(
    "CS-1310",
    Text("The reader's name is not understood", "无法识别读卡器名称"),
    Text(
        "Write emu:PROFILE, pcsc:0, pcsc:NAME, tcp:HOST:PORT or replay:FILE.",
        "请写为 emu:规范名、pcsc:0、pcsc:名称、tcp:主机:端口 或 replay:文件。",
    ),
)
NO_EXTRA = problem(
    "CS-1311",
    Text("pyscard is not installed", "未安装 pyscard"),
    Text(
        "Install the extra `cardstack[pcsc]`, or leave the choice to us: the system's library is used directly.",
        "请安装附加组件 `cardstack[pcsc]`；不安装时将直接调用系统库。",
    ),
)

NO_PIN_PAD = problem(
    "CS-1312",
    Text("The reader has no keys for a PIN", "该读卡器没有密码键盘"),
    Text("Give the PIN with --pin, or use a reader with a PIN pad.", "请用 --pin 提供密码，或使用带密码键盘的读卡器。"),
)
PIN_NOT_TYPED = problem(
    "CS-1313",
    Text("No PIN was typed at the reader ({sw})", "未在读卡器上完成密码输入（{sw}）"),
    Text("Start over and confirm the PIN with the reader's key.", "请重新操作，并在读卡器上按确认键。"),
)
NO_RECORDING = problem(
    "CS-1314",
    Text("There is no recording that can be played", "没有可用的通信记录"),
    Text(
        "Name a file that `cardstack card read --unmasked --trace FILE` wrote.",
        "请给出由 `cardstack card read --unmasked --trace 文件` 写出的记录。",
    ),
)
NOBODY = problem(
    "CS-1315",
    Text("Nobody answers at that port", "该端口无人应答"),
    Text(
        "Start what serves the card there (`cardstack emulator serve --tcp HOST:PORT`), or correct the address.",
        "请先启动该端口上的卡（`cardstack emulator serve --tcp 主机:端口`），或更正地址。",
    ),
)


SHORT_ONLY = problem(
    "CS-1316",
    Text("T=0 carries no command of extended length", "T=0 协议不能传送扩展长度的指令"),
    Text(
        "Send it with short lengths: data in a chain, a long answer in parts (GET RESPONSE).",
        "请改用短长度：数据分段链接发送，较长的应答用 GET RESPONSE 分段取回。",
    ),
)


class ReaderError(Refused):
    """A reader or its card did not do what was asked."""


class CardLost(ReaderError):
    """The card was removed, swapped or torn; the exchange is over for good."""

    problem = CARD_LOST


class CardMute(ReaderError):
    """No answer within the deadline; the exchange is over for good."""

    problem = CARD_MUTE


class NoService(ReaderError):
    """The PC/SC service is not there, or stopped."""

    problem = NO_SERVICE


class PcscError(ReaderError):
    """A return code of PC/SC; the ones with a remedy of their own get their own problem."""

    problem = PCSC_FAILED

    def __init__(self, code: int, detail: str = "") -> None:
        self.number = code & 0xFFFFFFFF
        super().__init__(detail, CODES.get(self.number, PCSC_FAILED), code=f"{self.number:08X}")


CODES = {
    0x80100009: NO_READER,
    0x8010000B: IN_USE,
    0x8010000C: NO_CARD,
    0x80100017: NO_READER,
    0x8010002E: NO_READER,
    0x80100066: CARD_MUTE,
    0x80100068: CARD_RESET,
}
LOST = frozenset({0x80100013, 0x80100016, 0x80100067, 0x80100069, 0x8010002F})
"""Communication error, not transacted, unpowered, removed: the card is gone or another one is there."""
STOPPED = frozenset({0x8010001D, 0x8010001E})


def raise_for(code: int) -> None:
    """Nothing for success; else the typed error."""
    number = code & 0xFFFFFFFF
    if number == 0:
        return
    if number in LOST:
        raise CardLost(code=f"{number:08X}")
    if number in STOPPED:
        raise NoService(code=f"{number:08X}")
    raise PcscError(number)
