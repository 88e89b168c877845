"""How much each word of a question says of what is looked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from vectorstore.crosslingual import content_words
from vectorstore.ngrams import MERGED, pairs, pieces, signs, stem, words, written_words

ACRONYM = 2.0  # a question that names a thing by its letters is about that thing, and they are too few to say so
NUMBER = 1.5
ENDING = 0.6  # a 4-gram of a long word's end, beside the 1.0 of its beginning: endings are grammar
_BEGINNING = 4  # grams of a word, its blank before it included, that are no ending
_TOKEN = re.compile(r"[^\W_]+")


def weighed_words(query: str, language: str, function: float) -> dict[str, float]:
    """The folded words of a question and their weights: ``function`` for those that only build the sentence.

    >>> weighed_words("Who may consult the FNAEG in 2017?", "en", 0.5)
    {'who': 0.5, 'may': 0.5, 'consult': 1.0, 'the': 0.5, 'fnaeg': 2.0, 'in': 0.5, '2017': 1.5}
    """
    weights = dict.fromkeys(words(query), function)
    weights.update(dict.fromkeys(content_words(query, language), 1.0))
    weights.update((word, NUMBER) for word in weights if word.isdigit())
    weights.update(dict.fromkeys(acronyms(query), ACRONYM))
    return weights


def weighed_grams(weights: Mapping[str, float]) -> dict[str, float]:
    """The 4-grams of weighed words, each with the most that a word gives it; those of long words' ends count less.

    >>> weighed_grams({"houses": 1.0})
    {'_hou': 1.0, 'hous': 1.0, 'ouse': 1.0, 'uses': 1.0, 'ses_': 0.6}
    """
    grams: dict[str, float] = {}
    for word, weight in weights.items():
        for place, gram in enumerate(pieces(word)):
            grams[gram] = max(weight if place < _BEGINNING else ENDING * weight, grams.get(gram, 0.0))
    return grams


def weighed_letters(query: str, language: str, weights: Mapping[str, float]) -> dict[str, float]:
    """The 4-grams of a question's words as they are written, weighed as the folded ones are.

    None in a language of which folding keeps the letters apart: there they would say the same twice.

    >>> weights = {"pho": 1.0, "co": 0.5}
    >>> weighed_letters("phố cổ", "vi", weights), weighed_letters("phố cổ", "en", weights)
    ({'_phố': 1.0, 'phố_': 1.0, '_cổ_': 0.5}, {})
    """
    if language not in MERGED:
        return {}
    return weighed_grams({word: weights.get("".join(words(word)), 1.0) for word in written_words(query)})


def weighed_phrases(query: str, weights: Mapping[str, float]) -> dict[str, float]:
    """The terms of `ngrams.phrases`, a stem with the weight of its word, a pair with that of the weightier one.

    >>> weighed_phrases("the kittens", {"the": 0.5, "kittens": 1.0})
    {'the': 0.5, 'kitten': 1.0, 'the+kitten': 1.0}
    """
    found = words(query)
    single = [(stem(word), weights[word]) for word in found]
    double = zip(pairs([term for term, _ in single]), pairwise(single), strict=True)
    both = [(term, max(first, second)) for term, ((_, first), (_, second)) in double]
    out: dict[str, float] = {}
    for term, weight in (*single, *both, *((sign, 1.0) for sign in signs(query))):
        out[term] = max(weight, out.get(term, 0.0))
    return out


def acronyms(text: str) -> set[str]:
    """The folded words with two capital letters or more; none where capitals are the rule.

    >>> sorted(acronyms("Is the UN in New York, says McCoy?")), acronyms("WHO FOUNDED NATO?")
    (['mccoy', 'un'], set())
    """
    if 2 * sum(map(str.isupper, text)) > sum(map(str.isalpha, text)):
        return set()
    return {word for token in _TOKEN.findall(text) if sum(map(str.isupper, token)) > 1 for word in words(token)}
