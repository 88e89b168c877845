"""When more is asked than can be answered: who is told to come back, and what that costs."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from assistant.server.admission import QUESTIONS
from assistant.server.limits import Rate
from assistant.server.problems import Problem
from tests.assistant.server.running import Running, Script, fill, running
from tests.assistant.server.test_access import BODIES, routes

QUESTION = {"question": "How long do refunds take?"}


@contextmanager
def full(home: Path) -> Iterator[tuple[Running, httpx.Client]]:
    """A server whose only place is taken by an answer that does not end."""
    with (
        running(fill(home), Script(words=10_000, pause=0.02), answers=1) as server,
        server.client() as client,
        client.stream("POST", "/api/chat/stream", json=QUESTION) as reply,
    ):
        lines = reply.iter_lines()
        next(lines)  # and `lines` is kept: without it the reader would have left
        yield server, client


def test_a_full_server_refuses_every_protocol_before_it_reads_the_question(tmp_path: Path) -> None:
    with full(tmp_path / "home") as (_, client):
        replies = [client.post(path, json=BODIES[path]) for path in sorted(QUESTIONS)]
        unread = client.post("/api/chat", content=b'{"question": "Ref', headers={"Content-Type": "application/json"})
        log = [client.get(path).status_code for path in ("/healthz", "/readyz", "/api/documents", "/api/conversations")]
        metrics = client.get("/metrics").text
    assert {reply.status_code for reply in [*replies, unread]} == {429}
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in replies)
    assert all("urn:problem:busy" in reply.text or '"code": "busy"' in reply.text for reply in replies)
    assert log == [200] * 4
    assert 'assistant_requests_total{method="POST",route="/api/chat",status="429"} 2.0' in metrics
    assert "assistant_refusal_seconds_count 6.0" in metrics
    assert "assistant_answers_open 1.0" in metrics


@pytest.mark.slow
def test_a_repetition_is_let_through_to_the_answer_it_asks_for_again(tmp_path: Path) -> None:
    headers = {"Idempotency-Key": "mine"}
    with (
        running(fill(tmp_path / "home"), Script(words=40, pause=0.02), answers=1) as server,
        server.client() as client,
        client.stream("POST", "/api/chat/stream", json=QUESTION, headers=headers) as reply,
    ):
        lines = reply.iter_lines()
        next(lines)
        again = client.post("/api/chat/stream", json=QUESTION, headers=headers)
    assert again.status_code == 200
    assert "answer.completed" in again.text


def test_every_route_that_answers_questions_is_known_to_the_admission(server: Running) -> None:
    asking = {
        route.path
        for method, route in routes(server)
        if method == "POST" and {"429", "502"} <= set(map(str, route.responses))
    }
    assert asking == QUESTIONS


def test_a_rate_is_a_bucket_that_fills_again() -> None:
    now = [0.0]
    rate = Rate(60, clock=lambda: now[0])  # one a second, fifteen in one go
    for _ in range(15):
        rate.take("a")
    with pytest.raises(Problem) as refused:
        rate.take("a")
    rate.take("b")  # somebody else is not meant
    now[0] = 1.0
    rate.take("a")
    assert refused.value.status == 429
    assert refused.value.headers["Retry-After"] == "1"
    with pytest.raises(Problem):
        rate.take("a")


def test_a_key_and_each_visitor_have_rates_of_their_own(tmp_path: Path) -> None:
    page = "https://example.org"
    settings = fill(tmp_path / "home")
    with running(
        settings, Script(words=1, pause=0), require_key=True, requests_per_minute=40, visitor_requests_per_minute=8
    ) as server:
        _, api = server.keys.create("program")
        _, widget = server.keys.create("page", kind="widget", collections=["default"], origins=[page])
        with server.client(api) as client:
            program = [client.post("/api/search", json={"query": "refunds"}) for _ in range(10)]
            while (refused := client.post("/api/search", json={"query": "refunds"})).status_code == 200:
                pass  # a slow machine has earned a place in the meantime
            free = client.get("/api/documents").status_code
        with server.client(widget, Origin=page) as client:
            first = client.get("/api/collections").headers["x-visitor"]
            one = [client.post("/api/chat", json=QUESTION, headers={"X-Visitor": first}).status_code for _ in range(3)]
            other = client.post("/api/chat", json=QUESTION).status_code
    assert [reply.status_code for reply in program] == [200] * 10
    assert refused.status_code == 429
    assert refused.json()["type"] == "urn:problem:rate-limited"
    assert int(refused.headers["retry-after"]) >= 1
    assert free == 200  # looking at a list asks nothing
    assert (one, other) == ([200, 200, 429], 200)


@pytest.mark.slow
def test_a_reader_of_one_byte_a_second_holds_nobody_up_and_is_given_up(tmp_path: Path) -> None:
    script = Script(words=60_000, pause=0)
    with running(fill(tmp_path / "home"), script, write_seconds=2.0) as server, server.client() as client:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)  # or the kernel reads on the reader's behalf
            slow.connect((host, int(port)))
            body = json.dumps(QUESTION).encode()
            head = f"POST /api/chat/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
            slow.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
            slow.recv(1)
            began = time.monotonic()
            others = [client.get("/api/documents").status_code for _ in range(20)]
            while server.door.inside and time.monotonic() - began < 20:
                time.sleep(1)
                slow.recv(1)
            given_up = time.monotonic() - began
    assert set(others) == {200}
    assert given_up < 20
