"""XML messages from one declaration: it writes them, and it checks what others wrote.

The declaration of a message is a tree of elements in their order, with how often each may stand and what its text
may be. It follows ISO 20022's public message definition reports for the members that are used here; the schemas
(XSD) themselves are not part of this project, so a message that passes is well formed by this structure, which is
narrower than the standard's: unknown members of a statement are skipped, members that are known must be right.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from xml.etree.ElementTree import Element, ParseError, SubElement, TreeBuilder, XMLParser, tostring  # see `parse`

from cardstack.errors import Malformed, faulty, problem
from cardstack.text import Text
from cardstack.values import Fen

SIZE_MAX: Final = 64 << 20
DEPTH_MAX, ELEMENTS_MAX = 64, 4_000_000
_ENCODING: Final = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]{0,80}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,20})[\"']")
_CHARSETS: Final = {"utf-8": "utf-8-sig", "us-ascii": "ascii"} | dict.fromkeys(("gb18030", "gbk", "gb2312"), "gb18030")
BAD_MESSAGE = problem(
    "CS-3060",
    Text("The bank message does not have the declared structure", "银行报文不符合约定结构"),
    Text("Compare the element named here with the message definition.", "请对照报文定义检查所示元素。"),
)

Content: TypeAlias = "str | Mapping[str, Content | Sequence[Content]]"
"""An element's text, or its members by name; a sequence stands for repeated members."""


@dataclass(frozen=True, slots=True)
class Node:
    """One element: `least` to `most` times; a leaf has a pattern, a branch has members in their order."""

    name: str
    least: int = 1
    most: int | None = 1
    pattern: str = ""
    members: "tuple[Node, ...]" = ()
    currency: bool = False


TEXT35, TEXT140, TEXT34 = r".{1,35}", r".{1,140}", r".{1,34}"
AMOUNT = r"\d{1,16}(\.\d{1,2})?"
DAY, MOMENT, COUNT = r"\d{4}-\d\d-\d\d", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", r"\d{1,15}"


def leaf(name: str, pattern: str, least: int = 1, *, currency: bool = False) -> Node:
    """An element with text."""
    return Node(name, least, 1, pattern, currency=currency)


def branch(name: str, *members: Node, least: int = 1, most: int | None = 1) -> Node:
    """An element with members."""
    return Node(name, least, most, members=members)


def one_of(name: str, pattern: str, *members: Node) -> Node:
    """An element that versions of a message fill either with text or with members."""
    return Node(name, pattern=pattern, members=members)


def write(root: Node, namespace: str, content: Content) -> bytes:
    """A message: `content` in the order of the declaration; `Malformed` (CS-3060) where it does not fit."""
    document = Element("Document", {"xmlns": namespace})
    _fill(SubElement(document, root.name), root, content)
    raw: bytes = tostring(document, encoding="utf-8", xml_declaration=True)
    read(root, namespace, raw, strict=True)
    return raw


def _fill(element: Element, node: Node, content: Content) -> None:
    if isinstance(content, str):
        element.text = content
        if node.currency:
            element.set("Ccy", "CNY")
        return
    for member in node.members:
        value = content.get(member.name)
        if value is None:
            continue
        for one in [value] if isinstance(value, str | Mapping) else value:
            _fill(SubElement(element, member.name), member, one)


def read(root: Node, namespace: str | Collection[str], raw: bytes, *, strict: bool = False) -> Element:
    """The message's element, checked against the declaration; namespaces are taken off the names.

    `strict` also refuses members that the declaration does not know; a bank's statement may have more than is read.
    """
    document = parse(raw)
    known = [namespace] if isinstance(namespace, str) else namespace
    if document.tag not in {f"{{{one}}}Document" for one in known}:
        raise _bad("Document", "another message or version", "报文种类或版本不符")
    for element in document.iter():
        element.tag = element.tag.rpartition("}")[2]
    children = list(document)
    if [child.tag for child in children] != [root.name]:
        raise _bad(root.name, "is not the message", "应为报文的唯一内容")
    _check(children[0], root, root.name, strict)
    return children[0]


def parse(raw: bytes) -> Element:
    """Any XML without a document type: no entities, so nothing can grow or be fetched; depth and size are bounded.

    The text is UTF-8, or GB 18030 (GBK, GB 2312) where it says so, as some banks write it.
    """
    if len(raw) > SIZE_MAX:
        raise _bad("Document", f"more than {SIZE_MAX} bytes", f"超过 {SIZE_MAX} 字节")
    text = _text(raw)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _bad("Document", "a document type is not taken", "不接受文档类型声明")
    try:
        builder = _Bounded()
        parser = XMLParser(target=builder)  # noqa: S314  # no document type gets here
        parser.feed(text)
        found: Element = parser.close()
    except Malformed:
        raise
    except (ParseError, ValueError, LookupError) as error:
        raise _bad("Document", "not well-formed XML", "XML 格式错误") from error
    return found


def _text(raw: bytes) -> str:
    declared = _ENCODING.match(raw)
    charset = declared[1].decode("ascii").lower() if declared else "utf-8"
    if charset not in _CHARSETS:
        raise _bad("Document", "its encoding is neither UTF-8 nor GB 18030", "编码既非 UTF-8 也非 GB 18030")
    try:
        return raw.decode(_CHARSETS[charset])
    except UnicodeDecodeError as error:
        raise _bad("Document", "not text in its encoding", "与所声明的编码不符") from error


class _Bounded(TreeBuilder):
    """A tree that does not grow beyond its bounds."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = self.elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """One element more, one level down."""
        self.depth, self.elements = self.depth + 1, self.elements + 1
        if self.depth > DEPTH_MAX or self.elements > ELEMENTS_MAX:
            raise _bad(
                "Document",
                f"more than {DEPTH_MAX} levels or {ELEMENTS_MAX} elements",
                f"超过 {DEPTH_MAX} 层或 {ELEMENTS_MAX} 个元素",
            )
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """Back up one level."""
        self.depth -= 1
        return super().end(tag)


def _check(element: Element, node: Node, path: str, strict: bool) -> None:
    if not node.members or (node.pattern and not len(element)):
        _check_leaf(element, node, path)
        return
    known = {member.name: place for place, member in enumerate(node.members)}
    names = [child.tag for child in element]
    if strict and (unknown := sorted(set(names) - known.keys())):
        raise _bad(f"{path}/{unknown[0]}", "not in the declaration", "未定义的元素")
    places = [known[name] for name in names if name in known]
    if places != sorted(places):
        raise _bad(path, "members out of order", "元素顺序不符")
    for member in node.members:
        found = element.findall(member.name)
        if len(found) < member.least or (member.most is not None and len(found) > member.most):
            raise _bad(f"{path}/{member.name}", f"stands {len(found)} times", f"出现 {len(found)} 次")
        for child in found:
            _check(child, member, f"{path}/{member.name}", strict)


def _check_leaf(element: Element, node: Node, path: str) -> None:
    if (
        len(element)
        or re.fullmatch(node.pattern, element.text or "", re.DOTALL | re.ASCII if node.pattern[0] == "\\" else re.DOTALL) is None
    ):
        raise _bad(path, "text not as declared", "内容不符合定义")
    if node.currency and element.get("Ccy") != "CNY":
        raise _bad(path, "currency is not CNY", "币种不是 CNY")


def _bad(path: str, en: str, zh: str) -> Malformed:
    return faulty(path, en, zh, BAD_MESSAGE)


def yuan(amount: Fen) -> str:
    """Fen as a decimal amount.

    >>> yuan(Fen(1234560)), yuan(Fen(5))
    ('12345.60', '0.05')
    """
    return f"{amount // 100}.{amount % 100:02d}"


def fen(text: str) -> Fen:
    """A decimal amount as fen; `Malformed` where it has parts of a fen.

    >>> fen("12345.6"), fen("7")
    (1234560, 700)
    """
    if re.fullmatch(AMOUNT, text, re.ASCII) is None:
        raise _bad("Amt", "not an amount with at most two decimals", "不是至多两位小数的金额")
    whole, _, part = text.partition(".")
    return Fen(int(whole) * 100 + int(part.ljust(2, "0") or 0))


def text_of(element: Element, path: str) -> str:
    """The text of a member, empty where there is none."""
    return (element.findtext(path) or "").strip()
