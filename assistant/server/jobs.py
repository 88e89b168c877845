"""Work on the library, done by a process of its own: what it reads may be hostile, and must not stall streams."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from assistant.errors import NotFoundError
from assistant.server import store
from assistant.server.metrics import Metrics
from assistant.server.options import Options
from assistant.settings import Settings

Kind = Literal["ingest", "remove", "mend"]
State = Literal["queued", "running", "done", "failed"]

MOST_QUEUED = 10_000
_POLL_SECONDS = 1.0  # other workers of this server may have queued something
_BUSY_SECONDS = 1.0  # until the library is asked for again while a command has it
_LOOK_SECONDS = 0.2  # between two looks at the process's memory
_IDLE_SECONDS = 60.0  # without work, after which the process is let go
_LINE = 1 << 20  # bytes of one message at most


@dataclass(frozen=True, slots=True)
class Job:
    """``progress`` grows: files, passages, and at the end a ``report``, or an ``error`` to be told."""

    id: str
    owner: str
    collection: str
    kind: Kind
    state: State
    task: Mapping[str, Any]
    progress: Mapping[str, Any]
    created_at: str
    updated_at: str

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed")

    def as_dict(self) -> dict[str, Any]:
        shown = asdict(self)
        return {name: value for name, value in shown.items() if name not in ("owner", "task")}


class Jobs:
    """The queue, in the server's database, and the process that works through it."""

    def __init__(self, engine: sa.Engine, settings: Settings, options: Options, metrics: Metrics) -> None:
        self._engine = engine
        self._settings = settings
        self._options = options
        self._metrics = metrics
        self._runner = f"{os.getpid()}"
        self._added = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._worker: Worker | None = None

    # -- the queue -------------------------------------------------------------------------------

    async def add(self, owner: str, collection: str, kind: Kind, task: Mapping[str, Any]) -> Job:
        job = await asyncio.to_thread(self._insert, owner, collection, kind, task)
        self._added.set()
        return job

    def find(self, id: str, owner: str) -> Job:
        """Raises `NotFoundError`, also for another owner's. Blocks."""
        table = store.jobs
        with store.transaction(self._engine) as db:
            row = db.execute(sa.select(table).where(table.c.id == id, table.c.owner == owner)).first()
        if row is None:
            raise NotFoundError(f"There is no job {id[:60]!r}.")
        return _job(row)

    def list(self, owner: str, limit: int) -> list[Job]:
        """The newest first. Blocks."""
        table = store.jobs
        query = sa.select(table).where(table.c.owner == owner).order_by(table.c.created_at.desc()).limit(limit)
        with store.transaction(self._engine) as db:
            return [_job(row) for row in db.execute(query)]

    def queued(self) -> int:
        table = store.jobs
        with store.transaction(self._engine) as db:
            query = sa.select(sa.func.count()).select_from(table).where(table.c.state == "queued")
            return int(db.execute(query).scalar_one())

    def _insert(self, owner: str, collection: str, kind: Kind, task: Mapping[str, Any]) -> Job:
        now = store.now()
        job = Job(f"job_{secrets.token_hex(16)}", owner, collection, kind, "queued", task, {}, now, now)
        with store.transaction(self._engine, writes=True) as db:
            db.execute(sa.insert(store.jobs).values(**asdict(job), runner=""))
        return job

    def _claim(self) -> Job | None:
        table = store.jobs
        with store.transaction(self._engine, writes=True) as db:
            row = db.execute(sa.select(table).where(table.c.state == "queued").order_by(table.c.created_at)).first()
            if row is None:
                return None
            db.execute(
                sa.update(table)
                .where(table.c.id == row.id)
                .values(state="running", runner=self._runner, updated_at=store.now())
            )
        return _job(row)

    def _note(self, job: Job, state: State, progress: Mapping[str, Any]) -> None:
        table = store.jobs
        with store.transaction(self._engine, writes=True) as db:
            row = sa.update(table).where(table.c.id == job.id)
            db.execute(row.values(state=state, progress=dict(progress), updated_at=store.now()))

    def _take_over(self) -> None:
        """What a server that died was doing begins again: every job may be done twice."""
        table = store.jobs
        with store.transaction(self._engine, writes=True) as db:
            for row in db.execute(sa.select(table.c.id, table.c.runner).where(table.c.state == "running")).all():
                if row.runner == self._runner or not store.is_alive(int(row.runner or 0)):
                    db.execute(sa.update(table).where(table.c.id == row.id).values(state="queued"))

    # -- the process -----------------------------------------------------------------------------

    async def start(self) -> None:
        await asyncio.to_thread(self._take_over)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Let the process go; what it was doing begins again with the next server."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._worker:
            await self._worker.end()
        await asyncio.to_thread(self._take_over)

    async def _run(self) -> None:
        idle = 0.0
        while True:
            self._added.clear()
            job = await asyncio.to_thread(self._claim)
            if job is not None:
                await self._carry_out(job)
                idle = 0.0
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._added.wait()
            idle += _POLL_SECONDS
            if idle >= _IDLE_SECONDS and self._worker:
                await self._worker.end()
                self._worker = None

    async def _carry_out(self, job: Job) -> None:
        progress: dict[str, Any] = {}
        state: State = "failed"
        try:
            while True:
                state = await self._attempt(job, progress)
                if progress.pop("busy", None) is None:
                    break
                await asyncio.sleep(_BUSY_SECONDS)
        except WorkerDied as death:
            progress["error"] = str(death)
            self._worker = None
        await asyncio.to_thread(self._note, job, state, progress)
        self._metrics.job_ended(job.kind, state)

    async def _attempt(self, job: Job, progress: dict[str, Any]) -> State:
        if self._worker is None:
            self._worker = await Worker.begin(self._settings, self._options)
        noted = 0.0
        loop = asyncio.get_running_loop()
        await self._worker.tell({"kind": job.kind, "collection": job.collection, **job.task})
        while True:
            message = await self._worker.hear()
            event = message.pop("event")
            progress.update(message)
            if event in ("done", "failed"):
                return "done" if event == "done" else "failed"
            if loop.time() - noted > _LOOK_SECONDS:
                noted = loop.time()
                await asyncio.to_thread(self._note, job, "running", progress)


class WorkerDied(Exception):
    """The process ended, or was ended, before its work was done. The message is for the user."""


class Worker:
    """A process that reads tasks and writes events, one JSON value a line each."""

    def __init__(self, process: asyncio.subprocess.Process, options: Options) -> None:
        self._process = process
        self._options = options
        self._reason = ""
        self._watch = asyncio.create_task(self._watch_memory())

    @classmethod
    async def begin(cls, settings: Settings, options: Options) -> Worker:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "assistant.server.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE,
            start_new_session=True,  # Ctrl-C in the terminal is for the server, which then ends its process
        )
        worker = cls(process, options)
        await worker.tell(settings.model_dump(mode="json"))
        return worker

    async def tell(self, value: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(value).encode() + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise WorkerDied(self._why()) from None

    async def hear(self) -> dict[str, Any]:
        """The next event. Raises `WorkerDied`, also after ending a process that shows no progress."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(self._options.job_stall_seconds):
                line = await self._process.stdout.readline()
        except TimeoutError:
            self._reason = f"Reading it made no progress for {self._options.job_stall_seconds:.0f} s and was ended."
            line = b""
        if not line:
            await self.end()
            raise WorkerDied(self._why())
        message: dict[str, Any] = json.loads(line)
        return message

    async def end(self) -> None:
        self._watch.cancel()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    def _why(self) -> str:
        return self._reason or "The process that was doing this ended unexpectedly. The server's log may say more."

    async def _watch_memory(self) -> None:
        limit = self._options.job_memory_bytes
        statm = Path(f"/proc/{self._process.pid}/statm")
        while statm.exists():  # on systems without it, nobody watches
            pages = statm.read_text().split()[1:2]
            if pages and int(pages[0]) * 4096 > limit:
                self._reason = f"Reading it took more than {limit / 1e6:,.0f} MB of memory and was ended."
                with suppress(ProcessLookupError):
                    self._process.kill()
                return
            await asyncio.sleep(_LOOK_SECONDS)


def _job(row: sa.Row[Any]) -> Job:
    return Job(**{name: getattr(row, name) for name in Job.__dataclass_fields__})
