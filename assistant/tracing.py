"""OpenTelemetry: a span for each exchange with a model, and where spans are sent if a collector is named.

Spans say how long, how much and how it ended. What was asked, found and answered is never in them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from assistant.errors import UsageError

PROTOCOLS = {"http/protobuf": "http", "grpc": "grpc"}


def export_spans(endpoint: str | None, protocol: str) -> None:
    """Send spans to a collector, unless there is none or the program around this has set OpenTelemetry up itself.

    The SDK reads where exactly, and all else, from the variables OpenTelemetry defines. Raises `UsageError`.
    """
    if not endpoint or _tracer("assistant") is not None:
        return
    if protocol not in PROTOCOLS:
        raise UsageError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}. Use one of {', '.join(PROTOCOLS)}, or unset it."
        )
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter = import_module(f"opentelemetry.exporter.otlp.proto.{PROTOCOLS[protocol]}.trace_exporter")
    resource = Resource.create()  # of OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": "assistant"}))
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter.OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def _tracer(name: str) -> Any:
    """A tracer where somebody has configured a provider; None otherwise, and nothing is imported to find out."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None or type(trace.get_tracer_provider()).__name__ == "ProxyTracerProvider":
        return None
    return trace.get_tracer(name)


@contextmanager
def model_span(name: str, facts: Mapping[str, Any]) -> Iterator[None]:
    """A span after OpenTelemetry's conventions for generative AI, around an exchange with ``PROVIDER:NAME``.

    ``facts`` are attributes, read when the exchange has ended; empty ones are left out.
    """
    tracer = _tracer("assistant")
    if tracer is None:
        yield
        return
    from opentelemetry.trace import SpanKind, StatusCode

    provider, _, model = name.partition(":")
    known = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model}
    # Not the current span: a generator's steps may run in different contexts.
    span = tracer.start_span(f"chat {model}", kind=SpanKind.CLIENT, attributes=known)
    try:
        yield
    finally:
        span.set_attributes({key: value for key, value in facts.items() if value not in ("", None, [])})
        if facts.get("error.type"):
            span.set_status(StatusCode.ERROR)
        span.end()
