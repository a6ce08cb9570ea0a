"""Whether a name is the one expected, or lies in a subtree: the rules of RFC 5280 §4.2.1.10 and RFC 9525 by form."""

import re
from urllib.parse import SplitResult, urlsplit

from cardstack.ca import other_names
from cardstack.ca.names import DIRECTORY, DNS, IP, MAIL, OTHER, REGISTERED, URI, GeneralName, Name
from cardstack.ca.other_names import MAILBOX, SERVICE, UPN

_QUOTED = re.compile(r"\\(.)")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


def is_host(text: str) -> bool:
    """A host name: labels of letters, digits and hyphens, 253 characters at most, the last label no number (RFC 1123 §2.1).

    Underscores are no part of the preferred syntax, but there are hosts with them; `conforms` refuses them.

    >>> is_host("a.example"), is_host(".example"), is_host("a..example"), is_host("10.0.0.1"), is_host("")
    (True, False, False, False, False)
    """
    labels = text.split(".")
    return 0 < len(text) <= 253 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()


def is_pattern(text: str) -> bool:
    """A host name whose leftmost label may be a lone `*` (RFC 9525 §6.3)."""
    return is_host(text[2:]) if text.startswith("*.") else is_host(text)


def conforms(name: GeneralName) -> bool:
    """Whether a conforming issuer may write this name: a host in the preferred syntax of RFC 1034 §3.5 (RFC 5280 §4.2.1.6).

    What stands in an otherName is for its own standard to say; under a constraint it is looked at.
    """
    return name.form == OTHER or (well_formed(name) and not (name.form == DNS and "_" in str(name.value)))


def well_formed(name: GeneralName) -> bool:
    """Whether a subject alternative name has the syntax of its form (RFC 5280 §4.2.1.6)."""
    value = name.value
    if name.form == DNS:
        return is_pattern(str(value))
    if name.form == MAIL:
        return _mailbox(str(value)) is not None
    if name.form == URI:
        parts = _split(str(value))
        return parts is not None and bool(parts.scheme)
    if name.form == IP:
        return isinstance(value, bytes) and len(value) in (4, 16)
    if name.form == OTHER:
        return _other_well_formed(*_other(name))
    return True


def is_expected(name: GeneralName, wanted: GeneralName) -> bool:
    """Whether a certificate's name answers for the one a relying party asked for."""
    if wanted.form == MAIL:
        mine, theirs = _mailbox(mail_text(name) or ""), _mailbox(str(wanted.value))
        return mine is not None and mine == theirs
    if name.form != wanted.form:
        return False
    if name.form == DNS:
        return is_pattern(str(name.value)) and _host_answers(str(name.value).lower(), str(wanted.value).lower().removesuffix("."))
    return name.value == wanted.value


def _host_answers(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        first, dot, rest = host.partition(".")
        return bool(first and dot) and rest == pattern[2:] and "." in rest
    return pattern == host


def mail_text(name: GeneralName) -> str | None:
    """The e-mail address that a name is, in ASCII or beyond (RFC 9598 §5); None for other names."""
    if name.form == MAIL:
        return str(name.value)
    kind, text = _other(name) if name.form == OTHER else ("", None)
    return text if kind == MAILBOX else None


def _other(name: GeneralName) -> other_names.Other:
    return other_names.read(name.value) if isinstance(name.value, bytes) else other_names.Other("", None)


def _other_well_formed(kind: str, text: str | None) -> bool:
    """Whether an otherName has the syntax of its kind; of unknown kinds only that they can be read."""
    if kind in (MAILBOX, UPN):
        return text is not None and _mailbox(text) is not None
    if kind == SERVICE:
        name, domain = other_names.service(text or "")
        return bool(name) and is_host(domain)
    return bool(kind)


def _mailbox(text: str) -> tuple[str, str] | None:
    r"""Local part as it is, without quotes that it does not need, and host in lower case (RFC 5280 §7.5, RFC 5321 §4.1.2).

    >>> _mailbox(r'"\l\i"@A.example') == _mailbox("li@a.example") == ("li", "a.example")
    True
    """
    local, at, host = text.rpartition("@")
    if not (local and at and is_host(host)) or not local.isprintable() or (" " in local and not local.startswith('"')):
        return None
    if "@" in local and not (local.startswith('"') and local.endswith('"')):
        return None
    if local.startswith('"') and local.endswith('"') and len(local) > 2:
        local = _QUOTED.sub(r"\1", local[1:-1])
    return local, host.lower()


def subtree_well_formed(base: GeneralName) -> bool:
    """Whether the base of a subtree can be applied; a misspelt constraint is not guessed at."""
    value = base.value
    if value == "":
        # Every name of the form, as §4.2.1.10 has it by an empty sequence for directory names and no mask for addresses.
        return base.form in (DNS, MAIL, URI)
    if base.form == DNS:
        return is_host(str(value).removeprefix("."))
    if base.form == MAIL:
        text = str(value)
        return _mailbox(text) is not None if "@" in text else is_host(text.removeprefix("."))
    if base.form == URI:
        return is_host(str(value).removeprefix("."))
    if base.form == IP:
        return isinstance(value, bytes) and len(value) in (8, 32) and _is_prefix(value[len(value) // 2 :])
    return base.form != OTHER or _other_subtree_well_formed(*_other(base))


def subtree_conforms(base: GeneralName) -> bool:
    """Whether the base has the form that §4.2.1.10 gives it: a host name has no dot in front, which many write all the same."""
    return subtree_well_formed(base) and not (base.form == DNS and str(base.value).startswith("."))


def _other_subtree_well_formed(kind: str, text: str | None) -> bool:
    if not text:
        return False
    if kind == UPN:
        return is_host(text.removeprefix("@").removeprefix(".")) or _mailbox(text) is not None
    name, domain = other_names.service(text)
    return kind == SERVICE and (is_host(domain) if domain else _LABEL.fullmatch(name) is not None)


def _is_prefix(mask: bytes) -> bool:
    """A mask of ones and then zeros (RFC 4632)."""
    inverted = int.from_bytes(mask) ^ ((1 << 8 * len(mask)) - 1)
    return inverted & (inverted + 1) == 0


def form_of(name: GeneralName) -> int | str:
    """What constraints tell apart: the form, and of otherNames the kind."""
    return _other(name).kind if name.form == OTHER else name.form


def supported(form: int | str) -> bool:
    """The forms whose subtrees are understood."""
    return form in (MAIL, DNS, DIRECTORY, URI, IP, REGISTERED, UPN, SERVICE)


def within(name: GeneralName, base: GeneralName) -> bool:
    """Whether a name lies in a subtree of its own form."""
    mine, theirs = name.value, base.value
    if isinstance(mine, Name) and isinstance(theirs, Name):
        return mine.within(theirs)
    if isinstance(mine, bytes) and isinstance(theirs, bytes):
        return _bytes_within(name, base, mine, theirs)
    if name.form == DNS:
        return _host_within(str(mine).lower(), str(theirs).lower())
    if name.form == MAIL:
        return _mail_within(str(mine), str(theirs))
    return _uri_within(str(mine), str(theirs).lower())


def _bytes_within(name: GeneralName, base: GeneralName, mine: bytes, theirs: bytes) -> bool:
    if name.form == IP:
        return _address_within(mine, theirs)
    if name.form == OTHER:
        return _other_within(_other(name), _other(base))
    # A registered identifier lies below those whose arcs it begins with; an arc ends where its bytes do.
    return mine.startswith(theirs)


def _other_within(mine: other_names.Other, base: other_names.Other) -> bool:
    if mine.kind != base.kind or mine.text is None or base.text is None:
        return False
    if mine.kind == UPN:
        return _mail_within(mine.text.lower(), base.text.lower().removeprefix("@"))
    (name, domain), (asked, below) = other_names.service(mine.text), other_names.service(base.text)
    return asked in ("", name) and _host_within(domain, below)


def touches(name: GeneralName, base: GeneralName) -> bool:
    """Whether an excluded subtree takes any of what a name stands for: a wildcard stands for every label in its place.

    What cannot be told apart from the subtree is taken by it: a URI without a host name (§4.2.1.10).
    """
    if name.form == DNS:
        pattern, apart = str(name.value).lower(), str(base.value).lower().removeprefix(".")
        wild = pattern.startswith("*.") and apart.partition(".")[2] == pattern[2:]
        return wild or _host_within(pattern, apart)
    return within(name, base) or (name.form == URI and uri_host(str(name.value)) is None)


def _host_within(host: str, base: str) -> bool:
    """A base with a dot in front, which a conforming one has not, stands for hosts below it alone."""
    if base.startswith("."):
        return host.endswith(base)
    return not base or host == base or host.endswith("." + base)


def _mail_within(text: str, base: str) -> bool:
    mailbox = _mailbox(text)
    if mailbox is None:
        return False
    if "@" in base:
        return mailbox == _mailbox(base)
    return mailbox[1].endswith(base.lower()) if base.startswith(".") else base.lower() in ("", mailbox[1])


def uri_host(text: str) -> str | None:
    """The host name of a URI, None where it has none or an address (§4.2.1.10 refuses both under a constraint)."""
    parts = _split(text)
    host = (parts.hostname or "").lower() if parts else ""
    return host if is_host(host) else None


def _uri_within(text: str, base: str) -> bool:
    host = uri_host(text)
    if host is None:
        return False
    return host.endswith(base) if base.startswith(".") else base in ("", host)


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        parts.hostname  # noqa: B018  # reading it is what may fail
    except ValueError:
        return None
    return parts


def _address_within(address: bytes, subtree: bytes) -> bool:
    half = len(subtree) // 2
    if len(address) != half:
        return False
    mask = int.from_bytes(subtree[half:])
    return int.from_bytes(address) & mask == int.from_bytes(subtree[:half]) & mask
