"""What the shell can do, one line at a time: walk the declared file system, show and edit by declaration, send bytes.

A line of hexadecimal is sent exactly as it stands, so a file of scriptor's is a script of the shell.
"""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cardstack.apdu import explain, scripting
from cardstack.apdu.script import Script, ask
from cardstack.card import address, proving
from cardstack.card.access import Access
from cardstack.card.keys import Factors
from cardstack.card.layout import File
from cardstack.card.profile import Application, Profile
from cardstack.card.reading import open_application, read_file, read_issuer
from cardstack.card.view import rows
from cardstack.cli.output import words
from cardstack.errors import CardstackError, Malformed, Refused, problem
from cardstack.text import Language, Text
from emulator.opening import Opened, need_keys

SHELL = problem(
    "CS-9011",
    Text("The shell has no such command", "没有该命令"),
    Text("`help` lists them.", "输入 help 查看全部命令。"),
)
LINE = problem(
    "CS-9012",
    Text("The shell cannot read the line", "无法解析该行命令"),
    Text(
        "Write bytes, tags and files in hexadecimal, and close every quotation mark.",
        "字节、标签与文件标识须用十六进制，引号须成对。",
    ),
)
Lines = Iterator[str]


@dataclass
class Navigator:
    """A card, where we stand on it, and whether personal data is shown."""

    opened: Opened
    profile: Profile
    language: Language = "zh"
    unmasked: bool = False
    place: str = "MF"
    proofs: set[str] = field(default_factory=set)

    def do(self, line: str) -> Lines:
        """The lines that a command prints; an error is a line too, and nothing ends by it."""
        try:
            yield from self.carry_out(line)
        except CardstackError as error:
            yield error.say(self.language)

    def carry_out(self, line: str) -> Lines:
        """The lines that a command prints; `CardstackError` where it is refused or cannot be read."""
        try:
            yield from self._carried_out(line)
        except CardstackError:
            raise
        except ValueError:
            raise Malformed(problem=LINE) from None

    def _carried_out(self, line: str) -> Lines:
        steps = list(scripting.parse([line])) if scripting.is_step(line) else []
        if steps:
            yield from self._send(steps)
            return
        name, *arguments = shlex.split(line, comments=True) or [""]
        if not name:
            return
        if name not in COMMANDS:
            raise Malformed(repr(name), SHELL)
        yield from COMMANDS[name](self, arguments)

    def prompt(self) -> str:
        """Where we stand."""
        return f"{self.profile.name}:{self.place}> "

    def _run(self, script: Script[object]) -> object:
        return self.opened.run(script)

    def _send(self, steps: list[scripting.Step]) -> Lines:
        for ran in scripting.run(steps, self.opened.exchange, self.opened.reader.reset):
            if ran.step.command is None:
                self.place, self.proofs = self.profile.root, set()
                yield f"ATR {ran.answer.hex().upper()}"
                continue
            yield f"> {ran.step.command.hex().upper()}  {explain.command(ran.step.command).of(self.language)}"
            yield f"< {ran.answer.hex().upper()}  {explain.answer(ran.answer).of(self.language)}"
            objects = list(explain.tree(ran.answer[:-2]))
            if len(objects) > 1:
                yield from (f"    {one}" for one in objects)
            if not ran.good:
                yield words("✘ not as expected", "✘ 与期望不符")

    # The commands.

    def help(self, _: list[str]) -> Lines:
        """This list."""
        for name, action in COMMANDS.items():
            yield f"{name:10} {HELP[name].of(self.language) if name in HELP else action.__doc__}"
        yield words("HEX        send exactly this", "十六进制   原样发送")

    def ls(self, _: list[str]) -> Lines:
        """Applications, and the files where we stand."""
        here = self._here()
        for one in self.profile.applications:
            if one.parent == self.place and one.name != self.place:
                yield f"{one.name}/  {one.label.of(self.language)}"
        for file in here.files:
            yield f"{file.fid:04X}  {file.form.name.lower():12} r:{file.read} w:{file.update}  {file.name.of(self.language)}"

    def cd(self, arguments: list[str]) -> Lines:
        """Select an application; `..` is its parent."""
        name = arguments[0].strip("/") if arguments else self.profile.root
        target = self._here().parent if name == ".." else name
        self._run(open_application(self.profile, self.profile.application(target).name))
        self.place, self.proofs = target, set()
        yield from ()

    def cat(self, arguments: list[str]) -> Lines:
        """A file's content by its declaration."""
        file = self._file(arguments)
        self._prove(file.read)
        for row in rows(self._run(read_file(file)), unmasked=self.unmasked):
            said = " ".join(part for part in (row.value, row.meaning) if part)
            yield f"{row.tag:>4} {row.name.of(self.language)}: {said}"

    def edit(self, arguments: list[str]) -> Lines:
        """Write one item: FILE TAG VALUE."""
        if len(arguments) != 3:
            raise Malformed("`edit FILE TAG VALUE`", SHELL)
        file = self._file(arguments)
        where = f"{self.place}EF{file.fid & 0xFF:02X}|{arguments[1]}|$"
        updates = address.updates(self.profile, where, f"{arguments[2]}|$")
        self._prove(file.update)
        for _, command in updates:
            self._run(_required(ask(command)))
        yield words("written", "已写入")

    def verify(self, arguments: list[str]) -> Lines:
        """VERIFY the PIN."""
        self._run(proving.verify_pin(arguments[0] if arguments else ""))
        self.proofs.add("PIN")
        yield words("The PIN is right.", "密码正确。")

    def prove(self, arguments: list[str]) -> Lines:
        """EXTERNAL AUTHENTICATE with a key by name."""
        self._give(arguments[0] if arguments else "")
        yield words("proved", "认证成功")

    def explain(self, arguments: list[str]) -> Lines:
        """What bytes say: an ATR, a command, or data objects."""
        raw = bytes.fromhex("".join(arguments))
        if raw[:1] in (b"\x3b", b"\x3f"):
            yield from (one.of(self.language) for one in explain.atr(raw))
            return
        if len(raw) == 2:
            yield explain.answer(raw).of(self.language)
            return
        objects = list(explain.tree(raw))
        if objects == [raw.hex().upper()]:
            yield explain.command(raw).of(self.language)
        else:
            yield from objects

    def atr(self, _: list[str]) -> Lines:
        """The answer to reset."""
        yield self.opened.reader.atr.hex().upper()
        yield from (one.of(self.language) for one in explain.atr(self.opened.reader.atr))

    def unmask(self, _: list[str]) -> Lines:
        """Show personal data from now on."""
        self.unmasked = True
        yield from ()

    # What they stand on.

    def _here(self) -> Application:
        return self.profile.application(self.place)

    def _file(self, arguments: list[str]) -> File:
        fid = int(arguments[0], 16) if arguments else 0
        return self.profile.file(self.place, 0xEF00 | fid if fid <= 0xFF and not self._here().file(fid) else fid)

    def _prove(self, access: Access) -> None:
        """Prove with the keys at hand what an access asks for; the PIN is the holder's to type."""
        if access.allows(self.proofs):
            return
        named = self._here().key_named
        ways = [way - self.proofs for way in access.ways if all(named(one) or one in self.proofs for one in way)]
        for proof in min(ways, key=len, default=frozenset[str]()):
            self._give(proof)

    def _give(self, proof: str) -> None:
        key = self._here().key_named(proof)
        if key is None:
            raise Refused(f"{self.place} {proof!r}", SHELL)
        place = self.place
        issuer = self._run(read_issuer(self.profile))
        self._run(open_application(self.profile, place))
        factors = Factors(str(getattr(issuer, "region", "")), self.opened.factor)
        self._run(proving.external_authenticate(key, factors, need_keys(self.opened)))
        self.proofs = (self.proofs & {"PIN"} if place == "SSSE" else set()) | {proof}


def _required(script: Script[object]) -> Script[object]:
    answer = yield from script
    return answer.require()  # type: ignore[attr-defined]  # a response


COMMANDS: dict[str, Callable[[Navigator, list[str]], Lines]] = {
    "help": Navigator.help,
    "ls": Navigator.ls,
    "cd": Navigator.cd,
    "cat": Navigator.cat,
    "edit": Navigator.edit,
    "verify": Navigator.verify,
    "prove": Navigator.prove,
    "explain": Navigator.explain,
    "atr": Navigator.atr,
    "unmask": Navigator.unmask,
}
HELP = {
    "help": Text("this list", "显示本列表"),
    "ls": Text("applications and files here", "列出应用与文件"),
    "cd": Text("select an application", "选择应用"),
    "cat": Text("show a file: cat EF05", "显示文件：cat EF05"),
    "edit": Text("write an item: edit EF06 4E TEXT", "修改数据项：edit EF06 4E 文本"),
    "verify": Text("check the PIN: verify 123456", "校验密码：verify 123456"),
    "prove": Text("authenticate with a key: prove RKSSSE", "外部认证：prove RKSSSE"),
    "explain": Text("what bytes mean: explain 6A82", "解释字节：explain 6A82"),
    "atr": Text("the answer to reset", "复位应答"),
    "unmask": Text("show personal data", "显示个人信息"),
}
