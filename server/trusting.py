"""Whom the service believes: anchors, further certificates and revocation lists, and what they vouch for."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from cardstack.ca.certificate import Certificate
from cardstack.ca.crl import Crl
from cardstack.ca.path import Pool
from cardstack.ca.standing import Crls
from cardstack.ca.trust import DEFAULT, Anchor, PathRejected, Settings, Trusted, validate

REMEMBERED = 4096
MINUTE = timedelta(minutes=1)


class Trust:
    """The trust of one relying party. What it vouched for is remembered for the minute of the signature."""

    def __init__(
        self,
        anchors: Iterable[Anchor],
        pool: Iterable[Certificate] = (),
        crls: Iterable[Crl] = (),
        settings: Settings = DEFAULT,
    ) -> None:
        self.anchors, self.known, self.settings = tuple(anchors), tuple(pool), settings
        self.pool, self.crls = Pool(self.known), Crls(crls)
        self._remembered: dict[tuple[bytes, datetime], Trusted] = {}
        self._lock = Lock()

    @classmethod
    def load(cls, folder: Path, settings: Settings = DEFAULT) -> "Trust":
        """From `anchors/`, `pool/` and `crls/` of a folder, each a set of PEM or DER files."""
        anchors = [Anchor(one) for raw in _files(folder / "anchors") for one in Certificate.parse_all(raw)]
        pool = [one for raw in _files(folder / "pool") for one in Certificate.parse_all(raw)]
        return cls(anchors, pool, [Crl.parse(raw) for raw in _files(folder / "crls")], settings)

    def vouch(self, certificates: Sequence[bytes], at: datetime) -> Trusted:
        """Validate the first of these certificates as of a moment; the others may help to build the path.

        `Untrusted` (a `PathRejected`) where no path holds, `Malformed` where one is no certificate.
        """
        key = certificates[0], at.replace(second=0)
        found = self._remembered.get(key)
        if found is not None and found.at <= at:
            return found
        found = self._validate(certificates, at)
        with self._lock:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = found
        return found

    def _validate(self, certificates: Sequence[bytes], at: datetime) -> Trusted:
        target = Certificate.parse(certificates[0])
        try:
            return validate(target, anchors=self.anchors, pool=self.pool, crls=self.crls, at=at, settings=self.settings)
        except PathRejected:
            further = [one for one in map(Certificate.parse, certificates[1:]) if one not in self.known]
            if not further:
                raise
            pool = Pool([*self.known, *further])
            return validate(target, anchors=self.anchors, pool=pool, crls=self.crls, at=at, settings=self.settings)


def _files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("*")) if path.is_file()] if folder.is_dir() else []
