"""What an authority's folder remembers: the log, the register folded from it, its CRLs, and the certificates as files.

The audit log is the only memory: the register of certificates is folded from its lines, so that nothing can be revoked,
resumed or issued without standing there. Nothing here needs a key.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any

from cardstack.ca.audit import Line
from cardstack.ca.certificate import Certificate
from cardstack.ca.register import Act, Reason, Record, Register
from cardstack.crypto.keys import Signer
from cardstack.vault import files
from cardstack.vault.journal import Journal


class Book:
    """The log of one authority and what it amounts to; what others wrote is taken in on `refresh`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.register = Register()
        self.journal = Journal(folder / "audit.jsonl")
        self.full: tuple[int, datetime] | None = None
        """Number and moment of the newest complete CRL."""
        self.delta: tuple[int, datetime] | None = None
        """The same of the newest delta after it."""
        # Where in which batch file a certificate lies, for those that came in one.
        self._batches: dict[int, tuple[str, int, int]] = {}
        # Many certificates name the same few policies.
        self._policies: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._turn = RLock()
        self._alone = False
        self.refresh()

    def refresh(self) -> None:
        """Take in what others have written to the log since."""
        with self._turn:
            for line in self.journal.catch_up():
                self._fold(line)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Neither another thread nor another process acts meanwhile, and all they did before is known.

        Whoever is alone already stays so.
        """
        with self._turn:
            if self._alone:
                yield
                return
            with files.locked(self.folder):
                self._alone = True
                try:
                    self.refresh()
                    yield
                finally:
                    self._alone = False

    def act(self, serial: int, act: Act, *, at: datetime, actor: str, reason: Reason = Reason.UNSPECIFIED) -> Record:
        """Suspend, resume or revoke a certificate; CRLs say it from the next one on, status answers at once."""
        with self.alone():
            # The register refuses what is not possible before anything is written; folding the line does it for good.
            self.check(serial, act, at=at)
            self.write(at, actor, str(act), {"serial": f"{serial:x}", "reason": reason.word})
        return self.register.record(serial)

    def check(self, serial: int, act: Act, *, at: datetime) -> None:
        """`Refused` where the state of a certificate does not allow this."""
        Register([self.register.record(serial)]).act(serial, act, at)

    def note(self, *, at: datetime, actor: str, action: str, facts: Mapping[str, Any]) -> None:
        """Write a line that changes no certificate; the caller is `alone`."""
        self.write(at, actor, action, facts)

    def keep(self, made: Certificate, kind: str, *, at: datetime, actor: str, facts: Mapping[str, Any] | None = None) -> None:
        """Keep a certificate and say so in the log; the caller is `alone`."""
        files.write(self._certificate_file(made.serial), made.raw)
        self.write(at, actor, "issue", _entry(made, kind) | dict(facts or {}))

    def keep_batch(self, made: Sequence[Certificate], kind: str, *, at: datetime, actor: str) -> None:
        """Keep many in one file, and say so in the log together."""
        name, offset, every = f"{made[0].serial:x}.batch", 0, []
        for one in made:
            every.append(_entry(one, kind) | {"batch": [name, offset, len(one.raw)]})
            offset += len(one.raw)
        with self.alone():
            files.write(self.folder / "certificates" / name, b"".join(one.raw for one in made))
            for line in self.journal.append_all(every, at=at, actor=actor, action="issue"):
                self._fold(line)

    def issued(self, serial: int) -> Certificate:
        """A certificate that it issued."""
        self.register.record(serial)
        if serial not in self._batches:
            return Certificate.parse(files.read(self._certificate_file(serial)))
        name, offset, size = self._batches[serial]
        with (self.folder / "certificates" / name).open("rb") as file:
            file.seek(offset)
            return Certificate.parse(file.read(size))

    def crosses(self, at: datetime, kind: str = "cross") -> Iterable[tuple[Certificate, Record]]:
        """The cross certificates (or those of another profile) that have not run out, with where they stand."""
        for record in self.register.of(kind):
            if record.valid_until >= at:
                yield self.issued(record.serial), record

    def crl(self, kind: str) -> bytes | None:
        """The newest complete (`full`) or `delta` CRL, DER."""
        path = self.folder / "crl" / f"{kind}.crl"
        return path.read_bytes() if kind in {"full", "delta"} and path.exists() else None

    def trust_list(self) -> bytes | None:
        """The newest signed trust list, JSON."""
        path = self.folder / "trustlist.json"
        return path.read_bytes() if path.exists() else None

    def write(self, at: datetime, actor: str, action: str, facts: Mapping[str, Any], signer: Signer | None = None) -> None:
        """Write a line and do what it means; a signer makes it a checkpoint. The caller is `alone`."""
        self._fold(self.journal.append(at=at, actor=actor, action=action, facts=facts, signer=signer))

    def _certificate_file(self, serial: int) -> Path:
        name = f"{serial:x}"
        return self.folder / "certificates" / name[:2] / f"{name}.cer"

    def _fold(self, line: Line) -> None:
        """What a line of the log means for the register."""
        facts = line.facts
        if line.action == "issue":
            until = datetime.fromisoformat(facts["valid_until"])
            record = Record(
                serial=int(facts["serial"], 16),
                profile=sys.intern(facts["profile"]),
                subject=facts["subject"],
                fingerprint=facts["fingerprint"],
                valid_until=until,
                policies=self._policies.setdefault(named := tuple(facts.get("policies", ())), named),
            )
            self.register.add(record)
            if "batch" in facts:
                name, offset, size = facts["batch"]
                self._batches[record.serial] = (str(name), int(offset), int(size))
        elif line.action in set(Act):
            reason = Reason[facts["reason"].upper().replace("-", "_")]
            self.register.act(int(facts["serial"], 16), Act(line.action), line.at, reason)
        elif line.action == "publish":
            made = (facts["number"], line.at)
            self.full, self.delta = (made, None) if facts["kind"] == "full" else (self.full, made)


def _entry(made: Certificate, kind: str) -> dict[str, Any]:
    """What the log says of a certificate."""
    return {
        "serial": f"{made.serial:x}",
        "profile": kind,
        "subject": made.subject.text,
        "fingerprint": made.fingerprint,
        "valid_until": made.valid_until.isoformat(),
        "policies": [one.oid for one in made.policies or ()],
    }
