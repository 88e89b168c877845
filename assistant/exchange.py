"""One exchange with a model's service: the text as it comes, asked again while nothing has come."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from assistant.faults import Fault, fault_of
from assistant.resilience import Limits, Patience, pause
from assistant.tracing import model_span

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage


class Exchange:
    """What a model says to some messages. After `pieces` has ended, ``fault`` says whether it ended well.

    Nothing is asked twice once text has come: what was passed on cannot be taken back.
    """

    def __init__(
        self,
        model: BaseChatModel,
        messages: Sequence[BaseMessage],
        patience: Patience,
        limits: Limits,
        *,
        streaming: bool = True,
        name: str = "",
    ) -> None:
        """``name`` is the model's, ``PROVIDER:NAME``, for traces."""
        self.fault: Fault | None = None
        self.error: Exception | None = None
        """What the fault was read from."""
        self.begun = False
        self.attempts = 0
        self.stopped = ""
        """Why the model ended, in the service's words: ``stop``, ``length``, ``content_filter``…"""
        self.input_tokens = self.output_tokens = self.cached_tokens = 0
        self.timings_ms: dict[str, float] = {}
        self._model = model
        self._messages = list(messages)
        self._patience = patience
        self._limits = limits
        self._streaming = streaming
        self._name = name
        self._length = 0
        self._started = time.perf_counter()

    def pieces(self) -> Generator[str, None, None]:
        """The text in pieces. Closing this generator closes the connection."""
        facts: dict[str, Any] = {"gen_ai.request.stream": self._streaming, "error.type": "abandoned"}
        with model_span(self._name, facts):
            try:
                yield from self._pieces()
                facts["error.type"] = self.fault.reason if self.fault else ""
            finally:
                facts |= self._measured()

    def _pieces(self) -> Iterator[str]:
        while self.attempts < self._limits.attempts:
            self.attempts += 1
            self.fault = self.error = None
            yield from self._once()
            if self.fault is None or self.begun:
                break
            without_stream = self._streaming and _wants_no_stream(self.fault)
            if without_stream:
                self._streaming = False
            elif not self.fault.worth_retrying:
                break
            last = self.attempts == self._limits.attempts  # nothing follows that would be worth a pause
            if not (without_stream or last or self._patience.sleep(pause(self.attempts, self.fault.retry_after))):
                break
        self.timings_ms["model_total"] = self._since()

    def _measured(self) -> dict[str, Any]:
        """What the exchange came to, as OpenTelemetry's conventions name it."""
        first_text = self.timings_ms.get("model_first_text")
        return {
            "gen_ai.usage.input_tokens": self.input_tokens or None,
            "gen_ai.usage.output_tokens": self.output_tokens or None,
            "gen_ai.usage.cache_read.input_tokens": self.cached_tokens or None,
            "gen_ai.response.finish_reasons": [self.stopped] if self.stopped else [],
            "gen_ai.response.time_to_first_chunk": None if first_text is None else first_text / 1000,
        }

    def _once(self) -> Iterator[str]:
        chunks = self._chunks()
        try:
            while True:
                try:
                    with self._patience.watching():
                        chunk = next(chunks)
                except StopIteration:
                    break
                except Exception as error:  # of any provider's client: told apart in `faults`
                    self.error = error
                    self.fault = self._spent() or fault_of(error)
                    return
                self._note(chunk)
                text = str(chunk.text)
                if text:
                    self._heard(text)
                    yield text
                self.fault = self._spent()
                if self.fault:
                    return
        finally:
            chunks.close()
        self.fault = self._ended()

    def _chunks(self) -> Any:
        """A generator of message chunks; of the one message where the service does not stream."""
        if self._streaming:
            return self._model.stream(self._messages)
        return (self._model.invoke(self._messages) for _ in range(1))

    def _heard(self, text: str) -> None:
        if not self.begun and text.strip():
            self.begun = True
            self.timings_ms["model_first_text"] = self._since()
        self._length += len(text)
        if self.begun:
            self._patience.hear()

    def _note(self, chunk: Any) -> None:
        usage = getattr(chunk, "usage_metadata", None)
        if usage:
            self.input_tokens += usage.get("input_tokens", 0)
            self.output_tokens += usage.get("output_tokens", 0)
            self.cached_tokens += (usage.get("input_token_details") or {}).get("cache_read") or 0
        metadata = getattr(chunk, "response_metadata", None) or {}
        stopped = metadata.get("finish_reason") or metadata.get("stop_reason") or metadata.get("status")
        if metadata.get("incomplete_details"):
            stopped = metadata["incomplete_details"].get("reason", stopped)
        if stopped:
            self.stopped = str(stopped)

    def _spent(self) -> Fault | None:
        phase = self._patience.spent()
        if phase:
            return Fault(phase)
        return Fault("endless") if self._length > self._limits.longest_answer else None

    def _ended(self) -> Fault | None:
        """The fault of a stream that ended without an error of its own."""
        if self.stopped in ("content_filter", "refusal"):
            return Fault("withheld")
        if not self.begun:
            return Fault("empty")
        # OpenAI's protocol names the reason in its last chunk: without one, that chunk never came.
        speaks_openai = type(self._model).__module__.startswith("langchain_openai")
        return Fault("cut") if speaks_openai and not self.stopped else None

    def _since(self) -> float:
        return round((time.perf_counter() - self._started) * 1000, 1)


def _wants_no_stream(fault: Fault) -> bool:
    """Whether the service may answer in one piece: it refuses streams, or sends what is none."""
    return fault.reason == "empty" or (fault.reason == "bad_request" and "stream" in fault.detail.lower())
