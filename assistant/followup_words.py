"""Small words of the larger languages, as far as follow-up questions turn on them: `followup_words.toml`, read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class SmallWords:
    """One language's; what the fields mean is said in the file. Phrases come longest first."""

    back: frozenset[str] = frozenset()
    persons: frozenset[str] = frozenset()
    demonstrative: frozenset[str] = frozenset()
    rest: frozenset[str] = frozenset()
    joins: frozenset[str] = frozenset()
    openers: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    corrects: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    function: frozenset[str] = frozenset()
    idle: Mapping[str, Sequence[re.Pattern[str]]] = field(default_factory=dict)

    def points(self, tokens: Sequence[str], index: int) -> bool:
        """Whether the word of ``back`` at ``tokens[index]`` points at something, there where it stands.

        >>> small_words("en").points("is it possible to pay later".split(), 1)
        False
        """
        around = f"{' '.join(tokens[max(index - 1, 0) : index])} | {' '.join(tokens[index + 1 :])}".strip()
        return not any(pattern.search(around) for pattern in self.idle.get(tokens[index], ()))


@cache
def small_words(language: str) -> SmallWords:
    """The table of a language (ISO 639-1); the empty one for a language without."""
    table = _tables().get(language)
    if table is None:
        return SmallWords()
    persons, demonstrative, rest = (_words(table, name) for name in ("persons", "demonstrative", "rest"))
    back, joins = _words(table, "back") | persons | demonstrative, _words(table, "joins")
    openers = _phrases(table, "openers")
    return SmallWords(
        back=back,
        persons=persons,
        demonstrative=demonstrative,
        rest=rest,
        joins=joins,
        openers=openers,
        defines=_phrases(table, "defines"),
        corrects=_phrases(table, "corrects"),
        turns=_phrases(table, "turns"),
        function=_words(table, "function") | back | rest | joins | {opener for opener in openers if " " not in opener},
        idle={word: [re.compile(pattern) for pattern in patterns] for word, patterns in table.get("idle", {}).items()},
    )


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "followup_words.toml").read_text(encoding="utf-8"))


def _words(table: Mapping[str, str], name: str) -> frozenset[str]:
    return frozenset(table.get(name, "").split())


def _phrases(table: Mapping[str, str], name: str) -> tuple[str, ...]:
    phrases = (" ".join(phrase.split()) for phrase in table.get(name, "").split("|"))
    return tuple(sorted(filter(None, phrases), key=len, reverse=True))
