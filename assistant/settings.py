"""The only reader of the environment. Below this there are arguments."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting is ``ASSISTANT_`` and its name in capitals, or one of OpenAI's own variables."""

    model_config = SettingsConfigDict(env_prefix="ASSISTANT_", extra="ignore", populate_by_name=True)

    home: Path = Field(default_factory=lambda: user_data_path("assistant", appauthor=False))
    """The folder of the library, its indexes and the saved conversations."""

    embeddings: str = "auto"
    """``auto`` (minilm where its weights are installed, else hashing), ``minilm``, ``hashing``,
    ``fastembed:NAME``, ``openai:NAME``. A collection remembers the one it was made with."""

    model: str = "extractive"
    """Who writes the answers."""

    max_file_mb: int = 200
    """Files larger than this are reported and skipped."""

    openai_api_key: str | None = Field(default=None, validation_alias="OPENAI_API_KEY", repr=False)
    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")
