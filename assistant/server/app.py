"""The server, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from assistant import build
from assistant.conversations import LOCAL
from assistant.server import ai_sdk, openai_chat, openai_responses, problems, store
from assistant.server.access import Access
from assistant.server.admission import Admission
from assistant.server.answering import Answering
from assistant.server.bodies import Bodies
from assistant.server.entrance import Door, Entrance
from assistant.server.house import House
from assistant.server.jobs import Jobs
from assistant.server.keys import Keys
from assistant.server.metrics import Metrics
from assistant.server.once import Once
from assistant.server.options import Options
from assistant.server.problems import Problem
from assistant.server.routes import chat, collections, conversations, documents, health, jobs, search
from assistant.server.shelf import OpenAssistant, Shelf
from assistant.server.siblings import Elsewhere
from assistant.settings import Settings

# Newer releases of FastAPI write spans, metrics and logs with paths, query strings and what did not validate: ids, and
# words people searched for. The spans of this server (`server.tracing`) hold none of it. Older releases ignore this.
_NO_SPANS_OF_ITS_OWN: Any = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
_TICK = 0.5  # seconds between two looks at how late the loop is
_SWEEP = 600  # seconds between two sweeps of the kept replies


def create_app(
    settings: Settings,
    options: Options | None = None,
    *,
    door: Door | None = None,
    assistant_over: OpenAssistant = build.assistant_over,
) -> ASGIApp:
    """The whole application. Raises `AssistantError` or `LibraryError` where the library cannot be opened."""
    options, door = options or Options(), door or Door()
    house = furnish(settings, options, door, assistant_over)
    app = FastAPI(
        title="Document assistant",
        version="1",
        description="Answers from your own documents, every statement tied to the exact words it rests on.",
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_SPANS_OF_ITS_OWN,
        lifespan=_lifespan,
    )
    app.state.house = house
    problems.install(app)
    app.add_exception_handler(Elsewhere, _passed_on)
    for module in (chat, conversations, documents, search, collections, jobs, health):
        app.include_router(module.router)
    for protocol in (openai_chat, openai_responses, ai_sdk):
        app.include_router(protocol.router)
    inner = Admission(Bodies(app, options=options), answering=house.answering)
    return Entrance(Access(inner, options=options, keys=house.keys), door=door, metrics=house.metrics)


def furnish(settings: Settings, options: Options, door: Door, assistant_over: OpenAssistant) -> House:
    """Everything the routes need, made once."""
    engine = store.open_store(settings.home)
    metrics, keys, once = Metrics(), Keys(engine), Once(engine)
    conversations = build.open_conversations(settings)
    shelf = Shelf(settings, conversations, assistant_over=assistant_over, thinkers=options.thinking)
    answering = Answering(options, shelf, keys, once, metrics)
    door.on_last_call.append(answering.last_call)
    return House(
        settings, options, shelf, keys, once, answering, Jobs(engine, settings, options, metrics), door, metrics
    )


async def _passed_on(request: Request, error: Exception) -> Response:
    assert isinstance(error, Elsewhere)
    house: House = request.app.state.house
    try:
        return await house.answering.siblings.pass_on(request, error)
    except Problem as problem:
        return problem.response(request.scope["path"])


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    house: House = app.state.house
    await house.jobs.start()
    for name in await asyncio.to_thread(house.shelf.behind):
        await house.jobs.add(LOCAL, name, "mend", {})
    if house.options.warm:
        asyncio.get_running_loop().run_in_executor(None, house.shelf.warm)
    tasks = [asyncio.create_task(_watch_lag(house.metrics)), asyncio.create_task(_sweep(house.once))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await house.jobs.stop()
        house.answering.close()
        house.shelf.close()


async def _watch_lag(metrics: Metrics) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _TICK
        await asyncio.sleep(_TICK)
        metrics.lagged(max(0.0, loop.time() - due))


async def _sweep(once: Once) -> None:
    while True:
        await asyncio.to_thread(once.sweep)
        await asyncio.sleep(_SWEEP)
