"""The dense leg: the nearest chunks by cosine, from a scan of all vectors, through Chroma where they are very many."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from vectorstore.flat import FlatIndex

SCAN_LIMIT = 500_000  # chunks; a scan takes about 2 ms per 100,000, and its answers never change with the graph's

Nearest = Callable[[NDArray[np.float32], int], Collection[int]]
"""A vector and how many: about the nearest chunks, of the whole collection."""


def nearest(
    flat: FlatIndex,
    vector: NDArray[np.float32],
    limit: int,
    *,
    languages: Collection[str] = frozenset(),
    documents: Collection[str] | None = None,
    approximately: Nearest | None = None,
) -> dict[int, float]:
    """Chunk number to cosine, best first, at most ``limit``, of the documents that are allowed.

    ``approximately`` chooses the candidates where nothing is filtered. Scores always come from the stored vectors,
    whoever found the candidates: Chroma's graph may answer differently after a restart, they do not.
    """
    if approximately is None or languages or documents is not None:
        return flat.nearest(vector, limit, languages=languages, documents=documents)
    return flat.scores(approximately(vector, limit), vector)
