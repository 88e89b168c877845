"""A search that also asks in the library's other languages, with a model's translations."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant import wording
from assistant.pipeline import Searchable
from assistant.rewriting import Translate
from vectorstore.types import Document, Filters, Hit, Retrieval

_MOST = 4  # languages asked in, those of most documents first: each is a search more
_RANK_CONSTANT = 60  # Cormack, Clarke & Büttcher 2009; scores of different queries cannot be compared, ranks can


@dataclass(frozen=True, slots=True)
class Multilingual:
    """A library searched in several languages. ``languages`` gives codes and how many documents each has."""

    library: Searchable
    translate: Translate
    languages: Callable[[], Mapping[str, int]]

    def search(self, query: str, *, limit: int, filters: Filters) -> Retrieval:
        first = self.library.search(query, limit=limit, filters=filters)
        wanted = self._others(first.language, filters)
        translations = self.translate(query, wanted) if wanted else {}
        if not translations:
            return first
        found = [
            self.library.search(text, limit=limit, filters=replace(filters, languages=frozenset({code})))
            for code, text in translations.items()
        ]
        asked = "; ".join(f"{wording.language_name(code, 'en')}: {text}" for code, text in translations.items())
        note = f"Also searched for, in the library's other languages: {asked}."
        return replace(first, hits=_fused([first, *found])[:limit], notes=(*first.notes, note))

    def document(self, document_id: str) -> Document:
        return self.library.document(document_id)

    def _others(self, spoken: str, filters: Filters) -> list[str]:
        held = {
            code: count
            for code, count in self.languages().items()
            if code and code != spoken and (not filters.languages or code in filters.languages)
        }
        return sorted(held, key=lambda code: (-held[code], code))[:_MOST]


def remembered(count: Callable[[], Mapping[str, int]], *, seconds: float = 60.0) -> Callable[[], Mapping[str, int]]:
    """The languages as they were counted up to ``seconds`` ago: counting a large library takes longer than a search."""
    known: list[tuple[float, Mapping[str, int]]] = []

    def languages() -> Mapping[str, int]:
        if not known or time.monotonic() - known[-1][0] > seconds:
            known[:] = [(time.monotonic(), count())]
        return known[-1][1]

    return languages


def _fused(retrievals: Sequence[Retrieval]) -> tuple[Hit, ...]:
    """All hits by the sum of their reciprocal ranks, each once, best first; ties as in the first list they came in."""
    scores: dict[str, float] = defaultdict(float)
    hits: dict[str, Hit] = {}
    for retrieval in retrievals:
        for rank, hit in enumerate(retrieval.hits, start=1):
            scores[hit.chunk.id] += 1 / (_RANK_CONSTANT + rank)
            hits.setdefault(hit.chunk.id, hit)
    order = sorted(hits, key=lambda id: -scores[id])
    return tuple(replace(hits[id], score=scores[id] * (_RANK_CONSTANT + 1)) for id in order)
