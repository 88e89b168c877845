"""Endpoints as targets: a running server of ours, or anything that speaks OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote

from assistant.errors import ModelError, UsageError
from assistant.evaluation.dataset import Case
from assistant.evaluation.http import Http
from assistant.evaluation.targets import Place, Reply
from vectorstore.types import Document, DocumentRef

_PASSAGES = 20  # as many as the assistant retrieves for a question
_PAGE = 1_000


class Server:
    """A server of ours: its record, and what its search finds for the question as it was understood."""

    hidden: frozenset[str] = frozenset()

    def __init__(self, http: Http, *, collection: str) -> None:
        self.settings: Mapping[str, Any] = {"target": "server", "url": http.url, "collection": collection}
        self._http = http
        self._collection = collection
        self._read = lru_cache(maxsize=4096)(self._fetch)

    def ask(self, case: Case) -> Reply:
        filters = {"languages": [case.corpus_lang]} if case.corpus_lang else {}
        scope = {"collection": self._collection, "filters": filters}
        answer, waited = self._http.post("/api/chat", {**scope, "question": case.question, "history": messages(case)})
        if not isinstance(answer.get("text"), str) or "status" not in answer:
            raise ModelError(f"{self._http.url}/api/chat did not answer with a record, but with {str(answer)[:200]}")
        wanted = {**scope, "query": answer.get("standalone_question") or case.question, "limit": _PASSAGES}
        hits = self._http.post("/api/search", wanted)[0]["hits"]
        retrieved = tuple(Place(hit["document"]["id"], hit["start"], hit["end"], hit["score"]) for hit in hits)
        return Reply({**answer, "timings_ms": {**answer.get("timings_ms", {}), "total": waited}}, retrieved)

    def document(self, document_id: str) -> Document | None:
        return self._read(document_id)

    def documents(self) -> list[DocumentRef]:
        """Every document of the collection."""
        refs: list[DocumentRef] = []
        while True:
            query = {"collection": self._collection, "limit": _PAGE, "offset": len(refs)}
            page = self._http.get("/api/documents", query)
            refs += [_ref(row) for row in page["documents"]]
            if not page["documents"] or len(refs) >= page["total"]:
                return refs

    def _fetch(self, document_id: str) -> Document | None:
        path = f"/api/documents/{quote(document_id, safe='/')}/text"
        try:
            told = self._http.get(path, {"collection": self._collection})
        except ModelError as error:
            if " said 404" in str(error):
                return None
            raise
        return Document(_ref(told["document"]), "".join(part["text"] for part in told["parts"]))


class Completions:
    """An endpoint with ``POST …/chat/completions``: only answers, times and tokens can be measured.

    With a judge, refusals can be, too.
    """

    hidden = frozenset(
        {
            "retrieval.recall@1", "retrieval.recall@5", "retrieval.recall@10", "retrieval.mrr", "retrieval.ndcg@10",
            "citation.present", "citation.valid", "citation.document", "citation.evidence",
            "abstain.refused_unanswerable", "abstain.refused_answerable", "abstain.auroc",
        }
    )  # fmt: skip

    def __init__(self, http: Http, *, model: str | None = None) -> None:
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
                f"{self._http.url} did not answer with a completion, but with {str(reply)[:200]}"
            ) from None
        usage = reply.get("usage") or {}
        tokens = {"input_tokens": usage.get("prompt_tokens"), "output_tokens": usage.get("completion_tokens")}
        return Reply({"text": text, "model": self.model, "usage": tokens, "timings_ms": {"total": waited}})

    def document(self, document_id: str) -> Document | None:
        return None

    def documents(self) -> None:
        """It does not say what it answers from."""


@contextmanager
def open_remote(
    url: str,
    *,
    collection: str | None = None,
    model: str | None = None,
    server_key: str | None = None,
    openai_key: str | None = None,
    timeout: float = 120,
) -> Iterator[Server | Completions]:
    """OpenAI's protocol for an address that ends in ``/v1`` or ``/chat/completions``, ours for any other.

    Each key goes to endpoints of its own protocol only. Raises `UsageError` for an option of the other protocol.
    """
    ours = kind_of(url) is Server
    if (collection and not ours) or (model and ours):
        raise UsageError(f"--url {url}: --collection is for servers of ours, --model for addresses that end in /v1.")
    plain = url.rstrip("/").removesuffix("/chat/completions")
    with Http(plain, key=server_key if ours else openai_key, timeout=timeout) as http:
        http.reach()
        yield Server(http, collection=collection or "default") if ours else Completions(http, model=model)


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


def _ref(row: Mapping[str, Any]) -> DocumentRef:
    return DocumentRef(**{name: row[name] for name in DocumentRef.__slots__})
