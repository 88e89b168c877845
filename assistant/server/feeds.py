"""What one answer sends: its events in order, joined, kept for as long as a reader may come back for them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.cancellation import Cancellation
from assistant.server.problems import Problem
from assistant.types import Answer, CitationFound, Delta

MOST_EVENTS_A_SECOND = 20  # of text, to one reader: more is not seen, and each one costs
_STREAMS_A_SECOND = 5_000  # text events of all streams together: a busy server joins more of them
_KEPT_BYTES = 64_000_000  # of all finished answers together; the oldest go first
_SETTLE_SECONDS = 5.0  # a loop that is later than this is stopping
_CITATION_BYTES = 2_000  # a rough size


@dataclass(frozen=True, slots=True)
class Opened:
    """How the question was understood: the first event of every stream."""

    question: str
    standalone_question: str
    language: str
    conversation_id: str | None


Item = Opened | Delta | CitationFound | Answer | Problem
"""The last one of a feed is an `Answer` or a `Problem`."""

Pace = Callable[[], float]
"""Seconds between two text events of one stream."""


class Feed:
    """Filled by one thread with `put` and `end`, read by any number of coroutines on the loop.

    Nothing here blocks the thread that writes: an answer's length is bounded, and so is what waits for slow readers.
    While ``kept``, the answer goes on for a while after its last reader has left; otherwise it is cancelled at once.
    """

    def __init__(self, id: str, owner: str, *, pace: Pace, kept: bool = False, grace: float = 60.0) -> None:
        self.id = id
        self.owner = owner
        self.created = int(time.time())
        self.items: list[Item] = []
        self.done = False
        self.cancelled = Cancellation()
        """Set when nobody wants the rest: whoever writes the answer stops soon after."""
        self.on_done: list[Callable[[], None]] = []
        self._loop = asyncio.get_running_loop()
        self._pace = pace
        self._kept = kept
        self._grace = grace
        self._readers = 0
        self._lock = threading.Lock()
        self._inbox: list[Item] = []
        self._ending = False
        self._waking = False
        self._flushed = 0.0
        self._waiters: list[asyncio.Future[None]] = []
        self._leaving: asyncio.TimerHandle | None = None

    # -- the thread that writes ------------------------------------------------------------------

    def put(self, item: Item) -> None:
        with self._lock:
            self._inbox.append(item)
            wake, self._waking = not self._waking, True
        if wake:
            self._loop.call_soon_threadsafe(self._woken)

    def end(self) -> None:
        """Nothing more will come."""
        with self._lock:
            self._ending = True
        self._loop.call_soon_threadsafe(self._flush)

    def settled(self) -> Sequence[Item]:
        """Everything put so far, in the pieces that readers get. Blocks the thread that writes for a moment."""
        flushed = threading.Event()

        def flush() -> None:
            self._flush()
            flushed.set()

        self._loop.call_soon_threadsafe(flush)
        flushed.wait(_SETTLE_SECONDS)
        return list(self.items)

    # -- the loop --------------------------------------------------------------------------------

    def _woken(self) -> None:
        due = self._flushed + self._pace()
        if self._loop.time() >= due or not self.items:
            self._flush()
        else:
            self._loop.call_at(due, self._flush)

    def _flush(self) -> None:
        with self._lock:
            inbox, self._inbox = self._inbox, []
            self._waking = False
            ending = self._ending
        self._flushed = self._loop.time()
        self.items += joined(inbox)
        if ending and not self.done:
            self._done()
        self._wake_readers()

    def _wake_readers(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def next(self, after: int, timeout: float | None = None) -> Sequence[Item]:
        """The items after the first ``after``: at least one, unless the feed has ended or the time is over."""
        if len(self.items) <= after and not self.done:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            timer = self._loop.call_later(timeout, _expire, waiter) if timeout is not None else None
            try:
                await waiter
            finally:
                if timer:
                    timer.cancel()
        return self.items[after:]

    async def first(self) -> Item:
        """The first item. Raises it, where it is a `Problem`: nothing has been sent then."""
        items = await self.next(0)
        if not items:
            raise Problem(503, "interrupted", "The answer was stopped before it began.", headers={"Retry-After": "1"})
        if isinstance(items[0], Problem):
            raise items[0]
        return items[0]

    async def last(self) -> Answer:
        """The whole answer. Raises the `Problem` it ended with."""
        while not self.done:
            await self.next(len(self.items))
        end = self.items[-1] if self.items else None
        if isinstance(end, Answer):
            return end
        raise end if isinstance(end, Problem) else Problem(503, "interrupted", "The answer was stopped.")

    @property
    def answer(self) -> Answer | None:
        end = self.items[-1] if self.done and self.items else None
        return end if isinstance(end, Answer) else None

    def enter(self) -> None:
        """A reader has come."""
        self._readers += 1
        if self._leaving:
            self._leaving.cancel()
            self._leaving = None

    def leave(self) -> None:
        """A reader is gone; with the last one the answer is stopped, unless somebody said they would be back."""
        self._readers -= 1
        if self._readers > 0 or self.done:
            return
        if self._kept:
            self._leaving = self._loop.call_later(self._grace, self.cancelled.set)
        else:
            self.cancelled.set()

    def hand_over(self) -> None:
        """A reader goes on elsewhere, and enters there: nothing is stopped meanwhile."""
        self._readers -= 1

    def stop(self, problem: Problem) -> None:
        """End it from outside, telling its readers why; one that has just ended by itself keeps its own end."""
        if self.done:
            return
        self.cancelled.set()
        self._flush()
        if self.done:
            return
        self.items.append(problem)
        self._done()
        self._wake_readers()

    def _done(self) -> None:
        self.done = True
        for call in self.on_done:
            call()

    @property
    def size(self) -> int:
        """About how many bytes it holds."""
        answer = self.answer
        return 4_000 + (len(answer.text) * 4 + len(answer.citations) * _CITATION_BYTES if answer else 0)


class Feeds:
    """The answers being written, and those finished a moment ago."""

    def __init__(self, keep_seconds: float) -> None:
        self._keep_seconds = keep_seconds
        self._feeds: OrderedDict[str, Feed] = OrderedDict()
        self._finished: OrderedDict[str, int] = OrderedDict()
        self._bytes = 0

    def pace(self) -> float:
        """Slower when many are being written."""
        return max(1 / MOST_EVENTS_A_SECOND, self.writing / _STREAMS_A_SECOND)

    @property
    def writing(self) -> int:
        return len(self._feeds) - len(self._finished)

    def open(self) -> list[Feed]:
        return [feed for feed in self._feeds.values() if not feed.done]

    def add(self, feed: Feed) -> None:
        """In place of a finished one of the same id: a failed question that is asked again."""
        self._forget(feed.id)
        self._feeds[feed.id] = feed
        feed.on_done.append(lambda: self._finish(feed))

    def find(self, id: str, owner: str) -> Feed | None:
        """Another owner's feed is not there."""
        feed = self._feeds.get(id)
        return feed if feed and feed.owner == owner else None

    def _finish(self, feed: Feed) -> None:
        self._finished[feed.id] = feed.size
        self._bytes += feed.size
        asyncio.get_running_loop().call_later(self._keep_seconds, self._expired, feed)
        while self._bytes > _KEPT_BYTES:
            self._forget(next(iter(self._finished)))

    def _forget(self, id: str) -> None:
        if id in self._finished:
            self._bytes -= self._finished.pop(id)
            del self._feeds[id]

    def _expired(self, feed: Feed) -> None:
        if self._feeds.get(feed.id) is feed:
            self._forget(feed.id)


def joined(items: Sequence[Item]) -> list[Item]:
    """Neighbouring pieces of text as one.

    >>> joined([Delta("a"), Delta("b")])
    [Delta(text='ab')]
    """
    out: list[Item] = []
    for item in items:
        if isinstance(item, Delta) and out and isinstance(out[-1], Delta):
            out[-1] = Delta(out[-1].text + item.text)
        else:
            out.append(item)
    return out


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
