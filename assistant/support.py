"""Whether cited text supports a statement, told by numbers, names, negation and overlap. Pure: no model, no library."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from assistant.asked import NUMBER, names
from assistant.nationality import countries, nationality
from vectorstore.crosslingual import content_words, translations
from vectorstore.ngrams import grams, signs, words
from vectorstore.sentences import sentences
from vectorstore.skeleton import skeleton

_SPELLED = {
    word: float(value)
    for value, alternatives in (
        (2, "two zwei deux dos"), (3, "three drei trois tres"), (4, "four vier quatre cuatro"),
        (5, "five fünf cinq cinco"), (6, "six sechs seis"), (7, "seven sieben sept siete"), (8, "eight acht huit ocho"),
        (9, "nine neun neuf nueve"), (10, "ten zehn dix diez"), (11, "eleven elf onze once"),
        (12, "twelve zwölf douze doce"),
        (100, "hundred hundert cent cien"), (1000, "thousand tausend mille mil"),
    )
    for word in alternatives.split()
}  # fmt: skip
_SPELLED_IN = {
    language: {word: _SPELLED[word] for word in alternatives.split()}
    for language, alternatives in (
        ("en", "six seven eight nine ten eleven twelve hundred thousand"),
        ("de", "sechs sieben acht neun zehn elf zwölf hundert tausend"),
        ("fr", "six sept huit dix onze douze cent mille"),  # "neuf" is also "new"
        ("es", "seis siete ocho nueve diez once doce cien mil"),
    )
}
_COUNTED = 6  # fewer than that, and the writer may have counted what is listed
_SPOKEN = re.compile(r"[^\W\d_]+")
_NEGATION = re.compile(
    r"(?<!\w)(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|\w+n['’]t|ne|n['’]|pas|jamais|aucune?|sans|"
    r"nicht|keine?[rsnm]?|nie|niemals|ohne|nunca|jamás|ningun[oa]?|ningún|sin|не|нет|никогда|без|non|mai|nessun[oa]?|"
    r"não|niet|geen|nooit|zonder)(?!\w)|[不没無无未]",
    re.IGNORECASE,
)
_SHORTEST_SKELETON = 3  # consonants
_HALF = 0.5  # of a word's 4-grams: the word, or another form of it
_WHITE = re.compile(r"\s+")
_TWO_CAPITALS = re.compile(r"[A-ZÄÖÜ][\w-]+(?:\s+[A-ZÄÖÜ][\w-]+)+")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a statement, of one sentence or several, and the text it rests on have in common."""

    verbatim: bool
    missing: int
    """Content words that no quote holds, in whatever form."""
    pairs: float
    """The share of its neighbouring content words that stand together in one quote, 0 to 1."""
    unfamiliar: tuple[str, ...]
    """Its numbers, dates and names that are in none of the quotes nor in the question."""
    negated: int
    """Sentences that deny what the nearest quote does not, or the other way round."""


def unfamiliar(
    statement: str, quotes: Sequence[str], question: str = "", *, language: str = "en", abroad: Set[str] = frozenset()
) -> list[str]:
    """The numbers, dates and names of a statement that occur in none of the quotes nor in the question, in order.

    Digits are compared as values: 1,000 and 1 000 and 1.000 are one number. ``abroad`` are the other languages the
    quotes may be in.

    >>> unfamiliar("In 1987 Keller paid 1 000 francs to Ada Byron.", ["Keller paid 1,000 francs in 1986."])
    ['1987', 'Ada', 'Byron']
    """
    told = [*quotes, question]
    known = set().union(*(values(text) for text in told))
    held = set().union(*(_held(text) for text in told))
    lost = {
        match.start(): match.group() for match in NUMBER.finditer(statement) if not _readings(match.group()) & known
    }
    for word in _SPOKEN.finditer(statement.lower()):
        if _SPELLED_IN.get(language, {}).get(word.group(), 0) >= _COUNTED and _SPELLED[word.group()] not in known:
            lost[word.start()] = statement[word.start() : word.end()]
    for name in _names(statement, language):
        called = [other for target in abroad for other in translations(name, language, target)]
        if not any(_familiar(one, held) for one in (name, *called)):
            at = statement.find(name)
            lost.setdefault(at, name)
    return [lost[at] for at in sorted(lost)]


def compare(statement: str, quotes: Sequence[str], question: str = "", *, language: str = "en") -> Comparison:
    """The statement against its quotes; ``language`` is the statement's."""
    held = [_held(quote) for quote in quotes]
    everything = set().union(*held)
    missing = negated = neighbours = together = 0
    for start, end in sentences(statement, language):
        said = statement[start:end]
        content = _content(said, language)
        missing += sum(1 for word in content if not _familiar(word, everything))
        neighbours += max(0, len(content) - 1)
        together += sum(
            any(_familiar(one, near) and _familiar(other, near) for near in held) for one, other in pairwise(content)
        )
        own = _held(said)
        nearest = max(range(len(held)), key=lambda i: len(held[i] & own), default=None)
        if nearest is not None:
            negated += bool(_NEGATION.search(said)) != bool(_NEGATION.search(quotes[nearest]))
    flat = _flat(statement)
    return Comparison(
        verbatim=bool(flat) and any(flat in _flat(quote) for quote in quotes),
        missing=missing,
        pairs=together / neighbours if neighbours else float(not missing),
        unfamiliar=tuple(unfamiliar(statement, quotes, question, language=language)),
        negated=negated,
    )


def likelihood(found: Comparison) -> float:
    """That people would call the statement supported, 0 to 1."""
    logit = sum(WEIGHTS[name] * value for name, value in evidence(found).items())
    return 1 / (1 + math.exp(-logit))


def evidence(found: Comparison) -> dict[str, float]:
    """The features of `likelihood` by name. Counts and not shares: one wrong word spoils a long statement too."""
    return {
        "bias": 1.0,
        "missing": math.log1p(found.missing),
        "pairs": found.pairs,
        "unfamiliar": math.log1p(len(found.unfamiliar)),
        "negated": math.log1p(found.negated),
    }


def denies(text: str) -> bool:
    """Whether a text holds a word of denial."""
    return bool(_NEGATION.search(text))


def values(text: str) -> set[float]:
    """Every number of a text as a value, in each way its signs may be read; small ones also where they are spelled."""
    found = {value for number in NUMBER.findall(text) for value in _readings(number)}
    return found | {_SPELLED[word] for word in re.findall(r"\w+", text.lower()) if word in _SPELLED}


def _readings(number: str) -> set[float]:
    """Both, where a sign may group digits or begin a fraction.

    >>> sorted(_readings("1.000")), sorted(_readings("1,000.5")), sorted(_readings("3,5"))
    ([1.0, 1000.0], [1000.5], [3.5])
    """
    plain = re.sub(r"\s", "", number)
    *whole, last = re.split(r"[.,]", plain)
    if not whole:
        return {float(last)}
    readings = {float(f"{''.join(whole)}.{last}")}
    separators = set(re.findall(r"[.,]", plain))
    if len(last) == 3 and len(separators) == 1:
        grouped = float("".join(whole) + last)
        readings = {grouped} if len(whole) > 1 else readings | {grouped}
    return readings


def familiar(word: str, quotes: Sequence[str]) -> bool:
    """Whether the quotes hold a word, in whatever form."""
    return _familiar(word, frozenset().union(*map(_held, quotes)))


@lru_cache(maxsize=256)
def _held(text: str) -> frozenset[str]:
    told = words(text)
    bones = (f"~{skeleton(word)}" for word in told if len(skeleton(word)) >= _SHORTEST_SKELETON)
    return frozenset([*grams(text), *signs(text), *bones, *(f"={_romanised(word)}" for word in told)])


def _romanised(word: str) -> str:
    """A folded name as it is spelled where it comes from, not as its Cyrillic letters are turned into Latin ones.

    >>> _romanised("khartvell") == _romanised("hartwell"), _romanised("oliviya") == _romanised("olivia")
    (True, True)
    """
    for written, spelled in (("kh", "h"), ("w", "v"), ("iy", "i"), ("yo", "o"), ("y", "i"), ("ll", "l")):
        word = word.replace(written, spelled)
    return word


def _familiar(word: str, held: Set[str]) -> bool:
    return any(len(form & held) > _HALF * len(form) for form in _ways(word))


@lru_cache(maxsize=1 << 12)
def _ways(word: str) -> tuple[frozenset[str], ...]:
    """The word's own 4-grams; of a name its consonants too, which survive from one script to another."""
    own = frozenset(signs(word) or grams(word))
    if not word[:1].isupper():
        return (own,)
    folded = "".join(words(word))
    spelled = frozenset({f"={_romanised(folded)}"})
    bones = skeleton(folded)
    return (own, spelled, frozenset({f"~{bones}"})) if len(bones) >= _SHORTEST_SKELETON else (own, spelled)


def _content(text: str, language: str) -> list[str]:
    return signs(text) or content_words(text, language)


def _names(statement: str, language: str) -> list[str]:
    """As they are written. German writes every noun so: there, a name is two in a row, or a country's."""
    if language == "de":
        rows = (content_words(match.group(), language) for match in _TWO_CAPITALS.finditer(statement))
        named = {word for row in rows if len(row) > 1 for word in row}
        return [
            word
            for word in re.findall(r"[\w’'-]+", statement)
            if word[0].isupper() and (named & set(words(word)) or _is_country(word, language))
        ]
    folded = set(names(statement))
    return [
        word
        for word in dict.fromkeys(re.findall(r"[\w’'-]+", statement))
        if folded & set(words(word)) and word[0].isupper()
    ]


def _is_country(word: str, language: str) -> bool:
    return nationality(word, language) is None and bool(countries(word, language))


def _flat(text: str) -> str:
    return _WHITE.sub(" ", text).strip(" .!?…\"'“”«»„").casefold()


# Fitted by ``benchmarks/support.py --fit``, but for "negated": few of those texts deny anything.
WEIGHTS = {"bias": -0.79, "missing": -0.27, "pairs": 3.29, "unfamiliar": -0.52, "negated": -0.5}
