"""Recovery of a kept encryption key: what officers approve, and the transcript that proves it afterwards.

GM/T 0034-2014 knows two grounds: the holder's own wish, and a court's. The transcript is a chain of lines like the audit
log's: the request, each officer's approval, and what was handed out, signed by the authority.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cardstack.ca import audit, officers
from cardstack.ca.audit import Line
from cardstack.ca.officers import Approval, Officer
from cardstack.crypto import local
from cardstack.crypto.keys import PublicKey, Signer
from cardstack.crypto.suite import digest
from cardstack.errors import Malformed, Refused, Untrusted, faulty, problem
from cardstack.text import Text

NOT_PROVEN = problem(
    "CS-2280",
    Text("The transcript does not prove the recovery at line {line}", "恢复记录在第 {line} 行无法证明"),
    Text("Keep it as evidence, and compare with the audit log of the authority.", "请保全该记录，并与机构审计日志核对。"),
)
NO_REQUEST = problem(
    "CS-2281",
    Text("This is not a request for recovery", "这不是密钥恢复申请"),
    Text("Make it with `ca escrow ask`.", "请用 ca escrow ask 生成。"),
)


class Ground(StrEnum):
    """Why a key may be recovered."""

    HOLDER = "holder"
    JUDICIAL = "judicial"


GROUNDS: Mapping[Ground, Text] = {
    Ground.HOLDER: Text("the holder asks for it", "持有人申请"),
    Ground.JUDICIAL: Text("a court orders it", "司法调取"),
}


@dataclass(frozen=True, slots=True)
class Recovery:
    """Which key, for whose key, and why."""

    authority: str
    serial: int
    recipient: bytes
    """The public key that the kept key will be enveloped for, SubjectPublicKeyInfo."""
    ground: Ground
    reason: str
    """The holder's application or the court's paper, by number."""

    def __post_init__(self) -> None:
        if not self.reason.strip() or len(self.reason) > 500:
            raise faulty("reason", "1 to 500 characters", "应为 1 至 500 个字符", NO_REQUEST)
        local.public_key(self.recipient)

    def content(self) -> bytes:
        """What the officers sign."""
        return json.dumps({"recover": self.as_data()}, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def as_data(self) -> dict[str, str]:
        return {
            "authority": self.authority,
            "serial": f"{self.serial:x}",
            "recipient": self.recipient.hex(),
            "ground": self.ground,
            "reason": self.reason,
        }

    @classmethod
    def of_data(cls, held: Any) -> "Recovery":
        """From a file; `Malformed` CS-2281 where it is none."""
        try:
            return cls(
                str(held["authority"]),
                int(held["serial"], 16),
                bytes.fromhex(held["recipient"]),
                Ground(held["ground"]),
                str(held["reason"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Malformed(getattr(error, "detail", ""), problem=NO_REQUEST) from None


def transcript(
    asked: Recovery,
    approvals: Sequence[Approval],
    known: Mapping[str, Officer],
    *,
    needed: int,
    envelope: bytes,
    at: datetime,
    signer: Signer,
) -> str:
    """The lines of a recovery that took place; the authority signs the last."""
    lines: list[Line] = []

    def add(actor: str, action: str, facts: Mapping[str, Any], by: Signer | None = None) -> None:
        lines.append(audit.append(lines[-1] if lines else None, at=at, actor=actor, action=action, facts=facts, signer=by))

    add(asked.authority, "ask", asked.as_data())
    for one in approvals:
        add(one.officer, "approve", one.as_data())
    add(asked.authority, "recover", {"needed": needed, "envelope": digest("sm3", envelope).hex()}, signer)
    head = officers.head(known[one.officer] for one in approvals)
    return "\n".join([head, *(line.encode() for line in lines), ""])


@dataclass(frozen=True, slots=True)
class Proven:
    """What a verified transcript says."""

    asked: Recovery
    officers: tuple[str, ...]
    needed: int
    envelope: str
    """SM3 of what was handed out."""
    head: str


def verify(text: str, signers: Iterable[PublicKey], known: Mapping[str, Officer] | None = None) -> Proven:
    """Check chain, request, every approval and the authority's signature; `Untrusted` CS-2280 names the line.

    With `known`, the officers of the transcript must be those that the reader knows.
    """
    first, *texts = text.splitlines() or [""]
    present = officers.listed(first, NOT_PROVEN, line=0)
    if known is not None and any(known.get(id_) != one for id_, one in present.items()):
        raise Untrusted(Text("an officer is not known here", "有管理员不在名单中"), problem=NOT_PROVEN, line=0)
    verdict = audit.verify(texts, signers)
    if len(texts) < 3 or verdict.signed_until != len(texts):
        raise Untrusted(
            Text("its last line is not signed by the authority", "末行未经机构签名"), problem=NOT_PROVEN, line=len(texts)
        )
    asking, *agreeing, last = [Line.parse(one, number) for number, one in enumerate(texts, 1)]
    if (asking.action, last.action) != ("ask", "recover") or any(one.action != "approve" for one in agreeing):
        raise Untrusted(Text("its lines are out of order", "各行顺序不符"), problem=NOT_PROVEN, line=1)
    try:
        asked = Recovery.of_data(asking.facts)
        needed, envelope = int(last.facts["needed"]), str(last.facts["envelope"])
        approvals = [Approval.of_data(one.facts) for one in agreeing]
        who = officers.agreed(asked.content(), approvals, present, needed=needed, at=last.at)
    except (KeyError, TypeError, ValueError, Refused, Untrusted) as error:
        raise Untrusted(getattr(error, "detail", ""), problem=NOT_PROVEN, line=2) from None
    return Proven(asked, who, needed, envelope, verdict.head)
