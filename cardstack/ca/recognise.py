"""The answer to a relying party: is this certificate accepted, at which level and under which policy of its own, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cardstack.ca.agreement import LEVELS, Level, Member
from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.path import Pool
from cardstack.ca.purposes import Purpose
from cardstack.ca.standing import Crls
from cardstack.ca.trust import Anchor, PathRejected, Revocation, Settings, Trusted, validate
from cardstack.text import Text


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a relying party is told. `trusted` is the proof where the answer is yes."""

    by: str
    certificate: Certificate
    at: datetime
    why: Text
    level: Level | None = None
    policy: str = ""
    trusted: Trusted | None = None
    refusal: PathRejected | None = None

    @property
    def accepted(self) -> bool:
        return self.trusted is not None

    def as_data(self) -> dict[str, Any]:
        """For `--json` and pages."""
        refusal = self.refusal
        return {
            "accepted": self.accepted,
            "by": self.by,
            "at": self.at.isoformat(),
            "subject": self.certificate.subject.text,
            "fingerprint": self.certificate.fingerprint,
            "level": self.level,
            "policy": self.policy or None,
            "path": [one.subject.text for one in self.trusted.path] if self.trusted else [],
            "code": refusal.code if refusal else None,
            "rule": refusal.rule if refusal else None,
            "clause": refusal.clause if refusal else None,
            "why": self.why._asdict(),
        }


def recognise(
    certificate: Certificate,
    *,
    by: Member,
    anchor: Certificate,
    pool: Pool | Iterable[Certificate],
    crls: Crls | Iterable[Crl],
    at: datetime,
    minimum: Level = Level.BASIC,
    purpose: Purpose | None = None,
    revocation: Revocation = Revocation.REQUIRE,
) -> Recognised:
    """Validate from the member's own anchor, with its own policies as levels."""
    ranks = {by.policies[level]: rank for rank, level in enumerate(Level, 1) if level in by.policies}
    asked = Settings(
        policies=frozenset(ranks),
        explicit_policy=True,
        levels=ranks,
        minimum_level=1 + list(Level).index(minimum),
        purpose=purpose,
        revocation=revocation,
    )
    try:
        trusted = validate(certificate, anchors=[Anchor(anchor)], pool=pool, crls=crls, at=at, settings=asked)
    except PathRejected as refusal:
        why = Text(f"{refusal.title.en}: {refusal.detail}", f"{refusal.title.zh}：{refusal.told.zh}")
        return Recognised(by.id, certificate, at, why, refusal=refusal)
    level = list(Level)[trusted.level - 1]
    steps = len(trusted.path) - 1
    why = Text(
        f"a path of {steps} certificates from {by.title.en}'s anchor gives its level {LEVELS[level].en}",
        f"自{by.title.zh}信任锚经 {steps} 张证书，对应本省“{LEVELS[level].zh}”级",
    )
    return Recognised(by.id, certificate, at, why, level, by.policies[level], trusted)
