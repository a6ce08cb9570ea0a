"""Jobs as rows."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, update
from sqlmodel import Session, col, select

from cardstack.text import Text
from server.store.office.tables import JobRow, from_ms, to_ms, writing


@dataclass(frozen=True, slots=True)
class Job:
    """A long piece of work; `total` is 0 while nobody knows it. `state` is running, done or failed."""

    id: str
    kind: str
    owner: str
    title: str
    state: str
    done: int
    total: int
    file_name: str
    media_type: str
    path: str
    error: Text
    created: datetime
    heard: datetime
    """When something was last said of it."""

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        if self.state == "done":
            return 100
        return min(99, self.done * 100 // self.total) if self.total else 0


class JobStore:
    """The door to the rows about jobs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, job: Job) -> None:
        with writing(self._engine) as session:
            session.add(
                JobRow(
                    id=job.id,
                    kind=job.kind,
                    owner=job.owner,
                    title=job.title,
                    state=job.state,
                    total=job.total,
                    file_name=job.file_name,
                    media_type=job.media_type,
                    path=job.path,
                    created_ms=to_ms(job.created),
                    finished_ms=to_ms(job.heard),
                )
            )
            session.commit()

    def get(self, job_id: str) -> Job | None:
        with Session(self._engine) as session:
            row = session.get(JobRow, job_id)
            return _job(row) if row else None

    def of(self, owner: str, kind: str, limit: int = 50) -> list[Job]:
        """An operator's jobs of a kind, newest first."""
        mine = select(JobRow).where(JobRow.owner == owner, JobRow.kind == kind)
        query = mine.order_by(col(JobRow.created_ms).desc()).limit(limit)
        with Session(self._engine) as session:
            return [_job(row) for row in session.exec(query)]

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        with writing(self._engine) as session:
            session.connection().execute(delete(JobRow).where(col(JobRow.id) == job_id))
            session.commit()

    def change(self, job_id: str, **values: Any) -> None:
        """Bring progress, state, path or error up to date."""
        if "error" in values:
            values["error"] = json.dumps(values["error"], ensure_ascii=False)
        with writing(self._engine) as session:
            session.connection().execute(update(JobRow).where(col(JobRow.id) == job_id).values(**values))
            session.commit()


def _said(error: str) -> Text:
    """What went wrong, in both languages; before there were two, it was Chinese."""
    return Text(*json.loads(error)) if error.startswith("[") else Text(error, error)


def _job(row: JobRow) -> Job:
    return Job(
        row.id,
        row.kind,
        row.owner,
        row.title,
        row.state,
        row.done,
        row.total,
        row.file_name,
        row.media_type,
        row.path,
        _said(row.error),
        from_ms(row.created_ms),
        from_ms(row.finished_ms or row.created_ms),
    )
