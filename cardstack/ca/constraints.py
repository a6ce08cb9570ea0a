"""Name constraints along a path (RFC 5280 §4.2.1.10, §6.1.3 (b), (c)): every issuer's subtrees, applied to every name below."""

from typing import NamedTuple

from cardstack.ca import tables
from cardstack.ca.certificate import Certificate, once
from cardstack.ca.extensions import Subtrees
from cardstack.ca.matching import form_of, mail_text, subtree_well_formed, supported, touches, well_formed, within
from cardstack.ca.names import DIRECTORY, MAIL, OTHER, GeneralName

COMPARED = 64
"""How many comparisons of names are as much work as a step of the search."""


@once
def constrained_names(certificate: Certificate) -> tuple[GeneralName, ...]:
    """The names that constraints apply to: the subject, the e-mail addresses in it, and the alternative names.

    RFC 5280 §4.2.1.10 asks for the subject's e-mail where there are no alternative names, and says nothing where there are.
    """
    names = list(certificate.alternative_names)
    # Constraints on e-mail bind addresses beyond ASCII too, which stand in an otherName (RFC 9598 §6).
    names += [GeneralName(MAIL, text) for name in names if name.form == OTHER and (text := mail_text(name)) is not None]
    if certificate.subject:
        names.append(GeneralName(DIRECTORY, certificate.subject))
    names += [GeneralName(MAIL, text) for text in certificate.subject.emails]
    return tuple(names)


def work(certificate: Certificate, constraints: tuple[Subtrees, ...]) -> int:
    """How many comparisons checking takes, for the budget."""
    return len(constrained_names(certificate)) * sum(len(one.permitted) + len(one.excluded) for one in constraints)


def broken(certificate: Certificate, constraints: tuple[Subtrees, ...]) -> tuple[str, str] | None:
    """The rule that a name of the certificate breaks and the name, None where all constraints hold."""
    names = constrained_names(certificate)
    for subtrees in constraints:
        sides = {form: _of_form(form, subtrees) for form in set(map(form_of, names))}
        for name in names:
            rule = _against(name, sides[form_of(name)])
            if rule is not None:
                return rule, str(name)
    return None


class _Sides(NamedTuple):
    """What one issuer says of one form of names."""

    permitted: tuple[GeneralName, ...]
    excluded: tuple[GeneralName, ...]
    usable: bool


def _of_form(form: int | str, subtrees: Subtrees) -> _Sides:
    permitted = tuple(base for base in subtrees.permitted if form_of(base) == form)
    excluded = tuple(base for base in subtrees.excluded if form_of(base) == form)
    bounded = (OTHER if isinstance(form, str) else form) in subtrees.bounded
    usable = supported(form) and not bounded and all(map(subtree_well_formed, (*permitted, *excluded)))
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
