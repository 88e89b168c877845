"""Around everything: request ids, the access log, metrics, security headers, and the closed door at the end."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import sys
import time
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.server.metrics import Metrics
from assistant.server.problems import Problem, problem_of
from assistant.server.tracing import ended, server_span

_log = logging.getLogger("assistant.server")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_PID = os.getpid()
_STILL_OPEN = frozenset({"/healthz", "/readyz", "/metrics"})

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",  # who may read is what CORS says
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Door:
    """Whether requests are let in. Closed once, when the server is told to stop."""

    def __init__(self) -> None:
        self.closed = False
        self.inside = 0
        """Requests being answered."""
        self.on_last_call: list[Callable[[], None]] = []
        """Called when those still inside have had their time."""

    def last_call(self) -> None:
        for call in self.on_last_call:
            call()


class Entrance:
    """The outermost application. Pure ASGI: what a client's leaving looks like must not be hidden from the inside."""

    def __init__(self, app: ASGIApp, *, door: Door, metrics: Metrics) -> None:
        self._app = app
        self._door = door
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = _Visit(scope, send)
        self._door.inside += 1
        try:
            with server_span(scope) as span:
                await self._answer(scope, receive, visit)
                if span is not None:
                    ended(span, scope["method"], visit.route, visit.status)
        finally:
            self._door.inside -= 1
            self._metrics.requested(scope["method"], visit.route, visit.status, visit.seconds)
            _log.info("request", extra={"facts": visit.facts()})

    async def _answer(self, scope: Scope, receive: Receive, visit: _Visit) -> None:
        try:
            if self._door.closed and scope["path"] not in _STILL_OPEN:
                raise Problem(503, "stopping", "The server is stopping.", headers={"Retry-After": "5"})
            await self._app(scope, receive, visit.send)
        except Exception as error:
            if visit.status:  # the reply has begun: it can only be broken off
                problem_of(error)
                raise
            await problem_of(error).response(scope["path"])(scope, receive, visit.send)


class _Visit:
    """One request, for the log."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._started = time.perf_counter()
        self._bytes = 0
        self.status = 0
        asked = Headers(scope=scope).get("x-request-id", "")
        self._id = asked if _REQUEST_ID.fullmatch(asked) else f"req_{secrets.token_hex(8)}"
        scope.setdefault("state", {})["request_id"] = self._id

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._id
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        else:
            self._bytes += len(message.get("body", b""))
        await self._send(message)

    @property
    def route(self) -> str:
        """The route's pattern: paths carry ids that are somebody's secret."""
        known = self._scope["state"].get("pattern", "(none)")
        return str(getattr(self._scope.get("route"), "path", known))

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def facts(self) -> dict[str, Any]:
        caller = self._scope["state"].get("caller")
        return {
            "request_id": self._id,
            "method": self._scope["method"],
            "route": self.route,
            "status": self.status,
            "ms": round(self.seconds * 1000, 1),
            "bytes": self._bytes,
            "pid": _PID,
            "caller": caller.name if caller else None,
        }


class JsonLines(logging.Formatter):
    """One JSON object a line. What people asked and were told is not in it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr() -> None:
    """Where the server's log goes; other loggers, uvicorn's among them, only when something is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _log.setLevel(logging.INFO)
