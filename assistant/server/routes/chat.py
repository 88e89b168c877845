"""Questions: answered in one piece, as a stream, and the rest of a stream that broke."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from assistant.server.answering import Ask, turns
from assistant.server.callers import Asker
from assistant.server.feeds import Feed, Item, Opened
from assistant.server.house import CurrentHouse, House
from assistant.server.openapi import errors, streams
from assistant.server.problems import Problem
from assistant.server.schemas import AnswerOut, ChatIn, record
from assistant.server.streams import Encode, Event, EventStream, LastEventId, last_event_id, unless_gone
from assistant.types import Answer, CitationFound, Delta

router = APIRouter(tags=["chat"])


@router.post("/api/chat", response_model=AnswerOut, responses=errors(404, 409, 429, 502, 503))
async def chat(body: ChatIn, request: Request, caller: Asker, house: CurrentHouse) -> Response:
    """Answer in one piece."""
    feed = await house.answering.feed(request, caller, _ask(body), "chat")
    answer = await unless_gone(request.receive, feed)
    return JSONResponse(record(answer))


@router.post("/api/chat/stream", response_class=EventStream, responses=streams(404, 409, 429, 502, 503))
async def chat_stream(
    body: ChatIn,
    request: Request,
    caller: Asker,
    house: CurrentHouse,
    last: LastEventId = None,
) -> Response:
    """Answer while it is written.

    `answer.created`, then `answer.delta` and `answer.citation`, and `answer.completed` with the whole record, or
    `answer.failed`. With an `Idempotency-Key` the answer goes on being written when the connection breaks: send the
    request again, with `Last-Event-ID`, for the rest.
    """
    after = last_event_id(last)
    feed = await house.answering.feed(request, caller, _ask(body), "chat")
    return event_stream(house, feed, own(feed), after=after)


@router.get("/api/chat/stream/{stream_id}", response_class=EventStream, responses=streams(404))
async def chat_stream_again(
    stream_id: str,
    request: Request,
    caller: Asker,
    house: CurrentHouse,
    last: LastEventId = None,
) -> Response:
    """The events of a stream after `Last-Event-ID`, for a minute after it broke or ended."""
    feed = house.answering.feeds.find(stream_id, caller.owner)
    if feed is None and (elsewhere := await house.answering.siblings.find(request)):
        return elsewhere
    if feed is None:
        raise Problem(404, "not-found", "There is no such stream, or its minute is over.")
    return event_stream(house, feed, own(feed), after=last_event_id(last))


def event_stream(
    house: House, feed: Feed, encode: Encode, *, after: int = 0, headers: Mapping[str, str] | None = None
) -> EventStream:
    options = house.options
    return EventStream(
        feed,
        encode,
        after=after,
        heartbeat=options.heartbeat_seconds,
        patience=options.write_seconds,
        headers=headers,
    )


def own(feed: Feed) -> Encode:
    """Our own protocol."""

    def encode(item: Item) -> Iterator[Event]:
        match item:
            case Opened():
                fields: dict[str, Any] = {name: getattr(item, name) for name in Opened.__dataclass_fields__}
                yield Event.of({"stream_id": feed.id, **fields}, "answer.created")
            case Delta(text):
                yield Event.of({"text": text}, "answer.delta")
            case CitationFound(citation):
                yield Event.of(citation_dict(citation), "answer.citation")
            case Answer():
                yield Event.of(record(item), "answer.completed")
            case Problem():
                yield Event.of(item.as_dict(), "answer.failed")

    return encode


def citation_dict(citation: Any) -> dict[str, Any]:
    return {**asdict(citation), "answer_spans": [list(span) for span in citation.answer_spans]}


def _ask(body: ChatIn) -> Ask:
    return Ask(
        question=body.question,
        collection=body.collection,
        history=turns([(message.role, message.content) for message in body.history]),
        filters=body.filters.filters(),
        conversation_id=body.conversation_id,
        save=body.save,
    )
