"""How long a model's service is waited for, how often it is asked, and when it is left alone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Event, Lock
from typing import Literal

Clock = Callable[[], float]
Phase = Literal["first_text_timeout", "idle_timeout", "total_timeout", "interrupted"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, and tries. The time to the first text counts all tries together."""

    connect: float = 3.0
    first_text: float = 20.0
    idle: float = 15.0
    total: float = 120.0
    attempts: int = 3
    longest_answer: int = 100_000
    """Code points; a model that writes more has lost its way."""


class Patience:
    """The time left for one answer, and whether anybody still wants it."""

    def __init__(self, limits: Limits, cancelled: Event | None = None, clock: Clock = time.monotonic) -> None:
        self._limits = limits
        self._cancelled = cancelled
        self._clock = clock
        self._started = clock()
        self._heard: float | None = None

    def hear(self) -> None:
        """Text has come: from now on silence counts from here."""
        self._heard = self._clock()

    def spent(self) -> Phase | None:
        """Which budget is used up; None while there is time."""
        if self._cancelled is not None and self._cancelled.is_set():
            return "interrupted"
        now = self._clock()
        if now - self._started >= self._limits.total:
            return "total_timeout"
        if self._heard is None:
            return "first_text_timeout" if now - self._started >= self._limits.first_text else None
        return "idle_timeout" if now - self._heard >= self._limits.idle else None

    def left(self) -> float:
        """Seconds until one of the budgets is used up."""
        now = self._clock()
        total = self._started + self._limits.total
        if self._heard is None:
            return max(0.0, min(total, self._started + self._limits.first_text) - now)
        return max(0.0, min(total, self._heard + self._limits.idle) - now)

    def sleep(self, seconds: float) -> bool:
        """Wait before the next try; False, without waiting, where the time does not allow it."""
        if seconds >= self.left():
            return False
        if self._cancelled is not None:
            return not self._cancelled.wait(seconds)
        time.sleep(seconds)
        return True

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Reads from the network inside this block end when the patience does (see `assistant.wire`)."""
        token = _WATCHING.set(self)
        try:
            yield
        finally:
            _WATCHING.reset(token)


_WATCHING: ContextVar[Patience | None] = ContextVar("patience", default=None)


def watching() -> Patience | None:
    """The patience of the answer this code works for."""
    return _WATCHING.get()


def pause(attempt: int, retry_after: float | None, *, base: float = 0.5) -> float:
    """Seconds before try ``attempt + 1``: what the service asks for, or a doubling time with jitter.

    Jitter, because many who failed together would come back together.
    """
    if retry_after is not None:
        return retry_after + random.uniform(0, 0.25)
    return random.uniform(base / 2, base) * float(2 ** (attempt - 1))


class Breaker:
    """Leaves a failing service alone: after ``limit`` failures in a row it is asked only once in ``rest`` seconds."""

    def __init__(self, limit: int = 3, rest: float = 30.0, clock: Clock = time.monotonic) -> None:
        self._limit = limit
        self._rest = rest
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._closed_until = 0.0

    @property
    def trusted(self) -> bool:
        """Whether the last call went well. Callers who can do without the service ask only then."""
        with self._lock:
            return self._failures == 0

    def allows(self) -> bool:
        """Whether to ask now. After the rest one caller may try; the others wait for how it goes."""
        with self._lock:
            if self._failures < self._limit:
                return True
            if self._clock() < self._closed_until:
                return False
            self._closed_until = self._clock() + self._rest
            return True

    def report(self, *, failed: bool) -> None:
        with self._lock:
            self._failures = self._failures + 1 if failed else 0
            if self._failures >= self._limit:
                self._closed_until = self._clock() + self._rest
