"""A text put into English word by word, so that a model that knows English alone sees what it is about.

Rough as it is, it makes one model out of small dictionaries and an English encoder: a question in French and a passage
in Russian become English soups of the same words, and the encoder forgives what is wrong with their grammar.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from unicodedata import normalize

from anyascii import anyascii

from vectorstore.crosslingual import (
    LONGEST_NAME,
    UNINFLECTED,
    Dictionary,
    concepts_of_form,
    dictionary_of,
    function_words,
    longest_names,
    names,
    read_lines,
    spelled,
)

VERSION = 1
"""Raised with every change that gives some text another gloss, those of the data files among them."""
LANGUAGES = frozenset(
    {"ar", "de", "el", "es", "fr", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ro", "ru", "th", "tr", "vi", "zh"}
)
"""Those that the data files have."""

Known = Callable[[str], bool]
"""Whether the model has a lower-case word of ASCII letters in its vocabulary, whole."""

_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"  # Thai, kana and Han
_DEVANAGARI = "\u0900-\u0963\u0966-\u097f"  # without its marks; vowel signs are no word characters
_PIECES = re.compile(
    rf"[{_UNSPACED}]+|[{_DEVANAGARI}]+|[^\W_{_UNSPACED}{_DEVANAGARI}]+(?:['’][^\W_{_UNSPACED}]+)?|[^\w\s]"
)
_MARKS = {("el", ";"): "?", ("hi", "।"): "."}  # sentence marks that ASCII has, or writes otherwise
_SIGNS = re.compile(f"[{_UNSPACED}]")


@dataclass(frozen=True, slots=True)
class _Glossary:
    """One language's dictionary, and in English the words that build its sentences, which come before it."""

    dictionary: Dictionary
    building: Mapping[tuple[str, ...], str]
    unspaced: Mapping[str, str]
    """The same where words are not set apart, by their signs."""
    openers: frozenset[str]
    """The first words of phrases of several words: after others there is no need to look further."""
    longest: int
    """Signs of the longest name that is not set apart."""
    empty: Collection[str]

    def phrase(self, words: tuple[str, ...]) -> str:
        """Its English, "" where there is none."""
        concepts = self.dictionary.phrases.get(words)
        return self.building.get(words) or (_english(concepts) if concepts else "")

    def signs(self, run: str) -> str:
        """The same of a run of signs."""
        concepts = self.dictionary.unspaced.get(run)
        return self.unspaced.get(run) or (_english(concepts) if concepts else "")


def gloss(text: str, language: str, known: Known) -> str:
    """``text`` in rough English; as it is where ``language`` is not among `LANGUAGES`.

    Sentence marks and numbers are kept: they tell the encoder where one thought ends. A word that no dictionary has is
    kept where it looks like a name or where the model knows it, as it does many cognates; others would be noise.

    >>> gloss("Pourquoi la Russie a-t-elle condamné la frappe de 2017 ?", "fr", set().__contains__)
    'why the Russia at - - she sentenced the strike of 2017 ?'
    >>> gloss("为什么俄罗斯谴责了打击？", "zh", set().__contains__)
    'why Russia condemn strike ?'
    """
    if language not in LANGUAGES:
        return text
    glossary = _glossary(language)
    tokens = list(_tokens(normalize("NFC", text), language))
    return " ".join(_told(tokens, glossary, language, known))


def _tokens(text: str, language: str) -> Iterator[tuple[str, str]]:
    """What stands in the text, and how it is looked up: "" for a sentence mark, itself for a run of signs."""
    for piece in _PIECES.findall(text):
        if _SIGNS.match(piece):
            yield piece, piece
        elif piece[0].isalnum():
            yield from ((piece, word) for word in spelled(piece, language))
        else:
            yield piece, ""


def _told(tokens: list[tuple[str, str]], glossary: _Glossary, language: str, known: Known) -> Iterator[str]:
    at = 0
    while at < len(tokens):
        written, word = tokens[at]
        length = 1
        if not word:
            yield _MARKS.get((language, written)) or anyascii(written)
        elif _SIGNS.match(word):
            # What stands between known names is left out: romanised, it would be noise to the model.
            yield from longest_names(word, glossary.signs, glossary.longest)
        else:
            length, english = _phrase(tokens, at, glossary)
            if english:
                yield english
            elif word not in glossary.empty:
                yield from _word(written, word, language, known)
        at += length


def _phrase(tokens: list[tuple[str, str]], at: int, glossary: _Glossary) -> tuple[int, str]:
    """The longest phrase of the glossary that begins here, and its English; otherwise one word without."""
    most = LONGEST_NAME if tokens[at][1] in glossary.openers else 1
    ahead = tuple(word for _, word in tokens[at : at + most])
    for length in range(len(ahead), 0, -1):
        if english := glossary.phrase(ahead[:length]):
            return length, english
    return 1, ""


def _word(written: str, word: str, language: str, known: Known) -> Iterator[str]:
    """A word that is in no dictionary as it stands."""
    if named := concepts_of_form(word, language):
        yield from (english for concepts in named if (english := _english(concepts)))
        return
    folded = anyascii(word).lower()
    cognate = language not in UNINFLECTED and known(folded)  # a syllable that looks like an English word is none
    if written[0].isupper() or word[0].isdigit() or cognate:
        yield folded


@cache
def _glossary(language: str) -> _Glossary:
    dictionary = dictionary_of(language)
    building: dict[tuple[str, ...], str] = {}
    unspaced: dict[str, str] = {}
    for name, english in reversed(list(_building(language))):  # of words that fold to one the earlier line counts
        if _SIGNS.match(name):
            unspaced[name] = english
        else:
            building[tuple(spelled(name, language))] = english
    openers = frozenset(phrase[0] for phrase in (*dictionary.phrases, *building) if len(phrase) > 1)
    longest = max(map(len, (*dictionary.unspaced, *unspaced)), default=0)
    empty = function_words().get(language, frozenset())
    return _Glossary(dictionary, building, unspaced, openers, longest, empty)


def _building(language: str) -> Iterator[tuple[str, str]]:
    """The words that build a sentence and their English."""
    header, *lines = (line.split(";") for line in read_lines("glosses.txt"))
    place = header.index(language)
    for line in lines:
        english = line[0].partition(",")[0]
        yield from ((name, english) for name in line[place].split(",") if name)


@lru_cache(maxsize=1 << 14)
def _english(concepts: frozenset[str]) -> str:
    """The most usual English name of the most everyday of some concepts; "" where they have none."""
    every = (names(concept, "en") for concept in sorted(concepts, key=_everyday))
    return next((found[0] for found in every if found), "")


def _everyday(concept: str) -> tuple[bool, int, str]:
    """Words before names of places and the like; of words those that stand earlier in the lexicon."""
    kind, _, code = concept.partition(" ")
    return kind != "word", int(code) if code.isdigit() else 0, concept
