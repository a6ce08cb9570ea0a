"""A root key ceremony carried out: key, shares, certificate and first CRL, each step signed by two officers."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cardstack
from cardstack.ca.ceremony import ROOT_KEY, Ceremony, Step
from cardstack.ca.officers import Officer
from cardstack.crypto import sharing
from cardstack.crypto.keys import Algorithm, Signer
from cardstack.crypto.sharing import Share
from cardstack.crypto.suite import digest
from cardstack.vault import files, keys
from cardstack.vault.home import AuthorityHome, Declared

Witness = Callable[[Step, str, str, Mapping[str, Any]], None]
"""Told of each step with its maker, its checker and what came out, before they sign; raises to stop the ceremony."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a ceremony leaves: the authority, each officer's share, and the transcript."""

    home: AuthorityHome
    shares: Mapping[str, Share]
    transcript: str


def root_key(
    folder: Path,
    declared: Declared,
    algorithm: Algorithm,
    present: Mapping[str, tuple[Officer, Signer]],
    *,
    needed: int,
    place: str,
    clock: Callable[[], datetime],
    witness: Witness,
) -> Held:
    """Run the script of `ROOT_KEY`. Makers take turns, and the next officer in the list checks.

    The key's password is drawn here, split among those present, and kept by nobody.
    """
    ceremony, ids = Ceremony(ROOT_KEY, present), list(present)
    release, program = program_digest()
    ask = _asking(ceremony, ids, clock, witness)
    ask("open", {"present": ids, "place": place})
    ask("software", {"version": release, "digest": program})
    secret = secrets.token_urlsafe(32).encode()
    signer = keys.generate(algorithm, secret)
    ask("key", {"algorithm": str(algorithm), "public_key": digest("sm3", signer.public.spki).hex()})
    room = (needed - 1) * (len(secret) + 4)
    shares = sharing.split(secret, shares=len(ids), needed=needed, randomness=secrets.token_bytes(room))
    assert sharing.combine(shares[-needed:]) == secret
    ask("shares", {"needed": needed, "holders": ids})
    at = clock()
    home = AuthorityHome.create(folder, declared, signer, at=at, actor="+".join(ids))
    keys.keep(folder, signer, secret)
    made = home.certificate
    outputs = {
        "fingerprint": made.fingerprint,
        "subject": made.subject.text,
        "valid_until": made.valid_until.isoformat(),
    }
    ask("certificate", outputs)
    home.publish(at=clock(), actor="+".join(ids))
    ask("crl", {"number": 1})
    assert home.journal.last is not None
    ask("close", {"audit_head": home.journal.last.hash})
    transcript = ceremony.transcript()
    files.write(folder / "ceremony.jsonl", transcript.encode())
    return Held(home, dict(zip(ids, shares, strict=True)), transcript)


def _asking(
    ceremony: Ceremony, ids: list[str], clock: Callable[[], datetime], witness: Witness
) -> Callable[[str, Mapping[str, Any]], None]:
    def ask(step: str, outputs: Mapping[str, Any]) -> None:
        due, turn = ceremony.next, len(ceremony.lines)
        assert due is not None
        maker, checker = ids[turn % len(ids)], ids[(turn + 1) % len(ids)]
        witness(due, maker, checker, outputs)
        ceremony.take(step, maker=maker, checker=checker, outputs=outputs, at=clock())

    return ask


def program_digest() -> tuple[str, str]:
    """The version, and the SHA-256 over the digests of all modules of the package, by name."""
    root = Path(cardstack.__file__).parent
    found = {str(path.relative_to(root)): sha256(path.read_bytes()).hexdigest() for path in sorted(root.rglob("*.py"))}
    return version("cardstack"), sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
