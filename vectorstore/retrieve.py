"""From a question to ranked chunks: ask each index, put what they say on one scale, add it up.

A leg that says nothing of a chunk adds nothing to it. The weights were measured: docs/evaluation.md, "Retrieval log".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vectorstore.abroad import Terms, abroad
from vectorstore.titles import phrases, title_phrase
from vectorstore.types import Filters, LegScore
from vectorstore.weighing import weighed_grams, weighed_letters, weighed_phrases, weighed_words

Scores = Mapping[int, float]
"""A chunk's number (`types.chunk_number`) to its score in one index; higher is better. Each index has its own scale."""

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
Dense = Callable[[NDArray[np.float32], int, Filters, Collection[str] | None], Scores]
"""A query vector, how many, the filters and the documents they allow as in `search`: the nearest chunks by cosine."""

CANDIDATES = 100  # asked of each leg: enough that a chunk one leg puts low still gets what the others give it
WORDS = 0.4  # whole words and their pairs, beside the 1.0 of the best chunk's 4-grams
DENSE = 3.0  # a point of cosine between a question and a chunk both in languages the model knows
DENSE_GLOSSED = 1.8  # the same where they are put into one it knows, word by word
DENSE_FOREIGN = 0.5  # the same where it knows one of them at most: it still sees names, numbers and cognates
TITLE = 0.3  # the question names the document by its title
NAMED = 0.5  # one of the best passages names it: questions that need two documents
NAMING = 2  # how many of the best passages are read for titles
WORDS_AMONG_LANGUAGES = 0.2  # what speaks for the question's own language alone counts less where others compete
DENSE_AMONG_LANGUAGES = 2.8
PARITY = (
    0.6  # of the way from a language's best passage to the best of all others: no dictionary knows all languages alike
)
SURE = 2.0  # of how much of a question is covered in its own language: half of it is a quarter as good as all of it
FOREIGN = 2.0  # half of a question covered in another language says as much as all of it in its own
FUNCTION = 0.5  # a word that only builds the sentence, beside the 1.0 of others
FUNCTION_AMONG_LANGUAGES = 0.2  # the same where documents in other languages compete: there it seems rare
FOLDED = 1 / 3  # what folded 4-grams count, beside 2/3 of those by the question's own letters where it has them
UNKNOWN = "und"  # the index's name for no language


Beside = Callable[[Callable[[], Scores]], Callable[[], Scores]]
"""Begins some work and gives what waits for its result."""


def at_once(work: Callable[[], Scores]) -> Callable[[], Scores]:
    """The simplest `Beside`: does it when it is asked for."""
    return work


@dataclass(frozen=True, slots=True)
class Passage:
    """What retrieval reads of a chunk: its language (ISO 639-1) and its text as indexed, title and headings first."""

    language: str
    text: str
    title: str = ""
    """Of its document."""


Lookup = Callable[[Collection[int]], Mapping[int, Passage]]
"""Chunks to their passages, all at once; what the catalog does not know (any more) is left out, and never ranked."""

Spoken = Callable[[Collection[int]], Mapping[int, str]]
"""The language of each of these chunks, "" where a document has none."""


class Lexical(Protocol):
    """What retrieval needs of a keyword index (`vectorstore.lexical.LexicalIndex` is one, and says what each does)."""

    def search_terms(
        self,
        terms: Terms,
        limit: int,
        *,
        languages: Collection[str],
        documents: Collection[str] | None,
        most: int = ...,
    ) -> dict[int, float]: ...

    def titled(
        self, phrases: Iterable[str], limit: int, *, languages: Collection[str], documents: Collection[str] | None
    ) -> dict[int, float]: ...

    def mass(self, terms: Terms) -> float: ...

    def rarities(self, terms: Terms) -> dict[str, dict[str, float]]: ...

    def languages(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Ranked:
    """A chunk's place: ``score`` is the fused score, comparable within one query only."""

    number: int
    score: float
    legs: Mapping[str, LegScore] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leg:
    """One index's scores (where languages compete, how much of the question is covered), and what of them counts."""

    scores: Scores
    shares: Scores


def fuse(legs: Mapping[str, Leg], limit: int) -> list[Ranked]:
    """The first ``limit`` by the sum of the shares, best first, ties by id.

    Scores and not ranks: by rank, a dense model that does not know the language counts as much as keywords that do.

    >>> grams, dense = Leg({7: 9.0, 8: 1.0}, {7: 1.0, 8: 0.1}), Leg({8: 0.4}, {8: 0.4})
    >>> [(ranked.number, ranked.score) for ranked in fuse({"grams": grams, "dense": dense}, 2)]
    [(7, 1.0), (8, 0.5)]
    """
    total: dict[int, float] = {}
    for leg in legs.values():
        for id in leg.scores:
            total[id] = total.get(id, 0.0) + leg.shares.get(id, 0.0)
    first = _best_first(total)[:limit]
    places: dict[int, dict[str, LegScore]] = {id: {} for id in first}
    for name, leg in legs.items():
        ranks = {id: rank for rank, id in enumerate(_best_first(leg.scores), start=1)}
        for id in ranks.keys() & places.keys():
            places[id][name] = LegScore(ranks[id], leg.scores[id])
    return [Ranked(id, total[id], places[id]) for id in first]


def _best_first(scores: Scores) -> list[int]:
    """Ties by number."""
    return sorted(sorted(scores), key=scores.__getitem__, reverse=True)


def shared(scores: Scores, weight: float, *, best: float | None = None) -> dict[int, float]:
    """Scores as parts of ``best``, by default of the best of them, times the weight.

    >>> shared({7: 12.0, 8: 3.0}, 0.5)
    {7: 0.5, 8: 0.125}
    """
    best = max(scores.values(), default=0.0) if best is None else best
    return {id: weight * score / best for id, score in scores.items()} if best > 0 else {}


def above_floor(scores: Scores, weight: Callable[[int], float]) -> dict[int, float]:
    """Cosines above the lowest that was returned, times each chunk's weight.

    A chunk that was not returned is nearer to the floor than to 0, where it would otherwise be put.

    >>> above_floor({7: 0.75, 8: 0.25}, lambda number: 2.0)
    {7: 1.0, 8: 0.0}
    """
    floor = min(scores.values(), default=0.0)
    return {id: weight(id) * (score - floor) for id, score in scores.items()}


def on_a_par(scores: Scores, spoken: Mapping[int, str]) -> dict[int, float]:
    """Each language's scores, lifted so that its best comes near the best of all (`PARITY` says how near).

    A dictionary that knows fewer of a language's words finds less of a question there, however well it is answered.

    >>> on_a_par({7: 1.0, 8: 0.5, 9: 0.25}, {7: "de", 8: "zh", 9: "zh"})
    {7: 1.0, 8: 0.8, 9: 0.4}
    """
    language = {id: spoken.get(id, UNKNOWN) for id in scores}  # a chunk may be forgotten while it is searched
    best: dict[str, float] = {}
    for id, score in scores.items():
        best[language[id]] = max(score, best.get(language[id], 0.0))
    most = max(best.values(), default=0.0)
    lift = {name: 1 - PARITY + PARITY * most / score for name, score in best.items() if score > 0}
    return {id: score * lift.get(language[id], 1.0) for id, score in scores.items()}


def blended(folded: Mapping[str, float], letters: Mapping[str, float]) -> Terms:
    """A question's 4-grams, folded and as it is written, together as heavy as folded ones alone.

    Folded ones stay beside the others, for names in other scripts and for who types without accents.

    >>> blended({"_pho": 3.0}, {"_phố": 3.0}), blended({"_rue": 3.0}, {})
    ({'grams': {'_pho': 1.0}, 'letters': {'_phố': 2.0}}, {'grams': {'_rue': 3.0}})
    """
    if not letters:
        return {"grams": folded}
    return {
        "grams": {gram: weight * FOLDED for gram, weight in folded.items()},
        "letters": {gram: weight * (1 - FOLDED) for gram, weight in letters.items()},
    }


@dataclass(frozen=True, slots=True)
class Retriever:
    """The whole of retrieval over injected parts; holds no state.

    ``dense_languages`` are the ISO 639-1 codes the embedding model knows; None stands for a multilingual one.
    ``glossed`` are those of them that are put into another one for it (`Embedding.glossed`).
    ``beside`` may look for the nearest vectors in another thread, while this one asks the keyword index.
    """

    lexical: Lexical
    embed: Embed
    dense: Dense
    lookup: Lookup
    spoken: Spoken
    dense_languages: frozenset[str] | None = None
    glossed: frozenset[str] = frozenset()
    beside: Beside = at_once

    def search(
        self,
        query: str,
        limit: int,
        *,
        language: str,
        filters: Filters | None = None,
        documents: Collection[str] | None = None,
    ) -> list[Ranked]:
        """The best ``limit`` chunks. ``language`` is the question's, "" where it is not known.

        ``documents`` are the ids that ``filters`` allow where these name sources or documents, otherwise None.
        Raises what the parts raise.
        """
        filters = filters or Filters()
        if documents is not None and not documents:
            return []
        ask = _Scope(self.lexical, self.spoken, max(limit, CANDIDATES), filters.languages, documents)
        near = self.beside(lambda: self.dense(self.embed([query])[0], ask.depth, filters, documents))
        legs = {**ask.keywords(query, language), "dense": self._dense(near(), language, ask)}
        titled = ask.titled(phrases(query))
        legs["title"] = Leg(titled, {id: TITLE * rarity for id, rarity in titled.items()})
        ranked = fuse(legs, limit)
        passages = dict(self.lookup([one.number for one in ranked]))
        named = self._named(ranked, passages, ask)
        if named:
            legs["named"] = Leg(named, {id: NAMED * rarity for id, rarity in named.items()})
            ranked = fuse(legs, limit)
            passages |= self.lookup([one.number for one in ranked if one.number not in passages])
        return [one for one in ranked if one.number in passages]

    def _dense(self, scores: Scores, language: str, ask: _Scope) -> Leg:
        if self.dense_languages is None or {language, *self.lexical.languages()} <= self.dense_languages:
            known: Collection[int] = scores
        elif language in self.dense_languages:
            known = {id for id, spoken in self.spoken(scores).items() if spoken in self.dense_languages}
        else:
            known = ()
        own = DENSE_GLOSSED if language in self.glossed else DENSE
        weight = DENSE_AMONG_LANGUAGES if ask.others(language) else own
        return Leg(scores, above_floor(scores, lambda id: weight if id in known else DENSE_FOREIGN))

    def _named(self, ranked: Sequence[Ranked], passages: Mapping[int, Passage], ask: _Scope) -> dict[int, float]:
        """Documents that the best passages name by their titles; not the passages' own."""
        found: dict[int, float] = {}
        for passage in (passages[one.number] for one in ranked[:NAMING] if one.number in passages):
            named = phrases(passage.text, names_only=True) - {title_phrase(passage.title)}
            found |= ask.titled(named)
        return found


@dataclass(frozen=True, slots=True)
class _Scope:
    """The keyword index as one search may see it."""

    lexical: Lexical
    spoken: Spoken
    depth: int
    languages: frozenset[str]
    documents: Collection[str] | None

    def others(self, language: str) -> frozenset[str]:
        """The languages of the documents that may be found, but for the question's; none where that is not known."""
        return (self.languages or self.lexical.languages()) - {language, UNKNOWN} if language else frozenset()

    def keywords(self, query: str, language: str) -> dict[str, Leg]:
        """4-grams and words for all documents; for those in another language than the question's, terms of theirs."""
        others = self.others(language)
        weights = weighed_words(query, language, FUNCTION_AMONG_LANGUAGES if others else FUNCTION)
        folded, letters = weighed_grams(weights), weighed_letters(query, language, weights)
        grams = self._search_terms(blended(folded, letters), self.languages)
        spelled = self._search_terms({"words": weighed_phrases(query, weights)}, self.languages)
        if not others:
            return {"grams": Leg(grams, shared(grams, 1.0)), "words": Leg(spelled, shared(spelled, WORDS))}
        counted = self._search_terms({"grams": folded}, self.languages) if letters else grams
        # Foreign terms are counted folded, and so must be how much of the own ones is covered; letters give the order.
        covered = max(counted.values(), default=0.0) / (self.lexical.mass({"grams": folded}) or 1.0)
        grams = {id: part**SURE for id, part in shared(grams, covered).items()}
        foreign = self._foreign(query, language, others)
        best = max([*grams.values(), *foreign.values()], default=0.0)
        ours = max(grams.values(), default=0.0) / best if best else 0.0
        return {
            "grams": Leg(grams, shared({id: part for id, part in grams.items() if id not in foreign}, 1.0, best=best)),
            "words": Leg(spelled, shared(spelled, WORDS_AMONG_LANGUAGES * ours)),
            "foreign": Leg(foreign, shared(on_a_par(foreign, self.spoken(foreign)), 1.0, best=best)),
        }

    def _foreign(self, query: str, language: str, others: Collection[str]) -> dict[int, float]:
        """How much of its language's terms each chunk covers: one search, however many the languages."""
        put = abroad(query, language, others, self.lexical.rarities)
        found = self._search_terms(put.terms, frozenset(others), most=put.size)
        spoken = self.spoken(found)
        mass = {id: put.masses.get(spoken.get(id, ""), 0.0) for id in found}
        return {id: FOREIGN * score / mass[id] for id, score in found.items() if mass[id]}

    def _search_terms(self, terms: Terms, languages: Collection[str], **how: int) -> dict[int, float]:
        return self.lexical.search_terms(terms, self.depth, languages=languages, documents=self.documents, **how)

    def titled(self, phrases: Collection[str]) -> dict[int, float]:
        return self.lexical.titled(phrases, self.depth, languages=self.languages, documents=self.documents)
