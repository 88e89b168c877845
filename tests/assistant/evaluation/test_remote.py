"""Endpoints asked over loopback: ours, OpenAI's protocol, and broken ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from assistant.errors import ModelError, UsageError
from assistant.evaluation.dataset import Case, Dataset
from assistant.evaluation.remote import Completions, Server, open_remote
from assistant.evaluation.runner import Run
from assistant.types import Turn
from tests.assistant.evaluation.small import CASES, DOCUMENTS, Quoting, Shelf
from vectorstore.language import detect

Reply = Callable[[str, Any], tuple[int, Any]]


@contextmanager
def served(reply: Reply) -> Iterator[tuple[str, list[tuple[str, Any, str | None]]]]:
    """A server on loopback that answers as ``reply`` says, and what it was asked: path, body, authorization."""
    asked: list[tuple[str, Any, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: Any) -> None:
            asked.append((self.path, body, self.headers.get("Authorization")))
            status, told = reply(self.path, body)
            data = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ours(path: str, body: Any) -> tuple[int, Any]:
    if path != "/api/chat":
        return 404, {}
    events = list(Quoting(Shelf(*DOCUMENTS)).stream(body["question"]))
    return 200, json.loads(json.dumps(events[-1].as_dict()))  # type: ignore[union-attr]


def openai(path: str, body: Any) -> tuple[int, Any]:
    if path == "/v1/models":
        return 200, {"data": [{"id": "small"}]}
    if path != "/v1/chat/completions":
        return 404, {}
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    return 200, {"choices": [{"message": {"content": "Refunds take 14 days."}}], "usage": usage}


def test_a_server_of_ours_is_scored_on_its_record(tmp_path: Path):
    with served(ours) as (url, asked), open_remote(url) as target:
        assert isinstance(target, Server)
        record = Run(Dataset(Path("q"), CASES[:1]), target, detect).to(tmp_path, {})[0]
    scored = {name: score for name, score in record.scores.items() if score is not None}
    assert scored["answer.contains"] == scored["citation.document"] == scored["citation.evidence"] == 1
    assert scored["abstain.refused_answerable"] == 0
    assert record.retrieved is None
    assert not {name for name in scored if name.startswith("retrieval.")}
    assert "citation.valid" not in scored
    assert asked[-1] == ("/api/chat", {"question": CASES[0].question}, None)


def test_an_openai_endpoint_is_scored_on_what_it_shows(tmp_path: Path):
    case = Case("a", "And refunds?", "en", ("14 days",), history=(Turn("What is free?", "Shipping."),))
    with served(openai) as (url, asked), open_remote(f"{url}/v1", key="sk-test") as target:
        assert isinstance(target, Completions)
        assert target.settings == {"target": "completions", "url": f"{url}/v1", "model": "small"}
        record = Run(Dataset(Path("q"), (case,)), target, detect).to(tmp_path, {})[0]
    assert {name: score for name, score in record.scores.items() if score is not None} == {
        "answer.contains": 1,
        "answer.f1": pytest.approx(2 * 2 / (2 + 4)),
        "answer.language": 1,
        "usage.input_tokens": 7,
        "usage.output_tokens": 3,
        "run.errors": 0,
    }
    messages = [
        {"role": "user", "content": "What is free?"},
        {"role": "assistant", "content": "Shipping."},
        {"role": "user", "content": "And refunds?"},
    ]
    assert asked[-1] == ("/v1/chat/completions", {"model": "small", "messages": messages}, "Bearer sk-test")


def test_the_key_is_kept_from_servers_of_ours():
    with served(ours) as (url, asked), open_remote(url, key="sk-secret") as target:
        target.ask(CASES[0])
    assert {authorization for _, _, authorization in asked} == {None}


def test_the_language_of_the_corpus_and_the_history_are_passed_on():
    with served(ours) as (url, asked), open_remote(url) as target:
        target.ask(Case("a", "Where is the sommet?", corpus_lang="fr", history=(Turn("Who?", "Poutine."),)))
    assert asked[-1][1] == {
        "question": "Where is the sommet?",
        "history": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Poutine."}],
        "filters": {"languages": ["fr"]},
    }


@pytest.mark.parametrize(
    ("status", "told", "message"),
    [
        (500, {"error": "down"}, "/api/chat said 500"),
        (200, b"<html>", "something that is no JSON"),
        (200, [1], "JSON that is no object"),
        (200, {"answer": "x"}, "did not answer with a record"),
    ],
)
def test_a_broken_endpoint_is_each_questions_error(tmp_path: Path, status: int, told: Any, message: str):
    with served(lambda path, body: (status, told)) as (url, _), open_remote(url) as target:
        record = Run(Dataset(Path("q"), CASES[:1]), target, detect).to(tmp_path, {})[0]
    assert record.failure == "error"
    assert record.error is not None
    assert record.error.startswith("ModelError")
    assert message in record.error


def test_nobody_listening_is_told_at_once():
    with pytest.raises(ModelError, match="cannot be reached"), open_remote("http://127.0.0.1:9"):
        pass


def test_what_is_no_address_is_wrong_usage():
    with pytest.raises(UsageError, match="begins with http"), open_remote("localhost:8000"):
        pass


def test_an_endpoint_without_models_needs_one_named():
    with (
        served(lambda path, body: (404, {})) as (url, _),
        open_remote(f"{url}/v1") as target,
        pytest.raises(UsageError, match="Name one with --model"),
    ):
        _ = target.settings
    with served(openai) as (url, asked), open_remote(f"{url}/v1", model="large") as target:
        target.ask(CASES[0])
    assert asked[-1][1]["model"] == "large"
