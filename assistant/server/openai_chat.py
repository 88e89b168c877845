"""OpenAI's chat completions, and the list of models: a model for each collection."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from assistant.server import openai_shapes
from assistant.server.answering import Ask, turns
from assistant.server.callers import Asker
from assistant.server.feeds import Feed, Item, Opened
from assistant.server.house import CurrentHouse
from assistant.server.openapi import openai_errors
from assistant.server.problems import Problem
from assistant.server.routes.chat import citation_dict, event_stream
from assistant.server.schemas import Absent, Whole
from assistant.server.shelf import missing
from assistant.server.streams import Encode, Event, unless_gone
from assistant.types import Answer, Citation, CitationFound, Delta, Usage

router = APIRouter(tags=["openai"])


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    include_usage: bool = False
    include_obfuscation: bool = False


class CompletionIn(BaseModel):
    """The fields of OpenAI's API. How a model samples is not for the client to say: those fields have no effect."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"model": "default", "messages": [{"role": "user", "content": "How long do refunds take?"}]}]
        },
    )

    model: str = Field(min_length=1, max_length=200, description="The collection to ask.")
    messages: openai_shapes.Messages
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: openai_shapes.OnlyOne = None
    tools: openai_shapes.NoneOf = None
    functions: openai_shapes.NoneOf = None
    response_format: openai_shapes.TextFormat = None
    logprobs: openai_shapes.Never = None
    audio: Absent = None
    web_search_options: Absent = None

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: Whole | None = None
    max_completion_tokens: Whole | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: Whole | None = None
    stop: Any = None
    logit_bias: Any = None
    top_logprobs: Any = None
    user: str | None = None
    metadata: Any = None
    store: bool | None = None
    service_tier: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    modalities: openai_shapes.OnlyText = None
    prediction: Any = None
    parallel_tool_calls: bool | None = None
    tool_choice: Any = None
    function_call: Any = None

    def check(self) -> None:
        """Raises `Problem` for what would change the reply's shape."""
        if self.tools or self.functions:
            raise openai_shapes.refuse("tools", "Answers come from documents; there are no tools to call.")
        if self.n not in (None, 1):
            raise openai_shapes.refuse("n", "There is one answer to a question.")
        if self.response_format is not None and self.response_format.get("type") != "text":
            raise openai_shapes.refuse("response_format", "Answers are text with citations.")
        if self.logprobs or self.audio is not None or self.web_search_options is not None:
            raise openai_shapes.refuse("logprobs, audio, web_search_options", "These cannot be had here.")
        if self.modalities and self.modalities != ["text"]:
            raise openai_shapes.refuse("modalities", "Answers are text.")


@router.get("/v1/models", responses=openai_errors())
async def models(caller: Asker, house: CurrentHouse) -> dict[str, Any]:
    """A model for each collection."""
    found = await asyncio.to_thread(house.shelf.collections, caller)
    return {"object": "list", "data": [_model(info.name) for info in found]}


@router.get("/v1/models/{model}", responses=openai_errors(404))
async def model(model: str, caller: Asker, house: CurrentHouse) -> dict[str, Any]:
    """One of them."""
    found = await asyncio.to_thread(house.shelf.collections, caller)
    if model not in {info.name for info in found}:
        raise missing(model)
    return _model(model)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "documents"}


@router.post("/v1/chat/completions", responses=openai_errors(404, 409, 429, 502, 503, streams=True))
async def completions(body: CompletionIn, request: Request, caller: Asker, house: CurrentHouse) -> Response:
    """Answer the last message. Citations come as `annotations` of the message, and in full as `citations`."""
    body.check()
    said = openai_shapes.messages(body.messages, "messages")
    ask = Ask(question=said[-1][1], collection=body.model, history=turns(said[:-1]))
    feed = await house.answering.feed(request, caller, ask, "openai-chat")
    if body.stream:
        usage = bool(body.stream_options and body.stream_options.include_usage)
        return event_stream(house, feed, chunks(feed, body.model, usage=usage))
    answer = await unless_gone(request.receive, feed)
    return JSONResponse(completion(feed, answer, body.model))


def completion(feed: Feed, answer: Answer, model: str) -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": openai_shapes.content(answer),
        "refusal": None,
        "annotations": [a for citation in answer.citations for a in url_citations(citation, model)],
    }
    return {
        "id": _id(feed),
        "object": "chat.completion",
        "created": feed.created,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": _usage(answer.usage),
        "citations": [citation_dict(citation) for citation in answer.citations],
        "statements": [asdict(statement) for statement in answer.statements],
        "status": answer.status,
        "confidence": answer.confidence,
        "notices": list(answer.notices),
    }


def url_citations(citation: Citation, model: str) -> list[dict[str, Any]]:
    """One for each place of the marker. ``start_index`` and ``end_index`` are of the marker in the answer's text."""
    url, title = openai_shapes.link(citation, model), citation.document.title
    return [
        {
            "type": "url_citation",
            "url_citation": {"start_index": start, "end_index": end, "title": title, "url": url},
        }
        for start, end in citation.answer_spans
    ]


def chunks(feed: Feed, model: str, *, usage: bool) -> Encode:
    """``chat.completion.chunk`` events; each citation once, in the chunk after its marker."""
    head = {"id": _id(feed), "object": "chat.completion.chunk", "created": feed.created, "model": model}

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> Event:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return Event.of({**head, "choices": [choice], **more})

    def encode(item: Item) -> Iterator[Event]:
        match item:
            case Opened():
                yield chunk({"role": "assistant", "content": ""})
            case Delta(text):
                yield chunk({"content": text})
            case CitationFound(citation):
                yield chunk({"annotations": url_citations(citation, model)}, citations=[citation_dict(citation)])
            case Answer():
                if remark := openai_shapes.remark(item):
                    yield chunk({"content": remark})
                facts = {"status": item.status, "confidence": item.confidence, "notices": list(item.notices)}
                yield chunk({}, "stop", **facts, statements=[asdict(statement) for statement in item.statements])
                if usage:
                    yield Event.of({**head, "choices": [], "usage": _usage(item.usage)})
                yield Event("[DONE]")
            case Problem():
                yield Event.of(item.as_openai())
                yield Event("[DONE]")

    return encode


def _id(feed: Feed) -> str:
    return f"chatcmpl-{feed.id.removeprefix('str_')}"


def _usage(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": openai_shapes.tokens(usage),
    }
