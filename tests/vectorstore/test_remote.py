import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import numpy as np
import pytest

from tests.fakes.loopback import listening
from vectorstore import remote
from vectorstore.embeddings import Embedding, open_embedding
from vectorstore.errors import EmbeddingUnavailableError


def letters(text: str) -> list[float]:
    """A vector one can foresee: how many of each of three letters, and 1."""
    return [float(text.count(letter)) for letter in "abc"] + [1.0]


@dataclass
class Service:
    """An embeddings server on the loopback, whose answers a test may replace."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    embed: Callable[[str], list[float]] = letters
    body: bytes | None = None

    failures: int = 0
    """How many of the next requests fail before one succeeds."""

    def answer(self, request: dict[str, Any]) -> tuple[int, bytes]:
        self.requests.append(request)
        status = self.status
        if self.failures:
            self.failures, status = self.failures - 1, 500
        if status != 200:
            return status, json.dumps({"error": {"message": "no luck today"}}).encode()
        return status, self.body or self.vectors(request)

    def vectors(self, request: dict[str, Any]) -> bytes:
        texts = enumerate(request["input"])
        items = [{"object": "embedding", "index": i, "embedding": self.embed(text)} for i, text in texts]
        items.reverse()  # the protocol promises an index, not an order
        return json.dumps({"object": "list", "data": items, "model": request["model"]}).encode()


@pytest.fixture
def service(monkeypatch) -> Iterator[Service]:
    monkeypatch.setattr(remote, "RETRIES", 0)  # they wait half a second and more

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = service.answer({**request, "path": self.path, "key": self.headers["Authorization"]})
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with listening(Handler) as url:
        service = Service(f"{url}/v1")
        yield service


@pytest.fixture
def opened(service, tmp_path) -> Callable[[], Embedding]:
    return lambda: open_embedding("openai:letters", cache=tmp_path, api_key="k", base_url=service.url)


def test_vectors_come_unit_long_and_in_the_order_asked_for(opened, service):
    vectors = opened()(["aab", "", "c\ud800"])
    expected = np.array([[2, 1, 0, 1], [0, 0, 0, 1], [0, 0, 1, 1]]) / np.sqrt([[6], [1], [2]])
    assert vectors == pytest.approx(expected.astype(np.float32))
    assert vectors.dtype == np.float32
    assert service.requests[-1] == {
        "path": "/v1/embeddings", "key": "Bearer k", "model": "letters", "encoding_format": "float",
        "input": ["aab", " ", "c?"],
    }  # fmt: skip


def test_many_texts_go_in_several_requests(opened, service):
    texts = ["a" * (i % 7) for i in range(remote.BATCH * 2 + 1)]
    vectors = opened()(texts)
    assert vectors == pytest.approx(np.array([letters(t) / np.linalg.norm(letters(t)) for t in texts], np.float32))
    assert [len(request["input"]) for request in service.requests[-3:]] == [remote.BATCH, remote.BATCH, 1]


def test_dimensions_are_asked_for_once_and_remembered(opened, service):
    first, second = opened(), opened()
    assert (first, first.dimensions, first.name, first.languages) == (second, 4, "openai:letters", set())
    assert len(service.requests) == 1


def test_openais_own_models_are_known_without_a_request(tmp_path):
    embedding = open_embedding("openai:text-embedding-3-small", cache=tmp_path, api_key="k")
    assert (embedding.dimensions, embedding.local) == (1536, False)


def test_an_address_on_this_machine_counts_as_local(opened):
    assert opened().local


def test_another_width_means_another_fingerprint(opened, service, tmp_path):
    narrow = opened().fingerprint
    service.embed = lambda text: [*letters(text), 1.0]
    wide = open_embedding("openai:letters", cache=tmp_path / "elsewhere", api_key="k", base_url=service.url)
    assert (wide.dimensions, wide.fingerprint == narrow) == (5, False)


def test_a_text_longer_than_any_model_takes_is_cut(opened, service):
    opened()(["a" * 100_000])
    assert service.requests[-1]["input"] == ["a" * remote.MAX_CHARACTERS]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, r"refused the key \(401\)\. Check OPENAI_API_KEY"),
        (404, r"does not know the model \(404\)\. Check the name"),
        (429, r"has had enough requests \(429\)\. Wait"),
        (500, r"failed \(500: .*no luck today.*\)\. Try again later"),
    ],
)
def test_a_refusal_says_what_and_what_to_do(opened, service, status, message):
    embedding = opened()
    service.status = status
    with pytest.raises(EmbeddingUnavailableError, match=f"openai:letters at {service.url} {message}"):
        embedding(["a"])


def test_a_passing_failure_is_tried_again(opened, service, monkeypatch):
    monkeypatch.setattr(remote, "RETRIES", 1)
    embedding = opened()
    service.failures = 1
    assert embedding(["a"]).shape == (1, 4)
    assert [request["input"] for request in service.requests[-2:]] == [["a"], ["a"]]


def test_a_server_that_is_not_there_is_named(service, tmp_path):
    address = "http://127.0.0.1:9/v1"  # the discard port, where nobody listens
    with pytest.raises(EmbeddingUnavailableError, match=rf"openai:letters at {address} cannot be reached\. Check"):
        open_embedding("openai:letters", cache=tmp_path, base_url=address)


def test_a_key_is_asked_for_where_openai_needs_one(tmp_path):
    embedding = open_embedding("openai:text-embedding-3-small", cache=tmp_path)
    with pytest.raises(EmbeddingUnavailableError, match=r"needs a key\. Set OPENAI_API_KEY"):
        embedding(["a"])


def test_another_model_under_the_same_name_is_refused(opened, service):
    embedding = opened()
    service.embed = lambda text: [1.0] * 7
    with pytest.raises(EmbeddingUnavailableError, match=r"7 dimensions instead of 4.*assistant reindex"):
        embedding(["a"])


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<html>a login page</html>", "an answer that is not JSON"),
        (b'{"detail": "hello"}', "an answer without vectors"),
        (b'{"object": "list", "data": []}', "vectors"),
        (b'{"data": [{"index": 0, "embedding": [0, 0, 0, 0]}]}', "a vector without direction"),
        (b'{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]}', "an answer without vectors"),
    ],
    ids=["html", "other-json", "no-vectors", "zero-vector", "ragged"],
)
def test_an_answer_that_is_no_embedding_is_not_taken_for_one(opened, service, body, what):
    embedding = opened()
    service.body = body
    with pytest.raises(EmbeddingUnavailableError, match=f"gave .*{what}"):
        embedding(["a"])
