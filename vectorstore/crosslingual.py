"""What a question's words are called in other languages, as far as small dictionaries know.

Three sources: `lexicon.txt` (everyday words, written for this project), the Unicode locale data that comes with Babel
(countries, languages, currencies, months, days, units), and the link from a language to its country, because
"the German army" is often « l'armée de l'Allemagne ».
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from importlib.resources import files
from typing import Any, TypeVar
from unicodedata import normalize

from vectorstore.ngrams import arabic_words, signs, unfolded_words, words, words_of_each

Found = TypeVar("Found")

LONGEST_WORD = 64  # letters; longer ones are no words, and taking them apart would take long
LONGEST_NAME = 5  # words; longer names in the locale data are official titles that nobody asks about
_PREFIX = 4  # letters that an inflected form shares with the dictionary's at least
_ENDING = 3  # letters that may follow what they share, in the question's form; one less in the dictionary's
_PREFIXES = {"hi": 3}  # a vowel sign is a letter of its own there
_ENDINGS = {"hi": 2, "ro": 4}  # Romanian writes its article at the end, and declines it: "războiului"
UNINFLECTED = frozenset({"vi"})
"""Languages whose words have one form, of syllables that are set apart."""
_ARABIC_SPOKEN = re.compile(r"[\w\u064b-\u065f\u0670]+")  # a word with its vowel signs
_LINKS = {"de": ("", "s", "n", "e", "en", "es"), "nl": ("", "s", "n", "e", "en")}
"""Languages that write several words as one, and what may stand between two parts."""
_THAI_LEADING = frozenset("เแโใไ")
_THAI_FOLLOWING = frozenset(map(chr, (*range(0xE30, 0xE3B), 0xE45, *range(0xE47, 0xE4F))))
_SYLLABLES = 2  # of a Korean part at least: single ones are particles more often than words
_KOREAN = re.compile("[\uac00-\ud7a3]+|[^\\W_\uac00-\ud7a3]+")  # a year and what counts it are written as one
_ROMANIAN_ARTICLES = ("ului", "ilor", "elor", "lor", "ul", "le")  # written onto the word, the longest first
_ARABIC_PROCLITICS = "وفبكل"  # and, so, with, like, for: written onto the word


def translations(query: str, language: str, target: str) -> list[str]:
    """The names, in ``target``, of what ``query`` speaks of in ``language``; sorted, each once.

    >>> translations("Why did Russia condemn the strike?", "en", "fr")
    ['Russie', 'condamner', 'frappe']
    """
    return sorted({name for names in names_of_each(query, language, target) for name in names})


def names_of_each(query: str, language: str, target: str) -> list[tuple[str, ...]]:
    """The same by the thing spoken of: its names, sorted; the first place a thing is named at decides its place.

    >>> names_of_each("Why did Russia condemn the strike?", "en", "fr")
    [('Russie',), ('condamner',), ('frappe',)]
    """
    each = (
        tuple(sorted({name for concept in thing for name in names(concept, target)}))
        for thing in _found(query, language)
    )
    return list(dict.fromkeys(names for names in each if names))


def content_words(text: str, language: str) -> list[str]:
    """The folded words of a text without those that only build the sentence; all of them where these are not known.

    >>> content_words("Why did Russia condemn the strike?", "en")
    ['russia', 'condemn', 'strike']
    """
    if language in _TOLD_BY_LETTERS:
        return [folded for word in _spoken(text, language) for folded in words(word)]
    return _spoken(text, language)


def spoken_words(text: str, language: str) -> list[str]:
    """The same words as `translations` takes them one by one: folded, or as they are written where that tells more.

    In Vietnamese, which sets every syllable apart, those that are one word in the dictionary are one here.

    >>> spoken_words("Why did Russia condemn it?", "en"), spoken_words("Quân đội ở đâu?", "vi")
    (['russia', 'condemn'], ['quân đội'])
    """
    if language not in UNINFLECTED:
        return _spoken(text, language)
    empty = function_words().get(language, frozenset())
    return [word for word in _joined(spelled(text, language), dictionary_of(language)) if word not in empty]


def _spoken(text: str, language: str) -> list[str]:
    empty = function_words().get(language, frozenset())
    if language == "ar":
        return [word for word in _ARABIC_SPOKEN.findall(text) if not empty.issuperset(arabic_words(word))]
    told = spelled(text, language) if language in _TOLD_BY_LETTERS else words(text)
    return [word for word in told if word not in empty]


def _joined(syllables: Sequence[str], dictionary: Dictionary) -> Iterator[str]:
    """Neighbours that the dictionary has as one phrase are one, the longest first."""
    at = 0
    while at < len(syllables):
        length = next(
            (long for long in range(LONGEST_NAME, 1, -1) if tuple(syllables[at : at + long]) in dictionary.phrases), 1
        )
        yield " ".join(syllables[at : at + length])
        at += length


@cache
def function_words() -> Mapping[str, frozenset[str]]:
    """By language the words that only build the sentence, as `spelled` has them."""
    lines = read_lines("function_words.txt")
    return {code: frozenset(spelled(rest, code)) for code, _, rest in (line.partition(" ") for line in lines)}


def spelled(text: str, language: str) -> list[str]:
    """A text's words as they are looked up: folded, but by their letters where folding makes several words one.

    Folded, Arabic has no vowels and no ayin left: "science" and "did not" would be one word. Hindi loses most vowels,
    Vietnamese the tones. And where a Korean word ends and its particles begin is told by its syllables.
    """
    return _BY_LETTERS.get(language, words)(text)


def _korean_words(text: str) -> list[str]:
    return _KOREAN.findall(normalize("NFC", text.lower()))


def _vietnamese_words(text: str) -> list[str]:
    """Without capitals but those of countries of one word: without, some mean something else: Đức, đức."""
    written = unfolded_words(text, lower=False)
    # In this order: most words have no capital, and locale data are read by those alone that do.
    return [word if word[0].isupper() and word in _countries_of_one_word() else word.lower() for word in written]


@cache
def _countries_of_one_word() -> frozenset[str]:
    return frozenset(name for name in _locale("vi").get("place", {}).values() if " " not in name)


_BY_LETTERS = {"ar": arabic_words, "hi": unfolded_words, "ko": _korean_words, "vi": _vietnamese_words}
_TOLD_BY_LETTERS = {"ar", "hi", "vi"}  # of them those whose function words are told by letters as well


def read_lines(name: str) -> list[str]:
    """A data file's lines without comments and empty ones."""
    text = files("vectorstore").joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@dataclass(frozen=True, slots=True)
class Dictionary:
    """One language's names, ready to be looked up: folded words, or signs where words are not set apart."""

    phrases: Mapping[tuple[str, ...], frozenset[str]]
    by_prefix: Mapping[str, Sequence[str]]
    unspaced: Mapping[str, frozenset[str]]


@cache
def _lexicon() -> tuple[Mapping[str, int], Sequence[str]]:
    """Language to its place in a line, and the concepts, a line each; semicolons stand between the languages' names.

    Lines are taken apart one by one, as they are asked for: a question needs few of thousands.
    """
    header, *lines = read_lines("lexicon.txt")
    return {language: place for place, language in enumerate(header.split(";"))}, lines


_KINDS = {
    "place": ("territories",),
    "language": ("languages",),
    "currency": ("currency_names",),
    "month": ("months", "format", "wide"),
    "day": ("days", "format", "wide"),
    "unit": ("unit_display_names",),
}
"""What the Unicode locale data name, and where they do."""


@cache
def _locale(language: str) -> Mapping[str, Mapping[Any, Any]]:
    """Kind to code to name. Empty for a language that the locale data do not have."""
    from babel import localedata  # only libraries in several languages need it

    if not localedata.exists(language):
        return {}
    data: Any = localedata.load(language, merge_inherited=False)  # what it inherits is no name: codes and formats
    return {kind: reduce(lambda inner, key: inner.get(key, {}), path, data) for kind, path in _KINDS.items()}


def _name(kind: str, code: Any, named: Mapping[Any, Any]) -> str:
    """ "" where the entry refers to another one, and for languages few have heard of: their names are common words."""
    if kind == "language" and len(code) != 2:
        return ""
    name = named.get(code)
    name = name.get("long") if kind == "unit" and name else name
    return name if isinstance(name, str) else ""


def names(concept: str, language: str) -> Sequence[str]:
    """What a concept is called in a language, the most usual name first."""
    kind, _, code = concept.partition(" ")
    if kind == "word":
        known, lines = _lexicon()
        cell = lines[int(code)].split(";")[known[language]] if language in known else ""
        return cell.split(",") if cell else ()
    name = _name(kind, int(code) if kind in ("month", "day") else code, _locale(language).get(kind, {}))
    return (name,) if name else ()


def _all_names(language: str) -> Iterator[tuple[str, str]]:
    """Every concept that has a name, and the name; some have several."""
    known, lines = _lexicon()
    if (place := known.get(language)) is not None:
        for number, line in enumerate(lines):
            yield from ((f"word {number}", name) for name in line.split(";", place + 1)[place].split(","))
    for kind, named in _locale(language).items():
        yield from ((f"{kind} {code}", name) for code in named if (name := _name(kind, code, named)))


@cache
def dictionary_of(language: str) -> Dictionary:
    phrases: dict[tuple[str, ...], frozenset[str]] = {}
    unspaced: dict[str, frozenset[str]] = {}
    by_prefix: dict[str, list[str]] = {}
    named, prefix = list(_all_names(language)), _PREFIXES.get(language, _PREFIX)
    empty = {(word,) for word in function_words().get(language, ())}
    for (concept, name), key in zip(named, _keys([name for _, name in named], language), strict=True):
        if not name.isascii() and signs(name):
            unspaced[name] = unspaced.get(name, frozenset()) | {concept}
        elif key in phrases:
            phrases[key] |= {concept}
        elif 0 < len(key) <= LONGEST_NAME and not (concept.startswith("word") and key in empty):
            phrases[key] = frozenset((concept,))
            if len(key) == 1 and len(key[0]) >= prefix:
                by_prefix.setdefault(key[0][:prefix], []).append(key[0])
    return Dictionary(phrases, by_prefix, unspaced)


def _keys(names: Sequence[str], language: str) -> Sequence[tuple[str, ...]]:
    cut = _BY_LETTERS.get(language)
    return [tuple(cut(name)) for name in names] if cut else words_of_each(names)


@lru_cache(maxsize=64)
def _found(query: str, language: str) -> tuple[frozenset[str], ...]:
    """What a query names, place by place: the concepts of the longest phrase, or an inflected form of one word."""
    dictionary, empty = dictionary_of(language), function_words().get(language, frozenset())
    things = _in_running_signs(query, dictionary.unspaced)
    tokens, at = spelled(query, language), 0
    while at < len(tokens):
        for length in range(min(LONGEST_NAME, len(tokens) - at), 0, -1):
            if named := dictionary.phrases.get(tuple(tokens[at : at + length])):
                things.append(named)
                break
        else:
            length = 1
            if tokens[at] not in empty:  # "should" is no form of "shoulder"
                things += concepts_of_form(tokens[at], language)
        at += length
    return tuple(frozenset(thing | _countries_of(thing)) for thing in things)


@lru_cache(maxsize=1 << 16)  # all forms of a language that a library's texts have, when they are put in English
def concepts_of_form(word: str, language: str) -> tuple[frozenset[str], ...]:
    """What a word names that is no dictionary form itself: as an inflected form, or part by part as a compound."""
    if len(word) > LONGEST_WORD or language in UNINFLECTED:
        return ()
    dictionary = dictionary_of(language)
    if language == "ko":
        return tuple(_korean_parts(word, dictionary))
    if named := _inflected(word, language, dictionary):
        return (named,)
    return tuple(_parts(word, language, dictionary)) if language in _LINKS else ()


def _in_running_signs(query: str, names: Mapping[str, frozenset[str]]) -> list[frozenset[str]]:
    if not signs(query) or not names:
        return []
    return list(longest_names(query, names.get, max(map(len, names))))


def longest_names(text: str, look_up: Callable[[str], Found | None], longest: int) -> Iterator[Found]:
    """What is found in a text whose words are not set apart: at each place the longest name of up to ``longest`` signs.

    >>> list(longest_names("東京都に", {"東京": "Tokyo", "東京都": "Tokyo Metropolis"}.get, 3))
    ['Tokyo Metropolis']
    """
    at = 0
    while at < len(text):
        for length in range(min(longest, len(text) - at), 0, -1):
            if (found := look_up(text[at : at + length])) and _parted(text, at) and _parted(text, at + length):
                yield found
                break
        else:
            length = 1
        at += length


def _parted(text: str, at: int) -> bool:
    """Whether a word may end here: not before a Thai vowel or tone sign, nor after a leading vowel.

    >>> [_parted("ไปมา", at) for at in range(5)]
    [True, False, True, False, True]
    """
    return text[at : at + 1] not in _THAI_FOLLOWING and text[max(0, at - 1) : at] not in _THAI_LEADING


def _inflected(word: str, language: str, dictionary: Dictionary) -> frozenset[str]:
    """The concepts of the dictionary's words nearest to ``word`` that differ from it in the ending alone."""
    if language == "ar":
        rest = word[1:]
        if word[:1] in _ARABIC_PROCLITICS and len(rest) > 1 and (named := dictionary.phrases.get((rest,))):
            return named
    if language == "ro":
        bare = (word.removesuffix(article) for article in _ROMANIAN_ARTICLES if word.endswith(article))
        if named := next((named for part in bare if (named := dictionary.phrases.get((part,)))), None):
            return named
    if word.endswith("ies") and (named := dictionary.phrases.get((f"{word[:-3]}y",))):
        return named
    prefix, ending = _PREFIXES.get(language, _PREFIX), _ENDINGS.get(language, _ENDING)
    shared = {known: _shared(word, known) for known in dictionary.by_prefix.get(word[:prefix], ())}
    near = {
        known: length
        for known, length in shared.items()
        if length >= len(word) - ending and length > len(known) - min(ending, _ENDING)
    }
    nearest = max(near.values(), default=0)
    return frozenset().union(*(dictionary.phrases[(known,)] for known, length in near.items() if length == nearest))


def _parts(word: str, language: str, dictionary: Dictionary) -> list[frozenset[str]]:
    """What the two parts of a compound name, where both are known; the longer the first part the better."""
    for at in range(len(word) - _PREFIX, _PREFIX - 1, -1):
        last = dictionary.phrases.get((word[at:],)) or _inflected(word[at:], language, dictionary)
        bare = (word[:at].removesuffix(link) for link in _LINKS[language])
        first = next((named for part in bare if (named := dictionary.phrases.get((part,)))), None)
        if first and last:
            return [first, last]
    return []


def _korean_parts(word: str, dictionary: Dictionary) -> Iterator[frozenset[str]]:
    """What a Korean word is put together from, the longest known part first; what follows the last one is grammar.

    Nouns carry particles, verbs made of a noun and "do" (하다) any of its forms: 비난했다 is found as 비난하다.
    """
    at = 0
    while at + _SYLLABLES <= len(word):
        for end in range(len(word), at + _SYLLABLES - 1, -1):
            part = word[at:end]
            if named := dictionary.phrases.get((part,)) or dictionary.phrases.get((f"{part}하다",)):
                yield named
                break
        else:
            return
        at = end


def _shared(first: str, second: str) -> int:
    """The length of the common beginning."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        length += 1
    return length


def _countries_of(concepts: Collection[str]) -> set[str]:
    """The country each language is at home in, by the locale data's likeliest guess: German, Germany."""
    from babel.core import get_global

    likely = get_global("likely_subtags")
    tags = (likely.get(concept.removeprefix("language ")) for concept in concepts if concept.startswith("language "))
    return {f"place {tag.rsplit('_', 1)[-1]}" for tag in tags if tag}
