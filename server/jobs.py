"""Long work in the background of this process, with its progress in the database so that any page may ask for it."""

import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cardstack.errors import CardstackError
from cardstack.text import Text
from server.store.office.jobbing import Job, JobStore
from server.store.office.tables import to_ms

Progress = Callable[[int], None]
Work = Callable[[Path, Progress], None]
"""Does what is to be done, into a file if it makes one, and says how far it is."""

AT_ONCE = 2
SILENCE = timedelta(hours=1)
"""After how long without a word a job is taken to have been interrupted."""
INTERRUPTED = Text("The service stopped while it worked; begin again.", "服务中断，任务未完成，请重新发起。")


class Begun(NamedTuple):
    """A job that was begun in this process."""

    id: str
    future: "Future[None]"

    def ends_within(self, seconds: float) -> bool:
        """Whether it is done before so many seconds are over; the error that ended it is raised here too."""
        try:
            self.future.result(seconds)
        except TimeoutError:
            if self.future.done():
                raise
            return False
        return True


@dataclass
class Jobs:
    """Starts work and keeps its results in a folder; at most two run at once, the others wait."""

    store: JobStore
    folder: Path
    clock: Callable[[], datetime]
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="job"))

    def start(
        self, work: Work, *, kind: str, owner: str, title: str, file_name: str, media_type: str = "", total: int = 0
    ) -> Begun:
        """Queue a piece of work."""
        self.folder.mkdir(parents=True, exist_ok=True)
        job_id = secrets.token_urlsafe(12)
        path, now = self.folder / f"{job_id}.part", self.clock()
        job = Job(job_id, kind, owner, title, "running", 0, total, file_name, media_type, str(path), Text("", ""), now, now)
        self.store.add(job)
        return Begun(job_id, self._pool.submit(self._run, job, work))

    def seen(self, job: Job) -> Job:
        """A job as it is shown: one of a service that was stopped has failed."""
        if job.state != "running" or self.clock() - job.heard < SILENCE:
            return job
        return replace(job, state="failed", error=INTERRUPTED)

    def close(self) -> None:
        """Finish what runs."""
        self._pool.shutdown(wait=True)

    def _run(self, job: Job, work: Work) -> None:
        try:
            work(Path(job.path), lambda done: self.store.change(job.id, done=done, finished_ms=to_ms(self.clock())))
        except Exception as error:
            # Whoever waits for the job must hear that it ended.
            name = type(error).__name__
            said = Text(error.say("en"), error.say("zh")) if isinstance(error, CardstackError) else Text(name, name)
            self.store.change(job.id, state="failed", error=said)
            raise
        self.store.change(job.id, state="done", finished_ms=to_ms(self.clock()))
