"""Endpoints as targets: a running server of ours, or anything that speaks OpenAI's chat completions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from assistant.errors import ModelError, UsageError
from assistant.evaluation.dataset import Case
from assistant.evaluation.targets import Reply
from vectorstore.types import Document

# What neither shows: passages that were retrieved, and documents' stored texts.
_HIDDEN = frozenset(
    {
        "retrieval.recall@1",
        "retrieval.recall@5",
        "retrieval.recall@10",
        "retrieval.mrr",
        "retrieval.ndcg@10",
        "citation.valid",
    }
)
# And what an answer without our record lacks.
_HIDDEN_TEXT = _HIDDEN | {
    "citation.present",
    "citation.document",
    "citation.evidence",
    "abstain.refused_unanswerable",
    "abstain.refused_answerable",
    "abstain.auroc",
}


class Server:
    """A server of ours: ``POST /api/chat`` gives the whole record."""

    hidden = _HIDDEN

    def __init__(self, http: _Http) -> None:
        self.settings: Mapping[str, Any] = {"target": "server", "url": http.url}
        self._http = http

    def ask(self, case: Case) -> Reply:
        body: dict[str, Any] = {"question": case.question}
        if case.history:
            body["history"] = messages(case)
        if case.corpus_lang:
            body["filters"] = {"languages": [case.corpus_lang]}
        answer, waited = self._http.post("/api/chat", body)
        if not isinstance(answer.get("text"), str) or "status" not in answer:
            raise ModelError(f"{self._http.url}/api/chat did not answer with a record, but with {str(answer)[:200]}")
        return Reply({**answer, "timings_ms": {**answer.get("timings_ms", {}), "total": waited}})

    def document(self, document_id: str) -> Document | None:
        return None


class Completions:
    """An endpoint with ``POST …/chat/completions``. Only answers, times and tokens can be measured.

    What it says of refusals can be, too, with a judge.
    """

    hidden = _HIDDEN_TEXT

    def __init__(self, http: _Http, *, model: str | None = None) -> None:
        self._http = http
        self._wanted = model

    @cached_property
    def model(self) -> str:
        """The one asked for, or the first it lists."""
        if self._wanted:
            return self._wanted
        try:
            return str(self._http.get("/models")["data"][0]["id"])
        except (ModelError, KeyError, IndexError, TypeError):
            raise UsageError(f"{self._http.url}/models lists no model. Name one with --model.") from None

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"target": "completions", "url": self._http.url, "model": self.model}

    def ask(self, case: Case) -> Reply:
        asked = [*messages(case), {"role": "user", "content": case.question}]
        reply, waited = self._http.post("/chat/completions", {"model": self.model, "messages": asked})
        try:
            text = reply["choices"][0]["message"]["content"] or ""
        except (KeyError, IndexError, TypeError):
            raise ModelError(
                f"{self._http.url} did not answer with a chat completion, but with {str(reply)[:200]}"
            ) from None
        usage = reply.get("usage") or {}
        tokens = {"input_tokens": usage.get("prompt_tokens"), "output_tokens": usage.get("completion_tokens")}
        return Reply({"text": text, "model": self.model, "usage": tokens, "timings_ms": {"total": waited}})

    def document(self, document_id: str) -> Document | None:
        return None


@contextmanager
def open_remote(
    url: str, *, model: str | None = None, key: str | None = None, timeout: float = 120
) -> Iterator[Server | Completions]:
    """OpenAI's protocol for an address that ends in ``/v1`` or ``/chat/completions``, ours for any other.

    ``key`` goes to an endpoint of OpenAI's protocol only, ``model`` too.
    """
    ours = kind_of(url) is Server
    with _Http(url.rstrip("/").removesuffix("/chat/completions"), None if ours else key, timeout) as http:
        http.reach()
        yield Server(http) if ours else Completions(http, model=model)


def kind_of(url: str) -> type[Server] | type[Completions]:
    """Which protocol an address speaks. Raises `UsageError` for what is no address."""
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"--url {url}: an address begins with http:// or https://, as in http://127.0.0.1:8000")
    return Completions if url.rstrip("/").endswith(("/v1", "/chat/completions")) else Server


def messages(case: Case) -> list[dict[str, str]]:
    """The history as a chat protocol wants it."""
    out: list[dict[str, str]] = []
    for turn in case.history:
        out.append({"role": "user", "content": turn.question})
        if turn.answer:
            out.append({"role": "assistant", "content": turn.answer})
    return out


class _Http:
    """JSON over HTTP, failures in words. One client for all threads: httpx's are safe to share."""

    def __init__(self, url: str, key: str | None, timeout: float) -> None:
        import httpx

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.url = url
        self._client = httpx.Client(headers=headers, timeout=httpx.Timeout(timeout, connect=5))

    def __enter__(self) -> _Http:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str) -> Any:
        return self._send("GET", path, None)[0]

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
        """The reply, and the milliseconds it took."""
        return self._send("POST", path, body)

    def reach(self) -> None:
        """Raises `ModelError` where nobody listens: better now than once for every question."""
        import httpx

        try:
            self._client.get(self.url)
        except httpx.TransportError as error:
            raise ModelError(f"{self.url} cannot be reached: {error}. Is the server running?") from None

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[dict[str, Any], float]:
        import httpx

        where, started = self.url + path, time.perf_counter()
        try:
            reply = self._client.request(method, where, json=body)
            reply.raise_for_status()
            told = reply.json()
        except httpx.HTTPStatusError as error:
            raise ModelError(f"{where} said {error.response.status_code}: {error.response.text[:200]}") from None
        except httpx.HTTPError as error:
            raise ModelError(f"{where} cannot be reached: {type(error).__name__} {error}".strip()) from None
        except ValueError:
            raise ModelError(f"{where} answered with something that is no JSON: {reply.text[:200]!r}") from None
        if not isinstance(told, dict):
            raise ModelError(f"{where} answered with JSON that is no object: {reply.text[:200]!r}")
        return told, round((time.perf_counter() - started) * 1000, 1)
