"""From a question to a feed: a thread runs the answer, the feed carries it to whoever reads."""

from __future__ import annotations

import asyncio
import contextvars
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import Request

from assistant.cancellation import cancellable
from assistant.pipeline import Assistant, checked, new_id
from assistant.records import revive
from assistant.server.callers import Caller
from assistant.server.discretion import check_filters, shown_item
from assistant.server.feeds import Feed, Feeds, Item, Opened
from assistant.server.keys import Keys
from assistant.server.limits import Gate, Rate
from assistant.server.metrics import Metrics
from assistant.server.once import Claim, Once, Reply
from assistant.server.options import Options
from assistant.server.problems import Problem, problem_of
from assistant.server.shelf import DEFAULT, Shelf
from assistant.server.siblings import Siblings, passed_on
from assistant.server.streams import begun_unless_gone
from assistant.server.thinking import Left, QuotingElsewhere
from assistant.types import Answer, CitationFound, Delta, Event, Retrieved, Turn
from vectorstore.types import Filters

IDEMPOTENCY_KEY = "idempotency-key"


@dataclass(frozen=True, slots=True)
class Ask:
    """A question as any of the protocols puts it."""

    question: str
    collection: str = DEFAULT
    history: tuple[Turn, ...] = ()
    filters: Filters = field(default_factory=Filters)
    conversation_id: str | None = None
    save: bool = False
    """Begin a conversation with it."""


class Answering:
    """Runs the answers of one server process."""

    def __init__(self, options: Options, shelf: Shelf, keys: Keys, once: Once, metrics: Metrics) -> None:
        self._options = options
        self._shelf = shelf
        self._keys = keys
        self._once = once
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(options.answers + options.waiting, thread_name_prefix="answer")
        self._beginning: dict[str, asyncio.Future[None]] = {}
        self.siblings = Siblings(options.siblings)
        self.feeds = Feeds(options.resume_seconds)
        self.writing = Gate(options.answers, 0)
        self.thinking = Gate(options.thinking, options.waiting)
        self._gate = self.thinking  # of the last answer: all of one server are written, or all computed
        self._rate = Rate(options.requests_per_minute)
        self._visitor_rate = Rate(options.visitor_requests_per_minute)
        metrics.watch(writing=self.writing, thinking=self.thinking)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def last_call(self) -> None:
        """Tell whoever still reads that the server stops."""
        for feed in self.feeds.open():
            feed.stop(Problem(503, "stopping", "The server is stopping. Ask again in a moment."))

    async def feed(self, request: Request, caller: Caller, ask: Ask, protocol: str) -> Feed:
        """The feed of a question that was just asked, or of the same one asked before with its idempotency key.

        Raises whatever kept the answer from beginning; afterwards the first item is there.
        """
        self.count(caller)
        key = request.headers.get(IDEMPOTENCY_KEY)
        route = request.scope["route"].path
        id = _feed_id(caller, route, key)
        body = await request.body()
        while (beginning := self._beginning.get(id)) is not None:  # the same request, a moment ago, in this process
            await asyncio.wait([beginning])
        running = self.feeds.find(id, caller.owner)
        if running and not (running.done and running.answer is None):
            await self._once_same(caller, route, key, body)
            await begun_unless_gone(request.receive, running)
            return running
        beginning = self._beginning[id] = asyncio.get_running_loop().create_future()
        try:
            siblings = None if passed_on(request) else self.siblings
            claim = await self._once.claim(caller.owner, route, key, body, siblings=siblings)
            if claim.reply:
                return self._replayed(id, caller, claim.reply)
            feed = await self._claimed(id, caller, ask, claim, protocol)
        finally:
            del self._beginning[id]
            beginning.set_result(None)
        await begun_unless_gone(request.receive, feed)
        return feed

    async def _claimed(self, id: str, caller: Caller, ask: Ask, claim: Claim, protocol: str) -> Feed:
        try:
            return await self._begin(id, caller, ask, claim, protocol)
        except BaseException:
            self._once.abandon(claim)
            raise

    async def _once_same(self, caller: Caller, route: str, key: str | None, body: bytes) -> None:
        """Raises `Problem` where the key stands for another request than this one."""
        await asyncio.to_thread(self._once.check, Claim(caller.owner, route, key or ""), body)

    def count(self, caller: Caller) -> None:
        """Raises `Problem` 429 for a caller who asks too often."""
        if caller.key is None:
            return
        self._rate.take(caller.key.id)
        if caller.visitor:
            self._visitor_rate.take(caller.owner)

    def check_room(self, *, computes: bool) -> None:
        """Raises `Problem` 429 where a question would be refused: before anything is done for it."""
        (self.thinking if computes else self._gate).check()

    async def think(self, work: Any, *arguments: Any) -> Any:
        """Run something that computes, in turn with the answers that do. Raises `Problem` 429 when too many wait."""
        async with self.thinking.inside():
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    async def _begin(self, id: str, caller: Caller, ask: Ask, claim: Claim, protocol: str) -> Feed:
        checked(ask.question)
        check_filters(ask.filters, caller)
        assistant = self._shelf.at_hand(ask.collection, caller)
        if assistant is None:
            assistant = await asyncio.to_thread(self._shelf.assistant, ask.collection, caller)
        gate = self._gate = self.thinking if isinstance(assistant.answerer, QuotingElsewhere) else self.writing
        await gate.enter()
        feed = Feed(
            id,
            caller.owner,
            pace=self.feeds.pace,
            kept=bool(claim.key),
            grace=self._options.resume_seconds,
        )
        self.feeds.add(feed)
        run = _Run(self, caller, ask, claim, protocol, feed)
        context = contextvars.copy_context()
        done = asyncio.get_running_loop().run_in_executor(self._threads, context.run, run)
        done.add_done_callback(lambda _: gate.leave())
        return feed

    def _replayed(self, id: str, caller: Caller, reply: Reply) -> Feed:
        """What was answered before, as a feed that has ended."""
        kept = json.loads(reply.body)
        answer = revive(kept["answer"])
        feed = Feed(id, caller.owner, pace=self.feeds.pace)
        feed.created = kept["created"]
        items: list[Item] = [Opened(**kept["opened"]), *_pieces(kept, answer), answer]
        feed.items = [shown_item(item, caller) for item in items]
        feed.done = True
        return feed

    # -- in the answer's thread ------------------------------------------------------------------

    def check_budget(self, caller: Caller) -> None:
        """Raises `Problem` where the key has used up its day; counts this request otherwise."""
        key = caller.key
        if key is None or (key.requests_per_day is None and key.tokens_per_day is None):
            return
        spent = self._keys.spent(key.id)
        for used, allowed, what in (
            (spent.requests, key.requests_per_day, "questions"),
            (spent.tokens, key.tokens_per_day, "tokens"),
        ):
            if allowed is not None and used >= allowed:
                seconds = int(86_400 - time.time() % 86_400)
                raise Problem(
                    429,
                    "budget-spent",
                    f"This key's {allowed:,} {what} a day are used up. They begin anew at midnight UTC.",
                    headers={"Retry-After": str(seconds)},
                )
        self._keys.spend(key.id, requests=1)

    def finished(self, run: _Run, answer: Answer | None, seconds: float) -> None:
        """Note what an answer cost, and keep it for whoever asks the same again."""
        if answer is None:
            self._once.abandon(run.claim)
            return
        tokens = answer.usage.input_tokens + answer.usage.output_tokens
        key = run.caller.key
        if key and key.tokens_per_day is not None and tokens:
            self._keys.spend(key.id, tokens=tokens)
        self._metrics.answered(run.protocol, answer, seconds)
        if run.claim.key and run.opened:
            opened = {name: getattr(run.opened, name) for name in Opened.__dataclass_fields__}
            # In the pieces it was sent in: whoever comes back for the rest counts events.
            pieces = [_piece(item, answer) for item in run.feed.settled() if isinstance(item, Delta | CitationFound)]
            kept = {"created": run.feed.created, "opened": opened, "pieces": pieces, "answer": answer.as_dict()}
            body = json.dumps(kept)
            self._once.finish(run.claim, Reply(200, {}, body.encode()))


@dataclass(slots=True)
class _Run:
    """One answer being written, in a thread of its own."""

    answering: Answering
    caller: Caller
    ask: Ask
    claim: Claim
    protocol: str
    feed: Feed
    opened: Opened | None = None
    text: list[str] = field(default_factory=list)
    citations: list[CitationFound] = field(default_factory=list)

    def __call__(self) -> None:
        started = time.perf_counter()
        answer: Answer | None = None
        try:
            self.answering.check_budget(self.caller)
            answer = self._write()
            if answer is None:
                self._interrupted()
        except BaseException as error:
            self.feed.put(shown_item(problem_of(error), self.caller))
            self._keep_partial()
        finally:
            try:
                self.answering.finished(self, answer, time.perf_counter() - started)
            finally:
                if answer is not None:
                    self.feed.put(shown_item(answer, self.caller))
                self.feed.end()

    def _write(self) -> Answer | None:
        """The answer; None where it was stopped before its end."""
        conversation_id = self._conversation()
        shelf, name = self.answering._shelf, self.ask.collection
        assistant = shelf.assistant(name, self.caller)
        with cancellable(self.feed.cancelled):
            try:
                return self._stream(assistant, conversation_id)
            except Left:
                return None
            except Exception:
                now = shelf.assistant(name, self.caller)
                if self.opened or now.answerer is assistant.answerer:
                    raise
                return self._stream(now, conversation_id)  # the collection was re-embedded under the search

    def _stream(self, assistant: Assistant, conversation_id: str | None) -> Answer | None:
        events = assistant.stream(
            self.ask.question, history=self.ask.history, filters=self.ask.filters, conversation_id=conversation_id
        )
        try:
            return self._pass_on(events, conversation_id)
        finally:
            close = getattr(events, "close", None)
            if close:
                close()  # the model's connection with it: not when the garbage collector comes round

    def _pass_on(self, events: Iterator[Event], conversation_id: str | None) -> Answer | None:
        for event in events:
            match event:
                case Retrieved(question=asked):
                    self.opened = Opened(asked.asked, asked.text, asked.language, conversation_id)
                    self.feed.put(self.opened)
                case Answer():
                    return event
                case Delta(text):
                    self.text.append(text)
                    self.feed.put(event)
                case CitationFound():
                    self.citations.append(event)
                    self.feed.put(shown_item(event, self.caller))
            if self.feed.cancelled.is_set():
                return None
        return None

    def _conversation(self) -> str | None:
        log = self.answering._shelf.log(self.caller, self.ask.collection)
        if self.ask.conversation_id is not None:
            known = log.show(self.ask.conversation_id)  # somebody else's is not found, before anything is done
            if known.summary.collection != self.ask.collection:
                raise Problem(
                    409,
                    "other-collection",
                    f"This conversation is about the collection {known.summary.collection!r}.",
                )
            return self.ask.conversation_id
        return log.create() if self.ask.save else None

    def _interrupted(self) -> None:
        self.feed.put(Problem(503, "interrupted", "The answer was stopped before its end."))
        self._keep_partial()

    def _keep_partial(self) -> None:
        """What had been written of a conversation's answer stays, marked as interrupted."""
        opened = self.opened
        if opened is None or opened.conversation_id is None:
            return
        partial = Answer(
            id=new_id("ans"),
            conversation_id=opened.conversation_id,
            question=opened.question,
            standalone_question=opened.standalone_question,
            language=opened.language,
            status="answered",
            confidence=0.0,
            text="".join(self.text),
            citations=tuple(found.citation for found in self.citations),
            notices=("The answer was stopped before its end.",),
        )
        self.answering._shelf.log(self.caller, self.ask.collection).interrupt(opened.conversation_id, partial)


def _feed_id(caller: Caller, route: str, key: str | None) -> str:
    """Random, or the same for the same request sent again."""
    if key is None:
        return new_id("str")
    from hashlib import sha256

    return "str_" + sha256(f"{caller.owner}\n{route}\n{key}".encode("utf-8", "replace")).hexdigest()[:32]


def _piece(item: Delta | CitationFound, answer: Answer) -> str | int:
    """A text, or a citation by its place among the answer's."""
    if isinstance(item, Delta):
        return item.text
    markers = [citation.marker for citation in answer.citations]
    return markers.index(item.citation.marker)


def _pieces(kept: dict[str, Any], answer: Answer) -> list[Item]:
    pieces = kept.get("pieces", [answer.text, *range(len(answer.citations))])
    return [Delta(piece) if isinstance(piece, str) else CitationFound(answer.citations[piece]) for piece in pieces]


def turns(messages: Sequence[tuple[str, str]]) -> tuple[Turn, ...]:
    """Messages as (role, text) to exchanges; what the assistant said first, to nobody's question, is left out.

    >>> [(turn.question, turn.answer) for turn in turns([("user", "Who?"), ("assistant", "They."), ("user", "When?")])]
    [('Who?', 'They.'), ('When?', '')]
    """
    out: list[Turn] = []
    for role, text in messages:
        if role == "user":
            out.append(Turn(text, ""))
        elif role == "assistant" and out:
            last = out[-1]
            out[-1] = replace(last, answer=f"{last.answer}\n{text}".strip())
    return tuple(out)
