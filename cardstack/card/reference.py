"""The reference of the card in both languages, written from the declarations: what a card vendor builds by.

Every function gives one page of docs/reference/card; `scripts/reference.py` writes them and a test compares them.
"""

from collections.abc import Iterable, Iterator

from cardstack.apdu.status import meaning
from cardstack.card import lifecycle, tables
from cardstack.card.access import Access
from cardstack.card.layout import File, Form, Item, Nested, items
from cardstack.card.profile import Application, Diversified, Profile
from cardstack.card.profiles import PROFILES
from cardstack.card.profiles.command_set import COMMANDS
from cardstack.card.profiles.definitions import DEFINITIONS, STANDINGS
from cardstack.text import Text

FORMS = {
    Form.TAGGED: Text("variable records, tag length value", "变长记录（TLV）"),
    Form.FIXED: Text("fixed records, tag length value", "定长记录（TLV）"),
    Form.CYCLIC: Text("cyclic records without tags, newest first", "循环记录，无标签，最新在前"),
    Form.RECORDS: Text("records without tags, each of its own structure", "记录，无标签，各有结构"),
    Form.TRANSPARENT: Text("transparent", "透明二进制"),
    Form.INTERNAL: Text("internal", "内部文件"),
}
DIVERSIFIED = {
    Diversified.BY_CARD: Text("province, city, card", "省、城市、卡"),
    Diversified.BY_SERIAL: Text("issuer and application serial number (file 15)", "发卡机构与应用序列号（15 文件）"),
}


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; bars in cells are escaped."""
    head = list(head)
    lines = [head, ["--"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _page(title: Text, *parts: str) -> str:
    return "\n\n".join([f"# {title.en} {title.zh}", *parts]) + "\n"


def _both(text: Text) -> str:
    return text.zh if text.zh == text.en else f"{text.zh}<br>{text.en}"


def _say(en: str, zh: str) -> str:
    return f"{zh}\n\n{en}"


def index() -> str:
    """What the card's reference holds."""
    pages = (
        ("profiles.md", Text("kinds of card and how they answer", "卡片规范与应答方式")),
        ("applications.md", Text("applications, names and identifiers", "应用、名称与标识符")),
        ("files.md", Text("files and their data items", "文件与数据项")),
        ("access.md", Text("who may read and write what", "读写权限")),
        ("keys.md", Text("keys: identifiers, usages, places in PSAM and HSM", "密钥：标识、用途及在 PSAM 与加密机中的位置")),
        ("commands.md", Text("commands and the status words of each wrong use", "命令及各种误用的状态字")),
        ("cryptograms.md", Text("how every cryptogram is made, published or defined here", "各密文的计算方法及其来源")),
        ("states.md", Text("states of card, application, PIN, proof and purchase", "卡片、应用、密码、认证与交易的状态")),
        ("codes.md", Text("code tables", "代码表")),
    )
    return _page(
        Text("The card", "卡片规范"),
        _say(
            "Written from the declarations that reader, personaliser, emulator and tests use. Each "
            "line names its clause or source; "
            "what no public text says is marked as this project's definition or reading.",
            "由读卡、个人化、模拟器与测试共用的声明生成。每一行均注明条款或来源；"
            "公开文本未说明的内容标注为本项目自定义或本项目的理解。",
        ),
        _table(["page 页", "content 内容"], ([f"[{name}]({name})", _both(text)] for name, text in pages)),
    )


def profiles() -> str:
    """Every profile with its applications and habits."""
    rows = (
        [
            f"`{one.name}`",
            _both(one.title),
            one.version or "-",
            one.algorithm,
            f"`{one.based_on}`" if one.based_on else "-",
            ", ".join(application.name for application in one.applications),
        ]
        for one in PROFILES.values()
    )
    habits = ([f"`{one.name}`", *_habits(one)] for one in PROFILES.values())
    return _page(
        Text("Profiles", "卡片规范列表"),
        _table(["name 名称", "kind 种类", "version 版本", "cipher 算法", "based on 基于", "applications 应用"], rows),
        "## How they answer 应答方式",
        _say(
            "Where the standards leave a choice, clients depend on one; each profile says which. "
            "SELECT gives FCI at once or by 61xx; "
            "Le shorter, longer, zero or absent is answered with the whole record, with 6Cxx, or cut.",
            "标准留有选择之处，现场客户端往往依赖其中一种，由各规范声明：SELECT 直接返回 FCI 或返回 61xx；"
            "Le 过短、过长、为零或缺省时返回整条记录、6Cxx 或截断。",
        ),
        _table(
            [
                "name 名称",
                "SELECT",
                "SELECT with Le",
                "data both ways",
                "short Le",
                "long Le",
                "Le 00",
                "no Le",
                "after reset 复位后",
            ],
            habits,
        ),
    )


def _habits(one: Profile) -> list[str]:
    style = one.style
    said = (style.select, style.select_le, style.answer, style.short_le, style.long_le, style.zero_le, style.absent_le)
    return [*said, one.root]


def _distinct() -> Iterator[tuple[Application, list[str]]]:
    """Applications that differ in name or files, each with the profiles that have it."""
    held: dict[tuple[str, tuple[File, ...]], tuple[Application, list[str]]] = {}
    for one in PROFILES.values():
        for application in one.applications:
            held.setdefault((application.name, application.files), (application, []))[1].append(one.name)
    yield from held.values()


def _used(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def applications() -> str:
    """Names, identifiers and places of all applications."""
    rows = (
        [
            one.name,
            _both(one.label),
            one.aid.hex().upper() or "-",
            "-" if one.fid is None else f"{one.fid:04X}",
            one.parent,
            DIVERSIFIED[one.diversified].zh + "<br>" + DIVERSIFIED[one.diversified].en if one.keys else "-",
            one.spec,
            _used(names),
        ]
        for one, names in _distinct()
    )
    head = [
        "name 名称",
        "label 标签",
        "AID",
        "FID",
        "in 上级",
        "keys diversified by 密钥分散因子",
        "source 来源",
        "profiles 规范",
    ]
    return _page(
        Text("Applications", "应用"),
        _table(head, rows),
        "## Extensions 地方扩展",
        _say(
            "What a province may add (V2.0 §6): DFs from DF0A on, EFs from EF0C on; no further items in the files of "
            "SSSE; cyclic files may only get more records. `cardstack.card.extending.breaches` names every breach, "
            "and a test holds every variant to it.",
            "地方可扩展的内容（V2.0 第 6 章）：DF 从 DF0A 开始，EF 从 EF0C 开始；"
            "SSSE 下的文件不得扩展数据项；循环文件只可增加记录数。"
            "`cardstack.card.extending.breaches` 列出每一处违反，测试对所有变体逐一核对。",
        ),
    )


def files() -> str:
    """Every file of every application with its items."""
    parts = [
        _say(
            "Sizes in hexadecimal as V2.0 writes them: an text padded with 00, cn BCD padded with F, b "
            "binary. P marks personal "
            "content, which traces and pages mask. @ is an offset in an untagged record or transparent file.",
            "长度按 V2.0 写法为十六进制：an 文本右补 00，cn 为 BCD 右补 F，b 为二进制。P 表示个人信息，跟踪与页面默认遮蔽。"
            "@ 为无标签记录或透明文件中的偏移。",
        ),
        _say(
            "Cards of two generations (V2.0 annex C): an item of generation 1 that was rewritten with "
            "its new meaning is filled up with E "
            "to its old length. A reader that finds EE at the end takes the new coding, otherwise the old one.",
            "新老规范混用（V2.0 附录 C）：老卡数据项按新含义改写时，右补 E 至原长度；"
            "读取时末尾为 EE 的按新定义解释，否则按老定义解释。",
        ),
    ]
    for one, names in _distinct():
        if one.files:
            parts.append(f"## {one.name} {one.label.zh} {one.label.en}")
            parts.append(f"{_used(names)}")
            parts.extend(_file(file) for file in one.files)
    return _page(Text("Files", "文件与数据项"), *parts)


def _file(file: File) -> str:
    size = f", {file.records} x {file.size} bytes" if file.form is Form.CYCLIC else ""
    size = f", {file.size} bytes" if file.form in (Form.TRANSPARENT, Form.INTERNAL) else size
    form = FORMS[file.form]
    head = f"### {file.fid:04X} {file.name.zh} {file.name.en}\n\nSFI {file.sfi:02X}; {form.zh} {form.en}{size}; {file.spec}"
    rows = _items(file.body, "", 0 if file.form in UNTAGGED else None)
    return head + "\n\n" + _table(["no. 序", "tag 标签", "item 数据项", "coding 编码", "", "source 来源"], rows)


UNTAGGED = (Form.CYCLIC, Form.TRANSPARENT, Form.INTERNAL)


def _items(body: type, prefix: str, offset: int | None) -> Iterator[list[str]]:
    """One line an item, with its offset where it has no tag; the parts of a nested one stand below it."""
    number = 1
    for item in items(body).values():
        shown = prefix + (f"{number}" if item.times == 1 else f"{number}-{number + item.times - 1}")
        times = f" x {item.times}" if item.times > 1 else ""
        place = "-" if offset is None else f"@{offset}"
        tag = place if item.tag is None else f"{item.tag:02X}"
        yield [shown, tag, _both(item.name), f"{_coding(item)}{times}", "P" if item.personal else "", item.spec]
        if isinstance(item.codec, Nested):
            yield from _items(item.codec.body, f"{shown}.", None if item.tag else 0)
        offset = None if offset is None else offset + item.size
        number += item.times


def _coding(item: Item) -> str:
    return f"group of {item.codec.size} bytes" if isinstance(item.codec, Nested) else str(item.codec)


def _condition(access: Access) -> str:
    zh = str(access).replace(" or ", " 或 ").replace(" and ", " 与 ").replace("free", "自由").replace("never", "禁止")
    return zh if zh == str(access) else f"{zh}<br>{access}"


def access() -> str:
    """The access matrix."""
    rows = (
        [one.name, f"{file.fid:04X}", _both(file.name), _condition(file.read), _condition(file.update), _used(names)]
        for one, names in _distinct()
        for file in one.files
    )
    return _page(
        Text("Access conditions", "读写权限"),
        _say(
            "A key's name means EXTERNAL AUTHENTICATE with it; PIN means VERIFY; CAPP means between "
            "the two commands of a purchase.",
            "密钥名表示须以该密钥外部认证；PIN 表示须校验密码；CAPP 表示仅在消费的两条命令之间。",
        ),
        _table(["application 应用", "EF", "file 文件", "read 读", "write 写", "profiles 规范"], rows),
    )


def keys() -> str:
    """Every key of every application."""
    seen: dict[tuple[str, str, str], list[str]] = {}
    for one in PROFILES.values():
        for application in one.applications:
            for key in application.keys:
                psam = f"{key.psam[0]:02X}/{key.psam[1]:02X}" if key.psam else "-"
                hsm = "-" if key.hsm is None else f"{key.hsm:04X}"
                row = [
                    application.name,
                    key.name,
                    f"{key.kid:02X}",
                    key.usage,
                    f"{key.version:02X}",
                    psam,
                    hsm,
                    str(key.tries or "-"),
                ]
                held = seen.setdefault((application.name, key.name, f"{key.kid:02X}"), [*row, key.algorithm, key.source])
                if key.algorithm not in held[8]:
                    held[8] += f", {key.algorithm}"
    head = ["in 应用", "key 密钥", "KID", "use 用途", "version 版本", "PSAM", "HSM", "tries 次数", "cipher 算法", "source 来源"]
    return _page(
        Text("Keys", "密钥"),
        _say(
            "PSAM: usage byte and identifier; the three upper bits of the usage byte say how many "
            "levels the card's key lies below. HSM: "
            "address of version 1; versions 2 and 3 follow. A KID of 80 and above is local to its DF.",
            "PSAM 栏为用途字节与密钥标识，用途字节高三位为分散级数；HSM 栏为版本 1 的地址，版本 2、3 依次相邻。"
            "KID 大于等于 80 的为 DF 内密钥。",
        ),
        _table(head, seen.values()),
    )


PLACES = (
    ("card", Text("The card", "卡片")),
    ("PSAM", Text("The PSAM", "PSAM 卡")),
    ("PKI", Text("PKI application", "数字证书应用")),
)


def commands() -> str:
    """The command set with its status words."""
    parts = []
    for place, title in (
        ("card", Text("The card", "卡片")),
        ("PSAM", Text("The PSAM", "PSAM 卡")),
        ("PKI", Text("PKI application", "数字证书应用")),
    ):
        rows = (
            [
                f"`{one.cla:02X} {one.ins:02X}`",
                _both(one.name),
                _both(one.parameters),
                _both(one.data),
                _both(one.answer),
                " ".join(f"{sw:04X}" if sw >> 4 != 0x63C else "63Cx" for sw in one.words),
                one.spec,
            ]
            for one in COMMANDS
            if one.on == place
        )
        head = ["CLA INS", "command 命令", "P1 P2", "data 数据域", "answer 应答", "status words 状态字", "source 来源"]
        parts += [f"## {title.en} {title.zh}", _table(head, rows)]
    words = sorted({sw for one in COMMANDS for sw in one.words if sw >> 4 != 0x63C})
    parts += [
        "## Status words 状态字",
        _say(
            "Any command may also answer 6700 (wrong length), 6881 (channel not open), 6883 (chain not ended), 6985 (not here, "
            "or the application is blocked), 6A81 (card blocked), 6D00 (unknown instruction), 6E00 (unknown class), 6581 and "
            "6F00; with secure messaging (CLA x4) also 6982, 6984, 6987, 6988 and 6A88.",
            "任何命令还可能返回 6700（长度错误）、6881（通道未打开）、6883（命令链未结束）、6985（此处不适用或应用已锁定）、"
            "6A81（卡片锁定）、6D00（命令不支持）、6E00（类别不支持）、6581 与 6F00；带安全报文（CLA x4）时还可能返回 "
            "6982、6984、6987、6988 与 6A88。",
        ),
        _table(["SW", "meaning 含义"], ([f"{sw:04X}", _both(meaning(sw))] for sw in words)),
    ]
    return _page(Text("Commands", "命令集"), *parts)


def cryptograms() -> str:
    """How every cryptogram is made."""
    rows = (
        [_both(one.name), f"`{one.rule}`", _both(STANDINGS[one.standing]), one.source, f"`{one.where}`"] for one in DEFINITIONS
    )
    return _page(
        Text("Cryptograms", "密文计算"),
        _say(
            "‖ joins bytes, ~ inverts bits, the figure behind a name is its length in bytes. What is "
            "marked as this project's definition has "
            "no public text behind it and gives way to the standard's when that is at hand.",
            "‖ 为连接，~ 为按位取反，名称后的数字为字节数。标注“本项目自定义”的内容没有公开依据，取得标准文本后以标准为准。",
        ),
        _table(["what 名称", "rule 规则", "standing 依据", "source 来源", "code 代码"], rows),
    )


def states() -> str:
    """The state machines, drawn and in words."""
    parts = []
    for title, machine in lifecycle.MACHINES.values():
        parts.append(f"## {title.en} {title.zh}")
        parts.append(f"```mermaid\n{machine.diagram()}\n```")
        rows = (
            [_both(lifecycle.NAMES[source]), _both(lifecycle.NAMES[event]), _both(lifecycle.NAMES[target])]
            for (source, event), target in machine.moves.items()
        )
        parts.append(_table(["state 状态", "event 事件", "next 之后"], rows))
    return _page(Text("States", "状态"), *parts)


def codes() -> str:
    """Every code table."""
    shown = (
        (Text("sex", "性别"), tables.SEX, "GB/T 2261.1"),
        (Text("card class", "卡的类别"), tables.CARD_CLASS, "V2.0 table 11"),
        (Text("nation", "民族"), tables.NATION, "GB 3304"),
        (Text("insurance type", "险种"), tables.INSURANCE, "V2.0 tables 36, 41, 42"),
        (Text("medical log", "医保交易类型"), tables.MEDICAL_LOG, "V2.0 table 51"),
        (Text("settlement class", "结算类别"), tables.SETTLEMENT_CLASS, "V2.0 table 52"),
        (Text("purse transaction", "钱包交易类型"), tables.PURSE_KIND, "PBOC 2.0 part 2"),
        (Text("trip record", "行程记录类型"), tables.TRIP_KIND, "validators (ids 7705538656, 10923516837)"),
        (Text("industry", "行业"), tables.INDUSTRY, "validator (id 7705538656); another takes 1 for the bus (id 11838527473)"),
        (Text("card kind, cities with table A", "卡种（甲表城市）"), tables.CARD_KIND_A, "validators (id 11838527473)"),
        (Text("card kind, cities with table B", "卡种（乙表城市）"), tables.CARD_KIND_B, "validators (id 51882077819)"),
        (Text("local card kind", "地方卡主类型"), tables.LOCAL_CARD_KIND, "CJ/T file 05, validators"),
        (Text("journey record", "行程记录标识"), tables.RECORD_OF_JOURNEY, "validators"),
    )
    parts = []
    for title, codes_of, source in shown:
        parts += [
            f"## {title.en} {title.zh}",
            source,
            _table(["code 代码", "meaning 含义"], ([code, _both(text)] for code, text in codes_of.items())),
        ]
    union = (
        [code, tables.TRANSIT_CITY.get(code, "-"), tables.CITY_UNION_CITY.get(code, "-")]
        for code in sorted({*tables.TRANSIT_CITY, *tables.CITY_UNION_CITY})
    )
    parts += ["## Transit city codes 交通卡城市代码", _table(["GB/T 2260", "T-Union 交通联合", "CityUnion 城市一卡通"], union)]
    return _page(Text("Code tables", "代码表"), *parts)
