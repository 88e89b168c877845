"""The question as the choice of sentences sees it: what it asks for, and what it speaks of, in any language."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache, lru_cache

from assistant.questions import Kind, question_kind, topic
from assistant.types import Question
from vectorstore.crosslingual import UNINFLECTED, content_words, names_of_each, spoken_words, translations
from vectorstore.ngrams import grams, pieces, signs, words
from vectorstore.skeleton import skeleton
from vectorstore.types import Retrieval

NUMBER = re.compile(r"(?<![A-Za-z0-9])\d+(?:[.,\u00a0\u202f ]\d{3})*(?:[.,]\d+)?")
_NAME = re.compile(r"(?<![^\W_])[^\W\d_a-z][\w’'-]*")
_SPOKEN = re.compile(r"[^\W_]+")
_HALF = 0.5  # of the terms of a way to write it: the word, or another form of it
_MOST = 0.75  # … where it has no other form, but syllables that are words themselves: "chủ nhật" is no "Nhật Bản"
_SHORTEST_SKELETON = 3  # consonants: two are shared by too many words to tell a name


@dataclass(frozen=True, slots=True)
class Concept:
    """Something the question speaks of: the terms of each way to write it; one way is enough."""

    forms: tuple[frozenset[str], ...]
    weight: float
    name: bool
    known: bool
    """A name, a number, or a word that a dictionary knows in the other language."""
    country: bool
    """Countries would be recognised in any language: locale data knows them."""

    def held(self, terms: Set[str]) -> float:
        """The share of the best form's terms that are among ``terms``, 0 to 1."""
        return max((len(form & terms) / len(form) for form in self.forms), default=0.0)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question. Its ``weights`` say how much each of its 4-grams tells, in documents of its own language."""

    text: str
    kind: Kind
    language: str
    weights: Mapping[str, float]
    words: tuple[str, ...]
    numbers: frozenset[str]
    names: frozenset[str]
    """Folded capitalised words after the first, so that nobody counts "Why"."""
    _abroad: dict[str, tuple[Concept, ...]] = field(default_factory=dict, repr=False, compare=False)

    def coverage(self, terms: Set[str], language: str) -> float:
        """The weighted share of the question that ``terms``, of a text in ``language``, hold: 0 to 1."""
        if language != self.language:
            concepts = self.concepts(language)
            total = sum(concept.weight for concept in concepts)
            held = sum(concept.weight * share for concept in concepts if (share := concept.held(terms)) >= _HALF)
            return held / total if total else 0.0
        total = sum(self.weights.values())
        return sum(weight for gram, weight in self.weights.items() if gram in terms) / total if total else 0.0

    def word_weights(self) -> dict[str, float]:
        """How much each of its words tells: the weights of its 4-grams, added up."""
        return {word: sum(self.weights.get(gram, 0.0) for gram in pieces(word)) for word in dict.fromkeys(self.words)}

    def names_missing(self, terms: Set[str], language: str) -> float:
        """The share of its names that ``terms`` do not hold, 0 to 1; 0 without names."""
        if language != self.language:
            held = [concept.held(terms) >= _HALF for concept in self.concepts(language) if concept.name]
            return held.count(False) / len(held) if held else 0.0
        lost = sum(1 for name in self.names if not any(gram in terms for gram in pieces(name)[:2]))
        return lost / len(self.names) if self.names else 0.0

    def country_amiss(self, terms: Set[str], language: str) -> float:
        """1 where it names a country and ``terms``, of a text in another language, lack it or hold nothing else of it.

        The wrong country is a common false premise: "why did Germany condemn the strike?"
        """
        if language == self.language:
            return 0.0
        concepts = self.concepts(language)
        enough = _MOST if language in UNINFLECTED else _HALF
        countries = [concept.held(terms) >= enough for concept in concepts if concept.country]
        others = [concept.held(terms) >= _HALF for concept in concepts if concept.known and not concept.country]
        return float(not all(countries) or (bool(countries) and len(others) > 1 and not any(others)))

    def known_missing(self, terms: Set[str], language: str) -> float:
        """The share of what dictionaries would recognise in another language that ``terms`` do not hold, 0 to 1."""
        if language == self.language:
            return 0.0
        known = [concept.held(terms) < _HALF for concept in self.concepts(language) if concept.known]
        return known.count(True) / len(known) if known else 1.0

    def known_held(self, terms: Set[str], language: str) -> int:
        """How many of the things that dictionaries recognise in another language ``terms`` hold."""
        return sum(concept.known and concept.held(terms) >= _HALF for concept in self.concepts(language))

    def known_share(self, language: str) -> float:
        """The weighted share of the question that dictionaries recognise in another language, 0 to 1."""
        concepts = self.concepts(language)
        total = sum(concept.weight for concept in concepts)
        return sum(concept.weight for concept in concepts if concept.known) / total if total else 0.0

    def numbers_missing(self, terms: Set[str]) -> float:
        """The share of its numbers that ``terms`` do not hold, 0 to 1; 0 without numbers."""
        lost = sum(1 for number in self.numbers if not set(grams(number)) <= terms)
        return lost / len(self.numbers) if self.numbers else 0.0

    def concepts(self, language: str) -> tuple[Concept, ...]:
        """What the question speaks of, as documents in another language may write it."""
        if language not in self._abroad:
            self._abroad[language] = tuple(_concepts(self, language))
        return self._abroad[language]


def read_question(question: Question, retrieval: Retrieval, held: Sequence[frozenset[str]]) -> Asked:
    """What the question asks for and how rare its parts are.

    Weights come from the whole collection where the retrieval knows them, else from ``held``: the terms of what was
    found, a set a sentence.
    """
    own = dict.fromkeys(grams(topic(question.text, question.language)))
    weights = {gram: retrieval.weights[gram] for gram in own if gram in retrieval.weights}
    if not weights:
        counts = Counter(gram for terms in held for gram in terms if gram in own)
        weights = {gram: math.log(1 + (len(held) + 1) / (counts[gram] + 0.5)) for gram in own}
    return Asked(
        text=question.text,
        kind=question_kind(question.text, question.language),
        language=question.language,
        weights=weights,
        words=tuple(words(question.text)),
        numbers=frozenset(NUMBER.findall(question.text)),
        names=frozenset(names(question.text, question.language)),
    )


def names(text: str, language: str = "") -> list[str]:
    """The folded capitalised words of a text, the one that opens it left out.

    Where the language is given, its function words are no names ("I", "Sie"), unless they are acronyms ("US", "IT").

    >>> names("Why did Russia call the G20?"), names("Can I ask what the WHO does?", "en")
    (['russia', 'g20'], ['who'])
    """
    opening = _SPOKEN.search(text)
    first = opening.start() if opening else 0
    found = [match for match in _NAME.finditer(text) if match.start() > first and match.group()[0].isupper()]
    return [
        word
        for match in found
        for word in (words(match.group()) if _acronym(match.group()) else content_words(match.group(), language))
    ]


def _acronym(word: str) -> bool:
    return word.isupper() and len(word) > 1


@lru_cache(maxsize=256)  # one question's passages and sentences, each of which is asked about several times
def terms(text: str, *, skeletons: bool = False) -> frozenset[str]:
    """What a text holds: 4-grams, pairs of signs where words are not set apart, and skeletons of words (``~btn``)."""
    bones = (f"~{skeleton(word)}" for word in words(text)) if skeletons else ()
    return frozenset([*grams(text), *signs(text), *bones])


def _concepts(asked: Asked, language: str) -> list[Concept]:
    spaced = not signs(asked.text)
    content = spoken_words(topic(asked.text, asked.language), asked.language) if spaced else _latin(asked.text)
    things = names_of_each(asked.text, asked.language, language)
    found: list[Concept] = []
    told: set[str] = set()
    for spoken in dict.fromkeys(content):
        word = "".join(words(spoken))
        called = _called(spoken, asked.language, language)
        told.update(called)
        name = word in asked.names or word.isdigit()
        sounded = name or asked.text.lower() == asked.text.upper()  # scripts without capitals do not tell names
        found.append(
            Concept(
                _forms(word, called, sounded),
                1.5 if name else 1.0,
                name,
                name or bool(called),
                word in _countries(asked.language),
            )
        )
    # What is known only as a phrase, or is not set apart by blanks.
    for names in things:
        if told.isdisjoint(names):
            found.append(Concept(tuple(map(_form, names)), 1.0, False, True, _country(names, language)))
    return found


def _country(names: Iterable[str], language: str) -> bool:
    """Whether one of the names is that of a country."""
    return any("".join(words(name)) in _countries(language) for name in names)


def _latin(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Za-z0-9]+", text)]


@cache
def _called(word: str, language: str, target: str) -> tuple[str, ...]:
    return tuple(translations(word, language, target))


@cache
def _countries(language: str) -> frozenset[str]:
    """The folded names of countries that are one word."""
    from babel import Locale, UnknownLocaleError  # 30 ms, and only questions across languages need it

    try:
        territories = Locale.parse(language).territories
    except (UnknownLocaleError, ValueError):
        return frozenset()
    spelled = (words(name) for code, name in territories.items() if code.isalpha())
    return frozenset(name[0] for name in spelled if len(name) == 1)


def _forms(word: str, called: Sequence[str], sounded: bool) -> tuple[frozenset[str], ...]:
    """Its own 4-grams, its consonants where it may be a name (bread is no « abord »), what dictionaries call it."""
    bones = skeleton(word)
    spelled = [frozenset({f"~{bones}"})] if sounded and len(bones) >= _SHORTEST_SKELETON else []
    return (frozenset(pieces(word)), *spelled, *(_form(name) for name in called))


def _form(name: str) -> frozenset[str]:
    return frozenset(signs(name) or grams(name))
