"""Titles as they stand in running text, so that a passage that names another document leads to it."""

from __future__ import annotations

import re

from vectorstore.ngrams import words, words_of_each

LONGEST = 6  # words; longer titles are not looked for
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")


def title_phrase(title: str) -> str:
    """A title as it would stand in a sentence: folded, without what is in brackets at its end; "" when too long.

    >>> title_phrase("Mercury (planet)"), title_phrase("a title of far more words than anybody writes")
    ('mercury', '')
    """
    found = words(_IN_BRACKETS.sub("", title))
    return " ".join(found) if len(found) <= LONGEST else ""


def phrases(text: str, *, names_only: bool = False) -> set[str]:
    """Every run of words that could be a title; ``names_only`` leaves out those that begin with a small letter.

    >>> sorted(phrases("by Two Dollar Radio", names_only=True))
    ['dollar', 'dollar radio', 'radio', 'two', 'two dollar', 'two dollar radio']
    """
    raws = text.split()
    tokens = [(word, raw[:1].islower()) for raw, found in zip(raws, words_of_each(raws), strict=True) for word in found]
    out: set[str] = set()
    for start, (phrase, small) in enumerate(tokens):
        if not (small and names_only):
            out.add(phrase)
            for following, _ in tokens[start + 1 : start + LONGEST]:
                phrase = f"{phrase} {following}"
                out.add(phrase)
    return out
