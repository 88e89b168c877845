"""Before a question is even read: whether there is room for it. Pure ASGI.

Under ten times the load a server can carry, nine of ten requests are refusals. Parsing and checking a body, only to
refuse it, would take the time of those that could be answered.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.server.answering import IDEMPOTENCY_KEY, Answering

SEARCH = "/api/search"
QUESTIONS = frozenset({"/api/chat", "/api/chat/stream", "/v1/chat/completions", "/v1/responses", "/api/ai-sdk"})


class Admission:
    """Refuses what would be refused anyway. Repetitions come through: their answer may be there already."""

    def __init__(self, app: ASGIApp, *, answering: Answering) -> None:
        self._app = app
        self._answering = answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            path = scope["path"]
            if (path == SEARCH or path in QUESTIONS) and IDEMPOTENCY_KEY not in Headers(scope=scope):
                scope["state"]["pattern"] = path  # for the log: no route has been looked for yet
                self._answering.check_room(computes=path == SEARCH)
        await self._app(scope, receive, send)
