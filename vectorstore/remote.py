"""Embeddings from OpenAI or any address that speaks its protocol (Ollama, vLLM, LM Studio, a company's gateway)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from .cached import read_json, write_json
from .errors import EmbeddingUnavailableError

if TYPE_CHECKING:
    from openai import OpenAI, OpenAIError

OPENAI = "https://api.openai.com/v1"
BATCH = 128  # texts a request; the protocol's limit is 2,048, servers on a desk time out earlier
MAX_CHARACTERS = 8_000  # models take 8,191 tokens and refuse a longer text, where local ones cut it
TIMEOUT = 60.0  # seconds
RETRIES = 2

_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}


class RemoteEmbedding:
    """Texts to unit vectors over HTTP, ``BATCH`` a request. Any failure is an ``EmbeddingUnavailableError``."""

    def __init__(self, model: str, *, cache: Path, api_key: str | None, base_url: str | None) -> None:
        self.model = model
        self.base_url = base_url or OPENAI
        self._api_key = api_key
        self._cache = cache
        self._lock = RLock()

    @property
    def fingerprint(self) -> str:
        """Of the name and the width: what runs behind an address cannot be looked at."""
        return sha256(f"{self.model} {self.dimensions}".encode()).hexdigest()[:12]

    @property
    def local(self) -> bool:
        return urlsplit(self.base_url).hostname in {"localhost", "127.0.0.1", "::1"}

    @cached_property
    def dimensions(self) -> int:
        """Known for OpenAI's models; else one text is embedded to learn it, once for an address and model."""
        if self.model in _DIMENSIONS and self.base_url == OPENAI:
            return _DIMENSIONS[self.model]
        memory, key = self._cache / "remote-dimensions.json", f"{self.base_url} {self.model}"
        known = read_json(memory)
        match known.get(key):
            case int(dimensions):
                return dimensions
        learnt = int(self._request(["dimensions"]).shape[1])
        write_json(memory, {**known, key: learnt})
        return learnt

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        batches = [self._request(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        vectors = np.concatenate(batches)
        if vectors.shape[1] != self.dimensions:
            raise EmbeddingUnavailableError(
                f"{self._name} now gives vectors of {vectors.shape[1]} dimensions instead of {self.dimensions}: "
                "another model answers under its name. Restore it, or choose another and run: assistant reindex"
            )
        return vectors

    @property
    def _name(self) -> str:
        return f"openai:{self.model} at {self.base_url}"

    @cached_property
    def _client(self) -> OpenAI:
        from openai import OpenAI

        if self._api_key is None and self.base_url == OPENAI:
            raise EmbeddingUnavailableError(f"openai:{self.model} needs a key. Set OPENAI_API_KEY, or use minilm.")
        # The client insists on some key; servers on one's own machine ignore it.
        key = self._api_key or "none"
        return OpenAI(api_key=key, base_url=self.base_url, timeout=TIMEOUT, max_retries=RETRIES)

    def _request(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with self._lock:
            client = self._client
        from openai import OpenAIError

        try:
            # The client would ask for base64, which several servers do not speak.
            reply = client.embeddings.create(
                model=self.model, input=[_acceptable(text) for text in texts], encoding_format="float"
            )
        except OpenAIError as error:
            raise self._unavailable(error) from error
        except ValueError as error:  # not JSON
            raise self._strange("an answer that is not JSON") from error
        return self._vectors(reply, len(texts))

    def _vectors(self, reply: object, count: int) -> NDArray[np.float32]:
        """Rows in the order asked for, whatever order they came in, made unit long."""
        try:
            items = sorted(reply.data, key=lambda item: item.index)  # type: ignore[attr-defined]
            vectors = np.array([item.embedding for item in items], np.float32)
        except (AttributeError, TypeError, ValueError) as error:
            raise self._strange("an answer without vectors") from error
        if vectors.ndim != 2 or len(vectors) != count:
            raise self._strange(f"{len(vectors)} vectors for {count} texts")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise self._strange("a vector without direction")
        unit: NDArray[np.float32] = vectors / lengths
        return unit

    def _strange(self, what: str) -> EmbeddingUnavailableError:
        return EmbeddingUnavailableError(
            f"{self._name} gave {what}. Is it an embedding model, and does the address end where its API begins (/v1)?"
        )

    def _unavailable(self, error: OpenAIError) -> EmbeddingUnavailableError:
        from openai import APIConnectionError, APIStatusError

        match error:
            case APIStatusError(status_code=401 | 403 as status):
                said, way_out = f"refused the key ({status})", "Check OPENAI_API_KEY."
            case APIStatusError(status_code=404):
                said, way_out = "does not know the model (404)", "Check the name and OPENAI_BASE_URL."
            case APIStatusError(status_code=429):
                said, way_out = "has had enough requests (429)", "Wait, or check the account's quota."
            case APIStatusError(status_code=status):
                said, way_out = f"failed ({status}: {error.message})", "Try again later, or use minilm."
            case APIConnectionError():
                said, way_out = "cannot be reached", "Check the network and OPENAI_BASE_URL, or use minilm."
            case _:
                said, way_out = f"failed ({error})", "Try again later, or use minilm."
        return EmbeddingUnavailableError(f"{self._name} {said}. {way_out}")


def _acceptable(text: str) -> str:
    """What every server takes: not empty, not endless, no lone surrogates."""
    return text[:MAX_CHARACTERS].encode("utf-8", "replace").decode() or " "
