"""Corrections by two people: a posting with its reason, in the window that is open now; nothing closed is edited."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from cardstack.errors import Refused, problem
from cardstack.settlement.ledger import EntryRow, Phase, PostingRow, State
from cardstack.settlement.node import ADJUSTED
from cardstack.settlement.scheme import Cycle
from cardstack.settlement.transaction import MessageId, Posting
from cardstack.settlement.window import assign
from cardstack.text import Text
from server.store.commit import Commit, Kept, View, add_rows, keep, open_windows
from server.store.numbering import next_ids
from server.store.posting import last_closed
from server.store.values import moment

SENDER = "00.adjustment"
TWO_PEOPLE = problem(
    "CS-3040",
    Text("Whoever prepared this may not also approve it", "经办人不得复核自己的业务"),
    Text("Let another operator look at it and approve it.", "请由另一名操作员复核。"),
)
NOT_OPERATORS = problem(
    "CS-3044",
    Text("Somebody named here is no operator of this installation", "经办人或复核人不是本系统的在用操作员"),
    Text("Let operators who are entered and not disabled do it.", "请由已登记且未停用的操作员办理。"),
)
SYSTEM = frozenset({"clock", "deadline", "rule"})
"""Who acts where nobody does: a deadline that passed, a dated rule that applies, by the clock."""
NOT_PARTICIPANTS = problem(
    "CS-3041",
    Text("A party of this posting is not a participant", "分录中的一方不是参与方"),
    Text("Register the party first.", "请先登记参与方。"),
)


class Two(NamedTuple):
    """Who prepared something and who approved it: never the same person. Several who approved are joined by `+`."""

    maker: str
    checker: str

    def check(self, view: View) -> None:
        """`Refused` (CS-3040) where they are the same or one is missing, (CS-3044) where one is no operator.

        Where no operators are kept, as in a ledger without a console, names are taken as they are given.
        """
        checkers = [one.strip() for one in self.checker.split("+")]
        if not self.maker.strip() or not all(checkers) or self.maker.strip() in checkers:
            raise Refused(problem=TWO_PEOPLE)
        known_people(view, self.maker, *checkers)


def known_people(view: View, *names: str) -> None:
    """`Refused` (CS-3044) where operators are kept and somebody is not one of them, or disabled."""
    acting = {name.strip() for name in names} - SYSTEM
    kept = {name: bool(disabled) for name, disabled in view.all("SELECT id, disabled FROM office_operator")}
    if kept and any(kept.get(name, True) for name in acting):
        raise Refused("actor", NOT_OPERATORS, field="actor")


def adjust(
    commit: Commit,
    cycle: Cycle,
    posting: Posting,
    two: Two,
    *,
    reason: str,
    dispute: int | None = None,
    about: MessageId | None = None,
    explained: Mapping[str, object] | None = None,
) -> EntryRow:
    """Book one correction; the entry it makes. What explains it is kept with it, word for word."""
    two.check(commit)
    parties = {str(posting.debtor), str(posting.creditor)}
    known = {name for (name,) in commit.among("SELECT name FROM party WHERE name IN {these}", parties)}
    if known != parties:
        raise Refused("party", NOT_PARTICIPANTS, field="party")
    window = assign(cycle, moment(commit.at), last_closed(commit).get(cycle.name))
    evidence = {"maker": two.maker, "checker": two.checker, "reason": reason, "dispute": dispute, "window": window}
    raw = json.dumps(evidence | {"posting": _data(posting)} | dict(explained or {}), ensure_ascii=False, sort_keys=True).encode()
    digest = sha256(raw).digest()
    entry = _entry(commit, posting, digest, window, about)
    made = PostingRow(
        commit.tip.posting,
        entry.seq,
        window,
        str(posting.debtor),
        str(posting.creditor),
        posting.amount_fen,
        posting.kind,
        posting.rule,
        Phase.POSTED.value,
    )
    open_windows(commit, [window])
    add_rows(commit, [entry], [made], ())
    commit.insert("adjustment", "entry, maker, checker, reason, dispute", [(entry.seq, two.maker, two.checker, reason, dispute)])
    keep(commit, [(Kept("adjustment", digest, raw, SENDER, moment(commit.at)), 1)])
    commit.look_again()
    return entry


def _entry(commit: Commit, posting: Posting, digest: bytes, window: str, about: MessageId | None) -> EntryRow:
    (message,) = next_ids(commit, ADJUSTED, moment(commit.at), 1)
    return EntryRow(
        commit.tip.entry,
        str(message),
        "adjustment",
        "adjust",
        SENDER,
        posting.debtor.province,
        posting.creditor.province,
        commit.at,
        posting.amount_fen,
        digest,
        State.POSTED.value,
        window,
        None if about is None else str(about),
        None,
        commit.tip.envelope,
        0,
        commit.tip.block,
    )


def _data(posting: Posting) -> dict[str, object]:
    return {
        "debtor": str(posting.debtor),
        "creditor": str(posting.creditor),
        "amount_fen": posting.amount_fen,
        "kind": posting.kind,
        "rule": posting.rule,
    }
