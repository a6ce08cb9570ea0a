"""Whom the service believes: anchors, trust lists, further certificates and revocation lists, and what they vouch for."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import NamedTuple

from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.path import Pool
from cardstack.ca.standing import Crls
from cardstack.ca.trust import DEFAULT, Anchor, PathRejected, Settings, Trusted, validate
from cardstack.errors import CardstackError
from server.trustlists import Relied, stamps

REMEMBERED = 4096
LOOKED = 2.0
"""For how many seconds the files of the trust folder are taken to be as they were."""
PARTS = ("anchors", "pool", "crls")


class Trust:
    """The trust of one relying party. What it vouched for is remembered for the minute of the signature."""

    def __init__(
        self,
        anchors: Iterable[Anchor],
        pool: Iterable[Certificate] = (),
        crls: Iterable[Crl] = (),
        settings: Settings = DEFAULT,
        lists: Relied | None = None,
    ) -> None:
        self.settings, self.lists = settings, lists
        self._folder: Path | None = None
        self._stamps: object = None
        self._looked = monotonic()
        self._remembered: dict[tuple[bytes, datetime, tuple[Anchor, ...]], Trusted] = {}
        self._lock = Lock()
        self._held = _Held.of(anchors, pool, crls)

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """Those of its own, without those of the lists."""
        return self._held.anchors

    @classmethod
    def load(cls, folder: Path, settings: Settings = DEFAULT, lists: Relied | None = None) -> "Trust":
        """From `anchors/`, `pool/` and `crls/` of a folder, each a set of PEM or DER files, read again when they change.

        With `lists`, whom they recognise is believed too.
        """
        made = cls((), settings=settings, lists=lists)
        made._folder = folder
        made._stamps = made._now()
        made._held = _read(folder)
        return made

    def vouch(self, certificates: Sequence[bytes], at: datetime) -> Trusted:
        """Validate the first of these certificates as of a moment; the others may help to build the path.

        `Untrusted` (a `PathRejected`) where no path holds, `Malformed` where one is no certificate.
        """
        self._refresh()
        target = Certificate.parse(certificates[0])
        listed = () if self.lists is None else self.lists.anchors(target, at)
        key = certificates[0], at.replace(second=0), listed
        found = self._remembered.get(key)
        if found is not None and found.at <= at:
            return found
        found = self._validate(target, certificates[1:], listed, at)
        with self._lock:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = found
        return found

    def _validate(self, target: Certificate, more: Sequence[bytes], listed: tuple[Anchor, ...], at: datetime) -> Trusted:
        held = self._held
        anchors = (*held.anchors, *listed)
        try:
            return validate(target, anchors=anchors, pool=held.pool, crls=held.crls, at=at, settings=self.settings)
        except PathRejected:
            further = [one for one in map(Certificate.parse, more) if one not in held.known]
            if not further:
                raise
            pool = Pool([*held.known, *further])
            return validate(target, anchors=anchors, pool=pool, crls=held.crls, at=at, settings=self.settings)

    def _refresh(self) -> None:
        """Read the folder again if a file has changed: CRLs are replaced while the service runs.

        What cannot be read now, because somebody is writing it, is tried again; what was read before stays.
        """
        if self._folder is None or monotonic() < self._looked + LOOKED:
            return
        with self._lock:
            self._looked = monotonic()
            now = self._now()
            if now == self._stamps:
                return
            try:
                self._held = _read(self._folder)
            except (CardstackError, OSError):
                return
            self._stamps = now
            self._remembered.clear()

    def _now(self) -> object:
        return None if self._folder is None else tuple(stamps(self._folder / part) for part in PARTS)


class _Held(NamedTuple):
    """What is believed at one time, exchanged as a whole."""

    anchors: tuple[Anchor, ...]
    known: tuple[Certificate, ...]
    pool: Pool
    crls: Crls

    @classmethod
    def of(cls, anchors: Iterable[Anchor], pool: Iterable[Certificate], crls: Iterable[Crl]) -> "_Held":
        known = tuple(pool)
        return cls(tuple(anchors), known, Pool(known), Crls(crls))


def _read(folder: Path) -> _Held:
    anchors = [Anchor(one) for raw in _files(folder / "anchors") for one in Certificate.parse_all(raw)]
    pool = [one for raw in _files(folder / "pool") for one in Certificate.parse_all(raw)]
    return _Held.of(anchors, pool, [Crl.parse(raw) for raw in _files(folder / "crls")])


def _files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("*")) if path.is_file()] if folder.is_dir() else []
