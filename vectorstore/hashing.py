"""Vectors without a model: the character 4-grams of a text, hashed. Any language, no weights, no meaning."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from .ngrams import grams

DIMENSIONS = 384
VERSION = "grams-1"
"""Changes whenever the same text would get another vector."""


def hashed_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit rows of hashed 4-grams, each weighing the square root of its count (Weinberger et al. 2009, signed)."""
    vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for row, text in zip(vectors, texts, strict=True):
        hashes = np.fromiter((crc32(gram.encode()) for gram in grams(text)), dtype=np.uint32)
        distinct, counts = np.unique(hashes, return_counts=True)
        # The lowest bit is the sign, the others the place, so that the two are independent.
        signs = np.where(distinct & 1, np.float32(1), np.float32(-1))
        np.add.at(row, (distinct >> 1) % DIMENSIONS, signs * np.sqrt(counts, dtype=np.float32))
    # A text without a letter or digit still needs a direction, or cosine distance has none.
    vectors[~vectors.any(axis=1), 0] = 1
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
