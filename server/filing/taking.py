"""Taking in a file: once, whoever brings it; a refused one is looked at again."""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from cardstack.errors import CardstackError, Malformed, Refused, problem
from cardstack.settlement.bulk import control
from cardstack.settlement.bulk.layout import charset_of
from cardstack.settlement.bulk.package import head, unpack
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from server.filing.answering import Looked, answer
from server.filing.arriving import LAYOUTS, UNKNOWN, Arrival, Kind, Means, Waiting, is_package
from server.filing.judging import JUDGES, bank
from server.filing.keeping import blank, filled, refused
from server.filing.vouching import signer
from server.store.commit import Kept
from server.store.office.filing import KeptFile

TAKEN_BEFORE: Final = problem(
    "CS-4181",
    Text("These bytes came before, as file {file}", "该文件此前已接收，编号 {file}"),
    Text("Look at that file; nothing was taken twice.", "请查看该文件；数据未重复处理。"),
)
TOO_MANY: Final = problem(
    "CS-4186",
    Text("Too many files are being worked on", "正在处理的文件过多"),
    Text("Send the same file again a little later; its lines are taken once.", "请稍后重发同一文件，明细不会重复入账。"),
)


class Busy(Refused):
    """A file found no turn; nothing of it was looked at."""

    problem = TOO_MANY


def take(arrival: Arrival, means: Means) -> KeptFile:
    """Take in a file. `Malformed` where it is none; one whose signature does not hold is kept and refused, to be tried again.

    A stop before it returns loses nothing: lines that were posted are known when the file comes again, and what was said of
    it is kept in one commit with its return file.
    """
    digest = sha256(arrival.raw).hexdigest()
    kept = means.files.of_digest(digest)
    if kept is None:
        looked = _look(arrival, digest, means)
        kept = means.files.add(looked.file, arrival.raw, answer(looked, arrival.at, means))
    if kept.id != arrival.number:  # somebody brought it before, or meanwhile; nothing is booked twice
        raise Refused("", TAKEN_BEFORE, field="file", file=kept.id)
    return kept


def from_node(waiting: Waiting, means: Means) -> KeptFile:
    """Take in what a node sends by itself: a signed file whose signature holds, else the error; the same bytes once.

    It is looked at in its turn: `Busy` where none was free in time.
    """
    if not is_package(waiting.file):
        raise Malformed("", UNKNOWN, field="file")
    digest = waiting.digest()
    before = means.files.of_digest(digest)
    if before is not None and before.verdict == "good":
        return before
    package = head(waiting.file)
    signer(package, Party(package.manifest.sender), means, waiting.at)
    if means.turns is None:
        return _in_turn(waiting.arrival(), digest, means)
    if not means.turns.take():
        raise Busy
    try:
        return _in_turn(waiting.arrival(), digest, means)
    finally:
        means.turns.give_back()


def _in_turn(arrival: Arrival, digest: str, means: Means) -> KeptFile:
    """A file whose signature holds; while it waited for its turn the same bytes may have been taken."""
    before = means.files.of_digest(digest)
    if before is not None:
        return before if before.verdict == "good" else retry(before, means, actor=arrival.actor, at=arrival.at)
    try:
        return take(arrival, means)
    except Refused as error:
        first = means.files.get(str(error.facts.get("file", ""))) if error.problem is TAKEN_BEFORE else None
        if first is None:
            raise
        return first


def retry(file: KeptFile, means: Means, *, actor: str, at: datetime) -> KeptFile:
    """Look at a refused file again, such as after a revocation list came."""
    raw = means.files.raw(file.id)
    looked = _look(Arrival(raw, file.name, actor, at, file.id), file.sha256, means)
    looked = looked._replace(file=replace(looked.file, at=file.at))
    means.files.change(looked.file, answer(looked, at, means))
    return looked.file


def _look(arrival: Arrival, digest: str, means: Means) -> Looked:
    """What a file is and what became of its lines."""
    if not arrival.raw.startswith(b"PK"):
        made = filled(blank(arrival, digest, Kind.BANK, "bank"), bank(arrival, means))
        return Looked(replace(made, state="partly" if made.lines_failed else "taken"))
    first = head(arrival.raw)
    kind, sender = LAYOUTS.get(first.manifest.layout), Party(first.manifest.sender)
    charset_of(first.manifest.charset)
    if kind is None:
        raise Malformed("", UNKNOWN, field="file")
    row = blank(arrival, digest, kind, sender)
    try:
        node = signer(first, sender, means, arrival.at)
    except CardstackError as error:
        return Looked(refused(row, "bad", error))
    try:
        package = unpack(arrival.raw)
        control.check(package)
        control.held_to_institutions(package, node)
    except (Malformed, Refused) as error:
        return Looked(refused(row, "good", error))
    kept = Kept("file", bytes.fromhex(digest), arrival.raw, str(node.name), arrival.at)
    judged = JUDGES[kind](package, kept, means)
    return Looked(filled(replace(row, verdict="good"), judged), first.manifest, judged.answer)
