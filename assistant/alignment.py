"""Two sentences laid side by side: what they share, and the stretches in which they differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from assistant.signals import Sentence
from assistant.values import Token, tokens

ALIKE = 0.6  # of the shorter sentence's tokens: the two are versions of one sentence
AS_LONG = 0.5  # of the longer one's
FEWEST = 4  # tokens in common; of scripts without blanks, twice as many
_DATELINE = re.compile(r"^.{0,24}?(?:\.\.\.|…)\s")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences that share most of their tokens, and the stretches that were exchanged, left and right."""

    left: Sentence
    right: Sentence
    exchanged: tuple[tuple[tuple[Token, ...], tuple[Token, ...]], ...]
    """One of the two is empty where something was added."""
    alike: float
    """The share of the longer one's tokens that stand in the other in the same order, 0 to 1."""

    @classmethod
    def aligned(cls, left: Sentence, right: Sentence) -> Pair | None:
        ours, theirs = sentence_tokens(left.text, left.language), sentence_tokens(right.text, right.language)
        shorter, longer = sorted((len(ours), len(theirs)))
        if not shorter:  # a row of asterisks says nothing, and so it says nothing else than another one
            return None
        keys, other_keys = [token.key for token in ours], [token.key for token in theirs]
        if len(set(keys) & set(other_keys)) < min(FEWEST, shorter - 1):
            return None
        matcher = SequenceMatcher(None, keys, other_keys, autojunk=False)
        common = sum(block.size for block in matcher.get_matching_blocks())
        fewest = FEWEST * (2 if any(token.kind == "sign" for token in ours) else 1)
        if common < max(ALIKE * shorter, min(fewest, shorter - 1), AS_LONG * longer):
            return None
        stretches = [(trimmed(ours[i1:i2]), trimmed(theirs[j1:j2])) for i1, i2, j1, j2 in _stretches(matcher, ours)]
        return cls(left, right, tuple(one for one in stretches if any(one)), common / longer)


def _stretches(matcher: SequenceMatcher[str], ours: Sequence[Token]) -> Iterator[tuple[int, int, int, int]]:
    """What differs, stretches with one sign or small word between them joined: names have such in common."""
    open_: tuple[int, int, int, int] | None = None
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            if open_ and i2 - i1 == 1 and ours[i1].kind in ("sign", "small"):
                continue
            if open_:
                yield open_
            open_ = None
        else:
            open_ = (open_[0], i2, open_[2], j2) if open_ else (i1, i2, j1, j2)
    if open_:
        yield open_


def trimmed(stretch: Sequence[Token]) -> tuple[Token, ...]:
    """Without small words at its ends."""
    places = [i for i, token in enumerate(stretch) if token.kind != "small"]
    return tuple(stretch[places[0] : places[-1] + 1]) if places else ()


@lru_cache(maxsize=512)
def sentence_tokens(text: str, language: str) -> tuple[Token, ...]:
    """Those of the sentence itself: a date in front of an ellipsis is the snippet's, not the statement's."""
    line = _DATELINE.match(text)
    return tuple(token for token in tokens(text, language) if not line or token.start >= line.end())
