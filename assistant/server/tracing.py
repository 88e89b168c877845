"""A span for each request, where the program around this has set OpenTelemetry up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.types import Scope


@contextmanager
def server_span(scope: Scope) -> Iterator[Any]:
    """A span that continues the caller's trace (W3C ``traceparent``); None where nobody has configured a provider."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None or type(trace.get_tracer_provider()).__name__ == "ProxyTracerProvider":
        yield None
        return
    from opentelemetry.propagate import extract

    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    tracer = trace.get_tracer("assistant.server")
    with tracer.start_as_current_span(
        f"{scope['method']}", context=extract(headers), kind=trace.SpanKind.SERVER
    ) as span:
        span.set_attribute("http.request.method", scope["method"])
        yield span


def ended(span: Any, method: str, route: str, status: int) -> None:
    """After OpenTelemetry's conventions for HTTP. The path itself is left out: it may hold ids."""
    span.update_name(f"{method} {route}")
    span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_attribute("error.type", str(status))
