"""The trust lists that a service relies on: `lists/*.json` in its trust folder.

A list is signed by whom one of `anchors/` certified for that, or by a pivot of the list before it. What was accepted is
remembered in `lists/seen.json`, and kept in `lists/in-use/`, so that a list which is older, broken or of somebody else
neither takes the place of the one in use nor goes unnoticed: the service is not ready until it is put right.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from cardstack.ca.agreement import CHINA, Status
from cardstack.ca.certificate import Certificate
from cardstack.ca.trust import Anchor
from cardstack.ca.trustlist import Seen, Service, TrustList, accept, read, readiness
from cardstack.errors import CardstackError, Malformed
from cardstack.vault import files

SEEN, IN_USE = "seen.json", "in-use"
EVERY = timedelta(minutes=1)


class Standing(NamedTuple):
    """How one list stands: the one in use, if it still counts, and what is wrong with the file or with its age."""

    name: str
    used: TrustList | None
    error: CardstackError | None


class Relied:
    """The lists of a trust folder, looked at again when a file changes or a minute has passed."""

    def __init__(self, trust: Path, clock: Callable[[], datetime]) -> None:
        self.trust, self.clock = trust, clock
        self._known: tuple[datetime, object, tuple[Standing, ...]] | None = None
        self._lock = Lock()

    def standings(self) -> tuple[Standing, ...]:
        """Every list, by name."""
        with self._lock:
            at, files_now = self.clock(), stamps(self.trust / "lists")
            if self._known is None or self._known[1] != files_now or not self._known[0] <= at < self._known[0] + EVERY:
                self._known = at, files_now, look(self.trust, at)
            return self._known[2]

    def trouble(self) -> CardstackError | None:
        """Why a list keeps the service from being ready; None where none does, and where there are no lists."""
        return next((one.error for one in self.standings() if one.error is not None), None)

    def anchors(self, certificate: Certificate, at: datetime) -> tuple[Anchor, ...]:
        """Whom the lists recognise for what a certificate is for, as they stood at a moment: that of its signature."""
        day = at.astimezone(CHINA).date()
        return tuple(
            _anchor(service)
            for one in self.standings()
            if one.used is not None
            for service in one.used.services
            if service.status_at(day) is Status.IN_FORCE and service.admits(certificate)
        )


@lru_cache(maxsize=256)
def _anchor(service: Service) -> Anchor:
    """Made once for each that is listed: it is asked for with every signature."""
    return service.anchor()


def stamps(folder: Path) -> object:
    """What changes when a file of a folder does."""
    found = ((path, path.stat()) for path in sorted(folder.glob("*.*")))
    return tuple((path.name, one.st_mtime_ns, one.st_size, one.st_ino) for path, one in found if path.name != SEEN)


def trouble(trust: Path, at: datetime) -> CardstackError | None:
    """Why a list of a trust folder keeps a service from being ready at a moment."""
    return next((one.error for one in look(trust, at) if one.error is not None), None)


def look(trust: Path, at: datetime) -> tuple[Standing, ...]:
    """Take in what is new in `lists/`, and say how each list stands."""
    folder = trust / "lists"
    listed = [path for path in sorted(folder.glob("*.json")) if path.name != SEEN]
    if not listed:
        return ()
    try:
        with files.locked(folder):
            known = [one for path in sorted((trust / "anchors").glob("*")) for one in Certificate.parse_all(files.read(path))]
            seen = _seen(folder / SEEN)
            before = dict(seen)
            found = tuple(_one(path, known, seen, at) for path in listed)
            if seen != before:
                files.write_json(folder / SEEN, {name: _as_data(one) for name, one in seen.items()})
            return found
    except CardstackError as error:
        return tuple(Standing(path.stem, None, error) for path in listed)


def _one(path: Path, known: list[Certificate], seen: dict[str, Seen], at: datetime) -> Standing:
    """The list in a file, if it may take the place of the one in use; else that one, as long as it counts."""
    name, last, raw = path.stem, seen.get(path.stem), files.read(path)
    kept = path.parent / IN_USE / path.name
    try:
        taken, signer = accept(raw, anchors=known, at=at, last=last)
    except CardstackError as error:
        return Standing(name, _in_use(kept, last, at), error)
    if last is None or taken.sequence > last.sequence or not kept.exists():
        # The copy first: a list that is remembered as seen can always be used again.
        files.write(kept, raw)
        seen[name] = Seen.of(taken, signer)
    return Standing(name, taken, None)


def _in_use(kept: Path, last: Seen | None, at: datetime) -> TrustList | None:
    if last is None or not kept.exists():
        return None
    try:
        one = read(files.read(kept))
    except CardstackError:
        return None
    return one if Seen.of(one).digest == last.digest and readiness(one, at) is None else None


def _seen(path: Path) -> dict[str, Seen]:
    if not path.exists():
        return {}
    try:
        held = files.read_json(path)
        return {
            name: Seen(one["sequence"], one["digest"], frozenset(one["pivots"]), one.get("issuer", ""))
            for name, one in held.items()
        }
    except (KeyError, TypeError, AttributeError):
        raise Malformed(problem=files.UNREADABLE, file=SEEN) from None


def _as_data(one: Seen) -> dict[str, object]:
    return {"sequence": one.sequence, "digest": one.digest, "pivots": sorted(one.pivots), "issuer": one.issuer}
