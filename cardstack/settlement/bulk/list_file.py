"""A version of a card list as a bulk file, for operators to pull: a change a line, what it is of in the file's name.

The name says kind, version, the version it is a delta on (`full` for none) and since when: `black-12-11-20261012000000`.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from cardstack.errors import Malformed, faulty
from cardstack.settlement.bulk.layout import Column, Layout
from cardstack.settlement.transit.lists import Kind, Update
from cardstack.settlement.transit.tap import moment_of
from cardstack.text import Text

LAYOUT: Final = Layout(
    "list-1",
    Text("black, grey or white list, a change a line", "黑、灰、白名单文件，每行一项变更"),
    (
        Column("change", 1, "choice", Text("+ added, - removed", "+新增，-移除"), ("+", "-")),
        Column("issuer", 16, "hex", Text("issuer", "发卡机构")),
        Column("card", 20, "text", Text("card number, or a prefix ending in *", "卡号，或以*结尾的号段前缀")),
    ),
)
CARDS_MAX: Final = 500_000
"""How many cards a version changes, and a list holds, at most: all of it is in memory where cards are judged."""
TOO_MANY: Final = Text(
    f"a card list has at most {CARDS_MAX} cards: name a whole range by its prefix and *",
    f"名单至多 {CARDS_MAX} 张卡：整段请用前缀加 * 表示",
)
_NAME: Final = re.compile(r"(black|grey|white)-([1-9]\d{0,8})-(full|[1-9]\d{0,8})-(20\d{12})", re.ASCII)
_ISSUER: Final = re.compile(r"[0-9A-F]{16}")
_CARD: Final = re.compile(r"\d{20}|\d{4,19}\*", re.ASCII)


def name_of(update: Update) -> str:
    """The name of an update's file."""
    return f"{update.kind}-{update.version}-{update.base or 'full'}-{update.since:%Y%m%d%H%M%S}"


def body_of(update: Update) -> bytes:
    """The lines of an update, removals first, each in the order of its keys."""
    changes = [("-", key) for key in sorted(update.remove)] + [("+", key) for key in sorted(update.add)]
    return b"".join(_line(sign, key) for sign, key in changes)


def _line(sign: str, key: str) -> bytes:
    issuer, _, card = key.partition(".")
    return LAYOUT.line({"change": sign, "issuer": issuer, "card": card})


def key(text: str, field: str) -> str:
    """A key as people type it, issuer and card with a dot between; `Malformed` names the field.

    >>> key("02002900FFFFFFFF.0310009*", "add")
    '02002900FFFFFFFF.0310009*'
    """
    issuer, _, card = text.partition(".")
    if not _ISSUER.fullmatch(issuer) or not _CARD.fullmatch(card):
        raise faulty(
            field,
            "issuer (16 hexadecimal digits), a dot, 20 digits or a prefix ending in *",
            "应为发卡机构（16 位十六进制）、点号，再加 20 位数字或以 * 结尾的号段",
        )
    return text


def read(name: str, body: bytes | Iterable[bytes]) -> Update:
    r"""The update in a file; `Malformed` names the line, since half a list is no list, or says that it has too many.

    >>> update = read("black-2-1-20261012000000", b"+02002900FFFFFFFF0310009*            \n")
    >>> update.version, update.base, sorted(update.add)
    (2, 1, ['02002900FFFFFFFF.0310009*'])
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise faulty("name", "kind, version, base or full, and since when", "应含类型、版本、基准版本或 full、生效时间")
    kind, version, base, since = found.groups()
    changes: dict[bytes, set[str]] = {b"+": set(), b"-": set()}
    for number, (change, issuer, card) in enumerate(chain.from_iterable(map(LAYOUT.struct.iter_unpack, _good(body))), 1):
        if number > CARDS_MAX:
            raise Malformed(TOO_MANY, field="data")
        text = card.decode("ascii", errors="replace").rstrip(" ")
        if not _CARD.fullmatch(text):
            raise Malformed(Text(f"line {number}: card", f"第 {number} 行：卡号"), field="data")
        changes[change].add(f"{issuer.decode()}.{text}")
    one = None if base == "full" else int(base)
    return Update(Kind(kind), int(version), moment_of(since), frozenset(changes[b"+"]), frozenset(changes[b"-"]), one)


def _good(body: bytes | Iterable[bytes]) -> Iterator[bytes]:
    """The lines, some at a time; `Malformed` at the first that is not of the layout."""
    for first, lines in LAYOUT.numbered(body):
        _, _, faults = LAYOUT.sift(lines, first)
        if faults:
            line, _, _, column = faults[0]
            raise Malformed(Text(f"line {line}: {column}", f"第 {line} 行：{column}"), field="data")
        yield lines
