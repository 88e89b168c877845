"""Who reads a feed, and when it is stopped for want of readers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from starlette.types import Message

from assistant.server.feeds import Feed, Feeds, Opened
from assistant.server.problems import Problem
from assistant.server.streams import begun_unless_gone

OPENED = Opened("?", "?", "en", None)


def on_a_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))


async def stays() -> Message:
    await asyncio.sleep(60)
    raise AssertionError


async def leaves() -> Message:
    return {"type": "http.disconnect"}


def test_a_reader_who_comes_back_before_the_first_word_keeps_the_answer_going() -> None:
    async def work() -> None:
        feed = Feed("f", "me", pace=lambda: 0.0, kept=True, grace=0.1)
        with pytest.raises(Problem, match="left"):
            await begun_unless_gone(leaves, feed)
        waiting = asyncio.create_task(begun_unless_gone(stays, feed))
        await asyncio.sleep(0.3)  # longer than the first one's grace
        assert not feed.cancelled.is_set()
        feed.put(OPENED)
        await waiting
        assert not feed.cancelled.is_set()  # handed over, not left
        feed.enter()
        feed.leave()
        await asyncio.sleep(0.2)
        assert feed.cancelled.is_set()

    on_a_loop(work)


def test_an_answer_nobody_will_come_back_for_stops_with_its_reader() -> None:
    async def work() -> None:
        feed = Feed("f", "me", pace=lambda: 0.0)
        told: list[str] = []
        with feed.cancelled.telling(lambda: told.append("stop")), pytest.raises(Problem, match="left"):
            await begun_unless_gone(leaves, feed)
        assert feed.cancelled.is_set()
        assert told == ["stop"]

    on_a_loop(work)


def test_a_question_asked_again_after_a_failure_is_kept_for_its_own_time() -> None:
    async def work() -> None:
        failures: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
        feeds = Feeds(keep_seconds=0.2)
        first, second = (Feed("same", "me", pace=lambda: 0.0) for _ in range(2))
        feeds.add(first)
        first.stop(Problem(500, "failed", "It failed."))
        feeds.add(second)
        assert feeds.writing == 1
        await asyncio.sleep(0.3)  # the first one's time is over
        assert feeds.find("same", "me") is second
        second.put(OPENED)
        second.end()
        while not second.done:
            await asyncio.sleep(0)
        assert feeds.find("same", "me") is second
        await asyncio.sleep(0.3)
        assert feeds.find("same", "me") is None
        assert feeds.writing == 0
        assert not failures

    on_a_loop(work)


def test_an_answer_that_ended_just_before_the_server_stopped_keeps_its_end() -> None:
    async def work() -> None:
        feed = Feed("f", "me", pace=lambda: 0.0)
        ends: list[str] = []
        feed.on_done.append(lambda: ends.append("done"))
        feed.put(OPENED)
        feed.end()  # the loop has not come to it yet
        feed.stop(Problem(503, "stopping", "The server is stopping."))
        assert feed.items == [OPENED]
        assert ends == ["done"]

    on_a_loop(work)
