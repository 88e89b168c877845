"""Embedding models by name. Knowing one (name, fingerprint, dimensions) is cheap; loading waits for the first text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import glossing, hashing, minilm
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
    word: Callable[[str, str], str] | None = field(default=None, repr=False, compare=False)
    """A text and its language to what is embedded in its place; None where texts are embedded as they are."""
    glossed: frozenset[str] = frozenset()
    """Those of ``languages`` that ``word`` puts into another one."""
    formerly: tuple[Embedding, ...] = field(default=(), repr=False, compare=False)
    """What went by this name in earlier releases: a collection keeps the one it was made with."""
    current: bool = True
    """False for one of ``formerly``."""

    def __call__(self, texts: Sequence[str], languages: Sequence[str] = ()) -> Vectors:
        """``languages`` are those of the texts, ISO 639-1, one each; none where they are not known.

        Raises ``EmbeddingUnavailableError`` when the model cannot be had. No text gives an array of no rows.
        """
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        if self.word and languages:
            texts = [self.word(text, language) for text, language in zip(texts, languages, strict=True)]
        return self.embed(texts)

    def made(self, fingerprint: str) -> Embedding | None:
        """This one or one of its former selves, whichever has the fingerprint."""
        return next((each for each in (self, *self.formerly) if each.fingerprint == fingerprint), None)


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
    """It knows English alone; other languages are put in English for it, as they were not in the first release."""
    quantised = name == "minilm"
    model = minilm.MiniLM(cache, quantised=quantised, threads=threads)
    fingerprint = minilm.fingerprint(quantised=quantised)
    former = Embedding(name, fingerprint, minilm.DIMENSIONS, model, minilm.LANGUAGES, current=False)
    return replace(
        former,
        current=True,
        fingerprint=f"{fingerprint}-gloss{glossing.VERSION}",
        languages=minilm.LANGUAGES | glossing.LANGUAGES,
        glossed=glossing.LANGUAGES,
        word=lambda text, language: glossing.gloss(text, language, model.knows),
        formerly=(former,),
    )


def _fastembed(name: str, cache: Path) -> Embedding:
    from .fastembed_models import FastembedModel

    model = FastembedModel(name, cache=cache)
    files = model.files
    return Embedding(f"fastembed:{model.name}", model.fingerprint, files.dimensions, model, files.languages)


def _openai(name: str, cache: Path, api_key: str | None, base_url: str | None) -> Embedding:
    from .remote import RemoteEmbedding

    model = RemoteEmbedding(name, cache=cache, api_key=api_key, base_url=base_url)
    return Embedding(f"openai:{name}", model.fingerprint, model.dimensions, model, local=model.local)
