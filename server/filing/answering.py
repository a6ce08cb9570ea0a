"""The return file: the lines of a signed file that were not taken, each with its reason."""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from cardstack.settlement.bulk import return_file
from cardstack.settlement.bulk.layout import Fault, charset_of
from cardstack.settlement.bulk.package import Manifest, describe, pack
from cardstack.settlement.transaction import Party
from server.filing.arriving import Kind, Means
from server.filing.judging import WORDS
from server.store.office.filing import Answer, KeptFile


def answer(file: KeptFile, manifest: Manifest | None, at: datetime, means: Means) -> Answer | None:
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
