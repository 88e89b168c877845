"""What went wrong with a model's service, in words that name the way out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from assistant.errors import ModelError

REASONS = {
    "no_key": "needs a key and none is set. Set OPENAI_API_KEY, or ASSISTANT_MODEL=extractive to be answered in quotes",
    "bad_key": "refused the key. Check OPENAI_API_KEY and that it belongs to OPENAI_BASE_URL",
    "forbidden": "does not allow this key to use the model. Choose another with ASSISTANT_MODEL",
    "unknown_model": "does not know the model or the address. Check ASSISTANT_MODEL and OPENAI_BASE_URL",
    "bad_request": "refused the request. Check ASSISTANT_MODEL and ASSISTANT_MODEL_API",
    "context_too_small": "cannot take so much text. Set ASSISTANT_CONTEXT_TOKENS to less",
    "quota": "says the account's quota is used up. Check the plan and billing there",
    "rate_limited": "is receiving too many requests. Try again in a while",
    "server_error": "failed. Try again in a while",
    "unreachable": "cannot be reached. Check OPENAI_BASE_URL and the network",
    "first_text_timeout": "was silent for too long. Try again, or set ASSISTANT_FIRST_TEXT_TIMEOUT to more seconds",
    "idle_timeout": "fell silent in the middle. Try again, or set ASSISTANT_IDLE_TIMEOUT to more seconds",
    "total_timeout": "took too long. Set ASSISTANT_TOTAL_TIMEOUT to more seconds, or ASSISTANT_ANSWER_TOKENS to less",
    "endless": "wrote without end and was stopped. Ask in other words, or set ASSISTANT_ANSWER_TOKENS to less",
    "cut": "broke off in the middle. Try again",
    "bad_chunk": "sent something that is no answer. Check that OPENAI_BASE_URL is that of an OpenAI-compatible API",
    "empty": "sent an empty answer. Try again, or choose another model with ASSISTANT_MODEL",
    "withheld": "withheld the answer. Ask in other words",
    "resting": "failed several times and is left alone for half a minute. Try again then",
    "interrupted": "was interrupted by the reader",
    "failed": "failed in a way that is not known. Try again, or choose another model with ASSISTANT_MODEL",
}
"""Words for programs, and what people are told."""

_NOT_RETRIED = frozenset({"first_text_timeout", "idle_timeout", "total_timeout", "resting"})  # the time is used up
PASSING = _NOT_RETRIED | {"endless", "rate_limited", "server_error", "unreachable", "cut", "bad_chunk", "empty"}
"""Faults that may be gone the next time. The others are a matter of the settings, and asking again is no use."""
_STATUS = {401: "bad_key", 403: "forbidden", 404: "unknown_model", 408: "server_error", 409: "server_error"}
_TOO_LONG = re.compile(r"context.{0,20}(?:length|window|size)|too many tokens|maximum.{0,20}tokens", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """``detail`` is what the service or the network said."""

    reason: str
    detail: str = ""
    retry_after: float | None = None

    @property
    def passing(self) -> bool:
        return self.reason in PASSING

    @property
    def worth_retrying(self) -> bool:
        return self.passing and self.reason not in _NOT_RETRIED

    def message(self, model: str, place: str = "") -> str:
        """A sentence for the user, with the way out."""
        who = f"The model {model}" + (f" at {place}" if place else "")
        said = f" ({self.detail.rstrip('.')})" if self.detail else ""
        what, _, way_out = REASONS[self.reason].partition(". ")
        return f"{who} {what}{said}." + (f" {way_out}." if way_out else "")

    def error(self, model: str, place: str = "") -> ModelError:
        return ModelError(self.message(model, place), reason=self.reason)


def fault_of(error: BaseException) -> Fault:
    """The fault behind an exception of any provider's client: by HTTP status where there is one, by kind otherwise."""
    for cause in _causes(error):
        status = getattr(cause, "status_code", None)
        if isinstance(status, int):
            return _of_status(status, cause)
    names = " ".join(base.__name__ for cause in _causes(error) for base in type(cause).__mro__)
    detail = _shortened(str(error))
    if isinstance(error, json.JSONDecodeError) or "JSONDecodeError" in names or "ResponseValidation" in names:
        return Fault("bad_chunk", detail)
    if "ConnectTimeout" in names or "ConnectError" in names or "PoolTimeout" in names:
        return Fault("unreachable", _shortened(str(_causes_last(error))))
    if "ReadTimeout" in names or "WriteTimeout" in names:
        return Fault("first_text_timeout")
    if "RemoteProtocolError" in names or "ReadError" in names or "WriteError" in names or "ConnectionError" in names:
        return Fault("cut", _shortened(str(_causes_last(error))))
    if "APIError" in names:  # an error sent inside the stream
        return Fault("server_error", detail)
    return Fault("failed", f"{type(error).__name__}: {detail}")


def _of_status(status: int, error: BaseException) -> Fault:
    detail = _shortened(_said(error))
    if status == 429:
        quota = "insufficient_quota" in f"{getattr(error, 'code', '')} {getattr(error, 'body', '')} {error}"
        return Fault("quota" if quota else "rate_limited", detail, None if quota else _retry_after(error))
    if status >= 500:
        return Fault("server_error", f"{status} {detail}".strip(), _retry_after(error))
    if status in (400, 413, 422) and _TOO_LONG.search(str(error)):
        return Fault("context_too_small", detail)
    return Fault(_STATUS.get(status, "bad_request"), f"{status} {detail}".strip())


def _said(error: BaseException) -> str:
    """What the service wrote, without the client's wrapping; pages of HTML say nothing to anybody."""
    body: Any = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        body = inner.get("message") if isinstance(inner, dict) else inner
    text = str(body if body is not None else error)
    return "" if "<html" in text.lower() or "<!doctype" in text.lower() else text


def _retry_after(error: BaseException) -> float | None:
    """Seconds the service asks to wait: a number, or a date (RFC 9110)."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else None
        return max(0.0, (when - now).total_seconds()) if now else None
    except (ValueError, TypeError):
        return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _causes_last(error: BaseException) -> BaseException:
    return list(_causes(error))[-1]


def _shortened(text: str, limit: int = 200) -> str:
    line = " ".join("".join(sign for sign in text if sign.isprintable() or sign.isspace()).split())
    return line if len(line) <= limit else f"{line[:limit]}…"
