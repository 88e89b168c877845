"""Traces arrive where they were asked for, without what was said; and nothing is sent where nobody asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes

from assistant.errors import UsageError
from assistant.tracing import export_spans
from tests.fakes.loopback import listening
from tests.fakes.openai_server import OpenAIServer, Reply, Status

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "How long do refunds take?"


@dataclass
class Collector:
    """Takes whatever is sent to it over HTTP."""

    url: str = ""
    received: list[tuple[str, bytes]] = field(default_factory=list)

    def spans(self) -> list[Any]:
        """The spans of all that was sent to OTLP's address."""
        out = []
        for path, body in self.received:
            if path == "/v1/traces":
                request = ExportTraceServiceRequest.FromString(body)
                out += [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]
        return out


@pytest.fixture
def collector() -> Iterator[Collector]:
    held = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = self.headers.get("Content-Length")
            body = self.rfile.read(int(length)) if length else self._chunked()
            held.received.append((self.path, body))
            self._reply()

        def do_GET(self) -> None:
            self._reply()

        do_PATCH = do_POST

        def _chunked(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            return body

        def _reply(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Handler) as held.url:
        yield held


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "handbook.md").write_text("# Handbook\n\nRefunds take 14 days. Shipping is free.\n")
    return tmp_path / "docs"


def ask(docs: Path, model: OpenAIServer, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command itself, in a process of its own: the SDK keeps its provider for as long as a process lives."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LD_LIBRARY_PATH")}
    environment = {
        **kept,
        "PYTHONPATH": str(ROOT),
        "HOME": str(docs.parent),
        "ASSISTANT_HOME": str(docs.parent / "home"),
        "ASSISTANT_EMBEDDINGS": "hashing",
        "ASSISTANT_MODEL": "openai:scripted",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": model.base_url,
        **settings,
    }
    command = [sys.executable, "-m", "cli", "ask", QUESTION, "--docs", str(docs)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def attributes(span: Any) -> dict[str, Any]:
    return {held.key: held.value for held in span.attributes}


@pytest.mark.slow
def test_an_exchange_is_a_span_without_what_was_said(collector: Collector, docs: Path) -> None:
    with OpenAIServer([Reply("Refunds take 14 days [1.2].", usage=(120, 24, 100))]) as model:
        done = ask(docs, model, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert done.returncode == 0, done.stderr
    [span] = collector.spans()
    told = attributes(span)
    assert span.name == "chat scripted"
    assert told["gen_ai.operation.name"].string_value == "chat"
    assert told["gen_ai.provider.name"].string_value == "openai"
    assert told["gen_ai.request.model"].string_value == "scripted"
    assert told["gen_ai.request.stream"].bool_value
    assert told["gen_ai.usage.input_tokens"].int_value == 120
    assert told["gen_ai.usage.output_tokens"].int_value == 24
    assert told["gen_ai.usage.cache_read.input_tokens"].int_value == 100
    assert [value.string_value for value in told["gen_ai.response.finish_reasons"].array_value.values] == ["stop"]
    assert told["gen_ai.response.time_to_first_chunk"].double_value > 0
    assert set(told) <= {value for value in vars(gen_ai_attributes).values() if isinstance(value, str)}
    sent = b"".join(body for _, body in collector.received)
    assert b"assistant" in sent  # the service's name
    assert not any(word in sent.lower() for word in (b"refund", b"14 days", b"handbook", b"how long"))


@pytest.mark.slow
def test_a_fault_is_a_span_with_its_reason(collector: Collector, docs: Path) -> None:
    with OpenAIServer([Status(401)]) as model:
        done = ask(docs, model, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SERVICE_NAME="desk")
    assert done.returncode == 5
    [span] = collector.spans()
    assert attributes(span)["error.type"].string_value == "bad_key"
    assert span.status.code == span.status.STATUS_CODE_ERROR
    assert b"desk" in b"".join(body for _, body in collector.received)


@pytest.mark.slow
def test_langsmith_gets_the_exchange_through_langchains_switch(collector: Collector, docs: Path) -> None:
    keys = {"LANGSMITH_ENDPOINT": collector.url, "LANGSMITH_API_KEY": "lsv2_test", "LANGSMITH_PROJECT": "documents"}
    with OpenAIServer([Reply("Refunds take 14 days [1.2].")]) as model:
        done = ask(docs, model, LANGSMITH_TRACING="true", **keys)
        assert done.returncode == 0, done.stderr
        runs = [body for path, body in collector.received if path.startswith("/runs")]
        assert runs
        collector.received.clear()
        ask(docs, model, **keys)  # the switch is what counts, not the key
    assert collector.received == []


@pytest.mark.slow
def test_without_a_collector_nothing_of_the_sdk_is_imported(docs: Path) -> None:
    with OpenAIServer([Reply("Refunds take 14 days [1.2].")]) as model:
        done = ask(docs, model, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert "assistant.tracing" in done.stderr
    assert "opentelemetry.exporter.otlp.proto.http" not in done.stderr


@pytest.mark.slow
def test_a_collector_that_is_gone_spoils_no_answer(docs: Path) -> None:
    with OpenAIServer([Reply("Refunds take 14 days [1.2].")]) as model:
        done = ask(docs, model, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 0
    assert "Refunds take 14 days [1]." in done.stdout


TRACED_SERVER = """
import sys
from pathlib import Path
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
kept = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(kept))
trace.set_tracer_provider(provider)
from tests.assistant.server.running import fill, quoting
settings = fill(Path(sys.argv[1])).model_copy(
    update={"model": "openai:scripted", "openai_api_key": "k", "openai_base_url": sys.argv[2]}
)
caller = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
with quoting(settings) as server, server.client(**caller) as client:
    client.post("/api/chat", json={"question": "How long do refunds take?"}).raise_for_status()
spans = {span.name.split()[0]: span for span in kept.get_finished_spans()}
assert spans["POST"].parent.span_id == 0xB7AD6B7169203331
assert spans["chat"].parent.span_id == spans["POST"].context.span_id
assert spans["chat"].context.trace_id == 0x0AF7651916CD43DD8448EB211C80319C
"""


@pytest.mark.slow
def test_a_callers_trace_goes_on_through_the_server_to_the_model(tmp_path: Path) -> None:
    with OpenAIServer([Reply("Refunds take 14 days [1.2].")]) as model:
        done = subprocess.run(
            [sys.executable, "-c", TRACED_SERVER, str(tmp_path / "home"), model.base_url],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr


def test_a_protocol_nobody_speaks_is_a_bad_setting() -> None:
    with pytest.raises(UsageError, match="OTEL_EXPORTER_OTLP_PROTOCOL is 'pigeon'"):
        export_spans("http://127.0.0.1:4318", "pigeon")
