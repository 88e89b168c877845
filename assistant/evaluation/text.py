"""Answers as they are compared: normalised, and cut into tokens, in every language.

The rules are SQuAD's (Rajpurkar et al. 2016) with MLQA's two additions (Lewis et al. 2020): articles go by language,
and scripts written without spaces are compared sign by sign.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

import regex

# The articles of languages in which they stand apart. Romanian, Bulgarian and the Scandinavian languages put them on
# the end of the noun, where no list of words can take them off.
ARTICLES: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "a an the",
        "fr": "le la les l un une des du d au aux",
        "de": "der die das den dem des ein eine einen einem einer eines",
        "es": "el la los las lo un una unos unas",
        "it": "il lo la i gli le l un uno una",
        "pt": "o a os as um uma uns umas",
        "nl": "de het een",
        "ca": "el la els les l un una uns unes",
        "el": "ο η το οι τα του της των τον την τις τους ένας μια μία ένα",
    }.items()
}
_ELIDED = regex.compile(r"(?<=\b[ldLD])['’](?=\w)")  # l'attaque, d'Idleb, l'acqua: the article is a word of its own
_NOT_A_WORD = regex.compile(r"[\p{P}\p{S}]")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_UNSPACED_RUN = regex.compile(rf"({_UNSPACED.pattern}[\p{{M}}]*)")
_MARKERS = regex.compile(r"\s*\[\d+(?:\.\d+)?\]")
_DIGIT = regex.compile(r"[^\P{Nd}0-9]")  # Arabic, Devanagari, Thai and other figures
_SHORT = 4  # shorter golds ("no", "war") are compared as whole words: they stand inside too many others


def without_markers(text: str) -> str:
    """The answer's own words.

    >>> without_markers("An “aggression” [1].")
    'An “aggression”.'
    """
    return _MARKERS.sub("", text)


def tokens(text: str, language: str | None = None) -> list[str]:
    """Lower-cased words without punctuation and articles; a sign each for Han, kana, Thai, Lao, Khmer and Burmese.

    >>> tokens("The Kremlin's statement", "en")
    ['kremlins', 'statement']
    >>> tokens("l'Élysée", "fr")
    ['élysée']
    >>> tokens("东京 2020年")
    ['东', '京', '2020', '年']
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = _DIGIT.sub(lambda digit: str(unicodedata.decimal(digit.group())), folded)
    if language in {"fr", "it", "ca"}:
        folded = _ELIDED.sub(" ", folded)
    words = _UNSPACED_RUN.sub(r" \1 ", _NOT_A_WORD.sub("", folded)).split()
    articles = ARTICLES.get(language or "", frozenset())
    return [word for word in words if word not in articles] or words


def contains(answer: str, golds: Iterable[str], language: str | None = None) -> bool:
    """Whether any gold stands in the answer, both normalised.

    Words may go on after the gold, as inflection and compounds make them; a number may not, nor a gold of under four
    letters, which stands inside too many words.

    >>> contains("They met in 1912 in Hamburgs Rathaus.", ["Hamburg"]), contains("They met in 1912.", ["12"])
    (True, False)
    """
    text = " ".join(tokens(answer, language))
    return any(_stands_in(" ".join(tokens(gold, language)), text) for gold in golds)


def _stands_in(gold: str, text: str) -> bool:
    if not gold:
        return False
    if _UNSPACED.search(gold):
        return gold in text
    whole = len(gold) < _SHORT
    before = r"\b" if whole else r"(?<!\d)" if gold[0].isdigit() else ""
    after = r"\b" if whole else r"(?!\d)" if gold[-1].isdigit() else ""
    return regex.search(before + regex.escape(gold) + after, text) is not None


def f1(answer: str, golds: Iterable[str], language: str | None = None) -> float:
    """The best overlap of tokens with any gold: the harmonic mean of precision and recall.

    >>> f1("in Hamburg, Germany", ["Hamburg"], "en")
    0.5
    """
    got = Counter(tokens(answer, language))
    return max((_f1(got, Counter(tokens(gold, language))) for gold in golds), default=0.0)


def _f1(got: Counter[str], gold: Counter[str]) -> float:
    shared = (got & gold).total()
    return 2 * shared / (got.total() + gold.total()) if shared else 0.0


_QUOTED = regex.compile(r"“[^”]*”|„[^“”]*[“”]|«[^»]*»|»[^«]*«|「[^」]*」|『[^』]*』|\"[^\"]*\"")
_LETTERS_ENOUGH = 12  # detectors guess below that: "Yes.", "Moscow"


def own_words(answer: str) -> str | None:
    """What stands outside quotation marks, without markers; None where that is too little to tell a language by.

    >>> own_words("« la Russie avait condamné cette attaque » [1]") is None
    True
    """
    rest = _QUOTED.sub(" ", without_markers(answer)).strip()
    letters = sum(2 if _UNSPACED.match(sign) else 1 for sign in rest if sign.isalpha())
    return rest if letters >= _LETTERS_ENOUGH else None
