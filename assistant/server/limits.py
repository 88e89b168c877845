"""How much at once, and how often: refusing early is kinder than a queue that grows."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from assistant.server.problems import Problem

_REMEMBERED = 10_000  # callers; the longest unseen is forgotten, and has a full bucket again


class Rate:
    """A token bucket for each caller: ``per_minute`` requests a minute, a quarter of them in one go."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._burst = max(1.0, per_minute / 4)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Count one request. Raises `Problem` 429 that says when to come back."""
        now = self._clock()
        left, since = self._buckets.pop(caller, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        if left < 1:
            self._buckets[caller] = (left, now)
            wait = math.ceil((1 - left) / self._rate)
            raise too_many("rate-limited", "You are asking too often.", wait)
        self._buckets[caller] = (left - 1, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)


class Gate:
    """Lets ``running`` in at once and ``waiting`` wait, in order; who comes then is sent away at once."""

    def __init__(self, running: int, waiting: int) -> None:
        self.running = 0
        self.waiting = 0
        self.refused = 0
        self._most_running = running
        self._most_waiting = waiting
        self._free = asyncio.Semaphore(running)

    @asynccontextmanager
    async def inside(self) -> AsyncIterator[None]:
        """Raises `Problem` 429 when too many wait already."""
        await self.enter()
        try:
            yield
        finally:
            self.leave()

    def check(self) -> None:
        """Raises `Problem` 429 where `enter` would, and takes no place."""
        if self._free.locked() and self.waiting >= self._most_waiting:
            self.refused += 1
            raise too_many("busy", "The server is answering as many questions as it can.", 1 + self.waiting // 50)

    async def enter(self) -> None:
        self.check()
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        self.running += 1

    def leave(self) -> None:
        self.running -= 1
        self._free.release()


def too_many(kind: str, detail: str, seconds: int) -> Problem:
    return Problem(
        429, kind, f"{detail} Try again in {seconds} s.", headers={"Retry-After": str(seconds)}, retry_after=seconds
    )
