"""Officers who decide together: an approval is an officer's signature over what is decided, and m of n must agree."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cardstack.crypto import local
from cardstack.crypto.keys import BadSignature, Signer
from cardstack.crypto.suite import digest
from cardstack.errors import Malformed, Problem, Refused, Untrusted, problem
from cardstack.text import Text

TOO_FEW = problem(
    "CS-2260",
    Text("{needed} officers must agree, {have} have", "需 {needed} 名管理员同意，现有 {have} 名"),
    Text("Have another officer look at it and approve it.", "请另一名管理员审阅并批准。"),
)
NOT_AN_APPROVAL = problem(
    "CS-2261",
    Text("The approval of {officer} does not hold", "{officer} 的批准无效"),
    Text(
        "It must be made by a listed officer, over exactly this, within its time; ask for it again.",
        "批准须由在册管理员在有效时间内针对同一内容作出；请重新批准。",
    ),
)
LASTS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Officer:
    """A person with a part in decisions, known by a key."""

    id: str
    name: str
    spki: bytes

    def as_data(self) -> dict[str, str]:
        return {"id": self.id, "name": self.name, "spki": self.spki.hex()}

    @classmethod
    def of_data(cls, held: Mapping[str, Any]) -> "Officer":
        """From a file; `Malformed` where a field is missing or the key is none."""
        try:
            officer = cls(str(held["id"]), str(held["name"]), bytes.fromhex(held["spki"]))
        except (KeyError, TypeError, ValueError):
            raise Malformed(Text("an officer has id, name and key", "管理员应有标识、姓名和密钥"), field="officer") from None
        local.public_key(officer.spki)
        return officer


@dataclass(frozen=True, slots=True)
class Approval:
    """One officer's yes to one thing."""

    officer: str
    at: datetime
    signature: bytes

    def as_data(self) -> dict[str, str]:
        return {"officer": self.officer, "at": self.at.isoformat(), "signature": self.signature.hex()}

    @classmethod
    def of_data(cls, held: Mapping[str, Any]) -> "Approval":
        """From a file; `Malformed` where it is none."""
        try:
            return cls(str(held["officer"]), datetime.fromisoformat(held["at"]), bytes.fromhex(held["signature"]))
        except (KeyError, TypeError, ValueError):
            raise Malformed(
                Text("an approval has officer, moment and signature", "批准应含管理员、时间和签名"), field="approval"
            ) from None


def head(present: Iterable[Officer]) -> str:
    """The first line of a transcript: who was there, each with a key."""
    listed = [one.as_data() for one in present]
    return json.dumps({"officers": listed}, ensure_ascii=False, sort_keys=True)


def listed(text: str, unproven: Problem, **facts: Any) -> dict[str, Officer]:
    """The officers of a transcript's first line; `Malformed` by the caller's problem where it lists none."""
    try:
        found: Iterable[Any] = json.loads(text)["officers"]
        return {one.id: one for one in map(Officer.of_data, found)}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Malformed(Text("the first line lists the officers", "首行应列出管理员"), problem=unproven, **facts) from None


def approve(what: bytes, *, officer: str, signer: Signer, at: datetime) -> Approval:
    """An officer's approval of `what`."""
    return Approval(officer, at, signer.sign(_message(what, officer, at)))


def agreed(
    what: bytes,
    approvals: Iterable[Approval],
    officers: Mapping[str, Officer],
    *,
    needed: int,
    at: datetime,
    not_by: Iterable[str] = (),
    lasts: timedelta = LASTS,
) -> tuple[str, ...]:
    """Who agreed, each once; `Refused` CS-2260 where they are fewer than needed, `Untrusted` CS-2261 for a false approval.

    `not_by` are those whose word does not count here: whoever made a thing does not check it.
    """
    if needed < 1:
        raise Malformed(Text("at least one officer agrees", "至少须有一名管理员同意"), field="needed")
    excluded, found = frozenset(not_by), dict[str, None]()
    for one in approvals:
        officer = officers.get(one.officer)
        fresh = one.at.tzinfo is not None and at - lasts <= one.at <= at
        if officer is None or not fresh or not _holds(one, what, officer):
            raise Untrusted(problem=NOT_AN_APPROVAL, officer=one.officer)
        if one.officer not in excluded:
            found[one.officer] = None
    # Two entries with one key are one person.
    people = {officers[id_].spki for id_ in found}
    if len(people) < needed:
        raise Refused(problem=TOO_FEW, needed=needed, have=len(people))
    return tuple(found)


def _holds(approval: Approval, what: bytes, officer: Officer) -> bool:
    try:
        local.public_key(officer.spki).verify(approval.signature, _message(what, approval.officer, approval.at))
    except BadSignature:
        return False
    return True


def _message(what: bytes, officer: str, at: datetime) -> bytes:
    """What is signed says that it is an approval, whose and when; an officer's signature over anything else is none."""
    return b"\0".join((b"cardstack approval 1", officer.encode(), at.isoformat().encode(), digest("sm3", what)))
