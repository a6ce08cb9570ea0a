"""What a certificate's successor says: the same, for later (RFC 7030 §4.2.2 and the renewal of any other certificate)."""

from cardstack.ca import der, fields
from cardstack.ca.certificate import Certificate, extension_list
from cardstack.ca.issue import Wish
from cardstack.errors import Malformed

_KINDS = {oid: kind for kind, oid in fields.HOLDER_NUMBERS.items()}
_NAMES = "2.5.29.17"


def wish(certificate: Certificate) -> Wish:
    """The wish that would issue it again: policies, alternative names and holder numbers."""
    found = {oid: value for oid, _, value in extension_list(certificate.raw, _extensions(certificate.raw))}
    names = found.get(_NAMES)
    return Wish(
        policies=tuple(one.oid for one in certificate.policies or ()),
        names=() if names is None else tuple(der.encoded(names, one) for one in der.fields(names, "names")),
        numbers={_KINDS[oid]: _number(value) for oid, value in found.items() if oid in _KINDS},
    )


def _extensions(raw: bytes) -> der.Item | None:
    """Where the extensions stand."""
    tbs = der.fields(raw, "certificate")[0]
    return next((one for one in der.items(raw, tbs.start, tbs.stop) if one.tag == 0xA3), None)


def _number(value: bytes) -> str:
    one = der.item(value, 0, len(value))
    try:
        return der.value(value, one).decode("ascii")
    except UnicodeDecodeError:
        raise Malformed("a holder number is ASCII", field="holder number") from None
