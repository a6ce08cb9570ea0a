"""Changes of who recognises whom: agreements, the plan that follows from them, cross certificates, and single certificates.

Whoever decides sees what will be issued and revoked, and who gains or loses recognition where. What is carried out is
exactly that: where anything moved in between, nothing is done and it is asked for again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, Final

from cardstack.ca import agreed
from cardstack.ca import encoding as der
from cardstack.ca.agreement import AGREEMENTS, CHINA, LEVELS, Agreement, Event, Level, Step, followed
from cardstack.ca.cross import implied
from cardstack.ca.profile import PURPOSES
from cardstack.ca.register import Act, Reason
from cardstack.ca.whatif import effects_as_data, what_if
from cardstack.crypto.suite import digest
from cardstack.errors import Malformed, Refused, faulty, problem
from cardstack.text import Text
from cardstack.values import Fen
from cardstack.vault.network import PLAN_MOVED, Network, Plan
from server.approvals import Kind, Request
from server.forms import FIELD, Field, Shape
from server.means import NO_LEDGER, Change, Draft, Means, deciders
from server.permissions import Permission

NOT_AGREED = problem(
    "CS-4170",
    Text("There is no agreement {agreement}", "没有协议 {agreement}"),
    Text("Choose one of the table.", "请从协议表中选择。"),
)
NOTHING_TO_DO = problem(
    "CS-4171",
    Text("What is issued is what is agreed", "已签发证书与协议一致"),
    Text("There is nothing to carry out.", "无需执行。"),
)
STEPS: Final = (
    (Step.SUSPEND.value, Text("suspend", "中止")),
    (Step.RESUME.value, Text("resume", "恢复")),
    (Step.END.value, Text("end", "终止")),
)
ACTS: Final = (
    (Act.SUSPEND.value, Text("suspend", "挂起")),
    (Act.RESUME.value, Text("resume", "恢复")),
    (Act.REVOKE.value, Text("revoke", "吊销")),
)
REASONS: Final = tuple(
    (one.word, words)
    for one, words in (
        (Reason.UNSPECIFIED, Text("unspecified", "未说明")),
        (Reason.KEY_COMPROMISE, Text("key compromise", "密钥失陷")),
        (Reason.AFFILIATION_CHANGED, Text("affiliation changed", "隶属关系变更")),
        (Reason.SUPERSEDED, Text("superseded", "已被替代")),
        (Reason.CESSATION_OF_OPERATION, Text("cessation of operation", "停止使用")),
        (Reason.PRIVILEGE_WITHDRAWN, Text("privilege withdrawn", "撤销授权")),
    )
)


def _network(means: Means) -> Network:
    if means.network is None:
        raise Refused(Text("no authority is kept here", "本系统未配置认证机构"), NO_LEDGER)
    return means.network


def _agreement_draft(told: Mapping[str, Any], means: Means) -> Draft:
    """A new agreement, or the next version of one: what counted before ends on its first day."""
    here = _network(means)
    since, until = date.fromisoformat(told["since"]), date.fromisoformat(told["until"])
    matrix = tuple((Level(name), Level(told[f"level_{name}"])) for name in LEVELS if told[f"level_{name}"])
    new = Agreement(
        id=f"{told['by']}-{told['of']}-{since:%Y%m%d}",
        by=told["by"],
        of=told["of"],
        since=since,
        until=until,
        levels=matrix,
        via=told["via"] or None,
        purposes=_purposes(told["purposes"]),
        excluded=tuple(map(_name, (told["excluded"] or "").splitlines())),
        path_length=1 if told["path_length"] is None else told["path_length"],
        history=(Event(since, Step.SIGN, told["reference"]),),
    )
    for member in (new.by, new.of, new.via):
        if member is not None and member not in here.members:
            raise Malformed(Text(f"{member}: no such authority here", f"{member}：没有该认证机构"), FIELD, field="by")
    here.home(new.by)
    table = followed(here.agreements(), new, told["reference"])
    return _drawn("agreement", new, table, told, means)


def _step_draft(told: Mapping[str, Any], means: Means) -> Draft:
    """A step in the history of an agreement."""
    here = _network(means)
    before = next((one for one in here.agreements() if one.id == told["agreement"]), None)
    if before is None:
        raise Refused(problem=NOT_AGREED, agreement=told["agreement"])
    since = date.fromisoformat(told["since"])
    AGREEMENTS.after(before.status(since), Step(told["step"]))
    changed = before.after(Event(since, Step(told["step"]), told["reference"]))
    table = tuple(changed if one.id == before.id else one for one in here.agreements())
    return _drawn("agreement-step", changed, table, told, means)


def _drawn(kind: str, new: Agreement, table: Iterable[Agreement], told: Mapping[str, Any], means: Means) -> Draft:
    """The request with all that a checker has to see: the entry, what would be issued and revoked, who gains and loses."""
    here, table = _network(means), tuple(table)
    plan = here.plan(means.at, table)
    last = max([new.since, *(event.since for event in new.history)])
    when = max(means.at, datetime.combine(last, time(12), CHINA))
    before = here.graph(means.at)
    after = before.agreed(implied(table, here.members, when), means.at)
    payload = {
        **told,
        "text": agreed.dump([new]),
        "plan": plan.as_data(),
        "effects": effects_as_data(what_if(before, after, means.at, when)),
        "digest": _digest(here.agreements(), plan),
    }
    return Draft(kind, new.by, new.id, payload)


def _agreement(request: Request, means: Means) -> str:
    """Enter it, and issue and revoke what follows."""
    (new,) = agreed.load(request.payload["text"])
    return _carry_out(followed(_network(means).agreements(), new, request.payload["reference"]), new, request, means)


def _step(request: Request, means: Means) -> str:
    (changed,) = agreed.load(request.payload["text"])
    table = tuple(changed if one.id == changed.id else one for one in _network(means).agreements())
    return _carry_out(table, changed, request, means)


def _carry_out(table: tuple[Agreement, ...], new: Agreement, request: Request, means: Means) -> str:
    here = _network(means)
    plan, actor = here.plan(means.at, table), "+".join(deciders(request))
    if _digest(here.agreements(), plan) != request.payload["digest"]:
        raise Refused(problem=PLAN_MOVED)
    home = here.home(new.by)
    with home.alone():
        here.agree(table)
        facts = {"agreement": new.id, "request": request.id, "digest": digest("sm3", agreed.dump([new]).encode()).hex()}
        home.note(at=means.at, actor=actor, action="agree", facts=facts)
    made = here.carry_out(plan, actor=actor, at=means.at)
    return f"{new.id}: {len(made)}"


def plan_draft(means: Means) -> Draft:
    """A request to carry out what differs now; `Refused` CS-4171 where nothing does."""
    here = _network(means)
    plan = here.plan(means.at)
    if not plan.changes:
        raise Refused(problem=NOTHING_TO_DO)
    before = here.graph(means.at)
    after = before.agreed(implied(here.agreements(), here.members, means.at), means.at)
    effects = effects_as_data(what_if(before, after, means.at))
    payload = {"plan": plan.as_data(), "effects": effects, "digest": _digest(here.agreements(), plan)}
    issuers = sorted({one.issuer for one in plan.changes})
    return Draft("apply-plan", issuers[0], "+".join(issuers), payload)


def _plan(request: Request, means: Means) -> str:
    """Issue and revoke what the agreements in force ask for."""
    here = _network(means)
    plan = here.plan(means.at)
    if _digest(here.agreements(), plan) != request.payload["digest"]:
        raise Refused(problem=PLAN_MOVED)
    return str(len(here.carry_out(plan, actor="+".join(deciders(request)), at=means.at)))


def _digest(before: Iterable[Agreement], plan: Plan) -> str:
    """What must not have moved between the request and the last decision: the table it changes, and what follows."""
    return digest("sm3", agreed.dump(before).encode() + b"\0" + plan.content()).hex()


def _revocation(request: Request, means: Means) -> str:
    """Revoke a cross certificate and publish the list that says so."""
    payload, actor = request.payload, "+".join(deciders(request))
    home = _network(means).home(payload["authority"])
    reason = next((one for one in Reason if one.word == payload["why"]), Reason.UNSPECIFIED)
    home.act(int(payload["serial"], 16), Act.REVOKE, at=means.at, actor=actor, reason=reason)
    home.publish(at=means.at, actor=actor, force="full")
    return str(payload["fingerprint"])


def _status_draft(told: Mapping[str, Any], means: Means) -> Draft:
    """A certificate by its authority and serial number; what it would be is checked by the register's own machine."""
    home = _network(means).home(told["authority"])
    record = home.register.record(_serial(told["serial"]))
    home.check(record.serial, Act(told["act"]), at=means.at)
    payload = {**told, "why": told["why"] or Reason.UNSPECIFIED.word, "act_before": record.state, "holder": record.subject}
    return Draft("certificate", home.id, f"{record.serial:x}", payload)


def _status(request: Request, means: Means) -> str:
    """Suspend, resume or revoke it, with a delta CRL that says so at once."""
    told, actor = request.payload, "+".join(deciders(request))
    home = _network(means).home(told["authority"])
    reason = next(one for one in Reason if one.word == told["why"])
    record = home.act(_serial(told["serial"]), Act(told["act"]), at=means.at, actor=actor, reason=reason)
    home.publish(at=means.at, actor=actor, force="delta")
    return record.state.value


def _serial(text: str) -> int:
    try:
        return int(text.replace(":", ""), 16)
    except ValueError:
        raise faulty("serial", "hexadecimal", "应为十六进制", FIELD) from None


def _purposes(text: str | None) -> tuple[str, ...]:
    named = tuple((text or "").replace(",", " ").replace("，", " ").split())
    if not set(named) <= set(PURPOSES):
        raise faulty("purposes", f"among {', '.join(PURPOSES)}", f"可选 {'、'.join(PURPOSES)}", FIELD)
    return named


def _name(line: str) -> bytes:
    """A subtree as certificates show it, most special first: O=…,ST=…,C=CN."""
    pairs = [part.partition("=") for part in line.split(",")]
    if not all(kind.strip() and sign and value.strip() for kind, sign, value in pairs):
        raise faulty("excluded", "O=…,ST=…,C=CN, one a line", "每行一项，如 O=…,ST=…,C=CN", FIELD)
    named = {kind.strip(): value.strip() for kind, _, value in reversed(pairs)}
    return der.name(**named)


def _counts_as(level: Level) -> Field:
    title = Text(f"Their {LEVELS[level].en} counts as", f"对方“{LEVELS[level].zh}”级等同于本省")
    hint = Text("empty: not accepted", "留空为不认可")
    return Field(
        f"level_{level}", title, Shape.CHOICE, tuple((one.value, LEVELS[one]) for one in Level), optional=True, hint=hint
    )


_BY = Field("by", Text("Who recognises", "认可方"), Shape.AUTHORITY)
_SINCE = Field("since", Text("From", "生效日期"), Shape.DAY)
_REFERENCE = Field("reference", Text("Paper", "依据文号"))
_AUTHORITY = replace(_BY, name="authority", title=Text("Authority", "发证机构"))

CHANGES: Final = (
    Change(
        Kind(
            "agreement",
            Text("Recognition agreement", "互认协议"),
            Permission.TRUST_REQUEST,
            Fen(0),
            fields=(
                _BY,
                replace(_BY, name="of", title=Text("Whom", "被认可方")),
                replace(_BY, name="via", title=Text("Through the bridge", "经由桥"), optional=True),
                _SINCE,
                Field("until", Text("Until", "截止日期"), Shape.DAY),
                *map(_counts_as, Level),
                Field("purposes", Text("Purposes", "用途"), optional=True, hint=Text(", ".join(PURPOSES), "、".join(PURPOSES))),
                Field(
                    "excluded",
                    Text("Names not recognised", "不认可的名称"),
                    Shape.LONG,
                    optional=True,
                    hint=Text("one a line: O=…,ST=…,C=CN", "每行一个：O=…,ST=…,C=CN"),
                ),
                Field("path_length", Text("Authorities below theirs", "允许的下级层数"), Shape.NUMBER, optional=True, most=8),
                _REFERENCE,
            ),
        ),
        _agreement,
        _agreement_draft,
    ),
    Change(
        Kind(
            "agreement-step",
            Text("Suspend, resume or end an agreement", "中止、恢复或终止协议"),
            Permission.TRUST_REQUEST,
            Fen(0),
            fields=(
                Field("agreement", Text("Agreement", "协议"), Shape.AGREEMENT),
                Field("step", Text("Step", "操作"), Shape.CHOICE, STEPS),
                _SINCE,
                _REFERENCE,
            ),
        ),
        _step,
        _step_draft,
    ),
    Change(Kind("apply-plan", Text("Carry out the agreements", "执行互认计划"), Permission.TRUST_REQUEST, Fen(0)), _plan),
    Change(
        Kind("revoke-cross", Text("Revoke a cross certificate", "吊销交叉证书"), Permission.TRUST_REQUEST, Fen(0)), _revocation
    ),
    Change(
        Kind(
            "certificate",
            Text("Status of a certificate", "证书状态变更"),
            Permission.TRUST_REQUEST,
            fields=(
                _AUTHORITY,
                Field("serial", Text("Serial number", "证书序列号"), hint=Text("hexadecimal", "十六进制")),
                Field("act", Text("What is done", "操作"), Shape.CHOICE, ACTS),
                Field("why", Text("Why, in the CRL", "CRL 原因"), Shape.CHOICE, REASONS, optional=True),
            ),
        ),
        _status,
        _status_draft,
    ),
)
KINDS: Final = tuple(one.kind.name for one in CHANGES)
"""The kinds that change who is recognised."""
