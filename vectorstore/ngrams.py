"""Character n-grams over folded text: the keyword leg's alphabet, the same for every language.

Folding to ASCII makes cognates and names meet across scripts (architecture.md, decision 1).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from unicodedata import normalize

from anyascii import anyascii

GRAM = 4
STEM = 6  # letters of a word: what follows is grammar more often than meaning
_WORD = re.compile(r"[a-z0-9]+")
_LAM = "\u0644"  # in every form of the Arabic article
_ARTICLE = re.compile(
    "(?<![\u0620-\u06ff])(?:[\u0648\u0641\u0628\u0643]?\u0627\u0644|\u0648?\u0644\u0644)(?=[\u0620-\u064a]{3})"
)
"""The Arabic article, and the conjunction or preposition before it, as they are written onto the noun."""
_ARABIC_MARKS = re.compile("[\u0640\u064b-\u065f\u0670]")  # vowels and what only stretches a word
_ARABIC_FORMS = str.maketrans(
    "\u0623\u0625\u0622\u0671\u0649\u06cc\u0629\u0624\u0626\u06a9"
    + "".join(map(chr, [*range(0x660, 0x66A), *range(0x6F0, 0x6FA)])),
    "\u0627" * 4 + "\u064a" * 2 + "\u0647\u0648\u064a\u0643" + "0123456789" * 2,
)
_ARABIC = re.compile("[\u0600-\u06ff]")
_ANY_WORD = re.compile(r"[^\W_]+")
MERGED = frozenset({"ar", "fa", "hi", "mr", "ne", "ur", "vi"})
"""Languages of whose letters folding merges some: emphatic with plain ones, retroflex with dental ones, all tones.

Measured in Arabic, Hindi and Vietnamese; the others share their scripts.
"""
_MERGED = re.compile("[\u0620-\u064a\u0671-\u06d3\u0904-\u0939\u01a0\u01a1\u01af\u01b0\u1ea0-\u1ef9]")
"""Arabic and Devanagari letters, and those of Latin ones that Vietnamese alone uses."""
_WRITTEN = re.compile("[\u0900-\u0963\u0966-\u097f]+|[^\\W_\u0900-\u097f]+")  # Devanagari vowels are no \\w
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+")


class _Transliteration(dict[int, str]):
    """anyascii sign by sign, each looked up once: a table runs through a text many times faster than its loop does."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        found = anyascii(sign)
        if code > 127 and sign.isalpha():  # a soft sign, an ayin, a hamza: what ASCII writes as a mark would part words
            found = found.translate(_NO_MARKS)
        self[code] = found
        return found


_NO_MARKS = dict.fromkeys(map(ord, "'`"))
_ASCII = _Transliteration()


def fold(text: str) -> str:
    """Transliterate to ASCII and lower-case.

    Letters that ASCII only has marks for are left out, and so is the Arabic article.

    >>> fold("Путин, Élysée"), fold("большой"), fold("جامعة والجامعة")
    ('putin, elysee', 'bolshoy', 'jmh jmh')
    """
    if text.isascii():  # most English needs no table
        return text.lower()
    if _LAM in text:  # else most of the time would go into looking for articles
        text = _ARTICLE.sub("", text)
    return text.translate(_ASCII).lower()


def words(text: str) -> list[str]:
    """The folded words of a text, in order.

    >>> words("L'été 2017")
    ['l', 'ete', '2017']
    """
    return list(_words(text))


@lru_cache(maxsize=4)  # a text is cut in several ways, one right after the other, and folding is most of the work
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(fold(text)))


def arabic_words(text: str) -> list[str]:
    """The words of an Arabic text by their letters: without article and vowel signs, the forms of a letter as one.

    >>> arabic_words("العُلماء في جامعةٍ سنة ٢٠١٧")
    ['علماء', 'في', 'جامعه', 'سنه', '2017']
    """
    return _ANY_WORD.findall(_arabic_forms(text.lower()))


def _arabic_forms(text: str) -> str:
    return _ARTICLE.sub("", _ARABIC_MARKS.sub("", text)).translate(_ARABIC_FORMS)


def written_words(text: str) -> list[str]:
    """The words of a text by its own letters if folding merges some of them (`MERGED`), otherwise none.

    >>> written_words("Con đường ở Nam Định"), written_words("الجامعة في سنة"), written_words("la rue")
    (['con', 'đường', 'ở', 'nam', 'định'], ['جامعه', 'في', 'سنه'], [])
    """
    if text.isascii():
        return []
    text = normalize("NFC", text)  # a tone or a dot may be written apart from its letter
    if not _MERGED.search(text):
        return []
    return unfolded_words(_arabic_forms(text.lower()) if _ARABIC.search(text) else text)


def unfolded_words(text: str, *, lower: bool = True) -> list[str]:
    """The words of a text with every accent, tone and vowel sign they carry; in lower case, unless that is kept.

    >>> unfolded_words("Con đường"), unfolded_words("हमले की")
    (['con', 'đường'], ['हमले', 'की'])
    """
    text = normalize("NFC", text)
    return _WRITTEN.findall(text.lower() if lower else text)


def words_of_each(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """`words` of many short texts of one line each, folded in one go.

    >>> words_of_each(["L'été", "Río"])
    [('l', 'ete'), ('rio',)]
    """
    return [tuple(_WORD.findall(line)) for line in fold("\n".join(texts)).split("\n")] if texts else []


def grams(text: str) -> list[str]:
    """Each word padded with a blank (``_``) on both sides and cut into 4-grams; shorter words stay whole.

    >>> grams("the cat")
    ['_the', 'the_', '_cat', 'cat_']
    """
    return [gram for word in words(text) for gram in pieces(word)]


def letters(text: str) -> list[str]:
    """`grams` of the words as they are written (`written_words`): "dương", "đường" and "duỗng" are three words again.

    >>> letters("phố cổ"), letters("the cat")
    (['_phố', 'phố_', '_cổ_'], [])
    """
    return [gram for word in written_words(text) for gram in pieces(word)]


@lru_cache(maxsize=1 << 16)  # a few thousand words make up most of any text
def pieces(word: str) -> tuple[str, ...]:
    """The 4-grams of one folded word; see `grams`."""
    padded = f"_{word}_"
    return tuple(padded[i : i + GRAM] for i in range(max(1, len(padded) - GRAM + 1)))


def stem(word: str) -> str:
    """A folded word without most of its endings, in any language: its first letters. Numbers stay as they are.

    >>> stem("consulter"), stem("consultation"), stem("consul"), stem("12345678")
    ('consul', 'consul', 'consul', '12345678')
    """
    return word if word.isdigit() else word[:STEM]


def phrases(text: str) -> list[str]:
    """The stems of the words and each pair of neighbours, then `signs`. Stems and pairs stand twice, however frequent.

    What holds all the words of a question is looked for, not what repeats one of them; and with each counted twice a
    long text, which repeats more, loses less by its length, since BM25 divides by both.

    >>> sorted(set(phrases("the kitten, the kittens 东京都")))
    ['dongji', 'kitten', 'kitten+dongji', 'kitten+the', 'the', 'the+kitten', '东京', '京都']
    """
    single = [stem(word) for word in words(text)]
    return [*dict.fromkeys([*single, *pairs(single)])] * 2 + signs(text)


def pairs(single: Sequence[str]) -> list[str]:
    """Each two neighbours as one term."""
    return [f"{first}+{second}" for first, second in pairwise(single)]


def signs(text: str) -> list[str]:
    """Each pair of neighbouring signs of Han, kana, Thai, Lao, Khmer and Burmese; a lone sign stays alone.

    >>> signs("在东京都 5月")
    ['在东', '东京', '京都', '月']
    """
    return [run[i : i + 2] for run in _UNSPACED.findall(text) for i in range(max(1, len(run) - 1))]
