"""The only reader of the environment. Below this there are arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from assistant.errors import UsageError


class Settings(BaseSettings):
    """Every setting is ``ASSISTANT_`` and its name in capitals, or one of OpenAI's or OpenTelemetry's own variables."""

    model_config = SettingsConfigDict(env_prefix="ASSISTANT_", extra="ignore", populate_by_name=True)

    home: Path = Field(default_factory=lambda: user_data_path("assistant", appauthor=False))
    """The folder of the library, its indexes and the saved conversations."""

    conversations: str = Field(default="", repr=False)
    """Where conversations are kept, if not in ``home``: ``postgresql://user:password@host/name``."""

    embeddings: str = "auto"
    """``auto`` (minilm where its weights are installed, else hashing), ``minilm``, ``hashing``,
    ``fastembed:NAME``, ``openai:NAME``. A collection remembers the one it was made with."""

    model: str = "auto"
    """Who writes the answers: ``extractive`` (quotes, no model), ``openai:NAME``, any ``PROVIDER:NAME`` of LangChain's
    ``init_chat_model``, or ``auto``: OpenAI where OPENAI_API_KEY is set, ``extractive`` otherwise."""

    model_api: Literal["chat", "responses"] = "chat"
    """Which of OpenAI's two interfaces is spoken; other servers mostly know ``chat`` only."""

    strict: bool = False
    """Leave out of a generated answer what no citation supports, instead of marking it."""

    model_fallback: bool = True
    """Answer with quotes when the model's service fails; otherwise the failure is the answer."""

    context_tokens: int = Field(default=8_000, ge=200)
    """How much of the documents a model is shown for one question."""

    answer_tokens: int = Field(default=1_500, ge=16)
    """The longest answer a model may write."""

    connect_timeout: float = Field(default=3, gt=0)
    first_text_timeout: float = Field(default=20, gt=0)
    """Seconds from the question to the first word, all attempts together."""
    idle_timeout: float = Field(default=15, gt=0)
    """Seconds of silence inside an answer."""
    total_timeout: float = Field(default=120, gt=0)
    """Seconds for one answer."""

    price_input: float | None = Field(default=None, ge=0)
    """Of a million tokens read, in whatever currency; with ``price_output`` every answer tells its cost."""
    price_cached: float | None = Field(default=None, ge=0)
    """Of a million tokens read from the service's cache; as ``price_input`` where not set."""
    price_output: float | None = Field(default=None, ge=0)

    max_file_mb: int = 200
    """Files larger than this are reported and skipped."""

    server_key: str | None = Field(default=None, repr=False)
    """Sent to a server of ours that is evaluated with ``eval run --url``, where it asks for a key."""

    openai_api_key: str | None = Field(default=None, validation_alias="OPENAI_API_KEY", repr=False)
    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")

    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """The OpenTelemetry collector that traces are sent to; OpenTelemetry's other variables say how."""
    otlp_protocol: str = Field(default="http/protobuf", validation_alias="OTEL_EXPORTER_OTLP_PROTOCOL")
    """``http/protobuf`` or ``grpc``."""


def read_settings() -> Settings:
    """The settings in force. Raises `UsageError`, naming the variable and its value, for one that makes no sense."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        name = field if field.isupper() else f"ASSISTANT_{field.upper()}"
        raise UsageError(f"{name} is {first['input']!r}: {first['msg']}. Correct it, or unset it.") from error
