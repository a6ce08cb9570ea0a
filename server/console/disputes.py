"""争议: a side of a posting objects with evidence, the other answers before a deadline, what is upheld is put right."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cardstack.errors import Malformed, problem
from cardstack.settlement.dispute import DISPUTE, GROUNDS, STAGES, STEPS, Ground, Stage, Step
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from cardstack.values import Fen
from server import commands
from server.console import approvals, changes, forms, listing, masking, requesting, transactions, words
from server.console.listing import Column, Filter, Listing, Query, Slice
from server.console.services import audit, language, moment, operator, scope, store, t
from server.permissions import Pages, Permission, Scope
from server.store.disputing import UPHOLDS, Dispute
from server.store.queries import disputes as queries
from server.store.values import BookedPosting, Entry

pages = Pages("disputes", __name__, url_prefix="/console/disputes")

TOO_MUCH = problem(
    "CS-4152",
    Text("More is disputed than the posting moved, or nothing", "争议金额须大于零且不超过分录金额"),
    Text("Dispute at most the amount of the posting.", "请填写不超过分录金额的数额。"),
)


def _row(one: Dispute) -> dict[str, Any]:
    return {
        "id": str(one.seq),
        "message": one.message,
        "opened_by": str(one.opened_by),
        "against": str(one.against),
        "ground": GROUNDS[one.ground],
        "disputed": one.disputed_fen,
        "stage": one.stage.value,
        "since": one.since,
        "deadline": one.deadline,
    }


def _visible(one: Dispute, held: Scope) -> bool:
    return held is None or bool({one.opened_by[:2], one.against[:2]} & held)


def _rows(query: Query) -> Slice:
    stage = Stage(query.where["stage"]) if query.where.get("stage") else None
    before = listing.number(query.after)
    with store().view() as view:
        found = queries.page(
            view,
            before=before,
            size=query.size + 1,
            scope=query.scope,
            stage=stage,
            party=query.where.get("party", ""),
            message=query.where.get("message", "").upper(),
        )
    rows = [_row(one) for one in found[: query.size]]
    return Slice(rows, rows[-1]["id"] if len(found) > query.size else None)


LISTING = Listing(
    name="disputes",
    title=Text("Disputes", "争议"),
    about=Text(
        "A dispute is opened from a transaction's posting. Who does not answer in time concedes.",
        "在交易的记账分录处提出异议；逾期未答复视为认可。",
    ),
    empty=Text("No dispute; one is opened from a posting on a transaction's page.", "暂无争议；可在交易页的记账分录处提出异议。"),
    columns=(
        Column("id", Text("Dispute", "编号"), "id", link=lambda row: url_for("disputes.show", seq=row["id"])),
        Column(
            "message",
            Text("Transaction", "交易流水号"),
            "id",
            link=lambda row: url_for("transactions.show", message_id=row["message"]),
        ),
        Column("opened_by", Text("Opened by", "提出方"), "party"),
        Column("against", Text("Against", "对方"), "party"),
        Column("ground", Text("Ground", "理由")),
        Column("disputed", Text("Disputed (yuan)", "争议金额（元）"), "money"),
        Column("stage", Text("Stage", "阶段"), "dispute"),
        Column("deadline", Text("Deadline", "期限"), "moment"),
    ),
    filters=(
        Filter("message", Text("Transaction", "交易流水号"), hint=Text("its beginning", "完整流水号或前缀")),
        Filter("party", Text("Party", "参与方")),
        Filter("stage", Text("Stage", "阶段"), "choice", choices=[(stage.value, STAGES[stage]) for stage in Stage]),
    ),
    fetch=_rows,
)


@pages.page("/", needs=Permission.DISPUTE_READ)
def index() -> ResponseReturnValue:
    """All disputes of the operator's provinces."""
    return listing.show(LISTING)


@pages.page("/new/<message_id>/<int:posting>", needs=Permission.DISPUTE_WORK)
def form(message_id: str, posting: int) -> ResponseReturnValue:
    """The form for a dispute about one posting."""
    entry, booked = _posting(message_id, posting)
    return render_template("disputes/form.html", entry=entry, booked=booked, sides=_sides(booked), grounds=list(GROUNDS.items()))


@pages.page("/new/<message_id>/<int:posting>", needs=Permission.DISPUTE_WORK, method="POST", fresh=True)
def submit(message_id: str, posting: int) -> ResponseReturnValue:
    """Open a dispute for a side that the operator works for."""
    _, booked = _posting(message_id, posting)
    side, ground = forms.choice("opened_by", _sides(booked)), Ground(forms.choice("ground", [one.value for one in Ground]))
    disputed, said = forms.money("disputed"), forms.reason()
    if not 0 < disputed <= booked.posting.amount_fen:
        raise Malformed("", TOO_MUCH, field="disputed")
    made = store().desk.open_dispute(
        posting,
        opened_by=Party(side),
        ground=ground,
        disputed_fen=disputed,
        actor=operator().id,
        now=moment(),
        evidence={"said": said, **_attached()},
    )
    audit(str(made.seq), side[:2], message=message_id, posting=posting, disputed_fen=made.disputed_fen)
    flash(t("The dispute is open; the other side was told.", "异议已提出，已通知对方。"), "success")
    return redirect(url_for(".show", seq=made.seq), 303)


@pages.page("/<int:seq>", needs=Permission.DISPUTE_READ)
def show(seq: int) -> ResponseReturnValue:
    """One dispute, its history, and what may happen next."""
    one = _load(seq)
    with store().view() as view:
        moves = queries.moves(view, seq)
    return render_template(
        "disputes/show.html",
        dispute=one,
        posting=_disputed(one).posting,
        row=_row(one),
        moves=[(move, _step_words(move.step), _evidence(move)) for move in moves],
        seconds=_seconds_left(one),
        waits=approvals.waiting_for(str(seq), "dispute"),
        steps=_steps(one),
        words=STEPS,
        upholds=UPHOLDS,
        gives_back=any(each in UPHOLDS for each in _steps(one)),
    )


def _step_words(step: str) -> Text:
    return STEPS[Step(step)] if step in set(Step) else Text("Opened", "提出异议")


def _attached() -> dict[str, str]:
    """The name and SHA-256 of a file that came as evidence; the file itself stays with who has it."""
    if not (found := request.files.get("file")) or not found.filename:
        return {}
    digest = sha256()
    for piece in iter(lambda: found.stream.read(1 << 16), b""):
        digest.update(piece)
    found.close()
    return {"file": found.filename[:120], "sha256": digest.hexdigest()}


def _evidence(move: queries.Moved) -> list[tuple[str, Any]]:
    """What came with a step besides its words, named as people say it; people's data masked."""
    kept = {name: value for name, value in move.evidence.items() if name not in {"said", "upheld_fen"}}
    told = [(NAMES[name].of(language()) if name in NAMES else name, value) for name, value in masking.flat(masking.masked(kept))]
    given = move.evidence.get("upheld_fen")
    return [*told, (t("Given back (yuan)", "退还金额（元）"), words.money(Fen(given)))] if isinstance(given, int) else told


NAMES: Mapping[str, Text] = {
    "file": Text("File", "证据文件"),
    "sha256": Text("Its SHA-256", "文件 SHA-256"),
    "reversed": Text("Reversed meanwhile: nothing more is booked", "原交易已冲正，不再调整入账"),
}
"""What evidence is called that the command line and the service put beside a step's words."""


def _seconds_left(one: Dispute) -> int | None:
    if one.deadline is None or not DISPUTE.events(one.stage):
        return None
    return max(0, int((one.deadline - moment()).total_seconds()))


@pages.page("/<int:seq>/step", needs=Permission.DISPUTE_WORK, method="POST", fresh=True)
def step(seq: int) -> ResponseReturnValue:
    """Take a step; what gives money back is asked for and decided by another."""
    one = _load(seq)
    wanted = Step(forms.choice("step", [each.value for each in _steps(one)]))
    said = forms.reason()
    if wanted in UPHOLDS:
        given = int(forms.money("amount_fen")) if forms.text("amount_fen", most=40, required=False) else None
        drawn = commands.draft("dispute", {"dispute": seq, "step": wanted.value, "amount_fen": given}, changes.means())
        asked = requesting.ask(
            "dispute",
            province=drawn.province,
            subject=drawn.subject,
            payload={**drawn.payload, **({"evidence": attached} if (attached := _attached()) else {})},
            amount_fen=drawn.amount_fen,
            reason=said,
        )
        flash(t("Requested; another operator decides.", "已提交申请，待其他操作员复核。"), "success")
        return redirect(url_for("approvals.show", request_id=asked), 303)
    store().desk.step_dispute(seq, wanted, actor=operator().id, now=moment(), evidence={"said": said, **_attached()})
    audit(str(seq), one.opened_by[:2], step=wanted.value, said=said)
    return redirect(url_for(".show", seq=seq), 303)


def _load(seq: int) -> Dispute:
    with store().view() as view:
        found = queries.one(view, seq)
    if found is None or not _visible(found, scope()):
        abort(404)
    return found


def _disputed(one: Dispute) -> BookedPosting:
    entry = store().transaction(one.message) or abort(404)
    return next(each for each in store().postings(entry.seq) if each.seq == one.posting)


def _posting(message_id: str, posting: int) -> tuple[Entry, BookedPosting]:
    entry = transactions.load(message_id)
    found = next((one for one in store().postings(entry.seq) if one.seq == posting), None)
    return entry, found or abort(404)


def _sides(booked: BookedPosting) -> list[str]:
    """The sides of a posting for which this operator may speak."""
    sides = (str(booked.posting.debtor), str(booked.posting.creditor))
    return [one for one in sides if operator().may(Permission.DISPUTE_WORK, one[:2])]


def _steps(one: Dispute) -> list[Step]:
    """What the operator may do: the opener's steps, the other side's, or in arbitration the centre's."""
    works = Permission.DISPUTE_WORK
    theirs = {Step.ACCEPT, Step.ESCALATE, Step.WITHDRAW} if operator().may(works, one.opened_by[:2]) else set()
    theirs |= {Step.ANSWER, Step.CONCEDE} if operator().may(works, one.against[:2]) else set()
    theirs |= {Step.UPHOLD, Step.REJECT} if operator().scope(works) is None else set()
    return [each for each in DISPUTE.events(one.stage) if each in theirs]
