"""Vercel's AI SDK: the UI message stream, version 1, as ``useChat`` reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from assistant.marking import doubted
from assistant.server.answering import Ask, turns
from assistant.server.callers import Asker
from assistant.server.feeds import Feed, Item, Opened
from assistant.server.house import CurrentHouse
from assistant.server.openapi import errors, streams
from assistant.server.problems import Problem
from assistant.server.routes.chat import citation_dict, event_stream
from assistant.server.schemas import CollectionName, FiltersIn, text_parts
from assistant.server.streams import Encode, Event, EventStream
from assistant.types import Answer, CitationFound, Delta

router = APIRouter(tags=["ai-sdk"])

MAX_MESSAGES = 400
_TEXT_ID = "text"


class UiMessage(BaseModel):
    """A message as the SDK keeps it. Parts that are not text, our own sources among them, are passed over."""

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "user", "assistant"]
    parts: list[dict[str, Any]] = Field(max_length=10_000)

    @property
    def text(self) -> str:
        texts = [part.get("text") for part in self.parts if part.get("type") == "text"]
        return "".join(text for text in texts if isinstance(text, str))


class UiChatIn(BaseModel):
    """What the SDK's transport sends; ``collection`` and ``filters`` are for its ``body`` option."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"messages": [{"role": "user", "parts": [{"type": "text", "text": "How long do refunds take?"}]}]}
            ]
        },
    )

    messages: list[UiMessage] = Field(min_length=1, max_length=MAX_MESSAGES)
    id: str | None = Field(default=None, max_length=200)
    trigger: Literal["submit-message", "regenerate-message"] | None = None
    messageId: str | None = Field(default=None, max_length=200)
    metadata: Any = None
    collection: CollectionName = "default"
    filters: FiltersIn = FiltersIn()


@router.post("/api/ai-sdk", response_class=EventStream, responses={**streams(), **errors(404, 409, 429, 502, 503)})
async def ai_sdk(body: UiChatIn, request: Request, caller: Asker, house: CurrentHouse) -> Response:
    """Answer the last message, for `useChat`: sources as `source-document`, citations in full as `data-citation`."""
    said = [(message.role, message.text) for message in body.messages if message.role != "system"]
    if not said or said[-1][0] != "user":
        raise Problem(422, "invalid", "messages: The last message must be the user's question.")
    ask = Ask(
        question=said[-1][1], collection=body.collection, history=turns(said[:-1]), filters=body.filters.filters()
    )
    feed = await house.answering.feed(request, caller, ask, "ai-sdk")
    return event_stream(house, feed, parts(feed), headers={"x-vercel-ai-ui-message-stream": "v1"})


def parts(feed: Feed) -> Encode:
    """The stream's parts; each document is named once, each citation sent once."""
    named: set[str] = set()

    def encode(item: Item) -> Iterator[Event]:
        match item:
            case Opened():
                yield Event.of({"type": "start", "messageId": f"msg_{feed.id.removeprefix('str_')}"})
                yield Event.of({"type": "start-step"})
                yield Event.of({"type": "text-start", "id": _TEXT_ID})
            case Delta(text):
                yield Event.of({"type": "text-delta", "id": _TEXT_ID, "delta": text})
            case CitationFound(citation):
                document = citation.document
                if document.id not in named:
                    named.add(document.id)
                    source = {"sourceId": document.id, "mediaType": document.media_type, "title": document.title}
                    yield Event.of({"type": "source-document", **source})
                data = citation_dict(citation)
                yield Event.of({"type": "data-citation", "id": f"citation-{citation.marker}", "data": data})
            case Answer():
                yield Event.of({"type": "text-end", "id": _TEXT_ID})
                if doubted(item):
                    yield Event.of({"type": "data-text-parts", "data": text_parts(item)})
                facts = {"id": item.id, "status": item.status, "confidence": item.confidence}
                yield Event.of(
                    {"type": "message-metadata", "messageMetadata": {**facts, "notices": list(item.notices)}}
                )
                yield Event.of({"type": "finish-step"})
                yield Event.of({"type": "finish"})
                yield Event("[DONE]")
            case Problem():
                yield Event.of({"type": "error", "errorText": item.detail})
                yield Event("[DONE]")

    return encode
