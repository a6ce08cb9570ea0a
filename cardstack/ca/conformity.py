"""What a certificate breaks all by itself, whatever path it stands in; found once and remembered.

RFC 5280 has two kinds of such rules. Some a validator must hold to, because what they forbid has no meaning (an
extension twice, two different signature algorithms). Others bind the issuer, and the RFC asks for forbearance or says
nothing: a negative serial number (§4.1.2.2; PKITS 4.4.14 wants it accepted), a GeneralizedTime before 2050 (PKITS
4.2.4), a missing key identifier. These are enforced where a certificate is checked for a purpose or for a name,
and let pass where a bare path is asked about.
"""

from cardstack.ca import extensions, tables
from cardstack.ca.certificate import Certificate, once
from cardstack.ca.der import GENERALIZED_TIME, UTC_TIME
from cardstack.ca.matching import conforms, form_of, subtree_conforms, supported
from cardstack.ca.signatures import Verdict, broken, only_signs, signs_sha1, unnamed_curve, verdict, weakness
from cardstack.ca.tables import Breach
from cardstack.errors import Malformed
from cardstack.text import Text

_SKI, _KU, _SAN, _BC, _NC, _AKI, _PC, _INHIBIT, _MAPPINGS = (f"2.5.29.{n}" for n in (14, 15, 17, 19, 30, 35, 36, 54, 33))
_ACCESS = ("1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.11", "2.5.29.46")
_ENCRYPTING = frozenset({extensions.KEY_ENCIPHERMENT, extensions.DATA_ENCIPHERMENT, extensions.KEY_AGREEMENT, 7, 8})
"""The bits of keyUsage for encryption and agreement; 7 and 8 are encipherOnly and decipherOnly."""


@once
def always(certificate: Certificate) -> Breach | None:
    """The rule that no validator may overlook and this certificate breaks, with what is wrong."""
    if certificate.repeated or certificate.defects:
        return (tables.DUPLICATE_EXTENSION, "") if certificate.repeated else (tables.MALFORMED_EXTENSION, certificate.defects[0])
    if certificate.inner_algorithm != certificate.outer_algorithm:
        return tables.ALGORITHM_MISMATCH, ""
    if certificate.version != 3 and certificate.present:
        return tables.VERSION, Text("extensions in a certificate that is not version 3", "非第 3 版证书含有扩展")
    if certificate.version == 1 and certificate.unique_identifiers:
        return tables.VERSION, Text("unique identifiers in version 1", "第 1 版证书含有唯一标识符")
    if broken(certificate.spki) or unnamed_curve(certificate.spki):
        return (
            (tables.WEAK, Text("RSA below 1024 bits", "RSA 低于 1024 位"))
            if broken(certificate.spki)
            else (tables.UNKNOWN_ALGORITHM, Text("unnamed curve", "非命名曲线"))
        )
    return _subject(certificate) if certificate.issuer else (tables.EMPTY_ISSUER, "")


@once
def usage(certificate: Certificate) -> Breach | None:
    """Key usage and basic constraints that contradict each other."""
    bits, basic = certificate.key_usage, certificate.basic_constraints
    if bits is not None and extensions.KEY_CERT_SIGN in bits and not certificate.is_ca:
        return tables.USAGE_CONSISTENCY, Text("keyCertSign without cA", "有 keyCertSign 而无 cA")
    if bits is not None and not bits:
        return tables.USAGE_CONSISTENCY, Text("keyUsage without any bit", "keyUsage 未置任何位")
    if basic is not None and basic.path_length is not None:
        if not basic.ca:
            return tables.USAGE_CONSISTENCY, Text("pathLenConstraint without cA", "有 pathLenConstraint 而无 cA")
        if bits is not None and extensions.KEY_CERT_SIGN not in bits:
            return tables.USAGE_CONSISTENCY, Text(
                "pathLenConstraint without keyCertSign", "有 pathLenConstraint 而无 keyCertSign"
            )
    return None


def _subject(certificate: Certificate) -> Breach | None:
    if certificate.subject:
        return None
    if certificate.is_ca:
        return tables.EMPTY_SUBJECT, Text("an authority without a name", "机构证书没有名称")
    if _SAN not in certificate.present:
        return tables.EMPTY_SUBJECT, Text("neither a subject nor an alternative name", "既无主体也无备用名称")
    return (
        (tables.EMPTY_SUBJECT, Text("no subject, and subjectAltName is not critical", "无主体，且 subjectAltName 不是关键扩展"))
        if _SAN not in certificate.critical
        else None
    )


@once
def profile(certificate: Certificate) -> Breach | None:
    """The rule for conforming issuers that this certificate breaks, with what is wrong."""
    return _profile(certificate, anchor=False)


@once
def loose_constraints(certificate: Certificate) -> Breach | None:
    """Name constraints that are not critical (§4.2.1.10), so that others may pass them over; here they are applied anyway."""
    present = _NC in certificate.present and _NC not in certificate.critical
    return (tables.CRITICALITY, Text(f"{_NC} is not critical", f"{_NC} 不是关键扩展")) if present else None


@once
def anchor_profile(certificate: Certificate) -> Breach | None:
    """The same for an anchor's own certificate."""
    return _profile(certificate, anchor=True)


@once
def own_profile(certificate: Certificate) -> Breach | None:
    """The same for an anchor that is itself the certificate asked about, which is then read like any other."""
    return _number_and_dates(certificate) or _profile(certificate, anchor=True)


def _profile(certificate: Certificate, *, anchor: bool) -> Breach | None:
    if certificate.version != 3:
        return tables.VERSION, Text("not version 3", "不是第 3 版")
    if certificate.unique_identifiers:
        return tables.VERSION, Text("unique identifiers", "含有唯一标识符")
    if not anchor:
        # An anchor is trusted as it is; its number and the form of its dates decide nothing, and many old ones have a 0.
        found = _number_and_dates(certificate)
        if found is not None:
            return found
    found = _identifiers(certificate, anchor=anchor) or _criticality(certificate)
    return found or _names(certificate, anchor=anchor) or _strength(certificate, anchor=anchor)


def _number_and_dates(certificate: Certificate) -> Breach | None:
    if certificate.serial <= 0 or certificate.serial_size > 20:
        return tables.SERIAL_NUMBER, ""
    for moment, tag in zip((certificate.valid_from, certificate.valid_until), certificate.time_tags, strict=True):
        if tag != (UTC_TIME if moment.year < 2050 else GENERALIZED_TIME):
            return tables.VALIDITY_ENCODING, ""
    return None


def _identifiers(certificate: Certificate, *, anchor: bool) -> Breach | None:
    if {_SKI, _AKI} & certificate.critical:
        return tables.KEY_IDENTIFIER, Text("a critical key identifier", "密钥标识符被置为关键扩展")
    named = certificate.authority_key
    if named is not None and bool(named.issuer) != (named.serial is not None):
        return tables.KEY_IDENTIFIER, Text(
            "an authority's issuer without its serial number, or the other way round",
            "authorityKeyIdentifier 的签发者与序列号未成对出现",
        )
    if certificate.is_ca and certificate.subject_key is None:
        return tables.KEY_IDENTIFIER, Text("an authority without subjectKeyIdentifier", "机构证书没有 subjectKeyIdentifier")
    if named is None or named.key is None:
        # A self-signed certificate may leave the extension out, but not its key identifier (§4.2.1.1).
        left_out = named is None and anchor and certificate.self_issued
        return None if left_out else (tables.KEY_IDENTIFIER, Text("no authorityKeyIdentifier", "没有 authorityKeyIdentifier"))
    if anchor and certificate.subject_key not in (None, named.key) and _self_signed(certificate):
        # What it has issued, itself, names another key than its own (§4.2.1.2).
        return tables.KEY_IDENTIFIER, Text(
            "a self-signed certificate whose key identifiers differ", "自签名证书的两个密钥标识符不同"
        )
    return None


def _self_signed(certificate: Certificate) -> bool:
    """Whether its own key signed it: not every certificate with its subject's name as issuer is (a change of keys, §3.2)."""
    if not certificate.self_issued:
        return False
    signed = verdict(
        certificate.fingerprint, certificate.spki, certificate.outer_algorithm, certificate.signature, certificate.tbs
    )
    return signed is Verdict.GOOD


def _criticality(certificate: Certificate) -> Breach | None:
    must = {_PC, _INHIBIT} | ({_BC} if certificate.is_ca else set())
    lacking = must & certificate.present - certificate.critical
    if lacking:
        return tables.CRITICALITY, Text(f"{min(lacking)} is not critical", f"{min(lacking)} 不是关键扩展")
    wrongly = set(_ACCESS) & certificate.critical
    return (tables.CRITICALITY, Text(f"{min(wrongly)} is critical", f"{min(wrongly)} 被置为关键扩展")) if wrongly else None


def _names(certificate: Certificate, *, anchor: bool) -> Breach | None:
    if not all(map(conforms, certificate.alternative_names)):
        return tables.MALFORMED_NAME, ""
    usage = certificate.key_usage
    if certificate.is_ca and (not anchor if usage is None else extensions.KEY_CERT_SIGN not in usage):
        return tables.USAGE_CONSISTENCY, Text(
            "an authority without keyUsage, or whose key may not sign certificates", "机构证书没有 keyUsage，或其密钥不得签发证书"
        )
    subtrees = certificate.name_constraints
    if subtrees is None:
        return None
    if not certificate.is_ca:
        return tables.USAGE_CONSISTENCY, Text(
            "name constraints on a certificate that is no authority's", "非机构证书含有名称约束"
        )
    # Of forms that nothing is known about it is decided where a name of that form appears (§4.2.1.10).
    known = (base for base in (*subtrees.permitted, *subtrees.excluded) if supported(form_of(base)))
    if subtrees.bounded or not all(map(subtree_conforms, known)):
        return tables.CONSTRAINT_FORM, ""
    return None


def _strength(certificate: Certificate, *, anchor: bool) -> Breach | None:
    weak = weakness(certificate.spki)
    if weak:
        return tables.WEAK, weak
    if certificate.key_usage and certificate.key_usage & _ENCRYPTING and only_signs(certificate.spki):
        return tables.USAGE_CONSISTENCY, Text(
            "encryption or agreement with a key that only signs", "仅能签名的密钥被用于加密或密钥协商"
        )
    try:
        sha1 = signs_sha1(certificate.outer_algorithm)
    except Malformed:
        return tables.UNKNOWN_ALGORITHM, ""
    # Nobody relies on an anchor's signature over itself.
    return (tables.WEAK, "SHA-1") if sha1 and not anchor else None
