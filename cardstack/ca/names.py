"""Names as RFC 5280 compares them: directory names in the normal form of §7.1, computed once, and general names."""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple, TypeAlias

from cardstack.ca import der
from cardstack.errors import Malformed
from cardstack.text import Text

# The string types of DirectoryString and the others that names use, with how their bytes are read (X.520, X.680).
_CHARSETS = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
    "1.2.840.113549.1.9.1": "emailAddress",
}
_LONG = {short: kind for kind, short in _SHORT.items()}
_RELATIVE, _PAIR = re.compile(r"(?:\\.|[^\\,])+"), re.compile(r"(?:\\.|[^\\+])+")
_ESCAPED = re.compile(r"\\(.)")
_SPECIAL = re.compile(r'[,+"\\<>;=]')
REMEMBERED_SIZE = 1 << 12
EMAIL = "1.2.840.113549.1.9.1"
# Soft hyphens, joiners and variation selectors map to nothing (RFC 4518 §2.2).
_TO_NOTHING = dict.fromkeys(
    [0x00AD, 0x034F, 0x1806, 0x200B, 0x2060, 0xFEFF, *range(0xFE00, 0xFE10), *range(0x180B, 0x180E)],
)

Value: TypeAlias = str | bytes
Rdn: TypeAlias = frozenset[tuple[str, Value]]


def normal(text: str) -> str:
    """A string prepared for comparison (RFC 4518): compatibility form, no case, single spaces.

    >>> normal("  Zhejiang   HRSS ") == normal("zhejiang hrss")
    True
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_TO_NOTHING)).casefold()
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.lower().split())


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A directory name; two are equal when their normal forms are (RFC 5280 §7.1)."""

    raw: bytes = field(repr=False)
    key: tuple[Rdn, ...] = field(repr=False)
    text: str
    emails: tuple[str, ...] = ()
    _hash: int = 0

    @classmethod
    def parse(cls, raw: bytes) -> "Name":
        """The name that a DER RDNSequence encodes."""
        return _remembered(raw) if len(raw) <= REMEMBERED_SIZE else _parse(raw)

    @classmethod
    def typed(cls, text: str) -> "Name":
        r"""A name as `text` shows it (RFC 4514), for comparing; it has no encoding of its own.

        >>> Name.typed(r"CN=a\,b,O=X,C=CN").within(Name.typed("O=x,C=cn"))
        True
        """
        return _typed(text)

    def within(self, subtree: "Name") -> bool:
        """Whether this name begins with all of the subtree's (RFC 5280 §4.2.1.10)."""
        return self.key[: len(subtree.key)] == subtree.key

    def __bool__(self) -> bool:
        return bool(self.key)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Name) and self._hash == other._hash and self.key == other.key

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=8192)
def _remembered(raw: bytes) -> Name:
    return _parse(raw)


def _parse(raw: bytes) -> Name:
    rdns: list[Rdn] = []
    shown: list[str] = []
    emails: list[str] = []
    for rdn in der.fields(raw, "name"):
        pairs = _rdn(raw, rdn)
        rdns.append(frozenset((kind, compared) for kind, compared, _ in pairs))
        shown.append("+".join(f"{_SHORT.get(kind, kind)}={_escaped(text)}" for kind, _, text in pairs))
        emails += [text for kind, _, text in pairs if kind == EMAIL]
    key = tuple(rdns)
    return Name(raw, key, ",".join(reversed(shown)), tuple(emails), hash(key))


def ending(text: str, count: int) -> str:
    """The last relative names of a name as it is shown: those nearest the root, by which subtrees decide.

    >>> ending("CN=1,O=X,ST=Y,C=CN", 2)
    'ST=Y,C=CN'
    """
    return ",".join(_RELATIVE.findall(text)[-count:]) if count else ""


def _typed(text: str) -> Name:
    """Values that are shown as `#…`, of types that are no strings, compare with nothing."""
    key = tuple(frozenset(map(_typed_pair, _PAIR.findall(one))) for one in reversed(_RELATIVE.findall(text)))
    return Name(b"", key, text, (), hash(key))


def _typed_pair(text: str) -> tuple[str, Value]:
    kind, sign, value = text.partition("=")
    if not (kind.strip() and sign and value.strip()):
        raise Malformed(Text("a name is written CN=…,O=…,C=…", "名称应写作 CN=…,O=…,C=…"), field="name")
    return _LONG.get(kind.strip(), kind.strip()), normal(_ESCAPED.sub(r"\1", value))


def _rdn(raw: bytes, rdn: der.Item) -> list[tuple[str, Value, str]]:
    """Type, compared value and shown text of each attribute of one relative name."""
    pairs: list[tuple[str, Value, str]] = []
    for attribute in der.inside(raw, rdn, der.SET, "relative name"):
        parts = der.inside(raw, attribute, der.SEQUENCE, "attribute")
        if len(parts) != 2 or parts[0].tag != der.OID:
            raise Malformed(Text("attribute: a type and a value were expected", "属性：应含类型和值"), field="attribute")
        kind, held = der.oid(raw, parts[0]), der.value(raw, parts[1])
        text = _text(parts[1].tag, held)
        if text is None:
            pairs.append((kind, der.encoded(raw, parts[1]), "#" + held[:32].hex()))
        else:
            pairs.append((kind, normal(text), text))
    if not pairs:
        raise Malformed(Text("relative name: no attribute", "相对名称：没有属性"), field="relative name")
    return pairs


def _text(tag: int, held: bytes) -> str | None:
    """The characters of a string type; None for another type or for bytes that are no such string."""
    charset = _CHARSETS.get(tag)
    try:
        return held.decode(charset) if charset else None
    except UnicodeDecodeError:
        return None


def _escaped(text: str) -> str:
    """RFC 4514 §2.4, so that a name stays on its line and one attribute looks like one."""
    if text.isprintable() and not _SPECIAL.search(text):
        return text
    shown = "".join("\\" + letter if letter in ',+"\\<>;=' else letter for letter in text)
    return "".join(letter if letter.isprintable() else f"\\{ord(letter) & 0xFF:02X}" for letter in shown)


def relative(base: Name, raw: bytes) -> Name:
    """The name that a nameRelativeToCRLIssuer makes of its issuer's (RFC 5280 §4.2.1.13); `raw` is the SET."""
    prefix = base.raw[der.whole(base.raw, der.SEQUENCE, "name").start :]
    return Name.parse(der.wrap(der.SEQUENCE, prefix + raw))


# The context tags of GeneralName (RFC 5280 §4.2.1.6).
OTHER, MAIL, DNS, X400, DIRECTORY, EDI, URI, IP, REGISTERED = range(9)
FORMS = ("otherName", "email", "DNS", "x400Address", "directory", "EDI", "URI", "IP", "registeredID")


class GeneralName(NamedTuple):
    """One name of some form: a `Name`, a text in lower case where case does not count, an address, or bytes."""

    form: int
    value: Name | str | bytes

    def __str__(self) -> str:
        if self.form == IP and isinstance(self.value, bytes) and len(self.value) in (4, 16):
            return f"IP:{ip_address(self.value)}"
        shown = self.value.hex() if isinstance(self.value, bytes) else str(self.value)
        return f"{FORMS[self.form]}:{shown}"


def general(raw: bytes, one: der.Item) -> GeneralName:
    """A GeneralName at its place."""
    form = one.tag & 0x1F
    if one.tag & 0xC0 != 0x80 or form > REGISTERED:
        raise Malformed(
            Text(f"general name: unknown form at offset {one.begin}", f"通用名称：偏移 {one.begin} 处形式未知"),
            field="general name",
            offset=one.begin,
        )
    held = der.value(raw, one)
    if form == DIRECTORY:
        return GeneralName(form, Name.parse(held))
    if form in (MAIL, DNS, URI):
        if not held.isascii():
            raise Malformed(
                Text(f"general name: {FORMS[form]} with characters outside ASCII", f"通用名称：{FORMS[form]} 含非 ASCII 字符"),
                field="general name",
            )
        return GeneralName(form, held.decode("ascii"))
    return GeneralName(form, held)


def generals(raw: bytes, found: list[der.Item]) -> tuple[GeneralName, ...]:
    """GeneralNames: at least one."""
    if not found:
        raise Malformed(Text("general names: none at all", "通用名称：一个也没有"), field="general names")
    return tuple(general(raw, one) for one in found)


def expected(text: str) -> GeneralName:
    """A name that a relying party expects, with its form in front or told by its looks.

    >>> str(expected("医院.中国"))
    'DNS:xn--ekrs67m.xn--fiqs8s'
    >>> str(expected("IP:192.0.2.1")), str(expected("Hospital.Example")), str(expected("li@hospital.example"))
    ('IP:192.0.2.1', 'DNS:Hospital.Example', 'email:li@hospital.example')
    """
    form, colon, rest = text.strip().partition(":")
    known = {"dns": DNS, "ip": IP, "email": MAIL, "mail": MAIL, "rfc822": MAIL, "uri": URI}.get(form.strip().lower())
    if not (colon and known is not None):
        rest, known = text.strip(), None
    rest = rest.strip()
    address = _address(rest)
    if known == IP and address is None:
        raise Malformed(Text("an expected IP name is no address", "所期望的 IP 名称不是地址"), field="names")
    # The last label of a host name is no number, so what looks like an address is one, whatever it is called (RFC 9525 §4.1).
    if address is not None and known in (IP, DNS, None):
        return GeneralName(IP, address.packed)
    if known is None:
        known = URI if "://" in rest else MAIL if "@" in rest else DNS
    if known in (DNS, MAIL):
        local, at, host = rest.rpartition("@")
        rest = local + at + _ascii(host)
    return GeneralName(known, rest)


def _ascii(host: str) -> str:
    """A host name as it stands in certificates (RFC 5280 §7.2, RFC 9525 §6.3); unchanged where it has no such form."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip("[]"))
    except ValueError:
        return None
