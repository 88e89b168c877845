"""Readers who leave at any moment: the model stops at once, and nothing stays behind."""

from __future__ import annotations

import os
import random
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assistant.cancellation import cancellable
from assistant.generate import Generated
from assistant.models import chat_model
from assistant.resilience import Limits
from assistant.statements import Finding
from assistant.types import Outlook, Question
from tests.assistant.library import SHOP, Reader, retrieval
from tests.fakes.openai_server import OpenAIServer, Reply

TIMES = 500
TALKATIVE = Reply([0.01, *[part for _ in range(2_000) for part in ("Shipping is free [2.2]. ", 0.002)]])


@cache
def opened(base_url: str) -> Any:
    return chat_model("openai:scripted", api_key="sk-test", base_url=base_url)


def sockets() -> int:
    return sum(
        os.readlink(entry).startswith("socket:") for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()
    )


def leave(answerer: Generated, moment: float, *, waiting: bool) -> float:
    """Ask, leave after ``moment`` seconds, and tell when that was. ``waiting``: leave while the network is silent."""
    asked = Question("is it free?", "is it free?", "en")
    stop = threading.Event()
    left = [0.0]

    def walk_away() -> None:
        left[0] = time.perf_counter()
        stop.set()

    with cancellable(stop):
        stream = answerer(asked, retrieval(SHOP), Reader([SHOP]))
        if waiting:
            threading.Timer(moment, walk_away).start()
            list(stream)
        else:
            until = time.perf_counter() + moment
            for _ in stream:
                if time.perf_counter() >= until:
                    break
            left[0] = time.perf_counter()
            stream.close()  # type: ignore[attr-defined]
    return left[0]


@pytest.mark.slow
def test_500_readers_leave_and_the_model_stops_for_each_of_them():
    shuffled = random.Random(5)
    with OpenAIServer([TALKATIVE]) as server:
        answerer = Generated(
            lambda: opened(server.base_url),
            "openai:scripted",
            foresee=lambda question, found: Outlook(0.9),
            supports=lambda statement, citations, question: Finding(True),
            limits=Limits(),
        )
        leave(answerer, 0.0, waiting=False)
        wait_until_idle(server)
        before = sockets(), threading.active_count()
        took: list[float] = []
        for number in range(TIMES):
            server.play([Reply([60.0])] if number % 4 == 0 else [TALKATIVE])
            left = leave(answerer, shuffled.uniform(0, 0.06), waiting=number % 2 == 0)
            wait_until_idle(server)
            took.append(time.perf_counter() - left)
        after = sockets(), threading.active_count()
    took.sort()
    assert after[0] <= before[0] + 2
    assert after[1] <= before[1] + 1
    print(f"p50 {took[TIMES // 2] * 1000:.0f} ms, p99 {took[int(TIMES * 0.99)] * 1000:.0f} ms, {before} -> {after}")


def wait_until_idle(server: OpenAIServer, seconds: float = 20.0) -> None:
    stop = time.perf_counter() + seconds
    while server.open_requests and time.perf_counter() < stop:
        time.sleep(0.001)
    assert not server.open_requests
