"""What is known of parties and nodes, changed by two people: account, names, limit, and who may sign at present."""

from collections.abc import Sequence
from dataclasses import replace

from cardstack.errors import Refused, problem
from cardstack.text import Text
from cardstack.values import Fen
from server.store import reads
from server.store.adjusting import Two
from server.store.commit import Commit, View
from server.store.values import Participant, RegisteredNode

NO_PARTY = problem(
    "CS-3042",
    Text("No such participant or node", "没有该参与方或节点"),
    Text("List those there are, or register it first.", "请查看名录，或先行登记。"),
)
CHANGED_MEANWHILE = problem(
    "CS-3043",
    Text("It was changed since this was asked for", "申请提出后数据已被变更"),
    Text("Look at what stands now and ask anew.", "请核对现状后重新申请。"),
)


def party(view: View, name: str) -> Participant:
    """One participant; `Refused` (CS-3042) where there is none."""
    found = next((one for one in reads.parties(view) if one.name == name), None)
    if found is None:
        raise Refused("party", NO_PARTY, field="party")
    return found


def node(view: View, name: str) -> RegisteredNode:
    """One node; `Refused` (CS-3042) where there is none."""
    found = next((one for one in reads.nodes(view) if one.name == name), None)
    if found is None:
        raise Refused("node", NO_PARTY, field="node")
    return found


def change_account(commit: Commit, name: str, account: str, expected: str, two: Two) -> None:
    """Give a participant another bank account, where it still has the one that was seen when this was asked for."""
    two.check(commit)
    if party(commit, name).account != expected:
        raise Refused("account", CHANGED_MEANWHILE, field="account")
    commit.run("UPDATE party SET account = ? WHERE name = ?", [(account, name)])
    commit.tell("party-changed", name, {"changed": ["account"], "maker": two.maker, "checker": two.checker})


def change_limit(commit: Commit, name: str, limit: Fen | None, expected: Fen | None, two: Two) -> None:
    """Give a participant another limit, or none, where it still has the one that was seen when this was asked for."""
    two.check(commit)
    if party(commit, name).limit_fen != expected:
        raise Refused("limit_fen", CHANGED_MEANWHILE, field="limit_fen")
    commit.run("UPDATE party SET limit_fen = ? WHERE name = ?", [(limit, name)])
    commit.tell("party-changed", name, {"changed": ["limit_fen"], "maker": two.maker, "checker": two.checker})


def set_active(commit: Commit, name: str, two: Two, *, active: bool) -> None:
    """Suspend a node, whose messages are refused from then on, or let it sign again."""
    two.check(commit)
    if node(commit, name).active == active:
        raise Refused(Text("active: it is so already", "active：已是该状态"), CHANGED_MEANWHILE, field="active")
    commit.run("UPDATE node SET active = ? WHERE name = ?", [(active, name)])
    word = "node-resumed" if active else "node-suspended"
    commit.tell(word, name, {"maker": two.maker, "checker": two.checker})


def change_institutions(commit: Commit, name: str, wanted: Sequence[str], expected: Sequence[str], two: Two) -> None:
    """Let a node send under other institutions' message ids, where it still has those seen when this was asked for.

    Any where none is wanted. `Malformed` for what is no code; messages already taken stand.
    """
    two.check(commit)
    before = node(commit, name)
    if before.institutions != tuple(expected):
        raise Refused("institutions", CHANGED_MEANWHILE, field="institutions")
    after = replace(before, institutions=tuple(wanted))
    commit.run("UPDATE node SET institutions = ? WHERE name = ?", [(" ".join(after.institutions), name)])
    told = {"changed": ["institutions"], "institutions": after.institutions, "before": before.institutions}
    commit.tell("node-changed", name, {**told, "maker": two.maker, "checker": two.checker})
