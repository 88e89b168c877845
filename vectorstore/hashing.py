"""Vectors without a model: the character 4-grams of a text, hashed. Any language, no weights, no meaning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .ngrams import GRAM, grams

DIMENSIONS = 384
FINGERPRINT = f"grams{GRAM}-{DIMENSIONS}-1"
"""Its last number is raised whenever the same text would get another vector."""

_KEY = 8  # bytes; a gram is ASCII and shorter, so that it is its own key


def hashed_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit rows of signed, hashed 4-grams (Weinberger et al. 2009), each weighing the square root of its count."""
    cut = [grams(text) for text in texts]
    rows = np.repeat(np.arange(len(texts), dtype=np.uint64), [len(each) for each in cut])
    keys = np.array([gram for each in cut for gram in each], dtype=f"S{_KEY}").view("<u8")
    # One integer a gram, row above hash, so that one sort counts the grams of every text.
    distinct, counts = np.unique(rows << np.uint64(32) | _mix(keys), return_counts=True)
    hashes = distinct & np.uint64(0xFFFFFFFF)
    # The lowest bit is the sign, the others the place, so that the two are independent.
    signs = np.where(hashes & np.uint64(1), 1.0, -1.0)
    places = (distinct >> np.uint64(32)) * np.uint64(DIMENSIONS) + (hashes >> np.uint64(1)) % np.uint64(DIMENSIONS)
    sums = np.bincount(places.astype(np.int64), signs * np.sqrt(counts), minlength=len(texts) * DIMENSIONS)
    vectors = sums.reshape(len(texts), DIMENSIONS)
    # A text without a letter or digit still needs a direction, or cosine distance has none.
    vectors[~vectors.any(axis=1), 0] = 1
    unit: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _mix(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every bit of a key over the 31 that are kept (the finaliser of SplitMix64)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (keys ^ (keys >> np.uint64(31))) & np.uint64(0x7FFFFFFF)
