"""Parties and nodes, entered and changed by two people: account, names, limit, and who may sign at present."""

from collections.abc import Sequence
from dataclasses import replace

from cardstack.errors import Refused, problem
from cardstack.text import Text
from cardstack.values import Fen
from server.store import reads
from server.store.adjusting import Two
from server.store.commit import Commit, View
from server.store.values import Participant, RegisteredNode

PARTY_COLUMNS = "name, title_en, title_zh, account, limit_fen, since"
NODE_COLUMNS = "name, role, title_en, title_zh, subject, relays, active, since, institutions"
REGISTERED = problem(
    "CS-3071",
    Text("{name} is registered already", "{name} 已登记"),
    Text("Use another name, or ask for a change of what is registered.", "请使用其他名称，或申请变更已登记的内容。"),
)
TAKEN = problem(
    "CS-3024",
    Text("Another node has that subject", "该证书主体已对应另一节点"),
    Text(
        "Give every node a certificate of its own, or change the node that has it.",
        "请为每个节点使用各自的证书，或修改已有节点。",
    ),
)
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


def check_new_party(view: View, name: str) -> None:
    """`Refused` (CS-3071) where a participant has that name."""
    if any(one.name == name for one in reads.parties(view)):
        raise Refused("party", REGISTERED, field="party", name=name)


def check_new_node(view: View, name: str, subject: str) -> None:
    """`Refused` where a node has that name (CS-3071), or one of another name that subject (CS-3024)."""
    for one in reads.nodes(view):
        if one.name == name:
            raise Refused("node", REGISTERED, field="node", name=name)
        if one.subject == subject:
            raise taken_by(one.name, "certificate")


def taken_by(other: str, field: str) -> Refused:
    """That a subject names another node already; `field` is where it was told."""
    return Refused(Text(f"subject: it names {other} already", f"subject：已对应 {other}"), TAKEN, field=field)


def party_row(one: Participant) -> tuple[object, ...]:
    """A participant as the table keeps it (`PARTY_COLUMNS`)."""
    return str(one.name), one.title.en, one.title.zh, one.account, one.limit_fen, int(one.since.timestamp())


def node_row(one: RegisteredNode) -> tuple[object, ...]:
    """A node as the table keeps it (`NODE_COLUMNS`)."""
    titles, under = (one.title.en, one.title.zh), " ".join(one.institutions)
    return str(one.name), one.role, *titles, one.subject, one.relays, one.active, int(one.since.timestamp()), under


def add_party(commit: Commit, made: Participant, two: Two) -> None:
    """Enter a participant that is not there yet."""
    two.check(commit)
    check_new_party(commit, made.name)
    commit.insert("party", PARTY_COLUMNS, [party_row(made)])
    commit.tell("party-registered", made.name, {"maker": two.maker, "checker": two.checker})


def add_node(commit: Commit, made: RegisteredNode, two: Two) -> None:
    """Enter a node that is not there yet; from then on what its certificates sign is taken, where they are trusted."""
    two.check(commit)
    check_new_node(commit, made.name, made.subject)
    commit.insert("node", NODE_COLUMNS, [node_row(made)])
    commit.tell("node-registered", made.name, {"subject": made.subject, "maker": two.maker, "checker": two.checker})


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
