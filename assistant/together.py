"""A follow-up searched twice: as it was understood, and as it was asked."""

from __future__ import annotations

from dataclasses import replace

from vectorstore.types import Hit, Retrieval

NOTE = "Searched for as it was understood and, beside that, as it was asked."


def together(understood: Retrieval, asked: Retrieval) -> Retrieval:
    """The first retrieval with its hits, and those of the second, ordered by the sum of both scores.

    What was understood may drown what was asked, and then the plain question still finds it. Each list's scores are
    stretched to 0..1 first, as those of different queries cannot be compared; as many hits come back as the first had.
    """
    first, second = _stretched(understood.hits), _stretched(asked.hits)
    hits = {hit.chunk.id: hit for hit in (*asked.hits, *understood.hits)}
    scores = {id: first.get(id, 0.0) + second.get(id, 0.0) for id in hits}
    best = sorted(scores, key=lambda id: (-scores[id], id))[: max(len(understood.hits), len(asked.hits))]
    merged = tuple(replace(hits[id], score=scores[id]) for id in best)
    return replace(understood, hits=merged, notes=(*understood.notes, NOTE))


def _stretched(hits: tuple[Hit, ...]) -> dict[str, float]:
    if not hits:
        return {}
    low, high = min(hit.score for hit in hits), max(hit.score for hit in hits)
    return {hit.chunk.id: (hit.score - low) / (high - low) if high > low else 1.0 for hit in hits}
