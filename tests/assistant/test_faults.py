"""Every way a model's service can fail (docs/generation.md has the table), over real HTTP with the real client."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from assistant.cancellation import cancellable
from assistant.errors import ModelError
from assistant.generate import Generated
from assistant.models import chat_model
from assistant.resilience import Breaker, Limits
from assistant.statements import Finding
from assistant.types import Answer, Delta, Event, Outlook, Question, Read
from tests.assistant.library import CALL, SHOP, Reader, retrieval
from tests.fakes.openai_server import END, LEAVE, NoStream, OpenAIServer, Reply, Status
from vectorstore.types import Retrieval

ANSWER = "Shipping is free [2.2]. Refunds take 14 days [2.1]."
LONG = 60.0
"""Seconds of silence that nobody waits for: a test that took so long would have failed."""
SOON = 20.0
"""Seconds within which even a busy machine has noticed."""
QUESTION = Question("is shipping free?", "is shipping free?", "en")
QUOTED = Answer("", None, "", "", "en", "answered", 0.5, "“Shipping is free.”")
BROKEN_CHUNK = b"data: {not json\n\n"
HTML = "<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>"


def quote(question: Question, found: Retrieval, read: Read) -> Iterator[Event]:
    yield Delta(QUOTED.text)
    yield QUOTED


@cache
def opened(base_url: str, api: Any = "chat") -> Any:
    return chat_model("openai:scripted", api_key="sk-test", base_url=base_url, api=api)


def generated(base_url: str, **options: Any) -> Generated:
    return Generated(
        lambda: opened(base_url),
        "openai:scripted",
        foresee=lambda question, found: Outlook(0.9),
        supports=lambda statement, citations, question: Finding(True),
        **{"fallback": quote, "limits": Limits(attempts=1), "place": "127.0.0.1", **options},
    )


def run(answerer: Generated) -> list[Event]:
    return list(answerer(QUESTION, retrieval(CALL, SHOP), Reader([CALL, SHOP])))


def last(answerer: Generated) -> Answer:
    record = run(answerer)[-1]
    assert isinstance(record, Answer)
    return record


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        opened(running.base_url)  # imports the client, which takes longer than the shortest limits here
        yield running


PASSING = {
    "429": ([Status(429)], "too many requests"),
    "429 with a long Retry-After": ([Status(429, headers={"retry-after": "60"})], "too many requests"),
    "500": ([Status(500)], "failed"),
    "502 with a page of HTML": ([Status(502, HTML, media_type="text/html")], "failed"),
    "reset before the first byte": ([Reply([LEAVE])], "broke off"),
    "silence before the head": ([Reply(ANSWER, wait=LONG)], "silent for too long"),
    "silence before the first text": ([Reply([LONG, ANSWER])], "silent for too long"),
    "keep-alive comments and no text": ([Reply([b": wait\n\n", 0.1] * 600)], "silent for too long"),
    "a bad first chunk": ([Reply([BROKEN_CHUNK])], "no answer"),
    "an error inside the stream": ([Reply([b'data: {"error": {"message": "overloaded"}}\n\n'])], "overloaded"),
    "an empty answer": ([Reply("")], "empty"),
    "white space for an answer": ([Reply(" \n ")], "empty"),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_service_that_fails_is_replaced_by_quotes_and_it_is_said(server, fault):
    script, said = PASSING[fault]
    limits = Limits(first_text=0.5 if "silent" in said else SOON, attempts=1)
    started = time.perf_counter()
    record = last(generated(server.play(script).base_url, limits=limits))
    took = time.perf_counter() - started
    assert record.text == QUOTED.text
    assert said in record.notices[0]
    assert record.notices[0].endswith("This answer quotes the documents instead.")
    assert "<" not in record.notices[0]
    assert took < SOON
    assert len(server.requests) == 1


def test_nobody_answers_at_the_address():
    record = last(generated("http://127.0.0.1:9/v1"))
    assert "cannot be reached" in record.notices[0]
    assert "Check OPENAI_BASE_URL" in record.notices[0]


BROKEN = {
    "reset": (["Shipping is free [2.2]. Ref", LEAVE], "broke off"),
    "ended without the last words": (["Shipping is free [2.2]. Ref", END], "broke off"),
    "silence": (["Shipping is free [2.2]. Ref", LONG, "unds"], "fell silent"),
    "a bad chunk": (["Shipping is free [2.2]. Ref", BROKEN_CHUNK], "no answer"),
    "an error": (["Shipping is free [2.2]. Ref", b'data: {"error": {"message": "overloaded"}}\n\n'], "overloaded"),
    "a slow drip of comments": (["Shipping is free [2.2]. Ref", *[b": x\n\n", 0.1] * 600], "fell silent"),
    "a slow drip of text": (["Shipping is free [2.2]. Ref", *["u", 0.2] * 300], "took too long"),
}


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=pytest.mark.slow) if "drip" in fault else fault for fault in BROKEN]
)
def test_what_has_come_is_kept_and_marked_when_the_rest_does_not(server, fault):
    parts, said = BROKEN[fault]
    limits = {"fell silent": Limits(idle=0.5), "took too long": Limits(total=2)}.get(said, Limits())
    started = time.perf_counter()
    record = last(generated(server.play([Reply(parts)]).base_url, limits=limits))
    assert time.perf_counter() - started < SOON
    assert record.text.startswith("Shipping is free [1]. Ref")
    assert (record.status, [citation.quote for citation in record.citations]) == ("answered", ["Shipping is free."])
    assert record.notices[0].startswith("The answer is not complete.")
    assert said in record.notices[0]
    assert len(server.requests) == 1


def test_an_answer_that_never_ends_is_ended(server):
    script = [Reply(["free [2.2] and " * 50] * 2000)]
    record = last(generated(server.play(script).base_url, limits=Limits(longest_answer=20_000)))
    assert len(record.text) < 25_000
    assert "without end" in record.notices[0]


SETTINGS = {
    "a wrong key": (Status(401), "bad_key", "OPENAI_API_KEY"),
    "a model the key may not use": (Status(403), "forbidden", "ASSISTANT_MODEL"),
    "an unknown model": (Status(404), "unknown_model", "ASSISTANT_MODEL"),
    "an account without money": (
        Status(429, '{"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}'),
        "quota",
        "billing",
    ),
    "a request the service does not like": (Status(400), "bad_request", "ASSISTANT_MODEL_API"),
}


@pytest.mark.parametrize("fault", SETTINGS)
def test_what_only_the_user_can_mend_is_an_error_with_the_way_out(server, fault):
    behaviour, reason, way_out = SETTINGS[fault]
    with pytest.raises(ModelError) as raised:
        run(generated(server.play([behaviour]).base_url))
    assert raised.value.reason == reason
    assert way_out in str(raised.value)
    assert "127.0.0.1" in str(raised.value)
    assert len(server.requests) == 1


def test_without_a_fallback_a_passing_failure_is_an_error_too(server):
    with pytest.raises(ModelError, match="Try again"):
        run(generated(server.play([Status(500)]).base_url, fallback=None))


def test_a_second_try_helps(server):
    script = [Status(429, headers={"retry-after": "0"}), Reply(ANSWER)]
    record = last(generated(server.play(script).base_url, limits=Limits(attempts=2)))
    assert record.text == "Shipping is free [1]. Refunds take 14 days [2]."
    assert record.notices == ()
    assert len(server.requests) == 2


def test_a_service_is_asked_as_often_as_the_limits_say(server):
    assert "failed" in last(generated(server.play([Status(500)]).base_url, limits=Limits(attempts=3))).notices[0]
    assert len(server.requests) == 3


def test_nothing_is_waited_for_after_the_last_try(server):
    script = [Status(503, headers={"retry-after": str(LONG)})]
    limits = Limits(first_text=3 * LONG, total=3 * LONG, attempts=1)
    started = time.perf_counter()
    assert last(generated(server.play(script).base_url, limits=limits)).text == QUOTED.text
    assert time.perf_counter() - started < SOON


def test_retry_after_is_waited_for(server):
    script = [Status(503, headers={"retry-after": "0.7"}), Reply(ANSWER)]
    last(generated(server.play(script).base_url, limits=Limits(attempts=2)))
    first, second = server.arrived
    assert second - first >= 0.7


def test_a_server_that_cannot_stream_is_asked_without(server):
    record = last(generated(server.play([NoStream(Reply(ANSWER))]).base_url, limits=Limits(attempts=2)))
    assert record.text == "Shipping is free [1]. Refunds take 14 days [2]."
    assert [request.get("stream") for request in server.requests] == [True, False]


def test_a_context_that_is_too_long_is_shortened_once(server):
    too_long = (
        '{"error": {"message": "This model\'s maximum context length is 99 tokens", "code": "context_length_exceeded"}}'
    )
    record = last(
        generated(server.play([Status(400, too_long), Reply("It is so [1.1].")]).base_url, context_tokens=300)
    )
    assert record.status == "answered"
    shown = [len(request["messages"][-1]["content"]) for request in server.requests]
    assert shown[1] < shown[0]
    with pytest.raises(ModelError, match="ASSISTANT_CONTEXT_TOKENS"):
        run(generated(server.play([Status(400, too_long)]).base_url))


def test_an_answer_that_was_withheld_says_so(server):
    with pytest.raises(ModelError, match="withheld"):
        run(generated(server.play([Reply("", finish="content_filter")]).base_url))


def test_an_answer_that_was_too_long_for_the_model_says_so(server):
    record = last(generated(server.play([Reply(ANSWER, finish="length")]).base_url))
    assert "ASSISTANT_ANSWER_TOKENS" in record.notices[0]


def test_a_failing_service_is_left_alone_and_asked_again_later(server):
    now = [0.0]
    answerer = generated(server.play([Status(500)]).base_url, breaker=Breaker(2, 30, clock=lambda: now[0]))
    for _ in range(2):
        assert "failed" in last(answerer).notices[0]
    asked = len(server.requests)
    assert "left alone" in last(answerer).notices[0]
    assert len(server.requests) == asked
    now[0] = 31
    server.play([Reply(ANSWER)])
    assert last(answerer).notices == ()
    assert last(answerer).notices == ()


def test_a_wrong_key_does_not_open_the_breaker(server):
    answerer = generated(server.play([Status(401)]).base_url, breaker=Breaker(1))
    for _ in range(2):
        with pytest.raises(ModelError, match="refused the key"):
            run(answerer)


def until(condition: Callable[[], bool]) -> bool:
    stop = time.perf_counter() + SOON
    while not condition() and time.perf_counter() < stop:
        time.sleep(0.005)
    return condition()


def test_closing_the_stream_closes_the_connection(server):
    stream = generated(server.play([Reply([*["word "] * 5, LONG])]).base_url, limits=Limits())(
        QUESTION, retrieval(SHOP), Reader([SHOP])
    )
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]
    assert until(lambda: len(server.left) == 1)


def test_a_reader_who_leaves_while_nothing_comes_stops_the_model(server):
    stop = threading.Event()
    answerer = generated(server.play([Reply([LONG])]).base_url, limits=Limits())
    threading.Timer(0.2, stop.set).start()
    started = time.perf_counter()
    with cancellable(stop):
        record = last(answerer)
    assert time.perf_counter() - started < SOON
    assert "interrupted" in record.notices[0]
    assert until(lambda: len(server.left) == 1)


def test_what_was_written_before_the_reader_left_is_kept(server):
    stop = threading.Event()
    answerer = generated(server.play([Reply(["Shipping is free [2.2]. ", LONG])]).base_url, limits=Limits())
    events: list[Event] = []
    with cancellable(stop):
        for event in answerer(QUESTION, retrieval(CALL, SHOP), Reader([CALL, SHOP])):
            events.append(event)
            stop.set()
    record = events[-1]
    assert isinstance(record, Answer)
    assert record.text == "Shipping is free [1]."
    assert "interrupted" in record.notices[0]
