"""Embedding models by name. Knowing one (name, fingerprint, dimensions) is cheap; loading waits for the first text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import hashing, minilm
from .errors import EmbeddingUnavailableError

Vectors = NDArray[np.float32]

NAMES = ("auto", "minilm", "minilm-f32", "hashing", "fastembed:NAME", "openai:NAME")


@dataclass(frozen=True, slots=True)
class Embedding:
    """Turns texts into rows of unit length, float32, in the order given. Equal fingerprints mean equal vectors."""

    name: str
    fingerprint: str
    """Changes with the weights or the way they are used, and with nothing else: the same on every machine."""
    dimensions: int
    embed: Callable[[Sequence[str]], Vectors] = field(repr=False, compare=False)
    languages: frozenset[str] = frozenset()
    """ISO 639-1 codes of the languages it understands; empty means all."""
    local: bool = True
    """False when texts leave this machine."""

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Raises ``EmbeddingUnavailableError`` when the model cannot be had. No text gives an array of no rows."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        return self.embed(texts)


def open_embedding(
    name: str, *, cache: Path, api_key: str | None = None, base_url: str | None = None, threads: int | None = None
) -> Embedding:
    """The model called ``name``, one of ``NAMES``; ``auto`` is minilm where its weights are installed, else hashing.

    ``cache`` is a folder for what is derived or downloaded. ``api_key`` and ``base_url`` concern ``openai:`` alone, and
    ``threads`` minilm alone (None: every core this process may use). Raises ``EmbeddingUnavailableError``.
    """
    if name == "auto":
        name = "minilm" if minilm.find_weights() else "hashing"
    kind, _, model = name.partition(":")
    if name in ("minilm", "minilm-f32"):
        return _minilm(name, cache, threads)
    if name == "hashing":
        return Embedding(name, hashing.FINGERPRINT, hashing.DIMENSIONS, hashing.hashed_vectors)
    if kind == "fastembed" and model:
        return _fastembed(model, cache)
    if kind == "openai" and model:
        return _openai(model, cache, api_key, base_url)
    raise EmbeddingUnavailableError(f"No embedding model is called {name!r}. Choose one of: {', '.join(NAMES)}")


def _minilm(name: str, cache: Path, threads: int | None) -> Embedding:
    quantised = name == "minilm"
    model = minilm.MiniLM(cache, quantised=quantised, threads=threads)
    return Embedding(name, minilm.fingerprint(quantised=quantised), minilm.DIMENSIONS, model, minilm.LANGUAGES)


def _fastembed(name: str, cache: Path) -> Embedding:
    from .fastembed_models import FastembedModel

    model = FastembedModel(name, cache=cache)
    files = model.files
    return Embedding(f"fastembed:{model.name}", model.fingerprint, files.dimensions, model, files.languages)


def _openai(name: str, cache: Path, api_key: str | None, base_url: str | None) -> Embedding:
    from .remote import RemoteEmbedding

    model = RemoteEmbedding(name, cache=cache, api_key=api_key, base_url=base_url)
    return Embedding(f"openai:{name}", model.fingerprint, model.dimensions, model, local=model.local)
