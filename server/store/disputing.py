"""Disputes in the store: opened about a posting, moved by their machine, lapsing by themselves, put right by a posting."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from cardstack.errors import Refused, problem
from cardstack.settlement.dispute import DISPUTE, Ground, Stage, Step, correction, deadline
from cardstack.settlement.ledger import Change
from cardstack.settlement.scheme import Scheme
from cardstack.settlement.transaction import MessageId, Party, Posting
from cardstack.text import Text
from cardstack.values import Fen
from server.store.adjusting import TWO_PEOPLE, Two, adjust, known_people
from server.store.commit import Commit, View
from server.store.values import moment

NOT_A_SIDE = problem(
    "CS-3045",
    Text("Only one of the two sides of a posting disputes it", "只有分录双方可以提出异议"),
    Text("Let the debtor or the creditor open the dispute.", "请由付款方或收款方提出。"),
)
NO_SUCH = problem("CS-3046", Text("No such posting or dispute", "没有该分录或异议"), Text("Check its number.", "请核对编号。"))
NOT_INSTALLED = problem(
    "CS-3047",
    Text("The scheme of this entry is not installed here", "本系统未安装该交易所属业务"),
    Text("Install the scheme, then go on.", "请先安装该业务模块。"),
)
TOO_LATE = problem(
    "CS-3073",
    Text("The deadline of this dispute has passed", "该异议的期限已过"),
    Text(
        "It lapses within a minute, or by `settle lapse`: who did not answer has conceded, who did not object has accepted.",
        "一分钟内自动失效处理（或执行 settle lapse）：未答复视为认可，未提出仲裁视为接受答复。",
    ),
)
NOT_DISPUTED = problem(
    "CS-3075",
    Text("That is not a part of what is disputed: {disputed} fen", "所填金额不是争议金额（{disputed} 分）的一部分"),
    Text("Concede or uphold more than nothing and at most that.", "认可或裁定成立的金额应大于零且不超过争议金额。"),
)
COLUMNS = "seq, posting, opened_by, ground, disputed_fen, stage, since, deadline, against, message"
UPHOLDS = (Step.CONCEDE, Step.UPHOLD)
"""The steps after which money is given back: two people take them."""
OTHER_SIDE = (Step.ANSWER, *UPHOLDS, Step.REJECT)
"""The steps of the other side or the arbiter: never taken by the person who opened the dispute."""
IN_TIME = (Step.ANSWER, Step.ESCALATE)
"""The steps that hold off what a deadline brings about: none is taken after it, however late that is put on record."""
WAITING = (Stage.OPENED, Stage.ANSWERED)


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute about one posting."""

    seq: int
    posting: int
    opened_by: Party
    ground: Ground
    disputed_fen: Fen
    stage: Stage
    since: datetime
    deadline: datetime | None
    """None where nobody is waited for, or the working-day calendar does not reach so far yet."""
    against: Party
    message: str
    """The id of the transaction that the posting is of."""

    @classmethod
    def of(cls, row: Any) -> "Dispute":
        """From a row in the order of `COLUMNS`."""
        stage, since = Stage(row[5]), moment(row[6])
        until = deadline(stage, since) if row[7] is None else moment(row[7])
        return cls(row[0], row[1], Party(row[2]), Ground(row[3]), Fen(row[4]), stage, since, until, Party(row[8]), row[9])


def open_dispute(
    commit: Commit, posting: int, *, opened_by: Party, ground: Ground, disputed_fen: Fen, actor: str, evidence: Mapping[str, Any]
) -> Dispute:
    """Dispute all or a part of a posting, with evidence; `Refused` for who is no side of it or asks for more than it moved."""
    _somebody(commit, actor)
    booked, (message, scheme) = _posting(commit, posting)
    if scheme == "adjustment":
        raise Refused(Text("a correction is not itself disputed", "调账分录不可再提异议"), NO_SUCH, posting=posting)
    if is_reversed(commit, posting):
        raise Refused(
            Text("its entry was reversed: nothing is left of it", "该交易已冲正，无余额可异议"), NO_SUCH, posting=posting
        )
    if opened_by not in (booked.debtor, booked.creditor):
        raise Refused("opened_by", NOT_A_SIDE, field="opened_by")
    if not 0 < disputed_fen <= booked.amount_fen:
        raise Refused(
            Text("disputed_fen: more than nothing and at most what the posting moved", "disputed_fen：应大于零且不超过分录金额"),
            field="disputed_fen",
        )
    if commit.all("SELECT 1 FROM dispute WHERE posting = ? AND stage NOT IN ('rejected', 'withdrawn')", (posting,)):
        raise Refused(Text("this posting is in dispute already", "该分录已有未决异议"), posting=posting)
    ((seq,),) = commit.all("SELECT COALESCE(MAX(seq), 0) + 1 FROM dispute")
    due = _due(Stage.OPENED, commit.at)
    against = booked.creditor if opened_by == booked.debtor else booked.debtor
    begun = (ground.value, disputed_fen, Stage.OPENED.value, commit.at, due)
    row = (seq, posting, str(opened_by), *begun, str(against), message)
    commit.insert("dispute", COLUMNS, [row])
    about = {"posting": posting, "opened_by": str(opened_by), "ground": ground.value, "disputed_fen": disputed_fen}
    _note(commit, seq, "open", Stage.OPENED, actor=actor, evidence=evidence, told={**about, "deadline": due})
    return Dispute.of(row)


def step_dispute(
    commit: Commit,
    schemes: Mapping[str, Scheme],
    seq: int,
    step: Step,
    *,
    actor: str,
    evidence: Mapping[str, Any],
    checker: str = "",
    upheld_fen: Fen | None = None,
) -> Dispute:
    """Move a dispute on. Where it is upheld, the correction is booked in the same commit, approved by a second person.

    What is conceded or upheld is all that is disputed, or `upheld_fen` of it; with that the dispute is over. Who opened it
    does not speak for the other side, nor decide it. Where the entry was reversed in the meantime, that has given the money
    back already and nothing more is booked.
    """
    before = dispute(commit, seq)
    if step in UPHOLDS:
        Two(actor, checker).check(commit)
    else:
        _somebody(commit, actor)
    if step in OTHER_SIDE and opener(commit, seq) in {actor.strip(), *checker.split("+")}:
        raise Refused(Text("the one who opened it", "由提出方本人办理"), TWO_PEOPLE, dispute=seq)
    if step in IN_TIME and before.deadline is not None and moment(commit.at) > before.deadline:
        raise Refused(problem=TOO_LATE, dispute=seq)
    if step is Step.LAPSE and (before.deadline is None or moment(commit.at) <= before.deadline):
        raise Refused(Text("the deadline has not passed", "期限未到"), dispute=seq)
    stage = DISPUTE.after(before.stage, step)
    given = before.disputed_fen if upheld_fen is None else upheld_fen
    if upheld_fen is not None:
        check_upheld(step, given, before.disputed_fen)
        evidence = {**evidence, "upheld_fen": given}
    gone = stage is Stage.UPHELD and is_reversed(commit, before.posting)
    told = {**evidence, "reversed": True} if gone else evidence
    due = _due(stage, commit.at)
    commit.run("UPDATE dispute SET stage = ?, since = ?, deadline = ? WHERE seq = ?", [(stage.value, commit.at, due, seq)])
    by = checker if step in UPHOLDS else ""
    _note(commit, seq, step.value, stage, actor=actor, checker=by, evidence=told, told={"deadline": due})
    if stage is Stage.UPHELD and not gone:
        booked, (message, scheme) = _posting(commit, before.posting)
        two = Two(actor, checker) if step in UPHOLDS else Two("deadline", actor)
        made = correction(booked, given)
        if scheme not in schemes:
            raise Refused("scheme", NOT_INSTALLED, scheme=scheme)
        adjust(commit, schemes[scheme].cycle, made, two, reason="dispute upheld", dispute=seq, about=MessageId(message))
    return dispute(commit, seq)


def check_upheld(step: Step, given: Fen, disputed: Fen) -> None:
    """`Refused` (CS-3075) unless a step gives money back, and no more than is disputed."""
    if step not in UPHOLDS or not 0 < given <= disputed:
        raise Refused("amount_fen", NOT_DISPUTED, field="amount_fen", disputed=disputed)


def dispute(view: View, seq: int) -> Dispute:
    """One dispute."""
    rows = view.all(f"SELECT {COLUMNS} FROM dispute WHERE seq = ?", (seq,))  # noqa: S608  # own names
    if not rows:
        raise Refused(Text(f"dispute {seq}", f"异议 {seq}"), NO_SUCH, dispute=seq)
    return Dispute.of(rows[0])


def disputes(view: View, *, stage: Stage | None = None) -> list[Dispute]:
    """Disputes, the newest first."""
    where, values = ("WHERE stage = ?", (stage.value,)) if stage else ("", ())
    return [Dispute.of(row) for row in view.all(f"SELECT {COLUMNS} FROM dispute {where} ORDER BY seq DESC", values)]  # noqa: S608  # own names


def overdue(view: View, now: datetime) -> list[Dispute]:
    """Disputes whose deadline has passed."""
    stages = ", ".join(f"'{one.value}'" for one in WAITING)
    query = f"SELECT {COLUMNS} FROM dispute WHERE stage IN ({stages}) ORDER BY seq"  # noqa: S608  # own names
    waiting = [Dispute.of(row) for row in view.all(query)]
    return [one for one in waiting if one.deadline is not None and one.deadline < now]


def opener(view: View, seq: int) -> str:
    """The person who opened a dispute."""
    rows = view.all("SELECT actor FROM dispute_move WHERE dispute = ? AND step = 'open'", (seq,))
    return str(rows[0][0]).strip()


def _somebody(view: View, actor: str) -> None:
    if not actor.strip():
        raise Refused("actor", TWO_PEOPLE, field="actor")
    known_people(view, actor)


def is_reversed(view: View, posting: int) -> bool:
    """Whether a posting's entry was reversed; where it posted what another reserved, it is that one which is reversed."""
    ((own, first),) = view.all(
        "SELECT posting.entry, posted.entry FROM posting JOIN entry ON entry.seq = posting.entry "
        "LEFT JOIN entry AS reserved ON reserved.id = entry.refers LEFT JOIN resolution AS posted "
        "ON posted.entry = reserved.seq AND posted.change = ? AND posted.by_entry = entry.seq WHERE posting.seq = ?",
        (Change.POST.value, posting),
    )
    query = "SELECT 1 FROM resolution WHERE entry = ? AND change = ?"
    return bool(view.all(query, (own if first is None else first, Change.REVERSE.value)))


def _due(stage: Stage, at: int) -> int | None:
    until = deadline(stage, moment(at))
    return None if until is None else int(until.timestamp())


def _posting(commit: Commit, seq: int) -> tuple[Posting, tuple[str, str]]:
    """A posting, and the message id and scheme of its entry."""
    rows = commit.all(
        "SELECT debtor, creditor, posting.amount_fen, posting.kind, rule, id, scheme FROM posting "
        "JOIN entry ON entry.seq = posting.entry WHERE posting.seq = ? AND phase = 'posted'",
        (seq,),
    )
    if not rows:
        raise Refused(Text(f"posting {seq}", f"分录 {seq}"), NO_SUCH, posting=seq)
    row = rows[0]
    return Posting(Party(row[0]), Party(row[1]), Fen(row[2]), row[3], row[4]), (row[5], row[6])


def _note(
    commit: Commit,
    seq: int,
    step: str,
    stage: Stage,
    *,
    actor: str,
    evidence: Mapping[str, Any],
    told: Mapping[str, Any],
    checker: str = "",
) -> None:
    ((number,),) = commit.all("SELECT COALESCE(MAX(seq), 0) + 1 FROM dispute_move")
    kept = json.dumps(evidence, ensure_ascii=False)
    commit.insert(
        "dispute_move",
        "seq, dispute, step, stage, actor, evidence, at, checker",
        [(number, seq, step, stage.value, actor, kept, commit.at, checker)],
    )
    said = {"step": step, "actor": actor, "checker": checker, "evidence": sha256(kept.encode()).hexdigest(), **told}
    commit.tell(f"dispute-{stage.value}", str(seq), said)
