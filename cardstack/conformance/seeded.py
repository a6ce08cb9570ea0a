"""Cards with a fault put in on purpose: what the kit must catch, each by the case meant for it.

A fault is either another declaration (the card is made of a changed profile and tested against the right one) or a
line that changes what a good card hears or says. Both are data: a name, what is wrong, and the case that must fail.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from cardstack.apdu.script import Exchange
from cardstack.card.access import FREE, PIN, Access, proof
from cardstack.card.layout import File
from cardstack.card.profile import Application, Profile
from cardstack.text import Text

Change = Callable[[Profile], Profile]
Twist = Callable[[Exchange], Exchange]


@dataclass(frozen=True, slots=True)
class Seeded:
    """One faulty card. `caught` is the identifier, as a pattern, of the case that must fail."""

    name: str
    title: Text
    caught: str
    change: Change = lambda profile: profile
    twist: Twist = lambda exchange: exchange


def _files(application: str, alter: Callable[[File], File]) -> Change:
    """The profile with some files of one application altered."""

    def changed(profile: Profile) -> Profile:
        old = profile.application(application)
        new = replace(old, files=tuple(alter(file) for file in old.files))
        return replace(profile, applications=tuple(new if one is old else one for one in profile.applications))

    return changed


def _file(application: str, fid: int, **changes: object) -> Change:
    return _files(application, lambda file: replace(file, **changes) if file.fid == fid else file)  # type: ignore[arg-type]  # any field of a file


def _application(application: str, alter: Callable[[Application], Application]) -> Change:
    def changed(profile: Profile) -> Profile:
        return replace(
            profile, applications=tuple(alter(one) if one.name == application else one for one in profile.applications)
        )

    return changed


def _open(application: str, fid: int) -> Seeded:
    name = f"{application}-EF{fid & 0xFF:02X}"
    return Seeded(
        f"{name}-open",
        Text(f"{name} can be read without any proof", f"{name} 无需认证即可读取"),
        f"{application}_SAFETY/EF{fid & 0xFF:02X}/read/closed",
        _file(application, fid, read=FREE),
    )


def _writable(application: str, fid: int) -> Seeded:
    name = f"{application}-EF{fid & 0xFF:02X}"
    return Seeded(
        f"{name}-writable",
        Text(f"{name} can be written without any proof", f"{name} 无需认证即可改写"),
        f"{application}_SAFETY/EF{fid & 0xFF:02X}/update/closed",
        _file(application, fid, update=FREE),
    )


def _wrong_key(application: str, fid: int, access: Access, caught: str) -> Seeded:
    name = f"{application}-EF{fid & 0xFF:02X}"
    return Seeded(
        f"{name}-wrong-condition",
        Text(f"{name} asks for {access} to be read", f"{name} 的读条件为 {access}"),
        f"{application}_SAFETY/EF{fid & 0xFF:02X}/read/{caught}",
        _file(application, fid, read=access),
    )


def _gone(application: str, fid: int) -> Seeded:
    name = f"{application}-EF{fid & 0xFF:02X}"

    def without(one: Application) -> Application:
        return replace(one, files=tuple(file for file in one.files if file.fid != fid))

    return Seeded(
        f"{name}-missing",
        Text(f"{name} is not there", f"缺少 {name}"),
        f"{application}_RECORD/EF{fid & 0xFF:02X}",
        _application(application, without),
    )


def _saying(name: str, title: Text, caught: str, says: Callable[[bytes, bytes], bytes]) -> Seeded:
    """A card that says something else: `says` gets the command and the right answer."""

    def twist(exchange: Exchange) -> Exchange:
        def twisted(command: bytes) -> bytes:
            return says(command, exchange(command))

        return twisted

    return Seeded(name, title, caught, twist=twist)


def _instead(instruction: int, right: str, wrong: str) -> Callable[[bytes, bytes], bytes]:
    """Another status word after one instruction; X in `right` stands for any digit."""

    def says(command: bytes, answer: bytes) -> bytes:
        said = answer[-2:].hex().upper()
        same = all(mark in ("X", digit) for mark, digit in zip(right, said, strict=True))
        return answer[:-2] + bytes.fromhex(wrong) if command[1] == instruction and same else answer

    return says


def _data(instruction: int, alter: Callable[[bytes], bytes]) -> Callable[[bytes, bytes], bytes]:
    """Other data after one instruction that was done."""

    def says(command: bytes, answer: bytes) -> bytes:
        if command[1] != instruction or answer[-2:] != b"\x90\x00" or len(answer) < 4:
            return answer
        return alter(answer[:-2]) + answer[-2:]

    return says


def _word(instruction: int, right: str, wrong: str, caught: str, title: Text) -> Seeded:
    return _saying(f"{instruction:02X}-{right}-as-{wrong}", title, caught, _instead(instruction, right, wrong))


def _access() -> Iterator[Seeded]:
    """Bypassed, wrong and missing conditions."""
    closed = (
        ("SSSE", 0xEF07),
        ("SSSE", 0xEF08),
        *(("DF01", fid) for fid in (0xEF05, 0xEF06, 0xEF07, 0xEF08, 0xEF09, 0xEF0A, 0xEF15)),
    )
    for application, fid in (*closed, ("DF02", 0xEF05), ("DF02", 0xEF07), ("DF03", 0xEF07), ("DF04", 0xEF05), ("DF04", 0xEF06)):
        yield _open(application, fid)
    for application, fid in (("SSSE", 0xEF05), ("SSSE", 0xEF06), ("DF01", 0xEF05), ("DF02", 0xEF06), ("DF03", 0xEF05)):
        yield _writable(application, fid)
    yield _writable("DF04", 0xEF08)
    yield _wrong_key("DF04", 0xEF06, PIN, "PIN+RK1DF04/only-PIN")
    yield _wrong_key("DF04", 0xEF08, proof("RK1DF04"), "PIN")
    yield _wrong_key("DF01", 0xEF05, PIN, "RK1DF01")
    yield _wrong_key("DF03", 0xEF05, PIN | proof("RK1DF03"), "RK2DF03")
    for application, fid in (("SSSE", 0xEF08), ("DF01", 0xEF16), ("DF02", 0xEF16), ("DF03", 0xEF19), ("DF04", 0xEF15)):
        yield _gone(application, fid)


WORDS: tuple[Seeded, ...] = (
    _word(0xA4, "6A82", "9000", "COMMAND/select-unknown-aid", Text("an unknown name is selected", "选择不存在的应用返回成功")),
    _word(0xA4, "6A82", "6F00", "COMMAND/select-unknown-fid", Text("an unknown file is an internal error", "未知文件返回 6F00")),
    _word(0xA4, "6A86", "9000", "COMMAND/select-wrong-p1", Text("a wrong P1 of SELECT is taken", "SELECT 接受错误 P1")),
    _word(0x02, "6D00", "9000", "COMMAND/unknown-instruction", Text("an unknown instruction is done", "未知命令返回成功")),
    _word(0xB2, "6E00", "9000", "COMMAND/unknown-class", Text("an unknown class is taken", "未知类别被接受")),
    _word(0xB2, "6A83", "9000", "SSSE_RECORD/EF05/beyond", Text("a record beyond the last is there", "越界记录返回成功")),
    _word(0xB2, "6A82", "6A83", "COMMAND/record-unknown-sfi", Text("an unknown SFI is a missing record", "未知短文件返回 6A83")),
    _word(0xB0, "6B00", "9000", "DF01_RECORD/EF16/beyond", Text("bytes beyond the end are there", "越界读取返回成功")),
    _word(0x82, "6A88", "63C3", "COMMAND/external-unknown-key", Text("an unknown key is a wrong one", "未知密钥计为认证失败")),
    _word(0x82, "6700", "9000", "COMMAND/external-wrong-length", Text("a proof of three bytes is taken", "外部认证接受错误长度")),
    _word(0x82, "63CX", "9000", "KEY_VER1/SSSE/UKSSSE/wrong", Text("a wrong proof is taken", "错误的外部认证被接受")),
    _word(
        0x82,
        "6984",
        "9000",
        "KEY_VER1/SSSE/UKSSSE/unasked",
        Text("a proof without a challenge is taken", "未取随机数的认证被接受"),
    ),
    _word(
        0x88,
        "6A88",
        "9000",
        "COMMAND/internal-unknown-key",
        Text("a key that is not there proves", "不存在的内部认证密钥返回成功"),
    ),
    _word(0x20, "63CX", "6982", "SSSE_PIN/counted", Text("a wrong PIN does not tell its tries", "错误密码不返回剩余次数")),
    _word(0x20, "63CX", "9000", "SSSE_PIN/counted", Text("a wrong PIN is right", "错误密码被接受")),
    _word(0x20, "9000", "63C3", "SSSE_PIN/right", Text("the right PIN is wrong", "正确密码被拒绝")),
    _word(0xDC, "6982", "9000", "SSSE_SAFETY/EF05/update/closed", Text("a refused update says done", "被拒绝的更新返回成功")),
    _word(0x54, "9302", "9000", "T-UNION_PURSE/wrong-mac1", Text("a wrong MAC1 is taken", "MAC1 错误仍返回成功")),
    _word(0x54, "69XX", "9000", "T-UNION_PURSE/debit-uninitialised", Text("DEBIT without INIT", "未初始化即可消费")),
    _word(0x50, "9401", "9000", "T-UNION_PURSE/insufficient", Text("more than the balance is begun", "超过余额仍可初始化")),
    _word(0x5C, "9000", "6982", "T-UNION_PURSE/balance", Text("the balance wants a proof", "读余额需要认证")),
    _word(
        0x52, "9302", "9000", "T-UNION_PURSE/load-forged", Text("a load with a wrong MAC2 is taken", "圈存 MAC2 错误仍返回成功")
    ),
    _word(0x2C, "9302", "9000", "DF04_MEDICAL/forged", Text("a medical debit with a wrong MAC1", "医保消费 MAC1 错误仍返回成功")),
    _word(0xC0, "69XX", "9000", "COMMAND/response-nothing", Text("GET RESPONSE with nothing waiting", "无数据仍返回成功")),
)
"""Another status word than the standard's."""


CONTENTS: tuple[Seeded, ...] = (
    _saying(
        "short-record", Text("records one byte short", "记录少一字节"), "SSSE_RECORD/EF05", _data(0xB2, lambda data: data[:-1])
    ),
    _saying(
        "long-record", Text("records one byte long", "记录多一字节"), "SSSE_RECORD/EF05", _data(0xB2, lambda data: data + b"\0")
    ),
    _saying(
        "wrong-tag",
        Text("records under another tag", "记录标签错误"),
        "SSSE_RECORD/EF05",
        _data(0xB2, lambda data: bytes((data[0] ^ 0x80,)) + data[1:]),
    ),
    _saying(
        "wrong-length",
        Text("records whose length lies", "记录长度域错误"),
        "SSSE_RECORD/EF05",
        _data(0xB2, lambda data: data[:1] + bytes((data[1] ^ 1,)) + data[2:]),
    ),
    _saying(
        "no-bcd",
        Text("BCD with other nibbles", "BCD 数据含非法半字节"),
        "SSSE_RECORD/EF05",
        _data(0xB2, lambda data: data[:-1] + b"\xaa"),
    ),
    _saying("short-binary", Text("bytes one short", "二进制少一字节"), "DF01_RECORD/EF16", _data(0xB0, lambda data: data[:-1])),
    _saying(
        "constant-challenge",
        Text("the same challenge for ever", "随机数恒定"),
        "COMMAND/challenge-fresh",
        _data(0x84, lambda _: bytes(8)),
    ),
    _saying(
        "short-challenge",
        Text("challenges of four bytes", "随机数仅 4 字节"),
        "COMMAND/challenge-fresh",
        _data(0x84, lambda data: data[:4]),
    ),
    _saying(
        "wrong-internal",
        Text("another cryptogram", "内部认证结果错误"),
        "KEY_VER1/SSSE/IRK",
        _data(0x88, lambda data: bytes((data[0] ^ 1,)) + data[1:]),
    ),
    _saying(
        "wrong-mac2",
        Text("a purchase with a wrong MAC2", "消费 MAC2 错误"),
        "T-UNION_PURSE/purchase",
        _data(0x54, lambda data: data[:4] + bytes(4)),
    ),
    _saying(
        "wrong-tac",
        Text("a purchase with a wrong TAC", "消费 TAC 错误"),
        "T-UNION_PURSE/purchase-cryptograms",
        _data(0x54, lambda data: bytes(4) + data[4:]),
    ),
    _saying("short-tac", Text("TAC without MAC2", "仅返回 TAC"), "T-UNION_PURSE/purchase", _data(0x54, lambda data: data[:4])),
    _saying(
        "short-balance",
        Text("a balance of two bytes", "余额仅 2 字节"),
        "T-UNION_PURSE/balance",
        _data(0x5C, lambda data: data[2:]),
    ),
)
"""Data that is not as declared."""


def _behaviour() -> Iterator[Seeded]:
    """Cards that forget, remember too long, or count wrongly."""
    yield Seeded(
        "few-tries",
        Text("the PIN has three tries, not those declared", "密码尝试次数少于声明"),
        "SSSE_PIN/counted",
        _application("SSSE", lambda one: replace(one, pin=replace(one.pin, tries=3) if one.pin else None)),
    )
    yield Seeded(
        "deaf-reselect",
        Text("a proof outlives the selection", "重新选择后安全状态未清除"),
        "DF01_SAFETY/EF05/read/PIN/reselect",
        twist=_remembering(_keeps),
    )
    yield Seeded(
        "stale-challenge",
        Text("a challenge counts twice", "随机数可重复使用"),
        "KEY_VER1/SSSE/UKSSSE/stale",
        twist=_remembering(_stale),
    )
    yield _word(0xDC, "9000", "6581", "SSSE_SAFETY/EF05/update/UKSSSE", Text("a proved update fails", "认证后更新失败"))
    yield Seeded(
        "free-purchase", Text("a purchase takes nothing", "消费成功但未扣款"), "T-UNION_PURSE/purchase", twist=_remembering(_rich)
    )


@dataclass(eq=False)
class Remembering:
    """A card that remembers what it should not. `kept` is what it remembers; `fork` lets it go back to a moment."""

    exchange: Exchange
    answers: Callable[["Remembering", bytes], bytes]
    kept: tuple[bytes, ...] = ()

    def __call__(self, command: bytes) -> bytes:
        return self.answers(self, command)

    def fork(self) -> Callable[[], None]:
        """Remember this moment; what is called afterwards goes back to it."""
        kept = self.kept

        def back() -> None:
            self.kept = kept

        return back


def _remembering(answers: Callable[[Remembering, bytes], bytes]) -> Twist:
    return lambda exchange: Remembering(exchange, answers)


def _keeps(card: Remembering, command: bytes) -> bytes:
    """Once something was proved, SELECT is answered and not done, so that the proof is never lost."""
    if card.kept and command[1] == 0xA4:
        return b"\x90\x00"
    answer = card.exchange(command)
    if command[1] == 0x20 and answer == b"\x90\x00":
        card.kept = (command,)
    return answer


def _stale(card: Remembering, command: bytes) -> bytes:
    """The proofs that were taken are taken again."""
    if command in card.kept:
        return b"\x90\x00"
    answer = card.exchange(command)
    if command[1] == 0x82 and answer == b"\x90\x00":
        card.kept = (*card.kept, command)
    return answer


def _rich(card: Remembering, command: bytes) -> bytes:
    """The balance is always what it was first."""
    answer = card.exchange(command)
    if command[:2] == b"\x80\x5c" and answer[-2:] == b"\x90\x00":
        card.kept = card.kept or (answer,)
        return card.kept[0]
    return answer


CATALOGUE: tuple[Seeded, ...] = (*_access(), *WORDS, *CONTENTS, *_behaviour())


def caught_by(seeded: Seeded, failed: tuple[str, ...]) -> bool:
    """Whether the case meant for it is among those that failed."""
    return any(fnmatchcase(one, seeded.caught) for one in failed)
