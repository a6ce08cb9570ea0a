"""Key ceremonies: a script of steps, each done by one officer and checked by another, and a transcript that proves it.

The transcript is a chain of lines like the audit log's; every line carries the approvals of maker and checker over what
came out of the step, and the last line those of all who were there. GM/T 0034-2014 asks for split keys, for more than
one person at each step, and for a record of it; the steps are ours.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cardstack.ca import audit, officers
from cardstack.ca.audit import Line
from cardstack.ca.officers import Approval, Officer, approve
from cardstack.crypto.keys import Signer
from cardstack.errors import Refused, Untrusted, problem, told
from cardstack.text import Text

OUT_OF_SCRIPT = problem(
    "CS-2262",
    Text("The ceremony does not follow its script at step {step}", "密钥仪式在步骤 {step} 偏离脚本"),
    Text("Stop, keep the transcript, and begin again from the start.", "请立即停止，保存记录，并从头重新开始。"),
)
NOT_PROVEN = problem(
    "CS-2263",
    Text("The transcript does not prove the ceremony at step {step}", "仪式记录无法证明步骤 {step}"),
    Text("Do not use the key; find out who held the transcript.", "请勿使用该密钥，并查明记录的保管情况。"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a script: what the maker does, what the checker looks at, and the facts that must come out."""

    id: str
    make: Text
    check: Text
    outputs: tuple[str, ...]


ROOT_KEY: tuple[Step, ...] = (
    Step(
        "open",
        Text("Close the room, name those present, compare the clock", "封闭场地，登记在场人员，校对时钟"),
        Text("The persons present are those named", "在场人员与登记一致"),
        ("present", "place"),
    ),
    Step(
        "software",
        Text("Record the version and digest of the program", "记录程序版本与摘要"),
        Text("The digest is that of the release", "摘要与发布版本一致"),
        ("version", "digest"),
    ),
    Step(
        "key",
        Text("Generate the key pair", "生成密钥对"),
        Text("Write down the digest of the public key", "抄录公钥摘要"),
        ("algorithm", "public_key"),
    ),
    Step(
        "shares",
        Text("Split the key's password and hand out the shares", "分割密钥口令并分发分片"),
        Text(
            "Each officer has one share, sealed; as many as needed open the key", "每人持有一份密封分片；达到门限的分片可打开密钥"
        ),
        ("needed", "holders"),
    ),
    Step(
        "certificate",
        Text("Make the self-signed certificate", "签发自签名证书"),
        Text("Read the fingerprint aloud and compare", "朗读并核对指纹"),
        ("fingerprint", "subject", "valid_until"),
    ),
    Step(
        "crl",
        Text("Sign the first CRL", "签发首个 CRL"),
        Text("It is empty and has number 1", "内容为空且编号为 1"),
        ("number",),
    ),
    Step(
        "close",
        Text("Store the key file, end the session, sign the transcript", "保存密钥文件，结束会话，签署记录"),
        Text("Nothing is left on the machine but the encrypted key", "除加密密钥外机器上不留任何内容"),
        ("audit_head",),
    ),
)
"""How a province's root key comes into being."""


class Ceremony:
    """A ceremony under way: steps are taken in the order of the script, each by two officers."""

    def __init__(self, script: Sequence[Step], present: Mapping[str, tuple[Officer, Signer]]) -> None:
        if len({officer.spki for officer, _ in present.values()}) < 2:
            raise Refused(problem=officers.TOO_FEW, needed=2, have=len(present))
        self.script, self._present = tuple(script), dict(present)
        self.lines: list[Line] = []

    @property
    def next(self) -> Step | None:
        """The step that comes now; None where all are done."""
        return self.script[len(self.lines)] if len(self.lines) < len(self.script) else None

    def take(self, step: str, *, maker: str, checker: str, outputs: Mapping[str, Any], at: datetime) -> Line:
        """Record a step with the approvals of its two officers; the last one is approved by all present."""
        due = self.next
        if due is None or due.id != step or set(outputs) != set(due.outputs) or maker == checker:
            raise Refused(problem=OUT_OF_SCRIPT, step=step)
        if not {maker, checker} <= set(self._present):
            raise Refused(problem=OUT_OF_SCRIPT, step=step)
        what = _content(due, maker, checker, outputs, self.lines[-1] if self.lines else None)
        everybody = len(self.lines) + 1 == len(self.script)
        signing = sorted(self._present) if everybody else [maker, checker]
        approvals = [approve(what, officer=one, signer=self._present[one][1], at=at) for one in signing]
        facts = {"checker": checker, "outputs": dict(outputs), "approvals": [one.as_data() for one in approvals]}
        line = audit.append(self.lines[-1] if self.lines else None, at=at, actor=maker, action=step, facts=facts)
        self.lines.append(line)
        return line

    def transcript(self) -> str:
        """The lines, with the officers' public keys in front; `Refused` before the end."""
        if self.next is not None:
            raise Refused(Text("it is not finished", "尚未完成"), problem=OUT_OF_SCRIPT, step=self.next.id)
        head = officers.head(officer for officer, _ in self._present.values())
        return "\n".join([head, *(line.encode() for line in self.lines), ""])


def _content(step: Step, maker: str, checker: str, outputs: Mapping[str, Any], last: Line | None) -> bytes:
    """What the two sign: the step with its outcome, and by the last hash everything before it."""
    said = {
        "step": step.id,
        "maker": maker,
        "checker": checker,
        "outputs": dict(outputs),
        "previous": audit.place(last).digest,
    }
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Proven:
    """What a verified transcript says."""

    officers: tuple[str, ...]
    outputs: Mapping[str, Mapping[str, Any]]
    head: str


def verify(transcript: str, known: Mapping[str, Officer] | None = None, script: Sequence[Step] = ROOT_KEY) -> Proven:
    """Check chain, order, outputs and every approval; `Untrusted` CS-2263 names the step that does not hold.

    With `known`, the officers of the transcript must be those that the reader knows.
    """
    first, *texts = transcript.splitlines() or [""]
    present = officers.listed(first, NOT_PROVEN, step="open")
    if known is not None and any(known.get(one.id) != one for one in present.values()):
        raise Untrusted(Text("an officer is not known here", "有管理员不在名单中"), problem=NOT_PROVEN, step="open")
    audit.verify(texts)
    if len(texts) != len(script):
        reached = script[min(len(texts), len(script) - 1)].id
        raise Untrusted(
            Text(f"{len(texts)} steps of {len(script)}", f"共 {len(script)} 步，完成 {len(texts)} 步"),
            problem=NOT_PROVEN,
            step=reached,
        )
    last: Line | None = None
    outputs = {}
    for number, (step, text) in enumerate(zip(script, texts, strict=True), 1):
        line = Line.parse(text, number)
        outputs[step.id] = _proven(step, line, last, present, everybody=number == len(script))
        last = line
    assert last is not None
    return Proven(tuple(present), outputs, last.hash)


def _proven(step: Step, line: Line, last: Line | None, present: Mapping[str, Officer], *, everybody: bool) -> Mapping[str, Any]:
    try:
        checker, outputs = str(line.facts["checker"]), dict(line.facts["outputs"])
        approvals = [Approval.of_data(one) for one in line.facts["approvals"]]
        what = _content(step, line.actor, checker, outputs, last)
        signed = officers.agreed(what, approvals, present, needed=2, at=line.at)
    except (KeyError, TypeError, ValueError, Refused, Untrusted) as error:
        raise Untrusted(told(error), problem=NOT_PROVEN, step=step.id) from None
    wanted = set(present) if everybody else {line.actor, checker}
    if line.action != step.id or line.actor == checker or set(outputs) != set(step.outputs) or set(signed) != wanted:
        raise Untrusted(problem=NOT_PROVEN, step=step.id)
    return outputs
