"""Consonant skeletons: what is left of a name when it has crossed from one script into another.

Vowels are written differently, or not at all; most consonants survive.
"""

from __future__ import annotations

import re
from functools import lru_cache

from vectorstore.ngrams import pieces, words

# Letters that one language writes for another's, after folding to ASCII. Order matters: the longest first.
_SPELLINGS = [
    (re.compile(pattern), letter)
    for pattern, letter in (
        ("tsch|tch|sch|sh|ch|zh|j", "$"),
        ("ph", "f"),
        ("th", "t"),
        ("kh|ck", "k"),
        ("x", "ks"),
        ("ts|tz", "s"),
    )
]
_MERGED = str.maketrans("pvqcz", "bfkks", "aeiouywh")  # Arabic has no p and no v; c and q are k; vowels go
_REPEATED = re.compile(r"([^0-9])\1+")
_SHORTEST = 2  # letters: one consonant says nothing


@lru_cache(maxsize=1 << 16)
def skeleton(word: str) -> str:
    """The consonants of a folded word, one letter a sound. Numbers stay as they are.

    >>> skeleton("putin"), skeleton("poutine"), skeleton("bwtyn"), skeleton("2017")
    ('btn', 'btn', 'btn', '2017')
    """
    if word.isdigit():
        return word
    for pattern, letter in _SPELLINGS:
        word = pattern.sub(letter, word)
    return _REPEATED.sub(r"\1", word.translate(_MERGED))


def skeletons(text: str) -> list[str]:
    """The skeletons of the words of a text that have one, padded and cut into 4-grams as `ngrams.grams` does.

    >>> skeletons("Владимир Путин")
    ['_fld', 'fldm', 'ldmr', 'dmr_', '_btn', 'btn_']
    """
    found = (skeleton(word) for word in words(text))
    return [gram for bones in found if len(bones) >= _SHORTEST for gram in pieces(bones)]
