"""Questions over HTTP: in one piece, as a stream, broken off, resumed, repeated."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import httpx
import pytest

from tests.assistant.server.running import Running, Script, events, fill, quoting, running

QUESTION = {"question": "How long do refunds take?"}


def wait_for(condition: object, seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.01)
    return False


def test_an_answer_quotes_the_document_at_its_offsets(guarded: Running) -> None:
    _, secret = guarded.keys.create("reader")
    with guarded.client(secret) as client:
        answer = client.post("/api/chat", json=QUESTION).json()
        citation = answer["citations"][0]
        document = citation["document"]["id"]
        text = client.get(f"/api/documents/{document}/text", headers={"Accept": "text/plain"}).text
    assert answer["status"] == "answered"
    assert "14 days" in citation["quote"]
    assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert "".join(part.get("text") or f"[{part['marker']}]" for part in answer["text_parts"]) == answer["text"]


def test_a_stream_is_created_then_text_then_each_citation_once_then_the_whole_record(server: Running) -> None:
    with server.client() as client, client.stream("POST", "/api/chat/stream", json=QUESTION) as reply:
        got = list(events(reply.iter_lines()))
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["cache-control"] == "no-cache, no-transform"
    assert reply.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in reply.headers
    assert [number for number, _, _ in got] == list(range(1, len(got) + 1))
    names = [name for _, name, _ in got]
    assert names[0] == "answer.created"
    assert names[-2:] == ["answer.citation", "answer.completed"]
    assert names.count("answer.citation") == 1
    record = json.loads(got[-1][2])
    assert "".join(json.loads(data)["text"] for _, name, data in got if name == "answer.delta") == record["text"]
    assert record["text_parts"][-1] == {"type": "citation", "marker": 1}


@pytest.mark.slow
def test_tokens_are_joined_to_twenty_events_a_second(tmp_path: Path) -> None:
    with (
        running(fill(tmp_path / "home"), Script(words=200, pause=0.002)) as server,
        server.client() as client,
        client.stream("POST", "/api/chat/stream", json=QUESTION) as reply,
    ):
        started = time.monotonic()
        deltas = [data for _, name, data in events(reply.iter_lines()) if name == "answer.delta"]
        seconds = time.monotonic() - started
    assert len(deltas) <= 20 * seconds + 2


def test_a_failure_before_the_first_word_is_a_status_and_after_it_an_event(server: Running) -> None:
    with server.client() as client:
        early = client.post("/api/chat/stream", json={"question": "?!"})
        whole = client.post("/api/chat", json={"question": "please fail, refunds"})
        with client.stream("POST", "/api/chat/stream", json={"question": "please fail, refunds"}) as reply:
            got = list(events(reply.iter_lines()))
    assert early.status_code == 422
    assert early.headers["content-type"] == "application/problem+json"
    assert whole.status_code == 502
    assert whole.json()["detail"] == "The model broke off. Ask again."
    assert got[-1][1] == "answer.failed"
    assert json.loads(got[-1][2])["detail"] == "The model broke off. Ask again."


def test_the_model_is_stopped_when_the_reader_leaves(tmp_path: Path) -> None:
    script = Script(words=10_000, pause=0.02)
    with running(fill(tmp_path / "home"), script) as server, server.client() as client:
        with client.stream("POST", "/api/chat/stream", json=QUESTION) as reply:
            next(events(reply.iter_lines()))
        left = time.monotonic()
        assert wait_for(lambda: script.stopped)
        assert script.stopped[0] - left < 10  # of the 200 seconds it would have gone on
        assert wait_for(lambda: server.house.answering.writing.running == 0)


@pytest.mark.slow
def test_the_model_is_stopped_when_a_reader_of_the_whole_answer_leaves(tmp_path: Path) -> None:
    script = Script(words=10_000, pause=0.02)
    with running(fill(tmp_path / "home"), script) as server, server.client() as client:
        for patience in (0.5, 2, 8):
            with pytest.raises(httpx.ReadTimeout):
                client.post("/api/chat", json=QUESTION, timeout=httpx.Timeout(20, read=patience))
            if script.asked:  # on a busy machine the first of them may leave before that
                break
        assert wait_for(lambda: script.stopped)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream"])
def test_a_reader_who_leaves_before_the_search_had_its_turn_leaves_nothing_behind(tmp_path: Path, path: str) -> None:
    script = Script()
    with running(fill(tmp_path / "home"), script, thinking=1) as server, server.client() as client:
        thinkers = server.house.shelf._thinkers
        thinkers.call(time.sleep, 0)  # it is there
        busy = [Thread(target=thinkers.call, args=(time.sleep, 2)) for _ in range(3)]
        for each in busy:
            each.start()
        with pytest.raises(httpx.ReadTimeout):
            client.post(path, json=QUESTION, timeout=httpx.Timeout(20, read=0.2))
        left = time.monotonic()
        assert wait_for(lambda: server.house.answering.writing.running == 0)
        assert time.monotonic() - left < 4  # its turn would have come some six seconds later
        for each in busy:
            each.join(20)
    assert script.asked == 0


def test_a_stopped_answer_of_a_conversation_is_kept_and_marked(tmp_path: Path) -> None:
    script = Script(words=10_000, pause=0.02)
    with running(fill(tmp_path / "home"), script) as server, server.client() as client:
        with client.stream("POST", "/api/chat/stream", json={**QUESTION, "save": True}) as reply:
            lines = events(reply.iter_lines())
            created = json.loads(next(lines)[2])
            next(lines)
        id = created["conversation_id"]
        assert wait_for(lambda: client.get(f"/api/conversations/{id}").json()["turns"])
        turn = client.get(f"/api/conversations/{id}").json()["turns"][0]
    assert turn["state"] == "interrupted"
    assert turn["answer"]["text"].startswith("word0")


@pytest.mark.slow
def test_a_broken_stream_goes_on_after_the_last_event_that_arrived(tmp_path: Path) -> None:
    script = Script(words=40, pause=0.02)
    headers = {"Idempotency-Key": "one"}
    with running(fill(tmp_path / "home"), script) as server, server.client() as client:
        with client.stream("POST", "/api/chat/stream", json=QUESTION, headers=headers) as reply:
            lines = events(reply.iter_lines())
            first = [next(lines), next(lines), next(lines)]
        again = {**headers, "Last-Event-ID": "3"}
        with client.stream("POST", "/api/chat/stream", json=QUESTION, headers=again) as reply:
            rest = list(events(reply.iter_lines()))
        stream = json.loads(first[0][2])["stream_id"]
        with client.stream("GET", f"/api/chat/stream/{stream}", headers={"Last-Event-ID": "3"}) as reply:
            third = list(events(reply.iter_lines()))
        gone = client.get("/api/chat/stream/str_00")
    assert script.asked == 1
    assert rest[0][0] == 4
    assert rest == third
    record = json.loads(rest[-1][2])
    texts = [json.loads(data)["text"] for _, name, data in [*first, *rest] if name == "answer.delta"]
    assert "".join(texts) == record["text"]
    assert gone.status_code == 404


@pytest.mark.slow
def test_the_same_key_a_hundred_times_at_once_asks_once(tmp_path: Path) -> None:
    script = Script(words=10, pause=0.01)
    with running(fill(tmp_path / "home"), script) as server, server.client() as client:

        def ask(_: int) -> httpx.Response:
            # Many threads cannot share a client of httpx: it may close a connection that one of them was just given.
            with server.client() as own:
                return own.post("/api/chat", json={**QUESTION, "save": True}, headers={"Idempotency-Key": "k"})

        with ThreadPoolExecutor(50) as pool:
            replies = list(pool.map(ask, range(100)))
        other = client.post("/api/chat", json={"question": "Is shipping free?"}, headers={"Idempotency-Key": "k"})
        conversations = client.get("/api/conversations").json()
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.content for reply in replies}) == 1
    assert script.asked == 1
    assert len(conversations) == 1
    assert other.status_code == 409


@pytest.mark.slow
def test_an_answer_is_replayed_after_a_restart(tmp_path: Path) -> None:
    settings = fill(tmp_path / "home")
    headers = {"Idempotency-Key": "k"}
    with running(settings) as server, server.client() as client:
        first = client.post("/api/chat", json=QUESTION, headers=headers).json()
    script = Script()
    with running(settings, script) as server, server.client() as client:
        second = client.post("/api/chat", json=QUESTION, headers=headers).json()
    assert second == first
    assert script.asked == 0


def test_who_comes_when_everybody_is_busy_is_told_at_once(tmp_path: Path) -> None:
    script = Script(words=10_000, pause=0.02)
    with (
        running(fill(tmp_path / "home"), script, answers=2) as server,
        server.client() as client,
        client.stream("POST", "/api/chat/stream", json=QUESTION),
        client.stream("POST", "/api/chat/stream", json=QUESTION),
    ):
        started = time.monotonic()
        refused = client.post("/api/chat", json=QUESTION)
        seconds = time.monotonic() - started
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert seconds < 10  # the others are written for 200


@pytest.mark.slow
def test_a_silent_stream_has_a_heartbeat(tmp_path: Path) -> None:
    script = Script(words=2, pause=0.5)
    with running(fill(tmp_path / "home"), script, heartbeat_seconds=0.1) as server, server.client() as client:
        text = client.post("/api/chat/stream", json=QUESTION).text
    assert text.count(": still here") >= 3


@pytest.mark.slow
def test_a_follow_up_knows_the_conversation(tmp_path: Path) -> None:
    with quoting(fill(tmp_path / "home")) as server, server.client() as client:
        first = client.post("/api/chat", json={"question": "When was the telescope built?", "save": True}).json()
        id = first["conversation_id"]
        client.post("/api/chat", json={"question": "When does it open?", "conversation_id": id})
        kept = client.get(f"/api/conversations/{id}").json()
        posted = client.post(f"/api/conversations/{id}/turns/1/feedback", json={"verdict": "up"})
        rated = client.get(f"/api/conversations/{id}").json()["turns"][0]["feedback"]
        renamed = client.patch(f"/api/conversations/{id}", json={"title": "Stars"}).json()
        found = client.get("/api/conversations/search", params={"words": "telescope"}).json()
        removed = client.delete(f"/api/conversations/{id}")
        after = client.get(f"/api/conversations/{id}")
    assert [turn["number"] for turn in kept["turns"]] == [1, 2]
    assert posted.status_code == 204
    assert rated == {"verdict": "up", "words": ""}
    assert renamed["title"] == "Stars"
    assert found[0]["conversation"]["id"] == id
    assert (removed.status_code, after.status_code) == (204, 404)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"question": ""}, 422),
        ({"question": "x" * 8_001}, 422),
        ({"question": "Refunds?", "colection": "default"}, 422),
        ({"question": "Refunds?", "collection": "../../etc"}, 422),
        ({"question": "Refunds?", "collection": "nothing-here"}, 404),
        ({"question": "Refunds?", "conversation_id": "cnv_" + "0" * 32}, 404),
        ({"question": "Refunds?", "history": [{"role": "user", "content": "x"}] * 10_000}, 422),
        ({"question": "Refunds?", "history": [{"role": "system", "content": "x"}]}, 422),
        ([], 422),
    ],
)
def test_what_cannot_be_understood_is_a_problem_with_its_place(server: Running, body: object, status: int) -> None:
    with server.client() as client:
        reply = client.post("/api/chat", json=body)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert problem["status"] == status
    assert {"type", "title", "detail"} <= problem.keys()


def test_truncated_json_wrong_types_and_large_bodies_are_refused(server: Running) -> None:
    json_type = {"Content-Type": "application/json"}
    with server.client() as client:
        truncated = client.post("/api/chat", content=b'{"question": "Ref', headers=json_type)
        wrong = client.post("/api/chat", content=b"question=x", headers={"Content-Type": "text/plain"})
        large = client.post("/api/chat", json={"question": "x", "padding": "y" * 1_100_000})
        pieces = client.post("/api/chat", content=(b"z" * 100_000 for _ in range(20)), headers=json_type)
        nowhere = client.get("/api/nothing")
        method = client.put("/api/chat")
    statuses = [reply.status_code for reply in (truncated, wrong, large, pieces, nowhere, method)]
    assert statuses == [400, 422, 413, 413, 404, 405]


def test_text_parts_do_not_count_in_utf_16(server: Running) -> None:
    with server.client() as client:
        answer = client.post("/api/chat", json={"question": "🌍🌍 refunds 🌍"}).json()
    assert answer["text_parts"] == [
        {"type": "text", "text": answer["text"][: -len("[1]")]},
        {"type": "citation", "marker": 1},
    ]


def test_search_explains_itself(server: Running) -> None:
    with server.client() as client:
        found = client.post("/api/search", json={"query": "telescope", "limit": 1, "explain": True}).json()
    assert "telescope" in found["hits"][0]["text"]
    assert found["hits"][0]["explain"]["grams"]["rank"] == 1
