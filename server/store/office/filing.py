"""Files in and out as rows: what came or went, what was said of it, and its bytes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Engine, delete, func, update
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from cardstack.text import Text
from server.permissions import Scope
from server.store.engine import driver
from server.store.office.tables import FileRow, from_ms, to_ms, writing

FAULTS_MOST: Final = 500
"""How many line errors stand in the row; all of them are in the return file."""

BARE: Final = (defer(col(FileRow.raw), raiseload=True),)  # type: ignore[arg-type]  # what `col` gives is such an attribute
"""A row without its bytes, of which there may be a hundred megabytes."""
PIECE: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class LineFault:
    """One line that was not taken: its number, its id where it could be read, why, and in which column."""

    line: int
    id: str
    code: str
    text: Text
    column: str = ""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that came in or goes out. Money in fen; `answers` is the file that a return file is about."""

    id: str
    direction: str
    kind: str
    name: str
    sender: str
    province: str
    size: int
    sha256: str
    verdict: str
    state: str
    lines_ok: int
    lines_failed: int
    total_fen: int
    actor: str
    at: datetime
    said: Text
    faults: tuple[LineFault, ...] = ()
    answers: str = ""


Answer: TypeAlias = tuple[KeptFile, bytes]
"""A return file and its bytes."""


class FileStore:
    """The door to the rows about files."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, file: KeptFile, raw: bytes, answer: Answer | None = None) -> KeptFile:
        """Keep a file with its bytes, and in the same commit the return file that answers it.

        Bytes that came in meanwhile by another hand are kept once: what is answered then is the file that was first.
        """
        with writing(self._engine) as session:
            if file.direction == "in":
                same = select(FileRow).where(FileRow.sha256 == file.sha256, FileRow.direction == "in")
                before = session.exec(same.options(*BARE)).first()
                if before is not None:
                    return _file(before)
            session.add(FileRow(id=file.id, raw=raw, at_ms=to_ms(file.at), **_values(file)))
            _add_answer(session, answer)
            session.commit()
        return file

    def change(self, file: KeptFile, answer: Answer | None = None) -> None:
        """What was said of a file when it was looked at again, and in the same commit the return file that now answers it."""
        with writing(self._engine) as session:
            session.connection().execute(update(FileRow).where(col(FileRow.id) == file.id).values(**_values(file)))
            session.connection().execute(delete(FileRow).where(col(FileRow.answers) == file.id))
            _add_answer(session, answer)
            session.commit()

    def get(self, file_id: str) -> KeptFile | None:
        with Session(self._engine) as session:
            row = session.get(FileRow, file_id, options=BARE)
            return _file(row) if row else None

    def raw(self, file_id: str) -> bytes:
        """The bytes as they came."""
        with Session(self._engine) as session:
            return bytes(session.exec(select(FileRow.raw).where(FileRow.id == file_id)).one())

    def pieces(self, file_id: str) -> Iterator[bytes]:
        """The same, a piece at a time and each asked for by itself, so that a slow reader holds neither memory nor connection."""
        start = 0
        while piece := self._piece(file_id, start):
            yield piece
            start += len(piece)

    def _piece(self, file_id: str, start: int) -> bytes:
        with self._engine.connect() as connection:
            if connection.dialect.name != "sqlite":
                part = func.substring(col(FileRow.raw), start + 1, PIECE)
                found = connection.execute(select(part).where(FileRow.id == file_id)).scalar()
                return bytes(found or b"")
            place = connection.exec_driver_sql("SELECT rowid FROM office_file WHERE id = ?", (file_id,)).scalar()
            if place is None:
                return b""
            with driver(connection).blobopen(str(FileRow.__tablename__), "raw", place, readonly=True) as blob:
                blob.seek(start)
                return bytes(blob.read(PIECE))

    def of_digest(self, sha256: str) -> KeptFile | None:
        """The file with these bytes, if it came before."""
        with Session(self._engine) as session:
            row = session.exec(select(FileRow).where(FileRow.sha256 == sha256, FileRow.direction == "in").options(*BARE)).first()
            return _file(row) if row else None

    def answer_to(self, file_id: str) -> KeptFile | None:
        """The return file about a file."""
        with Session(self._engine) as session:
            answers = select(FileRow).where(FileRow.answers == file_id).order_by(col(FileRow.at_ms).desc())
            row = session.exec(answers.options(*BARE)).first()
            return _file(row) if row else None

    def page(self, *, before: tuple[int, str] | None, size: int, scope: Scope, where: Mapping[str, str]) -> list[KeptFile]:
        """Files from the newest down; `where` may hold direction, kind, state, sender, name, since and until (ms)."""
        query = select(FileRow).options(*BARE).order_by(col(FileRow.at_ms).desc(), col(FileRow.id).desc()).limit(size)
        if before is not None:
            at, file_id = before
            query = query.where((col(FileRow.at_ms) < at) | ((col(FileRow.at_ms) == at) & (col(FileRow.id) < file_id)))
        if scope is not None:
            query = query.where(col(FileRow.province).in_(sorted(scope)))
        for name in ("direction", "kind", "state"):
            if where.get(name):
                query = query.where(getattr(FileRow, name) == where[name])
        for name in ("sender", "name"):
            if where.get(name):
                query = query.where(col(getattr(FileRow, name)).contains(where[name], autoescape=True))
        if where.get("since"):
            query = query.where(col(FileRow.at_ms) >= int(where["since"]))
        if where.get("until"):
            query = query.where(col(FileRow.at_ms) < int(where["until"]))
        with Session(self._engine) as session:
            return [_file(row) for row in session.exec(query)]


def _add_answer(session: Session, answer: Answer | None) -> None:
    if answer is not None:
        made, body = answer
        session.add(FileRow(id=made.id, raw=body, at_ms=to_ms(made.at), **_values(made)))


def _values(file: KeptFile) -> dict[str, Any]:
    return {
        "direction": file.direction,
        "kind": file.kind,
        "name": file.name,
        "sender": file.sender,
        "province": file.province,
        "size": file.size,
        "sha256": file.sha256,
        "verdict": file.verdict,
        "state": file.state,
        "lines_ok": file.lines_ok,
        "lines_failed": file.lines_failed,
        "total_fen": file.total_fen,
        "actor": file.actor,
        "said": json.dumps(file.said, ensure_ascii=False),
        "faults": json.dumps([_fault(one) for one in file.faults[:FAULTS_MOST]], ensure_ascii=False),
        "answers": file.answers,
    }


def _fault(one: LineFault) -> Sequence[object]:
    return (one.line, one.id, one.code, one.text.en, one.text.zh, one.column)


def _file(row: FileRow) -> KeptFile:
    faults = tuple(LineFault(one[0], one[1], one[2], Text(one[3], one[4]), one[5]) for one in json.loads(row.faults))
    return KeptFile(
        id=row.id,
        direction=row.direction,
        kind=row.kind,
        name=row.name,
        sender=row.sender,
        province=row.province,
        size=row.size,
        sha256=row.sha256,
        verdict=row.verdict,
        state=row.state,
        lines_ok=row.lines_ok,
        lines_failed=row.lines_failed,
        total_fen=row.total_fen,
        actor=row.actor,
        at=from_ms(row.at_ms),
        said=Text(*json.loads(row.said)),
        faults=faults,
        answers=row.answers,
    )
