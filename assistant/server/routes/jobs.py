"""How an upload goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response, StreamingResponse

from assistant.server.callers import Caller, Ingester
from assistant.server.house import CurrentHouse, House
from assistant.server.jobs import Job
from assistant.server.openapi import errors, streams
from assistant.server.schemas import JobOut
from assistant.server.streams import HEADERS, Event

router = APIRouter(tags=["jobs"])

_LOOK_SECONDS = 0.25


@router.get("/api/jobs", response_model=list[JobOut], responses=errors())
async def jobs(caller: Ingester, house: CurrentHouse, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Any:
    """Your own, the newest first."""
    return [job.as_dict() for job in await asyncio.to_thread(house.jobs.list, caller.owner, limit)]


@router.get("/api/jobs/{job_id}", response_model=JobOut, responses=errors(404))
async def show(job_id: str, caller: Ingester, house: CurrentHouse) -> Response:
    """Where a job stands."""
    job = await asyncio.to_thread(house.jobs.find, job_id, caller.owner)
    return JSONResponse(job.as_dict())


@router.get("/api/jobs/{job_id}/events", response_class=StreamingResponse, responses=streams(404))
async def events(job_id: str, caller: Ingester, house: CurrentHouse) -> Response:
    """`job.progress` whenever something changed, and `job.done` or `job.failed` at the end."""
    job = await asyncio.to_thread(house.jobs.find, job_id, caller.owner)
    return StreamingResponse(_follow(house, caller, job), headers=HEADERS)


async def _follow(house: House, caller: Caller, job: Job) -> AsyncIterator[bytes]:
    """Looks at the database: whichever process does the job, its progress is there."""
    loop = asyncio.get_running_loop()
    number, seen, told = 0, "", loop.time()
    while True:
        if job.updated_at != seen or job.ended:
            number, seen, told = number + 1, job.updated_at, loop.time()
            name = f"job.{job.state}" if job.ended else "job.progress"
            yield Event.of(job.as_dict(), name).encode(number)
        elif loop.time() - told > house.options.heartbeat_seconds:
            told = loop.time()
            yield b": still here\n\n"
        if job.ended or house.door.closed:
            return
        await asyncio.sleep(_LOOK_SECONDS)
        job = await asyncio.to_thread(house.jobs.find, job.id, caller.owner)
