"""The content words of a question or an answer: what is left when the small words are taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.followup_words import SmallWords
from vectorstore.ngrams import fold

KEY = 6  # signs of a folded word that two forms of it have in common: "refunds" and "refunded"
OPENING = " \t\n\"'«“„(¿¡-"  # what may stand before a sentence's first word

_MARKS = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17d3"
"""Signs that belong to words and are no letters to `re`: accents, and the vowels of Indic and related scripts."""
_RUN = rf"(?:[^\W_]|[{_MARKS}])+"
WORD = re.compile(rf"{_RUN}(?:[-'’.]{_RUN})*")
RUN = re.compile(_RUN)
"""As `WORD`, but ``pense-t-elle`` and ``it's`` are several."""

UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""A sign of a script that sets no spaces between words."""

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3041-\u309f\u30a0-\u30ff]")
_JAPANESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff々]+|[\u30a0-\u30ff]+|[^\W_\u3041-\u30ff\u3400-\u9fff]+")
"""Words of Japanese carry their meaning in Han or katakana; hiragana is endings and particles."""
_ENDS_SENTENCE = re.compile(r"[.!?:;。！？؟]\W*$|\n\W*$")


@dataclass(frozen=True, slots=True)
class Term:
    """A content word where it stands: ``text[start:end]``."""

    text: str
    key: str
    """What it is compared by: the start of its folded form."""
    start: int
    end: int
    name: bool
    """Written with a capital inside a sentence, with several, or with a digit."""


def terms(text: str, words: SmallWords) -> list[Term]:
    """The content words of a text, in order."""
    return [
        Term(text[start:end], fold(text[start:end])[:KEY], start, end, _is_name(text, start, end))
        for match in WORD.finditer(text)
        for start, end in _pieces(match, words)
        if _says_something(text[start:end], words)
    ]


def phrased(found: Sequence[Term]) -> str:
    """Terms as one reads them: neighbours stay together, others are set apart by commas."""
    out = found[0].text
    for before, term in pairwise(found):
        out += (" " if 0 <= term.start - before.end <= 1 else ", ") + term.text
    return out


def _says_something(word: str, words: SmallWords) -> bool:
    parts = [part.lower() for part in RUN.findall(word)]
    small = len(parts) > 1 and all(part in words.function or len(part) == 1 for part in parts)
    if small or word.lower() in words.function:
        return False
    return len(word) > 2 or word.isupper() or word[0].isdigit() or bool(UNSPACED.search(word))


def _is_name(text: str, start: int, end: int) -> bool:
    word = text[start:end]
    if any(sign.isdigit() for sign in word) or sum(sign.isupper() for sign in word) > 1:
        return True
    before = text[:start]
    return word[0].isupper() and bool(before.strip(OPENING)) and not _ENDS_SENTENCE.search(before)


def _pieces(match: re.Match[str], words: SmallWords) -> Iterator[tuple[int, int]]:
    """A run of letters as words: itself, or, where the script sets no spaces, what stands between small words."""
    run, offset = match.group(), match.start()
    if _KANA.search(run):
        yield from ((offset + m.start(), offset + m.end()) for m in _JAPANESE.finditer(run))
    elif not _HAN.search(run):
        elision = re.match(r"[^\W_]{1,5}['’](?=\w\w)", run)
        elided = elision and elision.group()[:-1].lower() in words.function
        yield (match.start() + elision.end() if elision and elided else offset), match.end()
    else:
        small = sorted(filter(_HAN.search, words.function), key=len, reverse=True)
        last = 0
        for gap in re.finditer("|".join(map(re.escape, small)) or r"(?!)", run):
            if gap.start() > last:
                yield offset + last, offset + gap.start()
            last = gap.end()
        if last < len(run):
            yield offset + last, match.end()
