"""Commands: selection, and one status word for each wrong use."""

from collections.abc import Iterator

from cardstack import tlv
from cardstack.apdu import commands
from cardstack.apdu.message import Command
from cardstack.apdu.script import Script
from cardstack.card.profile import Application, Profile
from cardstack.card.reading import open_application
from cardstack.conformance.case import Case, Differs, Subject, Talk, demand, exactly, insist, ready
from cardstack.errors import Malformed
from cardstack.text import Text

ISO = "ISO/IEC 7816-4"
WRONG: tuple[tuple[str, Text, Command, tuple[str, ...]], ...] = (
    ("unknown-class", Text("unknown class", "不支持的命令类别"), Command(0xF0, 0xB2, 1, 4, ne=1), ("6E00", "6881", "6D00")),
    ("unknown-instruction", Text("unknown instruction", "不支持的命令"), Command(0x00, 0x02), ("6D00",)),
    ("select-unknown-aid", Text("SELECT an unknown name", "选择不存在的应用"), commands.select_aid(b"\xf0NO-SUCH"), ("6A82",)),
    ("select-unknown-fid", Text("SELECT an unknown file", "选择不存在的文件"), commands.select_file(0xEFFE), ("6A82",)),
    (
        "select-wrong-p1",
        Text("SELECT with a wrong P1", "SELECT 的 P1 错误"),
        Command(0, 0xA4, 0x7F, 0, b"\xef\x05"),
        ("6A86", "6A81"),
    ),
    (
        "select-wrong-length",
        Text("SELECT with an identifier of three bytes", "SELECT 标识符长度错误"),
        Command(0, 0xA4, 0x00, 0, b"\xef\x05\x00"),
        ("6700", "6A80", "6A82", "6A87"),
    ),
    ("record-unknown-sfi", Text("READ RECORD of an unknown SFI", "读不存在的短文件"), commands.read_record(0x1D, 1), ("6A82",)),
    (
        "record-zero-sfi",
        Text("READ RECORD without a current file", "无当前文件时读记录"),
        commands.read_record(0, 1),
        ("6986", "6A82"),
    ),
    ("challenge-wrong-p1", Text("GET CHALLENGE with a wrong P1", "取随机数 P1 错误"), Command(0, 0x84, 0x55, 0, ne=8), ("6A86",)),
    ("verify-empty", Text("VERIFY without a PIN", "VERIFY 无数据"), Command(0, 0x20), ("6700", "63CX", "6983", "6A88")),
    (
        "external-wrong-length",
        Text("EXTERNAL AUTHENTICATE of three bytes", "外部认证长度错误"),
        Command(0, 0x82, 0, 0x04, b"abc"),
        ("6700",),
    ),
    (
        "external-unknown-key",
        Text("EXTERNAL AUTHENTICATE with an unknown key", "外部认证密钥不存在"),
        Command(0, 0x82, 0, 0x7D, bytes(16)),
        ("6A88", "6984", "9403"),
    ),
    (
        "internal-unknown-key",
        Text("INTERNAL AUTHENTICATE with an unknown key", "内部认证密钥不存在"),
        Command(0, 0x88, 0, 0x7D, bytes(16), 8),
        ("6A88", "9403"),
    ),
)


def derive(profile: Profile) -> Iterator[Case]:
    """The reset, every selection, every wrong use."""
    clause = f"{ISO} §8; V2.0 §4"
    ends = Text("the answer to reset ends in the card's factor", "复位应答以卡片分散因子结尾")
    yield Case("RESET/ATR", ends, clause, _atr, uses=frozenset({"answer to reset"}))
    channel = Text("a logical channel is opened, selects for itself and is closed", "逻辑通道可打开、独立选择并关闭")
    yield Case("CHANNEL/own-selection", channel, f"{ISO} §5.4, §11.1.2", _channel, uses=frozenset({"logical channels"}))
    named = next((one for one in profile.applications if one.aid), None)
    if named is not None:
        long = Text("extended length is taken where short length is", "支持扩展长度")
        yield Case("LENGTH/extended", long, f"{ISO} §5.2", _extended(named), uses=frozenset({"extended length"}))
    for application in profile.applications:
        if application.aid:
            title = Text(f"SELECT {application.label.en} by name", f"按名称选择{application.label.zh}")
            spec = f"{ISO} §11.2.2; {application.spec}"
            yield Case(f"{application.name}_SELECT/AID", title, spec, _select(application), feature=application.name)
    for name, title, command, allowed in WRONG:
        yield Case(f"COMMAND/{name}", title, f"{ISO} §5.1.3", _wrong(command, allowed), facts={"command": bytes(command).hex()})
    fresh = Text("GET CHALLENGE never says the same twice", "随机数不重复")
    yield Case("COMMAND/challenge-fresh", fresh, f"{ISO} §11.5.3", _challenge)
    response = Text("GET RESPONSE with nothing waiting", "无数据可取时 GET RESPONSE")
    talk = _wrong(Command(0, 0xC0, ne=8), ("6985", "6F00", "6901", "6D00"))
    yield Case("COMMAND/response-nothing", response, f"{ISO} §11.7.1", talk)


def _atr(subject: Subject) -> Script[None]:
    yield from ()
    eight = Text("an ATR with at least eight historical bytes", "复位应答至少含八个历史字节")
    insist(len(subject.factor) == 8, eight, f"{len(subject.factor)} bytes", "8 bytes")


def _channel(subject: Subject) -> Script[None]:
    named = next((one for one in subject.profile.applications if one.aid), None)
    opened = yield from demand(Command(0x00, 0x70, 0x00, 0x00, ne=1), "9000")
    further = Text("a channel from 1 to 3", "通道号为 1 至 3")
    insist(opened.data[:1] in (b"\x01", b"\x02", b"\x03"), further, opened.data.hex(), "01 02 03")
    number = opened.data[0]
    if named is not None:
        yield from demand(Command(number, 0xA4, 0x04, 0x00, named.aid, 256), "9000", "61XX")
    yield from demand(Command(0x00, 0x70, 0x80, number), "9000")
    yield from exactly(Command(number, 0xA4, 0x04, 0x00, b"\xf0NONE"), "6881", "6E00")


def _extended(named: Application) -> Talk:
    """SELECT by name with Lc and Le of three bytes; a card that knows short lengths alone answers 6700."""

    def talk(subject: Subject) -> Script[None]:
        del subject
        short = yield from demand(commands.select_aid(named.aid), "9000")
        long = yield from demand(Command(0x00, 0xA4, 0x04, 0x00, named.aid, 65536), "9000")
        same = Text("the FCI as with short lengths", "文件控制信息与短长度时相同")
        insist(long.data == short.data, same, f"{len(long.data)} bytes", f"{len(short.data)} bytes")

    return talk


def _select(application: Application) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        del subject
        data = (yield from demand(commands.select_aid(application.aid), "9000")).data
        if data:
            try:
                named = tlv.find(data, 0x6F, 0x84)
            except Malformed as error:
                raise Differs(error.told, got=data[:4].hex(), allowed="6F with 84") from error
            names = Text("the FCI names the application", "文件控制信息含应用标识")
            insist(named in (None, application.aid), names, (named or b"").hex(), application.aid.hex())

    return talk


def _wrong(command: Command, allowed: tuple[str, ...]) -> Talk:
    def talk(subject: Subject) -> Script[None]:
        if subject.profile.has("SSSE"):
            yield from ready(open_application(subject.profile, "SSSE"))
        yield from exactly(command, *allowed)

    return talk


def _challenge(subject: Subject) -> Script[None]:
    del subject
    seen = set()
    for _ in range(8):
        seen.add((yield from demand(commands.get_challenge(8), "9000")).data)
    insist(len(seen) == 8, Text("eight different challenges", "八个不同的随机数"), f"{len(seen)} different", "8 different")
    insist(all(len(one) == 8 for one in seen), Text("eight bytes each", "每个八字节"), "other lengths", "8 bytes")
