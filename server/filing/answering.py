"""The return file: the lines of a signed file that were not taken, each with its reason."""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from cardstack.settlement.bulk import return_file
from cardstack.settlement.bulk.layout import charset_of
from cardstack.settlement.bulk.package import Manifest, describe, pack
from cardstack.settlement.transaction import Party
from server.filing.arriving import Kind, Means
from server.store.office.filing import Answer, KeptFile


class Looked(NamedTuple):
    """What was made of a file, and where it is signed and not all of it was taken, its manifest and the lines that answer it."""

    file: KeptFile
    manifest: Manifest | None = None
    lines: return_file.Body | None = None


def answer(looked: Looked, at: datetime, means: Means) -> Answer | None:
    """The return file for what was not taken of a signed file, in its charset; signed where this service has a key."""
    file, manifest, lines = looked
    if manifest is None or lines is None or not file.lines_failed:
        return None
    name = f"{file.name.removesuffix('.zip')}.return"
    if means.identity is not None:
        told = describe(
            lines, name=f"{manifest.name}.return", layout=return_file.LAYOUT.name, charset=charset_of(manifest.charset),
            sender=Party(means.name), lines=file.lines_failed, total_fen=0, at=at.replace(microsecond=0),
            certificates=means.identity.certificates, answers=file.sha256,
        )  # fmt: skip
        body, name = pack(lines, told, means.identity.signer), f"{name}.zip"
    else:
        body = b"".join(lines)
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
        lines_ok=file.lines_failed,
        lines_failed=0,
        total_fen=0,
        faults=(),
        answers=file.id,
        at=at,
    )
    return made, body
