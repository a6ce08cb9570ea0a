"""The trust lists that a service relies on: `lists/*.json` in its trust folder, checked before it calls itself ready.

What was accepted is remembered in `lists/seen.json`, so that an older list is noticed across restarts.
"""

from datetime import datetime
from pathlib import Path

from cardstack.ca.certificate import Certificate
from cardstack.ca.trustlist import Seen, accept
from cardstack.errors import CardstackError, Malformed
from cardstack.vault import files

SEEN = "seen.json"


def trouble(trust: Path, at: datetime) -> CardstackError | None:
    """Why a list in use keeps the service from being ready; None where none does, and where there are no lists.

    A list is signed by whom one of `anchors/` certified for that, or by the pivot of the list before it.
    """
    folder = trust / "lists"
    listed = [path for path in sorted(folder.glob("*.json")) if path.name != SEEN]
    if not listed:
        return None
    try:
        with files.locked(folder):
            return _trouble(folder, listed, trust / "anchors", at)
    except CardstackError as error:
        return error


def _trouble(folder: Path, listed: list[Path], anchors: Path, at: datetime) -> CardstackError | None:
    known = [one for path in sorted(anchors.glob("*")) for one in Certificate.parse_all(files.read(path))]
    seen = _seen(folder / SEEN)
    before = dict(seen)
    for path in listed:
        last = seen.get(path.stem)
        taken, signer = accept(files.read(path), anchors=known, at=at, last=last)
        if last is None or taken.sequence > last.sequence:
            seen[path.stem] = Seen.of(taken, signer)
    if seen != before:
        files.write_json(folder / SEEN, {name: _as_data(one) for name, one in seen.items()})
    return None


def _seen(path: Path) -> dict[str, Seen]:
    if not path.exists():
        return {}
    try:
        held = files.read_json(path)
        return {name: Seen(one["sequence"], one["digest"], frozenset(one["pivots"])) for name, one in held.items()}
    except (KeyError, TypeError, AttributeError):
        raise Malformed(problem=files.UNREADABLE, file=SEEN) from None


def _as_data(one: Seen) -> dict[str, object]:
    return {"sequence": one.sequence, "digest": one.digest, "pivots": sorted(one.pivots)}
