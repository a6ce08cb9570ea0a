"""What a certificate's successor says: the same, for later (RFC 7030 §4.2.2 and the renewal of any other certificate)."""

from cardstack.ca import der, holders
from cardstack.ca.certificate import Certificate, extension_list
from cardstack.ca.fields import HOLDER_NUMBERS
from cardstack.ca.issue import Wish

_NAMES = "2.5.29.17"


def wish(certificate: Certificate) -> Wish:
    """The wish that would issue it again: policies, alternative names and holder numbers."""
    found = {oid: value for oid, _, value in extension_list(certificate.raw, _extensions(certificate.raw))}
    names = found.get(_NAMES)
    return Wish(
        policies=tuple(one.oid for one in certificate.policies or ()),
        names=() if names is None else tuple(der.encoded(names, one) for one in der.fields(names, "names")),
        numbers={one.kind: one.text for one in holders.numbers(certificate) if one.oid in HOLDER_NUMBERS.values()},
    )


def _extensions(raw: bytes) -> der.Item | None:
    """Where the extensions stand."""
    tbs = der.fields(raw, "certificate")[0]
    return next((one for one in der.items(raw, tbs.start, tbs.stop) if one.tag == 0xA3), None)
