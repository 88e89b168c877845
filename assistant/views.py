"""A sentence as one question sees it: what it holds of the question, and what it says beside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from assistant.alignment import sentence_tokens
from assistant.asked import Asked
from assistant.signals import Sentence
from assistant.values import Token
from vectorstore.ngrams import pieces, words

COVERED = 0.6  # of the question, what a sentence must hold to answer it in words of its own
_LEAST = re.compile(
    r"(?<!\w)(?:at least|minimum|no less than|au moins|mindestens|al menos|almeno|pelo menos|не менее|минимум)(?!\w)|"
    r"至少|不少于|以上",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"(?<!\w)(?:at most|maximum|no more than|up to|au plus|jusqu.à|höchstens|maximal|bis zu|como máximo|hasta|"
    r"al massimo|no máximo|не более|максимум|до)(?!\w)|至多|最多|不超过|以下",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class View:
    """Each thing is looked up once, however many other sentences this one is compared with."""

    asked: Asked
    sentence: Sentence

    @cached_property
    def bounds(self) -> tuple[bool, bool]:
        """Whether it sets a lower and an upper bound: a minimum and a maximum do not disagree."""
        return bool(_LEAST.search(self.sentence.text)), bool(_MOST.search(self.sentence.text))

    @cached_property
    def nameless(self) -> bool:
        """Whether it lacks a name of the question."""
        return bool(self.asked.names_missing(self.sentence.terms, self.sentence.language))

    @cached_property
    def answers(self) -> bool:
        """Whether it holds most of the question, and all of its names and numbers."""
        asked, sentence = self.asked, self.sentence
        return (
            asked.coverage(sentence.terms, sentence.language) >= COVERED
            and not self.nameless
            and not asked.numbers_missing(sentence.terms)
        )

    @cached_property
    def fresh(self) -> tuple[Token, ...]:
        """Its tokens that are not the question's."""
        return tuple(self._fresh())

    def _fresh(self) -> Iterator[Token]:
        asked, language = self.asked, self.sentence.language
        abroad = [] if language == asked.language else asked.concepts(language)
        forms = [form for concept in abroad for form in concept.forms if form]
        for token in sentence_tokens(self.sentence.text, language):
            if token.kind == "small":
                continue
            if language == asked.language:
                if not asks(asked, token):
                    yield token
            else:
                cut = set(pieces(token.key))
                if not any(len(form & cut) > len(form) / 2 for form in forms):
                    yield token

    @cached_property
    def headed(self) -> frozenset[str]:
        """The words of its document's title and of the headings it stands under."""
        hit = self.sentence.hit
        return frozenset(word for text in (hit.document.title, *hit.chunk.heading) for word in words(text))


def asks(asked: Asked, token: Token) -> bool:
    """Whether the question holds the token, in this form or another."""
    cut = set(pieces(token.key))
    return bool(cut) and len(cut & _grams(asked.text)) > len(cut) / 2


@lru_cache(maxsize=8)
def _grams(text: str) -> frozenset[str]:
    return frozenset(gram for word in words(text) for gram in pieces(word))
