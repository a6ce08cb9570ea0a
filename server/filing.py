"""Taking in a file: what it is, who signed it, each line taken or named with its reason, and the return file it gets.

Signed packages carry transit purchases of a day, medical settlements of a month, or another's return file; a bank's file is
a statement (camt.053) or a result list and carries no signature. The same bytes are taken once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from cardstack.ca.trust import Trusted
from cardstack.errors import CardstackError, Malformed, Refused, Untrusted, problem
from cardstack.settlement.banking import statements
from cardstack.settlement.banking.matching import DIFFERENCES
from cardstack.settlement.bulk import control, medical_file, return_file, transit_file, transit_layout
from cardstack.settlement.bulk.layout import Charset, Fault, charset_of
from cardstack.settlement.bulk.package import Manifest, Package, describe, head, pack, unpack, verified
from cardstack.settlement.intake import OUTCOMES, SKEW, Node, Outcome
from cardstack.settlement.medical.reconciliation import KINDS as KINDS_OF_DIFFERENCE
from cardstack.settlement.scheme import Reason
from cardstack.settlement.schemes.transit import REASONS, TRANSIT, Transit
from cardstack.settlement.transaction import Party
from cardstack.text import Text
from server.identity import Identity
from server.permissions import EVERYWHERE
from server.store.commit import Kept
from server.store.office.filing import Answer, FileStore, KeptFile, LineFault
from server.store.queries import settled
from server.store.store import Store

UNKNOWN: Final = problem(
    "CS-4180",
    Text("This is no file that is exchanged here", "不是本系统收发的文件类型"),
    Text(
        "Send a signed package, or the bank's camt.053 XML or result CSV.",
        "请上传签名文件包，或银行 camt.053 XML、结果 CSV 文件。",
    ),
)
TAKEN_BEFORE: Final = problem(
    "CS-4181",
    Text("These bytes came before, as file {file}", "该文件此前已接收，编号 {file}"),
    Text("Look at that file; nothing was taken twice.", "请查看该文件；数据未重复处理。"),
)
NO_TRUST: Final = problem(
    "CS-4182",
    Text("Nobody is trusted here to sign files", "本系统未配置文件签名的信任锚"),
    Text("Give the service its trust folder, then try the file again.", "请配置信任目录后重试。"),
)
NOT_THEIRS: Final = problem(
    "CS-4183",
    Text("The signer may not speak for the sender that the file names", "签名节点无权代表文件所列发送方"),
    Text("Let the sender's own node sign it, or a node that relays for its province.", "请由发送方节点或其省级转发节点签名。"),
)


NOT_NOW: Final = problem(
    "CS-4185",
    Text("The file was made too long ago, or in the future", "文件生成时间过早或在未来"),
    Text("Set the clock and sign the file anew; its lines keep their message ids.", "请校准时钟后重新签名，各行报文标识不变。"),
)
AGE_MAX: Final = timedelta(days=31)
"""How old a file may be on arrival: a key that was revoked since signs nothing in the name of an earlier month."""


STRANGERS_MOST: Final = 20


class Kind(StrEnum):
    """What a file is."""

    TRANSIT = "transit"
    MEDICAL = "medical"
    RETURN = "return"
    BANK = "bank"
    CARD_LIST = "card-list"


KINDS: Final[dict[Kind, Text]] = {
    Kind.TRANSIT: Text("transit, T+1", "交通 T+1 文件"),
    Kind.MEDICAL: Text("medical, monthly", "医疗月度清算文件"),
    Kind.RETURN: Text("return file", "回盘文件"),
    Kind.BANK: Text("bank file", "银行文件"),
    Kind.CARD_LIST: Text("card list", "名单文件"),
}
LAYOUTS: Final[dict[str, Kind]] = {
    **dict.fromkeys(transit_layout.LAYOUTS, Kind.TRANSIT),
    medical_file.LAYOUT.name: Kind.MEDICAL,
    return_file.LAYOUT.name: Kind.RETURN,
}
FINE: Final = frozenset({Outcome.ACCEPTED.value, Outcome.REPEATED.value})
WORDS: Final = {
    **REASONS,
    **medical_file.REASONS,
    **{one.value: Reason(one.value, text) for one, text in (*OUTCOMES.items(), *KINDS_OF_DIFFERENCE.items())},
}


@dataclass(frozen=True, slots=True)
class Means:
    """What taking in a file works with: where files are kept, the ledger, and who vouches for signatures."""

    files: FileStore
    store: Store
    vouch: Callable[[Sequence[bytes], datetime], Trusted] | None
    node: Callable[[Trusted], Node] | None
    identity: Identity | None = None
    """Who signs return files; without one they are handed out as bare lines."""
    name: str = "00.hub"
    """By which name."""
    progress: Callable[[int], object] = lambda _: None
    """Is told how many lines were looked at."""


class Arrival(NamedTuple):
    """A file as it comes: its bytes and name, who brings it, when, and the number it gets."""

    raw: bytes
    name: str
    actor: str
    at: datetime
    number: str


class Judged(NamedTuple):
    """What became of the lines, and what there is to say of all of them."""

    taken: int
    total_fen: int
    faults: list[LineFault]
    said: Text = Text("", "")


def hand_out(files: FileStore, raw: bytes, *, kind: Kind, name: str, to: str, at: datetime, number: str, lines: int) -> None:
    """Note that a file was handed out, to whom and when, by its digest; a card list can be made again from its version."""
    made = replace(
        _blank(Arrival(b"", name, to, at, number), sha256(raw).hexdigest(), kind, to),
        direction="out",
        province=to[:2] if to[:2].isdigit() else EVERYWHERE,
        size=len(raw),
        lines_ok=lines,
    )
    files.add(made, b"")


class Outside(NamedTuple):
    """What a file says of itself, before anything in it is believed: whose it is, and of how many lines."""

    province: str
    lines: int


def outside(raw: bytes) -> Outside:
    """The province of the sender that a package names, and its lines; a bank's file is the centre's, of nobody knows how many."""
    if not raw.startswith(b"PK"):
        return Outside(EVERYWHERE, 0)
    manifest = head(raw).manifest
    return Outside(Party(manifest.sender).province, max(0, manifest.lines))


def take(arrival: Arrival, means: Means) -> KeptFile:
    """Take in a file. `Malformed` where it is none; one whose signature does not hold is kept and refused, to be tried again.

    A stop before it returns loses nothing: lines that were posted are known when the file comes again, and what was said of
    it is kept in one commit with its return file.
    """
    digest = sha256(arrival.raw).hexdigest()
    kept = means.files.of_digest(digest)
    if kept is None:
        made, manifest = _look(arrival, digest, means)
        kept = means.files.add(made, arrival.raw, _answer(made, manifest, arrival.at, means))
    if kept.id != arrival.number:  # somebody brought it before, or meanwhile; nothing is booked twice
        raise Refused("", TAKEN_BEFORE, field="file", file=kept.id)
    return kept


def from_node(arrival: Arrival, means: Means) -> KeptFile:
    """Take in what a node sends by itself: a signed file whose signature holds, else the error; the same bytes once."""
    if not arrival.raw.startswith(b"PK"):
        raise Malformed("", UNKNOWN, field="file")
    before = means.files.of_digest(sha256(arrival.raw).hexdigest())
    if before is not None and before.verdict == "good":
        return before
    package = head(arrival.raw)
    _signer(package, Party(package.manifest.sender), means, arrival.at)
    if before is not None:
        return retry(before, means, actor=arrival.actor, at=arrival.at)
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
    looked, manifest = _look(Arrival(raw, file.name, actor, at, file.id), file.sha256, means)
    made = replace(looked, at=file.at)
    means.files.change(made, _answer(made, manifest, at, means))
    return made


def _look(arrival: Arrival, digest: str, means: Means) -> tuple[KeptFile, Manifest | None]:
    """What a file is and what became of its lines; its manifest where it is signed."""
    if not arrival.raw.startswith(b"PK"):
        return _bank(arrival, digest, means), None
    first = head(arrival.raw)
    kind, sender = LAYOUTS.get(first.manifest.layout), Party(first.manifest.sender)
    charset_of(first.manifest.charset)
    if kind is None:
        raise Malformed("", UNKNOWN, field="file")
    blank = _blank(arrival, digest, kind, sender)
    try:
        node = _signer(first, sender, means, arrival.at)
    except CardstackError as error:
        return _refused(blank, "bad", error), first.manifest
    try:
        package = unpack(arrival.raw)
        control.check(package)
        control.held_to_institutions(package, node)
    except (Malformed, Refused) as error:
        return _refused(blank, "good", error), first.manifest
    kept = Kept("file", bytes.fromhex(digest), arrival.raw, str(node.name), arrival.at)
    return _filled(replace(blank, verdict="good"), _JUDGES[kind](package, kept, means)), first.manifest


def _refused(blank: KeptFile, verdict: str, error: CardstackError) -> KeptFile:
    return replace(blank, verdict=verdict, state="refused", said=Text(error.say("en"), error.say("zh")))


def _blank(arrival: Arrival, digest: str, kind: Kind, sender: str) -> KeptFile:
    return KeptFile(
        id=arrival.number,
        direction="in",
        kind=kind.value,
        name=arrival.name,
        sender=sender,
        province=sender[:2] if kind is not Kind.BANK else EVERYWHERE,
        size=len(arrival.raw),
        sha256=digest,
        verdict="none",
        state="taken",
        lines_ok=0,
        lines_failed=0,
        total_fen=0,
        actor=arrival.actor,
        at=arrival.at,
        said=Text("", ""),
    )


def _filled(blank: KeptFile, judged: Judged) -> KeptFile:
    state = "taken" if not judged.faults else "partly" if judged.taken else "refused"
    return replace(
        blank,
        state=state,
        lines_ok=judged.taken,
        lines_failed=len(judged.faults),
        total_fen=judged.total_fen,
        faults=tuple(judged.faults),
        said=judged.said,
    )


def _signer(package: Package, sender: Party, means: Means, at: datetime) -> Node:
    """The registered node whose signature holds over the package, and which may speak for its sender."""
    if means.vouch is None or means.node is None:
        raise Untrusted("", NO_TRUST)
    if not at - AGE_MAX <= package.manifest.made_at <= at + SKEW:
        raise Refused("made_at", NOT_NOW, field="made_at")
    trusted = means.vouch(package.certificates, package.manifest.made_at)
    verified(package, trusted)
    node = means.node(trusted)
    if node.name != sender and not (node.relays and node.name.province == sender.province):
        raise Untrusted("", NOT_THEIRS)
    return node


def _charset(package: Package) -> Charset:
    return charset_of(package.manifest.charset)


def _transit(package: Package, kept: Kept, means: Means) -> Judged:
    """Post a day's purchases by columns; what the ledger or the rules refuse is a fault of its line."""
    scheme = means.store.schemes.get(TRANSIT.name)
    if not isinstance(scheme, Transit):
        raise Refused("transit is not settled here", UNKNOWN, field="file")
    taken, total = 0, 0
    faults: list[LineFault] = []
    strangers: set[str] = set()
    for batch in transit_file.of_package(package, scheme):
        faults += map(_said, batch.faults)
        if not batch.columns.ids:
            continue
        posted = means.store.post_many(batch.columns, kept, kept.signed_at)
        rows = zip(batch.columns.ids, batch.columns.lines, batch.columns.amounts_fen, posted.outcomes, strict=True)
        for identity, line, amount, outcome in rows:
            if outcome in FINE:
                taken, total = taken + 1, total + amount
            else:
                faults.append(_said(Fault(line, identity, outcome)))
        if Outcome.UNKNOWN_PARTY.value in posted.outcomes:
            strangers |= {*batch.columns.debtors, *batch.columns.creditors} - {str(one.name) for one in means.store.parties()}
        means.progress(taken + len(faults))
    return Judged(taken, total, sorted(faults, key=lambda one: one.line), _strangers(strangers))


def _strangers(found: set[str]) -> Text:
    """Which parties are no participants, so that somebody can register them."""
    names = ", ".join(sorted(found)[:STRANGERS_MOST])
    return Text(f"Not participants: {names}.", f"未登记的参与方：{names}。") if found else Text("", "")


def _medical(package: Package, kept: Kept, means: Means) -> Judged:
    """Reconcile a month's settlements with the ledger line by line; nothing is booked again."""
    del kept
    taken, total = 0, 0
    faults: list[LineFault] = []
    for batch in medical_file.batches(package.data, charset=_charset(package)):
        faults += map(_said, batch.faults)
        lines = dict(zip(batch.lines, batch.books, strict=True))
        with means.store.view() as view:
            differ = settled.differences(view, lines)
        faults += [_said(Fault(number, lines[number].key, kind.value)) for number, kind in differ.items()]
        alike = [one for number, one in lines.items() if number not in differ]
        taken, total = taken + len(alike), total + sum(one.medfee_sumamt for one in alike)
        means.progress(taken + len(faults))
    return Judged(taken, total, sorted(faults, key=lambda one: one.line))


def _returned(package: Package, kept: Kept, means: Means) -> Judged:
    """What another refused of a file of ours: every line of it is a fault there."""
    del kept, means
    return Judged(0, 0, [_said(one) for one in return_file.faults(package.data, _charset(package))])


_JUDGES: Final = {Kind.TRANSIT: _transit, Kind.MEDICAL: _medical, Kind.RETURN: _returned}


def _said(fault: Fault) -> LineFault:
    reason = WORDS.get(fault.code)
    return LineFault(fault.line, fault.id, fault.code, reason.text if reason else Text(fault.code, fault.code), fault.column)


def _bank(arrival: Arrival, digest: str, means: Means) -> KeptFile:
    """A bank's lines, each counted once, and what differs from our payments."""
    raw = arrival.raw
    head = raw.lstrip()[:1]
    lines = statements.bank_lines(raw) if head == b"<" else statements.result_csv(raw, "utf-8" if _is_utf8(raw) else "gb18030")
    matched = means.store.desk.take_lines(lines, actor=arrival.actor, now=arrival.at)
    faults = [
        LineFault(number, one.reference, one.difference.value, DIFFERENCES[one.difference])
        for number, one in enumerate(matched.mismatches, start=1)
    ]
    judged = Judged(len(lines), sum(one.amount_fen for one in lines), faults)
    made = _filled(_blank(arrival, digest, Kind.BANK, "bank"), judged)
    return replace(made, state="partly" if faults else "taken")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _answer(file: KeptFile, manifest: Manifest | None, at: datetime, means: Means) -> Answer | None:
    """The return file for what was not taken of a signed file, in its charset; signed where this service has a key."""
    if manifest is None or file.verdict != "good" or not file.faults or file.kind == Kind.RETURN:
        return None
    charset = charset_of(manifest.charset)
    body = return_file.body([Fault(one.line, one.id, one.code, one.column) for one in file.faults], WORDS, charset)
    name = f"{file.name.removesuffix('.zip')}.return"
    if means.identity is not None:
        told = describe(
            body, name=f"{manifest.name}.return", layout=return_file.LAYOUT.name, charset=charset, sender=Party(means.name),
            lines=len(file.faults), total_fen=0, at=at.replace(microsecond=0), certificates=means.identity.certificates,
            answers=file.sha256,
        )  # fmt: skip
        body, name = pack(body, told, means.identity.signer), f"{name}.zip"
    made = replace(
        file,
        id=f"{file.id}-return",
        direction="out",
        kind=Kind.RETURN.value,
        name=name,
        size=len(body),
        sha256=sha256(body).hexdigest(),
        verdict="none",
        state="taken",
        lines_ok=len(file.faults),
        lines_failed=0,
        total_fen=0,
        faults=(),
        answers=file.id,
        at=at,
    )
    return made, body
