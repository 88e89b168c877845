"""The workers of one server, to each other: who comes to one of them for what another is writing is passed on.

Each worker also listens on a Unix socket in a folder that only this server can open. What comes in there has been
passed on already, and is not passed on again; it carries the client's own headers, so that nobody gets in this way
who would not get in by the front.
"""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from assistant.server.problems import Problem

_OF_ONE_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"date", b"te", b"upgrade"})
_TIMEOUT = httpx.Timeout(None, connect=2.0)  # an answer takes what it takes; each worker has limits of its own


class Elsewhere(Exception):
    """Another worker is writing the answer to this very request."""

    def __init__(self, pid: int, body: bytes) -> None:
        super().__init__(f"process {pid} has it")
        self.pid = pid
        self.body = body


class Siblings:
    """``folder`` holds a socket for each worker, named by its process; "" where there is only one."""

    def __init__(self, folder: str = "") -> None:
        self._folder = Path(folder) if folder else None

    def listen(self) -> socket.socket | None:
        """Where the others reach this process; None where there are none."""
        if self._folder is None:
            return None
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path = self._socket(os.getpid())
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        return listener

    def forget(self, pid: int) -> None:
        """Nobody listens there any more."""
        if self._folder is not None:
            self._socket(pid).unlink(missing_ok=True)

    def has(self, pid: int) -> bool:
        return self._folder is not None and pid != os.getpid() and self._socket(pid).exists()

    async def find(self, request: Request) -> Response | None:
        """The reply of whichever other worker does not say 404."""
        if self._folder is None or passed_on(request):
            return None
        for path in sorted(self._folder.glob("*.sock")):
            if path != self._socket(os.getpid()):
                reply = await _ask(path, request, b"")
                if reply is not None and reply.status_code != 404:
                    return reply
                if reply is not None:
                    await reply.close()
        return None

    async def pass_on(self, request: Request, elsewhere: Elsewhere) -> Response:
        """The other worker's reply. Raises `Problem` where it has just died."""
        reply = await _ask(self._socket(elsewhere.pid), request, elsewhere.body)
        if reply is None:
            raise Problem(503, "interrupted", "The answer was stopped. Ask again.", headers={"Retry-After": "1"})
        return reply

    def _socket(self, pid: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{pid}.sock"


def passed_on(request: Request) -> bool:
    """Whether it came in by a worker's own socket, which has no port."""
    server = request.scope.get("server")
    return server is None or server[1] is None


async def _ask(path: Path, request: Request, body: bytes) -> _Passed | None:
    headers = [(name, value) for name, value in request.headers.raw if name not in _OF_ONE_HOP]
    client = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), timeout=_TIMEOUT)
    url = httpx.URL(scheme="http", host="localhost", raw_path=_target(request.scope))
    try:
        reply = await client.send(httpx.Request(request.method, url, headers=headers, content=body), stream=True)
    except httpx.TransportError:
        await client.aclose()
        return None
    except BaseException:
        await client.aclose()
        raise
    return _Passed(client, reply)


def _target(scope: Scope) -> bytes:
    query = scope.get("query_string", b"")
    path: bytes = scope["raw_path"]
    return path + b"?" + query if query else path


class _Passed(Response):
    """Another worker's reply as it comes. When the reader leaves, that worker sees its own reader leave."""

    def __init__(self, client: httpx.AsyncClient, reply: httpx.Response) -> None:
        super().__init__(status_code=reply.status_code)
        self.raw_headers = [(name, value) for name, value in reply.headers.raw if name.lower() not in _OF_ONE_HOP]
        self._client = client
        self._reply = reply

    async def close(self) -> None:
        await self._reply.aclose()
        await self._client.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writing = asyncio.ensure_future(self._write(send))
        listening = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((writing, listening), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writing, listening):
                task.cancel()
            results = await asyncio.gather(writing, listening, return_exceptions=True)
            await self.close()
        if isinstance(results[0], Exception) and not isinstance(results[0], OSError | httpx.TransportError):
            raise results[0]

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for piece in self._reply.aiter_raw():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
