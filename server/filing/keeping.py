"""What is kept of a file: its row, as it came, as it was judged, and as it was handed out."""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from cardstack.errors import CardstackError
from cardstack.text import Text
from server.filing.arriving import Arrival, Kind
from server.filing.judging import Judged
from server.permissions import EVERYWHERE
from server.store.office.filing import FileStore, KeptFile


def hand_out(files: FileStore, raw: bytes, *, kind: Kind, name: str, to: str, at: datetime, number: str, lines: int) -> None:
    """Note that a file was handed out, to whom and when, by its digest; a card list can be made again from its version."""
    made = replace(
        blank(Arrival(b"", name, to, at, number), sha256(raw).hexdigest(), kind, to),
        direction="out",
        province=to[:2] if to[:2].isdigit() else EVERYWHERE,
        size=len(raw),
        lines_ok=lines,
    )
    files.add(made, b"")


def refused(file: KeptFile, verdict: str, error: CardstackError) -> KeptFile:
    """A file that was refused as a whole, with why."""
    return replace(file, verdict=verdict, state="refused", said=Text(error.say("en"), error.say("zh")))


def blank(arrival: Arrival, digest: str, kind: Kind, sender: str) -> KeptFile:
    """A file that came in, before anything is said of it."""
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


def filled(file: KeptFile, judged: Judged) -> KeptFile:
    """A file with what became of its lines."""
    state = "taken" if not judged.failed else "partly" if judged.taken else "refused"
    return replace(
        file,
        state=state,
        lines_ok=judged.taken,
        lines_failed=judged.failed,
        total_fen=judged.total_fen,
        faults=tuple(judged.faults),
        said=judged.said,
    )
