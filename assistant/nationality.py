"""Words made from the names of countries: American, russe, deutsche, испанский. Which country, in any language.

An answer often says "the American government" where its source says "the government", or "the government of the
United States". Neither is a name that was made up; "the Russian government" for it would be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache

from vectorstore.ngrams import fold, words, words_of_each

_SHARED = 4  # letters, at least, that such a word has in common with the country's name
_ENDING = 4  # letters that may follow them
# What is called otherwise than its country, folded, by its beginning.
_OTHERWISE = {
    "american": "US", "amerikan": "US", "estadounidense": "US", "etatsunien": "US", "statunitens": "US",
    "british": "GB", "britisch": "GB", "britannique": "GB", "britanic": "GB", "britansk": "GB", "english": "GB",
    "englisch": "GB", "anglais": "GB", "ingles": "GB", "angliysk": "GB", "dutch": "NL", "french": "FR",
    "franzosisch": "FR", "francais": "FR", "german": "DE", "allemand": "DE", "aleman": "DE", "tedesc": "DE",
    "nemets": "DE", "spanish": "ES", "spanisch": "ES", "espagnol": "ES", "espanol": "ES", "swiss": "CH",
    "schweizer": "CH", "swedish": "SE", "danish": "DK", "finnish": "FI", "polish": "PL", "polnisch": "PL",
    "turkish": "TR", "turkisch": "TR", "greek": "GR", "griechisch": "GR", "grec": "GR", "grieg": "GR",
    "welsh": "GB", "scottish": "GB", "irish": "IE", "czech": "CZ", "tschechisch": "CZ", "chinois": "CN",
    "russisch": "RU", "russe": "RU", "russk": "RU", "americain": "US",
}  # fmt: skip


def countries(text: str, language: str) -> frozenset[str]:
    """The codes of the countries a text speaks of, by name or by a word made from it.

    >>> sorted(countries("Die russische Regierung und Spanien", "de"))
    ['ES', 'RU']
    """
    return frozenset(_countries(text, language))


def _countries(text: str, language: str) -> Iterator[str]:
    told = words(text)
    named = _named(language)
    for length in (1, 2, 3):
        for at in range(len(told) - length + 1):
            if code := named.get(tuple(told[at : at + length])):
                yield code
    for word in told:
        if code := nationality(word, language):
            yield code


@lru_cache(maxsize=1 << 12)
def nationality(word: str, language: str) -> str | None:
    """The code of the country that a word is made from; None for the country's own name and for other words.

    >>> nationality("Russians", "en"), nationality("American", "en"), nationality("Russia", "en")
    ('RU', 'US', None)
    """
    folded = fold(word)
    named = _named(language)
    if (folded,) in named:
        return None
    for beginning, code in _OTHERWISE.items():
        if folded.startswith(beginning) and len(folded) - len(beginning) <= _ENDING:
            return code
    least = max(_SHARED, len(folded) - _ENDING)
    found = [
        (_shared(folded, name), code)
        for name, code in _single(language).get(folded[:_SHARED], ())
        if _shared(folded, name) >= max(least, len(name) - _ENDING)
    ]
    return max(found)[1] if found and len(folded) > _SHARED else None


def _shared(one: str, other: str) -> int:
    """How many letters two words have in common at their beginning."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


@cache
def _single(language: str) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The countries whose name is one word, by its beginning."""
    out: dict[str, list[tuple[str, str]]] = {}
    for name, code in _named(language).items():
        if len(name) == 1 and len(name[0]) >= _SHARED:
            out.setdefault(name[0][:_SHARED], []).append((name[0], code))
    return out


@cache
def _named(language: str) -> Mapping[tuple[str, ...], str]:
    """The countries by the folded words of their names; empty for a language without locale data."""
    from babel import Locale, UnknownLocaleError  # 30 ms, and only checking generated answers needs it

    try:
        territories = {str(code): str(name) for code, name in Locale.parse(language).territories.items()}
    except (UnknownLocaleError, ValueError, TypeError):
        return {}
    codes = [code for code in territories if code.isalpha()]
    spelled = words_of_each([territories[code].replace("\n", " ") for code in codes])
    return {name: code for name, code in zip(spelled, codes, strict=True) if name}
