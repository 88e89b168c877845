"""Searches and answers without a model, computed in processes of their own: here they would hold up every stream."""

from __future__ import annotations

import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any, TypeVar, cast

from assistant.cancellation import Cancellation, current
from assistant.server import thinker
from assistant.server.problems import Problem
from assistant.server.thinker import Place
from assistant.settings import Settings
from assistant.types import Event as AnswerEvent
from assistant.types import Outlook, Question, Read
from vectorstore.library import Library
from vectorstore.types import Retrieval

_Made = TypeVar("_Made")
_PATIENCE = 2.0  # seconds until a process that was killed is no longer waited for


class Left(Problem):
    """Nobody waits for the answer any more."""

    def __init__(self) -> None:
        super().__init__(499, "gone", "The client left.")


class _DiedError(Exception):
    """The process ended before it had answered."""


class _Thinker:
    """One process, asked by one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        context = multiprocessing.get_context(_start_method())
        self._near, far = context.Pipe()
        process = context.Process(target=thinker.work, args=(far, settings), name="thinker", daemon=True)  # type: ignore[attr-defined]
        process.start()
        self._process = cast(multiprocessing.Process, process)
        far.close()
        self.dead = False

    def ask(self, work: Callable[..., _Made], arguments: tuple[Any, ...]) -> _Made:
        try:
            self._near.send((work, arguments))
            raised, value = self._near.recv()
        except (EOFError, OSError) as error:
            self.dead = True
            raise _DiedError from error
        if raised:
            raise value
        return cast(_Made, value)

    def kill(self) -> None:
        """Whoever asks it something learns that it died."""
        self._process.kill()

    def end(self) -> None:
        """Kill it and put everything away; for the one thread that has it."""
        self.kill()
        self._process.join(_PATIENCE)
        self._near.close()


class Thinkers:
    """So many processes, each begun when all others are busy. Safe from any thread; who waits is served in turn."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._settings = settings
        self._lock = Lock()
        self._count = self._to_begin = count
        self._all: set[_Thinker] = set()
        self._idle: list[_Thinker] = []
        self._waiting: deque[Future[_Thinker]] = deque()
        self._closed = False

    def close(self) -> None:
        """End them at once: they only read."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = self._waiting, deque()
            idle, self._idle = self._idle, []
            busy, self._all = self._all.difference(idle), set()
        for ticket in waiting:
            ticket.cancel()
        for one in busy:  # the threads that ask them put them away
            one.kill()
        for one in idle:
            one.end()

    def everyone(self, work: Callable[..., object], *arguments: Any) -> None:
        """Have every process do this once, as far as each is not busy with something else. Raises as `call` does."""
        with ThreadPoolExecutor(self._count, thread_name_prefix="warming") as threads:
            for done in [threads.submit(self.call, work, *arguments) for _ in range(self._count)]:
                done.result()

    def call(self, work: Callable[..., _Made], *arguments: Any) -> _Made:
        """What ``work`` makes of the arguments, in turn; raises what it raises.

        Raises `Left` where the reader has left by then: what has not begun is not begun. Raises `Problem` 503 while
        the server stops, and where a process ends over it twice.
        """
        left = current()
        for _ in range(2):
            one = self._take(left)
            try:
                made = one.ask(work, arguments)
            except _DiedError:
                if self._closed:
                    raise _stopping() from None
                continue  # killed, most likely for want of memory
            finally:
                self._give_back(one)
            if left is not None and left.is_set():
                raise Left
            return made
        raise Problem(
            503, "computing-failed", "What computed this ended twice. Ask again.", headers={"Retry-After": "1"}
        )

    def _take(self, left: Event | None) -> _Thinker:
        with self._lock:
            if self._closed:
                raise _stopping()
            if self._idle:
                return self._idle.pop()
            ticket: Future[_Thinker] | None = None
            if self._to_begin:
                self._to_begin -= 1
            else:
                ticket = Future()
                self._waiting.append(ticket)
        one = self._awaited(ticket, left) if ticket else self._begin()
        if left is not None and left.is_set():
            self._give_back(one)
            raise Left
        return one

    def _awaited(self, ticket: Future[_Thinker], left: Event | None) -> _Thinker:
        with left.telling(ticket.cancel) if isinstance(left, Cancellation) else nullcontext():
            try:
                return ticket.result()
            except CancelledError:
                raise _stopping() if self._closed else Left() from None

    def _begin(self) -> _Thinker:
        """A new process. Where none can be begun, whoever waits is told why."""
        try:
            one = _Thinker(self._settings)
        except BaseException as error:
            with self._lock:
                self._to_begin += 1
                waiting, self._waiting = ((), self._waiting) if self._all else (self._waiting, deque())
            for ticket in waiting:
                if ticket.set_running_or_notify_cancel():
                    ticket.set_exception(error)
            raise
        with self._lock:
            if not self._closed:
                self._all.add(one)
                return one
        one.end()
        raise _stopping()

    def _give_back(self, one: _Thinker) -> None:
        """To whoever waits longest; a dead one is replaced first."""
        if one.dead and not self._closed:
            one.end()
            with self._lock:
                self._all.discard(one)
            one = self._begin()
        with self._lock:
            while self._waiting:
                ticket = self._waiting.popleft()
                if ticket.set_running_or_notify_cancel():  # else its reader has left
                    ticket.set_result(one)
                    return
            if not self._closed:
                self._idle.append(one)
                return
        one.end()


def _start_method() -> str:
    """Forked, where that is safe, from a process that has imported all that is needed: one more costs little."""
    if sys.platform != "linux":
        return "spawn"
    multiprocessing.set_forkserver_preload([thinker.__name__])
    return "forkserver"


def _stopping() -> Problem:
    return Problem(503, "stopping", "The server is stopping. Ask again in a moment.", headers={"Retry-After": "5"})


class Thoughtful:
    """A library that is read here and searched elsewhere."""

    def __init__(self, library: Library, thinkers: Thinkers, place: Place) -> None:
        self._library = library
        self._thinkers = thinkers
        self._place = place

    def search(self, query: str, **how: Any) -> Retrieval:
        """As `Library.search`; raises what `Thinkers.call` does, too."""
        return self._thinkers.call(thinker.search, self._place, query, how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)


@dataclass(frozen=True, slots=True)
class QuotingElsewhere:
    """`assistant.extractive.Extractive`, computed elsewhere."""

    thinkers: Thinkers
    place: Place

    def __call__(self, question: Question, retrieval: Retrieval, read: Read) -> Iterator[AnswerEvent]:
        yield from self.thinkers.call(thinker.quote, self.place, question, retrieval)

    def outlook(self, question: Question, retrieval: Retrieval) -> Outlook:
        return self.thinkers.call(thinker.outlook, self.place, question, retrieval)
