"""Saved conversations: everybody sees their own, and nobody else's are there."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from assistant.conversations import Conversations, Feedback
from assistant.errors import UsageError
from assistant.server.callers import Asker
from assistant.server.discretion import shown_json
from assistant.server.house import CurrentHouse
from assistant.server.openapi import errors
from assistant.server.schemas import (
    CollectionName,
    ConversationIn,
    ConversationOut,
    FeedbackIn,
    FoundOut,
    SummaryOut,
    TitleIn,
    WholeConversationOut,
)
from assistant.server.shelf import missing

router = APIRouter(tags=["conversations"])


@router.get("/api/conversations", response_model=list[SummaryOut], responses=errors())
async def conversations(
    caller: Asker,
    house: CurrentHouse,
    collection: Annotated[CollectionName | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Any:
    """The last used first."""
    log = house.shelf.log(caller)
    found = await asyncio.to_thread(lambda: log.list(collection=collection, limit=limit))
    return [asdict(summary) for summary in found]


@router.post("/api/conversations", status_code=201, response_model=ConversationOut, responses=errors(404, 409))
async def create(body: ConversationIn, request: Request, caller: Asker, house: CurrentHouse) -> Response:
    """Begin a conversation; without a title it takes its first question."""
    if not caller.sees(body.collection):
        raise missing(body.collection)
    log = house.shelf.log(caller, body.collection)

    async def make() -> Response:
        id = await asyncio.to_thread(lambda: log.create(title=body.title))
        return JSONResponse(_head(await asyncio.to_thread(log.show, id)), 201, {"Location": f"/api/conversations/{id}"})

    return await house.once.respond(caller.owner, request, await request.body(), make)


@router.get("/api/conversations/search", response_model=list[FoundOut], responses=errors())
async def search(
    caller: Asker,
    house: CurrentHouse,
    words: Annotated[str, Query(min_length=1, max_length=1_000)],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    """The turns that hold every word; none where there is no word in what was given."""
    log = house.shelf.log(caller)
    try:
        found = await asyncio.to_thread(lambda: log.search(words, limit=limit))
    except UsageError:
        return []
    return [asdict(one) for one in found]


@router.get("/api/conversations/{conversation_id}", response_model=WholeConversationOut, responses=errors(404))
async def show(conversation_id: str, caller: Asker, house: CurrentHouse) -> Response:
    """A conversation whole, every answer with its record."""
    found = await asyncio.to_thread(house.shelf.log(caller).show, conversation_id)
    return JSONResponse(shown_json(found.as_dict(), caller))


@router.patch("/api/conversations/{conversation_id}", response_model=ConversationOut, responses=errors(404))
async def rename(conversation_id: str, body: TitleIn, caller: Asker, house: CurrentHouse) -> Response:
    """Give it another title."""
    log = house.shelf.log(caller)

    def work() -> dict[str, Any]:
        log.rename(conversation_id, body.title)
        return _head(log.show(conversation_id))

    return JSONResponse(await asyncio.to_thread(work))


@router.delete("/api/conversations/{conversation_id}", status_code=204, response_class=Response, responses=errors(404))
async def remove(conversation_id: str, caller: Asker, house: CurrentHouse) -> Response:
    """Delete it for good."""
    await asyncio.to_thread(house.shelf.log(caller).remove, conversation_id)
    return Response(status_code=204)


@router.post(
    "/api/conversations/{conversation_id}/turns/{number}/feedback",
    status_code=204,
    response_class=Response,
    responses=errors(404, 409),
)
async def feedback(
    conversation_id: str,
    number: int,
    body: FeedbackIn,
    request: Request,
    caller: Asker,
    house: CurrentHouse,
) -> Response:
    """What the reader thought of the answer of a turn, counted from 1; a later word replaces an earlier one."""
    log: Conversations = house.shelf.log(caller)

    async def make() -> Response:
        await asyncio.to_thread(log.rate, conversation_id, number, Feedback(body.verdict, body.words))
        return Response(status_code=204)

    address = f"{conversation_id} {number} ".encode()
    return await house.once.respond(caller.owner, request, address + await request.body(), make)


def _head(conversation: Any) -> dict[str, Any]:
    return {name: value for name, value in conversation.as_dict().items() if name != "turns"}
