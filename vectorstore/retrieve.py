"""From a question to ranked chunks: ask each index, put their scores on one scale, add them up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vectorstore.types import Filters, LegScore

Scores = Mapping[str, float]
"""Chunk id to score, of one index; higher is better. Scales differ from index to index."""

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
Dense = Callable[[NDArray[np.float32], int, Filters], Scores]
"""A query vector, how many, which documents: the nearest chunks by cosine."""

CANDIDATES = 100  # asked of each leg: enough that a chunk one leg puts low still gets what the others give it
WORDS = 0.3  # weight of whole words beside the 4-grams' 1.0
DENSE = 0.5  # weight of the dense leg for a language its model knows


@dataclass(frozen=True, slots=True)
class Passage:
    """What retrieval reads of a chunk: its language (ISO 639-1) and its text as indexed, title and headings first."""

    language: str
    text: str


Lookup = Callable[[Collection[str]], Mapping[str, Passage]]
"""Chunk ids to their passages, all at once; ids the catalog does not know (any more) are left out, and never ranked."""


class Lexical(Protocol):
    """What retrieval needs of a keyword index (`vectorstore.lexical.LexicalIndex` is one)."""

    def search(
        self,
        query: str,
        limit: int,
        *,
        leg: str = ...,
        languages: Collection[str] = ...,
        documents: Collection[str] | None = ...,
    ) -> dict[str, float]: ...


@dataclass(frozen=True, slots=True)
class Ranked:
    """A chunk's place: ``score`` is the fused score, comparable within one query only."""

    chunk_id: str
    score: float
    legs: Mapping[str, LegScore] = field(default_factory=dict)


def rescale(scores: Scores) -> dict[str, float]:
    """Stretch to 0..1, so that indexes can be added; all-equal scores become 1.

    >>> rescale({"a": 12.0, "b": 6.0, "c": 4.0})
    {'a': 1.0, 'b': 0.25, 'c': 0.0}
    """
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    return {id: (score - low) / (high - low) if high > low else 1.0 for id, score in scores.items()}


def fuse(legs: Mapping[str, Scores], weights: Mapping[str, float]) -> list[Ranked]:
    """Best first, ties by id. A chunk that a leg did not return scores 0 there; a leg without a weight is not counted.

    Scores and not ranks: by rank, a dense model that does not know the language counts as much as keywords that do.

    >>> legs = {"grams": {"a": 9.0, "b": 1.0}, "dense": {"b": 0.4, "a": 0.3}}
    >>> [ranked.chunk_id for ranked in fuse(legs, {"grams": 1.0, "dense": 0.5})]
    ['a', 'b']
    """
    total: dict[str, float] = {}
    for leg, scores in legs.items():
        for id, score in rescale(scores).items():
            total[id] = total.get(id, 0.0) + weights.get(leg, 0.0) * score
    places: dict[str, dict[str, LegScore]] = {id: {} for id in total}
    for leg, scores in legs.items():
        best_first = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        for rank, (id, score) in enumerate(best_first, start=1):
            places[id][leg] = LegScore(rank, score)
    return [Ranked(id, total[id], places[id]) for id in sorted(total, key=lambda id: (-total[id], id))]


@dataclass(frozen=True, slots=True)
class Retriever:
    """The whole of retrieval over injected parts; holds no state.

    ``dense_languages`` are the ISO 639-1 codes the embedding model knows; None stands for a multilingual one.
    """

    lexical: Lexical
    embed: Embed
    dense: Dense
    lookup: Lookup
    dense_languages: frozenset[str] | None = None

    def search(
        self,
        query: str,
        limit: int,
        *,
        language: str,
        filters: Filters | None = None,
        documents: Collection[str] | None = None,
    ) -> list[Ranked]:
        """The best ``limit`` chunks. ``language`` is the question's.

        ``documents`` are the ids that ``filters`` allow where these name sources or documents, otherwise None.
        Raises what the parts raise.
        """
        filters = filters or Filters()
        depth = max(limit, CANDIDATES)
        legs: dict[str, Scores] = {
            leg: self.lexical.search(query, depth, leg=leg, languages=filters.languages, documents=documents)
            for leg in ("grams", "words")
        }
        if documents is None or documents:
            legs["dense"] = self.dense(self.embed([query])[0], depth, filters)
        weights = {"grams": 1.0, "words": WORDS, "dense": DENSE if self._knows(language) else 0.0}
        ranked = fuse(legs, weights)[:limit]
        known = self.lookup([chunk.chunk_id for chunk in ranked])
        return [chunk for chunk in ranked if chunk.chunk_id in known]

    def _knows(self, language: str) -> bool:
        return self.dense_languages is None or language in self.dense_languages
