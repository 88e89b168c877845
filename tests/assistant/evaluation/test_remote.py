"""Endpoints asked over loopback: ours, OpenAI's protocol, and broken ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from assistant.errors import ModelError, UsageError
from assistant.evaluation.dataset import Case, Dataset
from assistant.evaluation.remote import Completions, Server, open_remote
from assistant.evaluation.runner import Run
from assistant.types import Turn
from tests.assistant.evaluation.small import CASES, DOCUMENTS, Quoting, Shelf, run
from tests.fakes.loopback import listening
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
            if status == 429:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with listening(Handler) as url:
        yield url, asked


def ours(path: str, body: Any) -> tuple[int, Any]:
    """What a server of ours says, over the small library."""
    shelf = Shelf(*DOCUMENTS)
    path, _, query = path.partition("?")
    if path == "/api/chat":
        events = list(Quoting(shelf).stream(body["question"]))
        return 200, json.loads(json.dumps(events[-1].as_dict()))  # type: ignore[union-attr]
    if path == "/api/search":
        found = next(iter(Quoting(shelf).stream(body["query"]))).retrieval.hits  # type: ignore[union-attr]
        hits = [
            {"document": asdict(h.document), "start": h.chunk.start, "end": h.chunk.end, "score": h.score}
            for h in found
        ]
        return 200, {"hits": hits}
    if path == "/api/documents":
        offset = int(parse_qs(query)["offset"][0])
        return 200, {"documents": [asdict(ref) for ref in shelf.documents()][offset : offset + 2], "total": 3}
    for id, document in shelf.by_id.items():
        if path == f"/api/documents/{id}/text":
            parts = [{"type": "text", "text": document.text[:5]}, {"type": "text", "text": document.text[5:]}]
            return 200, {"document": asdict(document.ref), "parts": parts}
    return 404, {}


def openai(path: str, body: Any) -> tuple[int, Any]:
    if path == "/v1/models":
        return 200, {"data": [{"id": "small"}]}
    if path != "/v1/chat/completions":
        return 404, {}
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    return 200, {"choices": [{"message": {"content": "Refunds take 14 days."}}], "usage": usage}


def test_a_server_of_ours_is_scored_like_the_assistant_itself(tmp_path: Path):
    with served(ours) as (url, _), open_remote(url) as target:
        assert isinstance(target, Server)
        there = Run(Dataset(Path("q"), CASES[:2]), target, detect).to(tmp_path / "there", {})
    here = run(CASES[:2]).to(tmp_path / "here", {})
    assert [record.comparable() for record in there] == [record.comparable() for record in here]


def test_a_servers_documents_are_listed_page_by_page():
    with served(ours) as (url, _), open_remote(url) as target:
        assert target.documents() == [document.ref for document in DOCUMENTS]
        assert target.document("nowhere") is None


def test_a_server_that_says_when_to_come_back_is_come_back_to():
    refused: list[str] = []

    def busy(path: str, body: Any) -> tuple[int, Any]:
        if path == "/api/chat" and not refused:
            refused.append(path)
            return 429, {}
        return ours(path, body)

    with served(busy) as (url, _), open_remote(url) as target:
        assert target.ask(CASES[0]).answer["status"] == "answered"
    assert refused


def test_an_openai_endpoint_is_scored_on_what_it_shows(tmp_path: Path):
    case = Case("a", "And refunds?", "en", ("14 days",), history=(Turn("What is free?", "Shipping."),))
    with served(openai) as (url, asked), open_remote(f"{url}/v1", openai_key="sk-test") as target:
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


def test_each_key_goes_to_its_own_protocol():
    keys = {"server_key": "sk-ours", "openai_key": "sk-theirs"}
    with served(ours) as (url, asked), open_remote(url, **keys) as target:
        target.ask(CASES[0])
    assert {authorization for _, _, authorization in asked} == {"Bearer sk-ours"}
    with served(openai) as (url, asked), open_remote(f"{url}/v1", **keys) as target:
        target.ask(CASES[0])
    assert {authorization for _, _, authorization in asked} == {"Bearer sk-theirs"}


def test_collection_corpus_language_and_history_are_passed_on():
    with served(ours) as (url, asked), open_remote(url, collection="mine") as target:
        target.ask(Case("a", "Where is the sommet?", corpus_lang="fr", history=(Turn("Who?", "Poutine."),)))
    scope = {"collection": "mine", "filters": {"languages": ["fr"]}}
    history = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Poutine."}]
    assert [body for _, body, _ in asked[1:]] == [
        {**scope, "question": "Where is the sommet?", "history": history},
        {**scope, "query": "Where is the sommet?", "limit": 20},
    ]


@pytest.mark.parametrize(("path", "options"), [("", {"model": "large"}), ("/v1", {"collection": "mine"})])
def test_an_option_of_the_other_protocol_is_wrong_usage(path: str, options: dict[str, str]):
    with pytest.raises(UsageError, match="--model for addresses"), open_remote(f"http://127.0.0.1:9{path}", **options):
        pass


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
