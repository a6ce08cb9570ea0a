"""Numbers of persons and organisations that certificates carry, read whichever way their issuer wrote them.

GM/T 0015-2023 names four (`fields.HOLDER_NUMBERS`); certificates in the field still carry those of its predecessors
(GM/T 0015-2012, GB/T 20518) and of RSA times. How the values are coded is seen in such certificates and in integrators'
code, not in a public text [M]: a string, a tagged choice around one, or bare characters.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from cardstack.ca import der
from cardstack.ca.certificate import Certificate, extension_list
from cardstack.ca.fields import HOLDER_NUMBERS
from cardstack.errors import Malformed
from cardstack.text import Text

TITLES: Mapping[str, Text] = MappingProxyType(
    {
        "resident-id": Text("resident ID number", "居民身份证号"),
        "passport": Text("passport number", "护照号"),
        "identity-code": Text("identity code", "个人身份标识码"),
        "social-insurance": Text("social insurance number", "社会保险号"),
        "credit-code": Text("unified social credit code", "统一社会信用代码"),
        "business-registration": Text("business registration number", "工商注册号"),
        "organisation-code": Text("organisation code", "组织机构代码"),
        "tax-number": Text("tax number", "税号"),
    }
)
OF_BEFORE: Mapping[str, str] = MappingProxyType(
    {
        "1.2.156.10260.4.1.1": "identity-code",
        "1.2.156.10260.4.1.3": "business-registration",
        "1.2.156.10260.4.1.4": "organisation-code",
        "1.2.156.10260.4.1.5": "tax-number",
        "1.2.86.11.7.1": "identity-code",
        "1.2.86.11.7.3": "business-registration",
        "1.2.86.11.7.4": "credit-code",
        "1.2.86.11.7.5": "tax-number",
    }
)
"""Read, but never issued: the arcs before 2023, as public clients of provincial CAs name them."""
KINDS: Mapping[str, str] = MappingProxyType({oid: kind for kind, oid in HOLDER_NUMBERS.items()} | dict(OF_BEFORE))
NESTED_MAX = 4


class Number(NamedTuple):
    """One number, by the extension that carries it."""

    kind: str
    oid: str
    text: str

    @property
    def masked(self) -> str:
        """Enough to compare, not enough to use.

        >>> Number("resident-id", "", "11010519491231002X").masked
        '**************002X'
        """
        kept = min(4, len(self.text) // 3)
        return "*" * (len(self.text) - kept) + self.text[len(self.text) - kept :]


def numbers(certificate: Certificate) -> tuple[Number, ...]:
    """Every number that a certificate carries, in its order; `Malformed` where one is no text."""
    raw = certificate.raw
    tbs = der.fields(raw, "certificate")[0]
    extensions = next((one for one in der.items(raw, tbs.start, tbs.stop) if one.tag == 0xA3), None)
    return tuple(Number(KINDS[oid], oid, _text(value)) for oid, _, value in extension_list(raw, extensions) if oid in KINDS)


def _text(value: bytes) -> str:
    """A string, a choice around one, or bare characters."""
    held = value
    for _ in range(NESTED_MAX):
        try:
            one = der.whole(held, held[0] if held else 0, "holder number")
        except Malformed:
            break
        held = der.value(held, one)
    for charset in ("utf-8", "gbk"):
        try:
            text = held.decode(charset)
        except UnicodeDecodeError:
            continue
        if text and text.isprintable():
            return text
    raise Malformed(Text("a holder number is text", "持卡人号码应为文本"), field="holder number")
