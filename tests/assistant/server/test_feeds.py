"""Who reads a feed, and when it is stopped for want of readers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from starlette.types import Message

from assistant.server.feeds import Feed, Opened
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
