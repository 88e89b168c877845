"""OpenAI's responses: the same answers, as items with typed events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from assistant.pipeline import MAX_QUESTION
from assistant.server import openai_shapes
from assistant.server.answering import Ask, turns
from assistant.server.callers import Asker, Caller
from assistant.server.feeds import Feed, Item, Opened
from assistant.server.house import CurrentHouse, House
from assistant.server.openapi import openai_errors
from assistant.server.problems import Problem
from assistant.server.routes.chat import citation_dict, event_stream
from assistant.server.schemas import HAS_A_WORD, Absent, Whole
from assistant.server.streams import Encode, Event, unless_gone
from assistant.types import Answer, Citation, CitationFound, Delta

router = APIRouter(tags=["openai"])

_RESPONSE_ID = re.compile(r"resp_([0-9a-f]{32})([0-9a-f]{32})")


class ResponseIn(BaseModel):
    """The fields of OpenAI's API; those about sampling, tools' details and instructions have no effect."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"model": "default", "input": "How long do refunds take?"}]},
    )

    model: str = Field(min_length=1, max_length=200, description="The collection to ask.")
    input: (
        Annotated[str, Field(max_length=MAX_QUESTION, json_schema_extra={"pattern": HAS_A_WORD})]
        | openai_shapes.Messages
    )
    stream: bool | None = False
    store: bool | None = Field(default=None, description="Keep it, so that a later request may continue it.")
    previous_response_id: str | None = Field(default=None, max_length=200)
    tools: openai_shapes.NoneOf = None
    text: openai_shapes.TextOptions = None
    background: openai_shapes.Never = None
    conversation: Absent = None
    prompt: Absent = None

    instructions: Any = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: Whole | None = None
    max_output_tokens: Whole | None = None
    max_tool_calls: Whole | None = None
    metadata: Any = None
    include: list[str] | None = None
    parallel_tool_calls: bool | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    reasoning: Any = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    stream_options: Any = None
    tool_choice: Any = None
    truncation: str | None = None
    user: str | None = None

    def check(self) -> None:
        """Raises `Problem` for what would change the reply's shape."""
        if self.tools:
            raise openai_shapes.refuse("tools", "Answers come from documents; there are no tools to call.")
        form = (self.text or {}).get("format")
        if form is not None and (not isinstance(form, dict) or form.get("type") != "text"):
            raise openai_shapes.refuse("text.format", "Answers are text with citations.")
        asked_for = {"background": self.background or None, "conversation": self.conversation, "prompt": self.prompt}
        for name, value in asked_for.items():
            if value is not None:
                raise openai_shapes.refuse(name, "This cannot be had here.")


@router.post("/v1/responses", responses=openai_errors(404, 409, 429, 502, 503, streams=True))
async def responses(body: ResponseIn, request: Request, caller: Asker, house: CurrentHouse) -> Response:
    """Answer the input. With `store` or `previous_response_id` it is kept as a conversation."""
    body.check()
    items = [{"role": "user", "content": body.input}] if isinstance(body.input, str) else body.input
    said = openai_shapes.messages(items, "input")
    conversation_id = await _continued(body, caller, house)
    ask = Ask(
        question=said[-1][1],
        collection=body.model,
        history=turns(said[:-1]),
        conversation_id=conversation_id,
        save=bool(body.store) and conversation_id is None,
    )
    feed = await house.answering.feed(request, caller, ask, "openai-responses")
    if body.stream:
        return event_stream(house, feed, events(feed, body))
    answer = await unless_gone(request.receive, feed)
    return JSONResponse(whole(feed, body, answer))


async def _continued(body: ResponseIn, caller: Caller, house: House) -> str | None:
    """The conversation whose newest answer a request goes on from; an id holds both, and whose it is, is looked up."""
    if body.previous_response_id is None:
        return None
    found = _RESPONSE_ID.fullmatch(body.previous_response_id)
    if not found:
        raise Problem(404, "not-found", "previous_response_id names no response that was stored.")
    id, answer = f"cnv_{found[1]}", f"ans_{found[2]}"
    kept = await asyncio.to_thread(house.shelf.log(caller).show, id)
    if not kept.turns or kept.turns[-1].answer.id != answer:
        raise openai_shapes.invalid(
            "previous_response_id", "Only the newest response of a conversation can be continued."
        )
    return id


def response_id(feed: Feed, answer: Answer | None) -> str:
    if answer and answer.conversation_id:
        return f"resp_{answer.conversation_id.removeprefix('cnv_')}{answer.id.removeprefix('ans_')}"
    return f"resp_{feed.id.removeprefix('str_')}"


def whole(
    feed: Feed, body: ResponseIn, answer: Answer | None, *, status: str = "completed", error: Any = None
) -> dict[str, Any]:
    """A response object; without an answer, as it stands at the beginning or after a failure."""
    usage = answer.usage if answer else None
    return {
        "id": response_id(feed, answer),
        "object": "response",
        "created_at": feed.created,
        "status": status,
        "error": error,
        "incomplete_details": None,
        "instructions": None,
        "model": body.model,
        "output": [_message(feed, body.model, answer)] if answer else [],
        "previous_response_id": body.previous_response_id,
        "store": bool(body.store or body.previous_response_id),
        "parallel_tool_calls": False,
        "tool_choice": "none",
        "tools": [],
        "temperature": None,
        "top_p": None,
        "max_output_tokens": None,
        "metadata": {},
        "text": {"format": {"type": "text"}},
        "truncation": "disabled",
        "usage": usage
        and {
            "input_tokens": usage.input_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": usage.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": openai_shapes.tokens(usage),
        },
        "citations": [citation_dict(citation) for citation in answer.citations] if answer else [],
        "statements": [asdict(statement) for statement in answer.statements] if answer else [],
    }


def _message(feed: Feed, model: str, answer: Answer | None) -> dict[str, Any]:
    return {
        "id": _message_id(feed),
        "type": "message",
        "role": "assistant",
        "status": "completed" if answer else "in_progress",
        "content": [_part(openai_shapes.content(answer), answer.citations)] if answer else [],
    }


def _part(text: str, citations: tuple[Citation, ...]) -> dict[str, Any]:
    notes = [note for citation in citations for note in _annotations(citation)]
    return {"type": "output_text", "text": text, "annotations": notes, "logprobs": []}


def _annotations(citation: Citation) -> list[dict[str, Any]]:
    """OpenAI's ``file_citation``, and beside it what it lacks: the quote, and where it stands in the document."""
    document = citation.document
    return [
        {
            "type": "file_citation",
            "file_id": document.id,
            "filename": document.title,
            "index": end,
            "marker": citation.marker,
            "quote": citation.quote,
            "start": citation.start,
            "end": citation.end,
            "page": citation.page,
        }
        for _, end in citation.answer_spans
    ]


def events(feed: Feed, body: ResponseIn) -> Encode:
    """Named events with sequence numbers, in the order OpenAI sends them."""
    item_id = _message_id(feed)
    at = {"item_id": item_id, "output_index": 0, "content_index": 0}
    sequence = annotated = 0
    text: list[str] = []

    def event(name: str, **fields: Any) -> Event:
        nonlocal sequence
        sequence += 1
        return Event.of({"type": name, "sequence_number": sequence - 1, **fields}, name)

    def begun() -> Iterator[Event]:
        response = whole(feed, body, None, status="in_progress")
        yield event("response.created", response=response)
        yield event("response.in_progress", response=response)
        yield event("response.output_item.added", output_index=0, item=_message(feed, body.model, None))
        yield event("response.content_part.added", **at, part=_part("", ()))

    def ended(answer: Answer) -> Iterator[Event]:
        if remark := openai_shapes.remark(answer):
            yield event("response.output_text.delta", **at, delta=remark, logprobs=[])
        part = _part(openai_shapes.content(answer), answer.citations)
        yield event("response.output_text.done", **at, text=part["text"], logprobs=[])
        yield event("response.content_part.done", **at, part=part)
        yield event("response.output_item.done", output_index=0, item=_message(feed, body.model, answer))
        yield event("response.completed", response=whole(feed, body, answer))

    def encode(item: Item) -> Iterator[Event]:
        nonlocal annotated
        match item:
            case Opened():
                yield from begun()
            case Delta(piece):
                text.append(piece)
                yield event("response.output_text.delta", **at, delta=piece, logprobs=[])
            case CitationFound(citation):
                for note in _annotations(citation):
                    yield event(
                        "response.output_text.annotation.added", **at, annotation_index=annotated, annotation=note
                    )
                    annotated += 1
            case Answer():
                yield from ended(item)
            case Problem():
                error = {"code": "server_error", "message": item.detail}
                yield event("response.failed", response=whole(feed, body, None, status="failed", error=error))

    return encode


def _message_id(feed: Feed) -> str:
    return f"msg_{feed.id.removeprefix('str_')}"
