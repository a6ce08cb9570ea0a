"""Long work in the background of this process, with its progress in the database so that any page may ask for it."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cardstack.errors import CardstackError
from server.store.office.jobbing import Job, JobStore
from server.store.office.tables import to_ms

Progress = Callable[[int], None]
Work = Callable[[Path, Progress], None]
"""Writes a file and says how far it is."""

AT_ONCE = 2


@dataclass
class Jobs:
    """Starts work and keeps its results in a folder; at most two run at once, the others wait."""

    store: JobStore
    folder: Path
    clock: Callable[[], datetime]
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="job"))

    def start(self, work: Work, *, kind: str, owner: str, title: str, file_name: str, media_type: str, total: int = 0) -> str:
        """Queue a piece of work; the answer is its id."""
        self.folder.mkdir(parents=True, exist_ok=True)
        job_id = secrets.token_urlsafe(12)
        path = self.folder / f"{job_id}.part"
        job = Job(job_id, kind, owner, title, "running", 0, total, file_name, media_type, str(path), "", self.clock())
        self.store.add(job)
        self._pool.submit(self._run, job, work)
        return job_id

    def close(self) -> None:
        """Finish what runs."""
        self._pool.shutdown(wait=True)

    def _run(self, job: Job, work: Work) -> None:
        try:
            work(Path(job.path), lambda done: self.store.change(job.id, done=done))
        except CardstackError as error:
            self.store.change(job.id, state="failed", error=error.say("zh"))
        except Exception as error:  # noqa: BLE001  # whoever waits for the job must hear that it ended
            self.store.change(job.id, state="failed", error=type(error).__name__)
        else:
            self.store.change(job.id, state="done", finished_ms=to_ms(self.clock()))
