"""A question as documents in other languages may put it: the terms to look for, and what finding all would score."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from vectorstore.crosslingual import content_words, names_of_each
from vectorstore.ngrams import signs, words
from vectorstore.skeleton import skeletons
from vectorstore.weighing import weighed_grams, weighed_words

Terms = Mapping[str, Mapping[str, float]]
"""The terms of a query and their weights, by leg of the keyword index."""

Rarities = Callable[[Terms], Mapping[str, Mapping[str, float]]]
"""How rare each term is, by leg; 0 for one that no chunk holds."""

PAIR = 2.0  # two signs of Han say as much as the half dozen 4-grams of a word
ALTERNATIVE = 0.4  # of n names for one thing each weighs n to the minus this: most texts use one or two of them
TRANSLATED = 100  # terms of a leg for all languages together: with more, one language's names meet another's words
TRANSLATED_LEAST = 8  # the same for one language among many
COMMON = 24  # terms of a leg that all languages may share, the rarest


@dataclass(frozen=True, slots=True)
class Abroad:
    """``masses`` says by language what about a chunk would score that holds every term there is for it."""

    terms: Terms
    masses: Mapping[str, float]

    @property
    def size(self) -> int:
        """Terms of the largest leg: bounded already."""
        return max(map(len, self.terms.values()), default=0)


def abroad(query: str, language: str, others: Collection[str], rarities: Rarities) -> Abroad:
    """``query``, asked in ``language``, for documents in the languages ``others``: one search for all of them."""
    every = common_terms(query, language)
    rarity = rarities(every)
    common = _rarest(every, rarity, COMMON)
    masses = dict.fromkeys(others, _mass(common, rarity))
    added = {other: things for other in sorted(others) if (things := translated_terms(query, language, other))}
    most = max(TRANSLATED_LEAST, TRANSLATED // max(1, len(added)))
    chosen = []
    for other, things in added.items():
        names = merged(name for thing in things for name in thing)
        rarity = rarities(names)
        chosen.append(_rarest(names, rarity, most))
        # What is common is counted once, and of what dictionaries add only what is looked for.
        beside = {
            leg: {term: rarity[leg][term] for term in of if term not in common[leg]} for leg, of in chosen[-1].items()
        }
        masses[other] += sum(max(_mass(name, beside) for name in thing) for thing in things)
    return Abroad(merged([*chosen, common]), masses)


def common_terms(query: str, language: str) -> dict[str, dict[str, float]]:
    """The terms under which a document in any other language may speak of the same, by leg, with their weights.

    The question's own content words, for names and cognates, and their skeletons, for names in other scripts.
    """
    content = content_words(query, language)
    weights = weighed_words(query, language, 1.0)
    return {
        "grams": weighed_grams({word: weights.get(word, 1.0) for word in content}),
        "words": dict.fromkeys(signs(query), PAIR),
        "skeletons": dict.fromkeys(skeletons(" ".join(content)), 1.0),
    }


def translated_terms(query: str, language: str, target: str) -> list[list[Terms]]:
    """The terms that small dictionaries add for documents in ``target``: of each thing, of each of its names."""
    return [
        [_terms_of(name, len(names) ** -ALTERNATIVE) for name in names]
        for names in names_of_each(query, language, target)
    ]


@lru_cache(maxsize=1 << 13)  # everyday words are asked for again and again
def _terms_of(name: str, weight: float) -> Terms:
    pairs = signs(name)
    grams = weighed_grams(dict.fromkeys(words(name), weight)) if not pairs else {}
    return {"grams": grams, "words": dict.fromkeys(pairs, PAIR * weight)}


def merged(every: Iterable[Terms]) -> dict[str, dict[str, float]]:
    """All terms, each with its highest weight.

    >>> merged([{"grams": {"_put": 2.0}}, {"grams": {"_put": 1.0, "puti": 1.0}}])
    {'grams': {'_put': 2.0, 'puti': 1.0}}
    """
    out: dict[str, dict[str, float]] = {}
    for terms in every:
        for leg, weights in terms.items():
            of_leg = out.setdefault(leg, {})
            for term, weight in weights.items():
                if weight > of_leg.get(term, 0.0):
                    of_leg[term] = weight
    return out


def _rarest(terms: Terms, rarities: Mapping[str, Mapping[str, float]], most: int) -> Terms:
    """Of each leg the rarest terms that any chunk holds."""
    out: dict[str, dict[str, float]] = {}
    for leg, weights in terms.items():
        rarity = rarities[leg]
        known = sorted((term for term in weights if rarity[term]), key=rarity.__getitem__, reverse=True)
        out[leg] = {term: weights[term] for term in known[:most]}
    return out


def _mass(terms: Terms, rarities: Mapping[str, Mapping[str, float]]) -> float:
    """The weights of the terms times their rarities, added up; those without one are left out."""
    return sum(
        weight * rarity
        for leg, weights in terms.items()
        for term, weight in weights.items()
        if (rarity := rarities[leg].get(term))
    )
