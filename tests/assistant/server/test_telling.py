"""What the operator is told: log, metrics and spans say how long and how much, and nothing of what was said."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.assistant.server.running import fill
from tests.assistant.test_tracing import ROOT, Collector, attributes, collector  # noqa: F401 - a fixture
from tests.fakes.openai_server import OpenAIServer, Reply

CANARIES = ("Zebrafinch", "Quokkaland", "Marmosette", "Tamarinde", "Numbatix")
DOCUMENT = f"# {CANARIES[0]}\n\nRefunds of {CANARIES[1]} take 14 days.\n"
QUESTION = {"question": f"How long do refunds of {CANARIES[1]} take?", "save": True}
TRACE = "0af7651916cd43dd8448eb211c80319c"


@contextmanager
def serving(home: Path, log: Path, **settings: str) -> Iterator[str]:
    """The command itself, its standard error in a file."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LD_LIBRARY_PATH")}
    environment = {**kept, "PYTHONPATH": str(ROOT), "HOME": str(home.parent), "ASSISTANT_HOME": str(home)}
    command = [sys.executable, "-m", "cli", "serve", "--port", "0", "--require-key"]
    with log.open("w") as out, subprocess.Popen(command, env={**environment, **settings}, stderr=out) as process:
        try:
            while not (found := re.search(r"http://[0-9.:]+", log.read_text())):
                assert process.poll() is None, log.read_text()
            for _ in range(400):
                try:
                    if httpx.get(f"{found[0]}/readyz", trust_env=False).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
            yield found[0]
        finally:
            process.terminate()
            assert process.wait(20) == 0


def use(url: str, secret: str, widget: str) -> tuple[list[httpx.Response], str]:
    """Every kind of request, refused ones and failing ones too; the replies, and what Prometheus reads."""
    auth = {"Authorization": f"Bearer {secret}", "X-Request-Id": "req-from-the-proxy"}
    page = {"Authorization": f"Bearer {widget}", "Origin": "https://example.org"}
    traced = {**auth, "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    typed = {"Content-Type": "application/json"}
    upload = {"file": (f"{CANARIES[3]}.txt", f"The {CANARIES[1]} is far.".encode())}
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        replies = [
            client.post("/api/chat", json=QUESTION, headers=traced),
            client.post("/api/chat/stream", json=QUESTION, headers=page),
            client.post("/api/search", json={"query": CANARIES[2]}, headers=auth),
            client.post("/api/documents", files=upload, headers=auth),
            client.get("/api/conversations/search", params={"words": CANARIES[2]}, headers=auth),
            client.post("/api/chat", json={"question": CANARIES[4], "wrong": CANARIES[2]}, headers=auth),
            client.post("/api/chat", content=f'{{"question": "{CANARIES[4]}', headers={**auth, **typed}),
            client.get(f"/api/documents/{CANARIES[4]}", headers=auth),
            client.get(f"/{CANARIES[4]}?q={CANARIES[4]}", headers=auth),
            client.post("/api/chat", json=QUESTION, headers={"Authorization": f"Bearer {CANARIES[4]}"}),
        ]
        conversation = replies[0].json()["conversation_id"]
        replies.append(client.get(f"/api/conversations/{conversation}", headers=auth))
        for _ in range(200):
            if client.get(replies[3].headers["location"], headers=auth).json()["state"] in ("done", "failed"):
                break
            time.sleep(0.1)
        metrics = client.get("/metrics", headers=auth).text
    return replies, metrics


@pytest.mark.slow
def test_nothing_of_what_was_said_is_in_the_log_the_metrics_or_the_spans(
    tmp_path: Path,
    collector: Collector,  # noqa: F811
) -> None:
    from assistant.server.keys import Keys
    from assistant.server.store import open_store

    settings = fill(tmp_path / "home", handbook=DOCUMENT)
    engine = open_store(settings.home)
    keys = Keys(engine)
    _, secret = keys.create("all", scopes=["ask", "ingest", "admin"])
    _, widget = keys.create("page", kind="widget", collections=["default"], origins=["https://example.org"])
    engine.dispose()
    log = tmp_path / "log"
    with (
        OpenAIServer([Reply(f"It takes 14 days in {CANARIES[1]} [1.1].")]) as model,
        serving(
            settings.home,
            log,
            ASSISTANT_EMBEDDINGS="hashing",
            ASSISTANT_MODEL="openai:scripted",
            OPENAI_API_KEY="sk-canary-key",
            OPENAI_BASE_URL=model.base_url,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        ) as url,
    ):
        replies, metrics = use(url, secret, widget)
    assert [reply.status_code for reply in replies] == [200, 200, 200, 202, 200, 422, 400, 404, 404, 401, 200]
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    sent = b"".join(body for _, body in collector.received).decode("utf-8", "replace")
    secrets = (secret, widget, "sk-canary-key", replies[0].json()["conversation_id"], replies[1].headers["x-visitor"])
    everything = {"log": log.read_text(), "metrics": metrics, "spans": sent}
    for name, text in everything.items():
        for word in (*CANARIES, *secrets, "14 days"):
            assert word.lower() not in text.lower(), (name, word)
    assert {"time", "level", "event", "request_id", "method", "route", "status", "ms", "bytes", "caller"} <= set(
        lines[0]
    )
    assert any(line.get("request_id") == "req-from-the-proxy" for line in lines)
    check_spans(collector.spans())


def check_spans(spans: list[Any]) -> None:
    asked = [span for span in spans if span.name == "POST /api/chat" and span.trace_id.hex() == TRACE]
    (server,) = asked  # the caller's trace goes on
    told = {name: value.string_value or value.int_value for name, value in attributes(server).items()}
    assert told["http.request.method"] == "POST"
    assert told["http.route"] == "/api/chat"
    assert told["http.response.status_code"] == 200
    assert server.parent_span_id.hex() == "b7ad6b7169203331"
    model = [span for span in spans if span.name == "chat scripted" and span.trace_id.hex() == TRACE]
    assert {span.parent_span_id for span in model} == {server.span_id}  # though a thread of its own asks the model
    assert "GET /api/documents/{document_id:path}" in {span.name for span in spans}
