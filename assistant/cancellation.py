"""Stopping an answer from outside, also while its thread waits for the model's service.

A generator can only be closed between two of its events. A door whose reader may leave at any moment opens
`cancellable` around the stream and sets the event; whoever waits on the network looks at it every few milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event

_CURRENT: ContextVar[Event | None] = ContextVar("cancellation", default=None)


class Cancellation(Event):
    """An event that also tells whoever asked to be told: hundreds of threads that look from time to time cost more."""

    def __init__(self) -> None:
        super().__init__()
        self._tell: list[Callable[[], object]] = []

    def set(self) -> None:
        super().set()
        for call in list(self._tell):
            call()

    @contextmanager
    def telling(self, call: Callable[[], object]) -> Iterator[None]:
        """``call`` is called when this is set, from whichever thread sets it; at once if it is set already."""
        self._tell.append(call)
        try:
            if self.is_set():
                call()
            yield
        finally:
            self._tell.remove(call)


@contextmanager
def cancellable(event: Event) -> Iterator[None]:
    """Answers begun inside stop soon after ``event`` is set, marked as interrupted."""
    token = _CURRENT.set(event)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Event | None:
    """The event of the innermost `cancellable` block this code runs in."""
    return _CURRENT.get()
