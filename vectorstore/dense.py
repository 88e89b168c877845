"""The dense leg: the nearest chunks by cosine, exact while few are allowed, through Chroma when they are many."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from vectorstore.reader import AllVectors, CatalogReader

EXACT_LIMIT = 20_000  # chunks; a product of this many rows takes about 2 ms, and needs neither Chroma nor its import
ONE_QUESTION_LIMIT = 300_000  # chunks; a process that asks once has read so many vectors before Chroma is imported
_DIGITS = 5  # of a cosine: one product of many rows and many products of one row differ in the seventh

Nearest = Callable[[NDArray[np.float32], int], list[str]]
"""A vector and how many: about the nearest chunk ids, of the whole collection."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """All vectors of a collection at one moment, ready to be multiplied."""

    documents: tuple[str, ...]
    offsets: NDArray[np.int64]
    """Row ``offsets[i]`` is the first of ``documents[i]``; one more entry closes the last."""
    rows: NDArray[np.float32]

    @classmethod
    def of(cls, vectors: AllVectors) -> Matrix:
        offsets = np.concatenate([[0], np.cumsum(vectors.counts, dtype=np.int64)]).astype(np.int64)
        return cls(vectors.document_ids, offsets, vectors.rows.astype(np.float32))

    def top(
        self, vector: NDArray[np.float32], limit: int, allowed: Collection[str] | None
    ) -> list[tuple[str, int, float]]:
        """Document id, chunk ordinal, cosine: the best ``limit``, ties in storage order."""
        scores = self.rows @ vector
        if allowed is not None:
            chosen = set(allowed)
            mask = np.repeat([id in chosen for id in self.documents], np.diff(self.offsets))
            scores = np.where(mask, scores, -np.inf)
        count = min(limit, len(scores))
        best = np.argpartition(-scores, count - 1)[:count] if 0 < count < len(scores) else np.arange(count)
        best = best[np.lexsort((best, -scores[best]))]
        owners = np.searchsorted(self.offsets, best, side="right") - 1
        return [
            (self.documents[owner], int(row - self.offsets[owner]), float(scores[row]))
            for row, owner in zip(best, owners, strict=True)
            if np.isfinite(scores[row])
        ]


class DenseLeg:
    """Nearest chunks of one collection. Scores always come from the stored vectors, whoever found the candidates."""

    def __init__(self, catalog: CatalogReader, collection: str, nearest: Nearest) -> None:
        self._catalog = catalog
        self._collection = collection
        self._nearest = nearest
        self._matrix: tuple[int, Matrix] | None = None
        self._loading = Lock()

    def search(
        self,
        vector: NDArray[np.float32],
        limit: int,
        *,
        allowed: Collection[str] | None,
        approximate: bool,
        sequence: int,
    ) -> dict[str, float]:
        """Chunk id to cosine, best first, at most ``limit``.

        ``allowed`` are document ids, None for all; ``approximate`` lets the index choose the candidates (of the
        whole collection); ``sequence`` is the catalog's newest change.
        """
        if approximate and allowed is None:
            return self._approximate(vector, limit)
        with self._loading:  # of many threads that find the collection changed, one reads it anew
            matrix = self._load(sequence)
        found = matrix.top(vector, limit, allowed)
        spans = self._catalog.spans(self._collection, list({document for document, _, _ in found}))
        return {
            f"{document}#{spans[document][ordinal][0]}-{spans[document][ordinal][1]}": round(score, _DIGITS)
            for document, ordinal, score in found
            if document in spans and ordinal < len(spans[document])
        }

    def _approximate(self, vector: NDArray[np.float32], limit: int) -> dict[str, float]:
        """Chroma's candidates, rescored: its graph may answer differently after a restart, stored vectors do not."""
        ids = self._nearest(vector, limit)
        scores = {
            id: round(score, _DIGITS) for id, score in self._catalog.scores(self._collection, ids, vector).items()
        }
        return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))

    def _load(self, sequence: int) -> Matrix:
        if self._matrix is None or self._matrix[0] != sequence:
            self._matrix = (sequence, Matrix.of(self._catalog.vectors(self._collection)))
        return self._matrix[1]
