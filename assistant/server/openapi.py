"""What the routes say of themselves in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from assistant.server.problems import TITLES
from assistant.server.schemas import OpenAIErrorOut, ProblemOut

_ALWAYS = (400, 401, 403, 408, 413, 415, 422)


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems a route may answer with, besides those that any may."""
    return {
        status: {
            "description": TITLES[status],
            "model": ProblemOut,
            "content": {"application/problem+json": {}},
        }
        for status in sorted({*_ALWAYS, *statuses})
    }


def streams(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The same for a route that answers with server-sent events."""
    events = {"description": "Server-sent events", "content": {"text/event-stream": {}}}
    return {200: events, **errors(*statuses)}


def openai_errors(*statuses: int, streams: bool = False) -> dict[int | str, dict[str, Any]]:
    """The same in OpenAI's shape; ``streams`` for a route that does so when asked to."""
    events = {"description": "One JSON value, or events", "content": {"text/event-stream": {}, "application/json": {}}}
    return {
        **({200: events} if streams else {}),
        **{
            status: {"description": TITLES[status], "model": OpenAIErrorOut} for status in sorted({*_ALWAYS, *statuses})
        },
    }
