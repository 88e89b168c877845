"""Request bodies: not too large, not too slow. Pure ASGI."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.server.options import Options
from assistant.server.problems import Problem

UPLOADS = "/api/documents"


class Bodies:
    """Counts what comes in, whatever the client said would come."""

    def __init__(self, app: ASGIApp, *, options: Options) -> None:
        self._app = app
        self._options = options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        upload = scope["path"] == UPLOADS and scope["method"] == "POST"
        # Beside the file itself, a form has borders, names and a few small fields.
        limit = self._options.upload_bytes + 100_000 if upload else self._options.body_bytes
        told = Headers(scope=scope).get("content-length", "0")
        if not told.isdecimal() or int(told) > limit:
            await too_large(limit).response(scope["path"])(scope, receive, send)
            return
        await self._app(scope, self._counted(receive, limit), send)

    def _counted(self, receive: Receive, limit: int) -> Receive:
        seen = 0
        whole = False

        async def counted() -> Message:
            nonlocal seen, whole
            if whole:
                return await receive()  # from now on only the client's leaving can come, and that may take long
            try:
                async with asyncio.timeout(self._options.body_seconds):
                    message = await receive()
            except TimeoutError:
                raise Problem(408, "too-slow", "The rest of the request did not come.") from None
            seen += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if seen > limit:
                raise too_large(limit)
            return message

        return counted


def too_large(limit: int) -> Problem:
    return Problem(413, "too-large", f"The request is too large: the limit is {limit / 1e6:g} MB.")
