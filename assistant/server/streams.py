"""Server-sent events: numbered, with a heartbeat, and with an eye on whether anybody is still reading."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Header
from pydantic import WithJsonSchema
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from assistant.server.feeds import Feed, Item
from assistant.server.problems import Problem

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx would hold events back otherwise
}
_HEARTBEAT = b": still here\n\n"

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The number of the last event that arrived."),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{0,9}$"}),
]


@dataclass(frozen=True, slots=True)
class Event:
    """``name`` is left out of protocols that have none; ``data`` is JSON or the protocol's own word."""

    data: str
    name: str = ""

    @classmethod
    def of(cls, value: Any, name: str = "") -> Event:
        return cls(json.dumps(value, ensure_ascii=False, separators=(",", ":")), name)

    def encode(self, number: int) -> bytes:
        name = f"event: {self.name}\n" if self.name else ""
        return f"id: {number}\n{name}data: {self.data}\n\n".encode("utf-8", "replace")


Encode = Callable[[Item], Iterable[Event]]
"""One protocol's events for the items of one feed, in order; may remember what it has seen."""


class EventStream(Response):
    """A feed in one protocol's words. ``after`` is the number of the last event the reader already has.

    Sending and listening go on side by side: a reader who leaves is noticed at once, not with the next event.
    """

    def __init__(
        self,
        feed: Feed,
        encode: Encode,
        *,
        status_code: int = 200,  # FastAPI reads it off the signature
        after: int = 0,
        heartbeat: float = 15.0,
        patience: float = 60.0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status_code=status_code, headers={**HEADERS, **(headers or {})})
        del self.headers["content-length"]
        self._feed = feed
        self._encode = encode
        self._after = after
        self._heartbeat = heartbeat
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._feed.enter()
        writing = asyncio.ensure_future(self._write(send))
        listening = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((writing, listening), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._feed.leave()
            for task in (writing, listening):
                task.cancel()
            results = await asyncio.gather(writing, listening, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, OSError | TimeoutError):
                raise result

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        seen = sent = 0
        while True:
            items = await self._feed.next(seen, self._heartbeat)
            seen += len(items)
            body = b""
            for item in items:
                for event in self._encode(item):
                    sent += 1
                    if sent > self._after:
                        body += event.encode(sent)
            ended = self._feed.done and seen >= len(self._feed.items)
            async with asyncio.timeout(self._patience):  # who reads nothing for so long is gone, or means harm
                await send({"type": "http.response.body", "body": body or _HEARTBEAT, "more_body": not ended})
            if ended:
                return


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_gone(receive: Receive, feed: Feed) -> Any:
    """The feed's answer, for a reader who waits for it in one piece; stops it when they leave."""
    feed.enter()
    try:
        return await _unless_gone(receive, feed.last())
    finally:
        feed.leave()


async def begun_unless_gone(receive: Receive, feed: Feed) -> None:
    """Wait for the feed's first item; stops it when its reader leaves before that, while it waits its turn."""
    feed.enter()
    try:
        await _unless_gone(receive, feed.first())
    except BaseException:
        feed.leave()
        raise
    feed.hand_over()  # to whoever sends it


async def _unless_gone(receive: Receive, awaited: Coroutine[Any, Any, Any]) -> Any:
    waiting = asyncio.ensure_future(awaited)
    listening = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((waiting, listening), return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise Problem(499, "gone", "The client left.")
        return waiting.result()
    finally:
        for task in (waiting, listening):
            task.cancel()


def last_event_id(value: str | None) -> int:
    """The number in a ``Last-Event-ID``; 0 where there is none. Raises `Problem`."""
    if value is None or value == "":
        return 0
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise Problem(400, "bad-last-event-id", "Last-Event-ID must be the number of an event of this stream.")
    return int(value)
