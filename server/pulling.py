"""An operator's side of the card lists: signed files pulled by version, verified, and kept in a folder."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from cardstack.ca.trust import Trusted
from cardstack.errors import Refused, faulty
from cardstack.settlement.bulk.list_file import LAYOUT, read
from cardstack.settlement.bulk.package import unpack, verified
from cardstack.settlement.transit.lists import VERSION_GAP, CardList, Kind, Update
from server.client import Client

FILES_MAX: Final = 10_000
Vouch = Callable[[Sequence[bytes], datetime], Trusted]


class Pulled:
    """The lists that an operator has, one signed file a step, newest last; every file is verified whenever it is read."""

    def __init__(self, folder: Path, vouch: Vouch) -> None:
        self.folder, self.vouch = folder, vouch

    def here(self, kind: Kind) -> CardList:
        """A list as the files of the folder make it."""
        found = CardList(kind)
        files = sorted(self.folder.glob(f"{kind}-*.zip"), key=lambda file: file.name)
        for file in files[-FILES_MAX:]:
            found = _after(found, self.update(file.read_bytes(), kind))
        return found

    def pull(self, client: Client, kind: Kind) -> tuple[CardList, bool]:
        """The list with what a service has newer, and whether there was anything; where a delta does not fit, the whole."""
        have = self.here(kind)
        raw = client.pull_list(kind, have.version)
        if raw is None:
            return have, False
        try:
            newer = _after(have, self.update(raw, kind))
        except Refused as error:
            if error.problem is not VERSION_GAP:
                raise
            raw = client.pull_list(kind)
            if raw is None:
                raise
            newer = _after(have, self.update(raw, kind))
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{kind}-{newer.version:09d}.zip").write_bytes(raw)
        return newer, True

    def update(self, raw: bytes, kind: Kind) -> Update:
        """The update in a signed file; `Untrusted` where its signature or path does not hold."""
        package = unpack(raw)
        trusted = self.vouch(package.certificates, package.manifest.made_at)
        manifest = verified(package, trusted).manifest
        found = read(manifest.name, package.pieces())
        if manifest.layout != LAYOUT.name or found.kind is not kind:
            raise faulty("manifest", "another list", "是另一份名单")
        return found


def _after(have: CardList, update: Update) -> CardList:
    """The list after an update; the whole takes the place of what is there, if it is newer: an old file is no way back."""
    newer = have.after(update)
    return newer if update.base is not None else newer.shortened_to(1)
