"""DER written: the few forms that certificates, CRLs, requests and status answers are made of (X.690 §10, §11).

The reading half is `der`. Everything here returns the complete element, so that elements nest by being passed on.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from cardstack.errors import Malformed, faulty
from cardstack.text import Text

TRUE, FALSE, NULL = b"\x01\x01\xff", b"\x01\x01\x00", b"\x05\x00"
GENERALIZED_FROM = 2050  # RFC 5280 §4.1.2.5: UTCTime through 2049


def element(tag: int, content: bytes) -> bytes:
    """One element with a tag of one byte.

    >>> element(0x04, bytes(200)).hex()[:6]
    '0481c8'
    """
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    width = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | width)) + size.to_bytes(width) + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE, or SEQUENCE OF in the order given."""
    return element(0x30, b"".join(parts))


def set_of(parts: Iterable[bytes]) -> bytes:
    """SET OF: the elements in the order of their encodings (X.690 §11.6)."""
    return element(0x31, b"".join(sorted(parts)))


def context(number: int, content: bytes, *, constructed: bool = True) -> bytes:
    """A context-specific tag: explicit around an element, or implicit around its content."""
    return element((0xA0 if constructed else 0x80) | number, content)


def implicit(number: int, whole: bytes) -> bytes:
    """An element under a context-specific tag of the same form in the place of its own."""
    return bytes((0x80 | whole[0] & 0x20 | number,)) + whole[1:]


def integer(number: int) -> bytes:
    """INTEGER in as few bytes as it takes.

    >>> integer(128).hex(), integer(-1).hex(), integer(0).hex()
    ('02020080', '0201ff', '020100')
    """
    return element(0x02, number.to_bytes((number + (number < 0)).bit_length() // 8 + 1, signed=True))


def enumerated(number: int) -> bytes:
    """ENUMERATED of a small number."""
    return element(0x0A, bytes((number,)))


def boolean(truth: bool) -> bytes:
    """BOOLEAN; a default FALSE is left out by whoever writes the field."""
    return TRUE if truth else FALSE


def octets(content: bytes) -> bytes:
    """OCTET STRING."""
    return element(0x04, content)


def bits(content: bytes) -> bytes:
    """BIT STRING of whole bytes."""
    return element(0x03, b"\0" + content)


def flags(numbers: Iterable[int]) -> bytes:
    """BIT STRING of named bits, without trailing zeros (X.690 §11.2.2).

    >>> flags((5, 6)).hex(), flags((0,)).hex(), flags(()).hex()
    ('03020106', '03020780', '030100')
    """
    chosen = set(numbers)
    if not chosen:
        return element(0x03, b"\0")
    size = max(chosen) // 8 + 1
    whole = sum(1 << (8 * size - 1 - number) for number in chosen)
    return element(0x03, bytes((8 * size - 1 - max(chosen),)) + whole.to_bytes(size))


@lru_cache(maxsize=1024)
def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER.

    >>> oid("1.2.156.10197.1.501").hex()
    '06082a811ccf55018375'
    >>> oid("1.2.x")
    Traceback (most recent call last):
    cardstack.errors.Malformed: an object identifier is numbers with dots between them
    """
    arcs = dotted.split(".")
    if len(arcs) < 2 or not all(arc.isascii() and arc.isdigit() and len(arc) < 40 for arc in arcs):
        raise Malformed(Text("an object identifier is numbers with dots between them", "对象标识符应为以点分隔的数字"))
    first, second, *rest = map(int, arcs)
    if first > 2 or (first < 2 and second > 39):
        raise Malformed(
            Text(
                "an object identifier begins with 0, 1 or 2 and, below 2, has at most 39 next",
                "对象标识符首弧应为 0、1 或 2，首弧小于 2 时次弧至多 39",
            )
        )
    return element(0x06, b"".join(_arc(arc) for arc in (40 * first + second, *rest)))


def _arc(number: int) -> bytes:
    """Seven bits a byte, all but the last marked."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))


def utf8(text: str) -> bytes:
    """UTF8String."""
    return element(0x0C, text.encode())


def printable(text: str) -> bytes:
    """PrintableString: letters, digits and a few marks (X.680 §41.4)."""
    if not all(character.isascii() and (character.isalnum() or character in " '()+,-./:=?") for character in text):
        raise Malformed(
            Text(
                "a PrintableString has letters, digits, blanks and '()+,-./:=? alone",
                "PrintableString 只能含字母、数字、空格和 '()+,-./:=?",
            )
        )
    return element(0x13, text.encode("ascii"))


def ia5(text: str) -> bytes:
    """IA5String, which is ASCII."""
    if not text.isascii():
        raise Malformed(Text("an IA5String is ASCII", "IA5String 应为 ASCII"))
    return element(0x16, text.encode("ascii"))


def generalized(moment: datetime) -> bytes:
    """GeneralizedTime in Z with seconds and without fractions."""
    return element(0x18, _utc(moment).strftime("%Y%m%d%H%M%SZ").encode())


@lru_cache(maxsize=1024)
def time(moment: datetime) -> bytes:
    """UTCTime through 2049 and GeneralizedTime from then on (RFC 5280 §4.1.2.5)."""
    when = _utc(moment)
    if when.year >= GENERALIZED_FROM:
        return generalized(when)
    return element(0x17, when.strftime("%y%m%d%H%M%SZ").encode())


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None or not 1950 <= moment.year <= 9999:
        raise Malformed(Text("a moment has a zone, and a year from 1950 to 9999", "时间应带时区，年份为 1950 至 9999"))
    return moment.astimezone(UTC)


_ATTRIBUTES: dict[str, str] = {
    "C": "2.5.4.6",
    "ST": "2.5.4.8",
    "L": "2.5.4.7",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "CN": "2.5.4.3",
    "serialNumber": "2.5.4.5",
    "title": "2.5.4.12",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
    "E": "1.2.840.113549.1.9.1",
}
_LENGTHS = {"C": 2, "ST": 128, "L": 128, "O": 64, "OU": 64, "CN": 64, "serialNumber": 64, "title": 64}


def name(**attributes: str) -> bytes:
    """A distinguished name, in the order written; upper bounds by RFC 5280 appendix A.1.

    >>> name(C="CN", CN="根").hex()
    '301b310b300906035504061302434e310c300a06035504030c03e6a0b9'
    >>> name(X="y")
    Traceback (most recent call last):
    cardstack.errors.Malformed: a name has no attribute X here
    """
    return sequence(*(element(0x31, _attribute(kind, text)) for kind, text in attributes.items()))


def below(base: bytes, **attributes: str) -> bytes:
    """A distinguished name that begins with all of another one.

    >>> below(name(C="CN"), CN="x") == name(C="CN", CN="x")
    True
    """
    start = 2 if base[1] < 0x80 else 2 + (base[1] & 0x7F)
    return element(0x30, base[start:] + b"".join(element(0x31, _attribute(kind, text)) for kind, text in attributes.items()))


def _attribute(kind: str, text: str) -> bytes:
    if kind not in _ATTRIBUTES:
        raise Malformed(Text(f"a name has no attribute {kind} here", f"名称不支持属性 {kind}"), field=kind)
    if not 0 < len(text) <= _LENGTHS.get(kind, 255):
        raise faulty(
            kind,
            f"1 to {_LENGTHS.get(kind, 255)} characters, got {len(text)}",
            f"应为 1 至 {_LENGTHS.get(kind, 255)} 个字符，实为 {len(text)} 个",
        )
    write = {"C": printable, "serialNumber": printable, "DC": ia5, "E": ia5}.get(kind, utf8)
    return sequence(oid(_ATTRIBUTES[kind]), write(text))
