"""A collection that is embedded with another model while the server runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant import build
from tests.assistant.server.running import Running, fill, quoting, settings_in
from vectorstore.report import Progress

QUESTION = {"question": "How long do refunds take?"}


def embedded_with(home: Path, name: str) -> str:
    settings = settings_in(home).model_copy(update={"embeddings": "auto"})
    with build.open_library(settings) as library:
        library.reindex(name, Progress())
        assert library.info is not None
        return library.info.fingerprint


def asked(server: Running) -> tuple[str, list[str], list[str]]:
    """The answer, the passages, and what the dense leg gave the first of them."""
    with server.client() as client:
        answer = client.post("/api/chat", json=QUESTION)
        search = client.post("/api/search", json={"query": "refunds", "explain": True})
        collection = client.get("/api/collections").json()[0]
    assert (answer.status_code, search.status_code) == (200, 200), answer.text + search.text
    assert not any("keywords alone" in note for note in search.json()["notes"])
    assert "dense" in search.json()["hits"][0]["explain"]
    return collection["embedding"], [hit["text"] for hit in search.json()["hits"]], answer.json()["text"]


@pytest.mark.slow
def test_the_next_question_is_answered_with_the_new_model_without_a_restart(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with quoting(fill(home)) as server:
        before = asked(server)
        embedded_with(home, "minilm")
        between = asked(server)
        embedded_with(home, "hashing")
        after = asked(server)
    assert (before[0], between[0], after[0]) == ("hashing", "minilm", "hashing")
    assert before[1:] == after[1:]
    assert "14 days" in between[2]
