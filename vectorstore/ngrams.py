"""Character n-grams over folded text: the keyword leg's alphabet, the same for every language.

Folding to ASCII makes cognates and names meet across scripts (architecture.md, decision 1).
"""

from __future__ import annotations

import re
from functools import lru_cache

from anyascii import anyascii

GRAM = 4
_WORD = re.compile(r"[a-z0-9]+")


def fold(text: str) -> str:
    """Transliterate to ASCII and lower-case.

    >>> fold("Путин, Élysée")
    'putin, elysee'
    """
    return anyascii(text).lower()


def words(text: str) -> list[str]:
    """The folded words of a text, in order.

    >>> words("L'été 2017")
    ['l', 'ete', '2017']
    """
    return _WORD.findall(fold(text))


def grams(text: str, size: int = GRAM) -> list[str]:
    """Each word padded with a blank (``_``) on both sides and cut into ``size``-grams; shorter words stay whole.

    >>> grams("the cat")
    ['_the', 'the_', '_cat', 'cat_']
    """
    return [gram for word in words(text) for gram in _cut(word, size)]


@lru_cache(maxsize=1 << 16)  # a few thousand words make up most of any text
def _cut(word: str, size: int) -> tuple[str, ...]:
    padded = f"_{word}_"
    return tuple(padded[i : i + size] for i in range(max(1, len(padded) - size + 1)))
