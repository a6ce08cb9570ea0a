"""One question put to several validators, and what each may answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.trust import Anchor, PathRejected, Revocation, Settings, validate


class Answer(NamedTuple):
    """Whether a validator accepts, and how it says why not."""

    valid: bool
    reason: str = ""
    policies: frozenset[str] | None = None
    """The relying party's policies under which it accepts, where it says them."""


@dataclass(frozen=True)
class Question:
    """A certificate, what is at hand, and what is asked."""

    leaf: Certificate
    anchors: Sequence[Certificate]
    pool: Sequence[Certificate]
    crls: Sequence[Crl]
    at: datetime
    settings: Settings


def ours(question: Question) -> Answer:
    """What this stack answers."""
    try:
        trusted = validate(
            question.leaf,
            anchors=[Anchor(one) for one in question.anchors],
            pool=question.pool,
            crls=question.crls,
            at=question.at,
            settings=question.settings,
        )
    except PathRejected as refusal:
        return Answer(False, refusal.rule)
    return Answer(True, policies=trusted.policies)


def checks_revocation(question: Question) -> bool:
    """Whether every certificate has to be proved not revoked."""
    return question.settings.revocation is Revocation.REQUIRE
