"""Errors as problem details (RFC 9457), and in OpenAI's shape below ``/v1``."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from assistant import errors
from prompts.loader import PromptError
from vectorstore import errors as library_errors

TITLES = {
    400: "Bad request",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "The request came too slowly",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not understood",
    429: "Too many requests",
    500: "Internal error",
    502: "The model's service failed",
    503: "Not available now",
}

EXPECTED = (errors.AssistantError, library_errors.LibraryError, PromptError)
"""What may go wrong without anybody having made a mistake in this code."""

_log = logging.getLogger("assistant.server")


class Problem(Exception):
    """An error that is told to the client as it stands."""

    def __init__(
        self, status: int, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def as_dict(self) -> dict[str, Any]:
        title = TITLES.get(self.status, "Error")
        return {
            "type": f"urn:problem:{self.kind}",
            "title": title,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }

    def as_openai(self) -> dict[str, Any]:
        """As OpenAI's clients read errors."""
        kinds = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
        kind = kinds.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        code = self.more.get("code", self.kind.replace("-", "_"))
        return {"error": {"message": self.detail, "type": kind, "param": self.more.get("param"), "code": code}}

    def response(self, path: str = "") -> Response:
        openai = path.startswith("/v1/")
        body = json.dumps(self.as_openai() if openai else self.as_dict(), ensure_ascii=False)
        media_type = "application/json" if openai else "application/problem+json"
        return Response(body.encode("utf-8", "replace"), self.status, self.headers, media_type)


def problem_of(error: BaseException) -> Problem:
    """The problem behind any exception. What nobody expected is logged with its traceback, and told as such."""
    match error:
        case Problem():
            return error
        case errors.UsageError():
            return Problem(422, "unusable", str(error))
        case errors.NotFoundError() | library_errors.NotFoundError():
            return Problem(404, "not-found", str(error))
        case errors.ModelError():
            return Problem(502, "model-failed", str(error), reason=getattr(error, "reason", "failed"))
        case library_errors.LibraryBusyError():
            return Problem(503, "library-busy", str(error), headers={"Retry-After": "5"})
        case errors.AssistantError() | library_errors.LibraryError() | PromptError():
            return Problem(503, "not-available", str(error), headers={"Retry-After": "10"})
        case _:
            _log.error("unexpected error", exc_info=error)
            return Problem(500, "internal", "This should not have happened. The server's log says more.")


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""

    def told(request: Request, error: Exception) -> Response:
        from assistant.server.discretion import shown_problem  # it knows problems, and not they it

        problem = shown_problem(problem_of(error), request.scope["state"].get("caller"))
        return problem.response(request.scope["path"])

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return _invalid(error, request).response(request.scope["path"])

    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error.__cause__, Problem):  # raised while the body was read, and wrapped by FastAPI
            return error.__cause__.response(request.scope["path"])
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(app, request.scope["path"]))
        names = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "unsupported-media-type"}
        detail = f"There is nothing at this address: {request.scope['path'][:200]}"
        problem = Problem(
            error.status_code,
            names.get(error.status_code, "bad-request"),
            detail if error.status_code == 404 else str(error.detail),
            headers=headers,
        )
        return problem.response(request.scope["path"])

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, refused)
    for kind in (Problem, *EXPECTED):
        app.add_exception_handler(kind, told)


def _methods(app: FastAPI, path: str) -> list[str]:
    """What may be done at an address, by all routes together: each knows only its own methods."""
    paths = app.openapi()["paths"]
    if path in paths:
        return sorted(method.upper() for method in paths[path])
    found = {method.upper() for pattern in paths if compile_path(pattern)[0].match(path) for method in paths[pattern]}
    return sorted(found)


def _invalid(error: RequestValidationError, request: Request) -> Problem:
    """Each fault with its place; the value itself is left out, since it may be long or private."""
    found = [
        {"at": "/".join(str(part) for part in fault["loc"]), "message": _plain(fault)} for fault in error.errors()[:20]
    ]
    if any(fault["type"] == "json_invalid" for fault in error.errors()):
        return Problem(400, "bad-json", "The request's body is not valid JSON.", errors=found)
    status = 400 if request.scope["path"].startswith("/v1/") else 422
    first = found[0] if found else {"at": "?", "message": "not understood"}
    where = first["at"].removeprefix("body/")
    return Problem(status, "invalid", f"{where}: {first['message']}", errors=found, param=where)


def _plain(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "extra_forbidden":
        return "There is no such field."
    return str(fault["msg"])
