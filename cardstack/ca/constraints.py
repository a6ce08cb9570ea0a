"""Name constraints along a path (RFC 5280 §4.2.1.10, §6.1.3 (b), (c)): every issuer's subtrees, applied to every name below."""

from typing import NamedTuple

from cardstack.ca import tables
from cardstack.ca.certificate import Certificate, once
from cardstack.ca.extensions import Subtrees
from cardstack.ca.matching import subtree_well_formed, supported, touches, well_formed, within
from cardstack.ca.names import DIRECTORY, MAIL, GeneralName

COMPARED = 64
"""How many comparisons of names are as much work as a step of the search."""


@once
def constrained_names(certificate: Certificate) -> tuple[GeneralName, ...]:
    """The names that constraints apply to: the subject, the alternative names, and without these the subject's e-mail."""
    names = list(certificate.alternative_names)
    if certificate.subject:
        names.append(GeneralName(DIRECTORY, certificate.subject))
    if "2.5.29.17" not in certificate.present:
        names += [GeneralName(MAIL, text) for text in certificate.subject.emails]
    return tuple(names)


def work(certificate: Certificate, constraints: tuple[Subtrees, ...]) -> int:
    """How many comparisons checking takes, for the budget."""
    return len(constrained_names(certificate)) * sum(len(one.permitted) + len(one.excluded) for one in constraints)


def broken(certificate: Certificate, constraints: tuple[Subtrees, ...]) -> tuple[str, str] | None:
    """The rule that a name of the certificate breaks and the name, None where all constraints hold."""
    names = constrained_names(certificate)
    for subtrees in constraints:
        sides = {form: _of_form(form, subtrees) for form in {name.form for name in names}}
        for name in names:
            rule = _against(name, sides[name.form])
            if rule is not None:
                return rule, str(name)
    return None


class _Sides(NamedTuple):
    """What one issuer says of one form of names."""

    permitted: tuple[GeneralName, ...]
    excluded: tuple[GeneralName, ...]
    usable: bool


def _of_form(form: int, subtrees: Subtrees) -> _Sides:
    permitted = tuple(base for base in subtrees.permitted if base.form == form)
    excluded = tuple(base for base in subtrees.excluded if base.form == form)
    usable = supported(form) and form not in subtrees.bounded and all(map(subtree_well_formed, (*permitted, *excluded)))
    return _Sides(permitted, excluded, usable)


def _against(name: GeneralName, sides: _Sides) -> str | None:
    permitted, excluded, usable = sides
    if not excluded and not permitted:
        return None
    if not usable:
        return tables.CONSTRAINT_FORM
    if not well_formed(name):
        return tables.NOT_PERMITTED if permitted else tables.EXCLUDED
    if any(touches(name, base) for base in excluded):
        return tables.EXCLUDED
    return tables.NOT_PERMITTED if permitted and not any(within(name, base) for base in permitted) else None
