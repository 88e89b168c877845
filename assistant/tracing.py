"""A span around each exchange with a model, where the program that uses this has set OpenTelemetry up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def model_span(name: str) -> Iterator[Any]:
    """A span after OpenTelemetry's conventions for generative AI; None where nobody has configured a provider.

    Nothing is imported for it: whoever exports spans has imported OpenTelemetry before.
    """
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None or type(trace.get_tracer_provider()).__name__ == "ProxyTracerProvider":
        yield None
        return
    provider, _, model = name.partition(":")
    # Not the current span: a generator's steps may run in different contexts.
    span = trace.get_tracer("assistant").start_span(f"chat {model}", kind=trace.SpanKind.CLIENT)
    span.set_attribute("gen_ai.operation.name", "chat")
    span.set_attribute("gen_ai.provider.name", provider)
    span.set_attribute("gen_ai.request.model", model)
    try:
        yield span
    finally:
        span.end()


def note_exchange(span: Any, *, input_tokens: int, output_tokens: int, stopped: str, reason: str) -> None:
    """What an exchange came to; ``reason`` is the fault's, "" for none."""
    if span is None:
        return
    span.set_attribute("gen_ai.usage.input_tokens", input_tokens)
    span.set_attribute("gen_ai.usage.output_tokens", output_tokens)
    if stopped:
        span.set_attribute("gen_ai.response.finish_reasons", [stopped])
    if reason:
        span.set_attribute("error.type", reason)
