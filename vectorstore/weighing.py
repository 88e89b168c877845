"""How much each word of a question says of what is looked for."""

from __future__ import annotations

import re

from vectorstore.crosslingual import content_words
from vectorstore.ngrams import words

ACRONYM = 2.0  # a question that names a thing by its letters is about that thing, and they are too few to say so
NUMBER = 1.5
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


def acronyms(text: str) -> set[str]:
    """The folded words with two capital letters or more; none where capitals are the rule.

    >>> sorted(acronyms("Is the UN in New York, says McCoy?")), acronyms("WHO FOUNDED NATO?")
    (['mccoy', 'un'], set())
    """
    if 2 * sum(map(str.isupper, text)) > sum(map(str.isalpha, text)):
        return set()
    return {word for token in _TOKEN.findall(text) if sum(map(str.isupper, token)) > 1 for word in words(token)}
