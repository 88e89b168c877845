"""What Prometheus reads at ``/metrics``."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from assistant.server.limits import Gate
from assistant.types import Answer

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """One server process's counters; a registry of its own, so that tests may have several."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "assistant_requests_total", "Requests.", ("method", "route", "status"), registry=self._registry
        )
        self._request_seconds = Histogram(
            "assistant_request_seconds",
            "From the request to the end of its reply; streams as long as they run.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._answers = Counter(
            "assistant_answers_total", "Answers written.", ("protocol", "status"), registry=self._registry
        )
        self._answer_seconds = Histogram(
            "assistant_answer_seconds", "Writing an answer.", ("protocol",), buckets=_SECONDS, registry=self._registry
        )
        self._first_text = Histogram(
            "assistant_first_text_seconds", "Until an answer's first word.", buckets=_SECONDS, registry=self._registry
        )
        self._tokens = Counter("assistant_tokens_total", "Tokens of models.", ("direction",), registry=self._registry)
        self._writing = Gauge("assistant_answers_open", "Answers being written by a model.", registry=self._registry)
        self._thinking = Gauge(
            "assistant_thinking_open", "Searches and answers being computed.", registry=self._registry
        )
        self._waiting = Gauge(
            "assistant_questions_waiting", "Questions waiting for their turn.", registry=self._registry
        )
        self._refusal_seconds = Histogram(
            "assistant_refusal_seconds",
            "From a request to its refusal with 429.",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1),
            registry=self._registry,
        )
        self._jobs = Counter("assistant_jobs_total", "Jobs ended.", ("kind", "state"), registry=self._registry)
        self._lag = Histogram(
            "assistant_loop_lag_seconds",
            "How late the event loop is, looked at twice a second.",
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1),
            registry=self._registry,
        )

    def watch(self, *, writing: Gate, thinking: Gate) -> None:
        """Show how full the gates are, as of when somebody looks."""
        self._writing.set_function(lambda: writing.running)
        self._thinking.set_function(lambda: thinking.running)
        self._waiting.set_function(lambda: writing.waiting + thinking.waiting)

    def requested(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, status).inc()
        self._request_seconds.labels(route).observe(seconds)
        if status == 429:
            self._refusal_seconds.observe(seconds)

    def answered(self, protocol: str, answer: Answer, seconds: float) -> None:
        self._answers.labels(protocol, answer.status).inc()
        self._answer_seconds.labels(protocol).observe(seconds)
        self._first_text.observe(answer.timings_ms.get("first_text", 0.0) / 1000)
        self._tokens.labels("input").inc(answer.usage.input_tokens)
        self._tokens.labels("output").inc(answer.usage.output_tokens)

    def job_ended(self, kind: str, state: str) -> None:
        self._jobs.labels(kind, state).inc()

    def lagged(self, seconds: float) -> None:
        self._lag.observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self._registry)
