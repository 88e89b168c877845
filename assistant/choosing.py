"""Which sentences answer the question: the likeliest ones, without repetition, with what they need to be understood."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.signals import FEATURES, Sentence
from vectorstore.lines import is_item, is_row


def probabilities(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely each sentence is the one that answers, given that one does; they sum to 1."""
    scores = table @ np.array([WEIGHTS[name] for name in FEATURES])
    shares = np.exp(scores - scores.max())
    return np.asarray(shares / shares.sum(), dtype=np.float64)


ENOUGH = 0.985  # further sentences are quoted until one of them is the answer with this probability
UNLIKELY = 0.03  # of the likeliest sentence's probability: less is not worth the reader's time
ANNOUNCED = 400  # code points quoted of a list or table behind the sentence that announces it
_COLON = re.compile(r"[:：]\W*$")
SAME = 0.8  # of the smaller sentence's words: two sentences that share more say the same


def choose(held: Sequence[Sentence], shares: NDArray[np.float64], most: int) -> list[list[Sentence]]:
    """The sentences to quote, in groups that stand together; the likeliest group first, each in reading order."""
    picked: list[int] = []
    sure = 0.0
    for i in map(int, np.argsort(-shares, kind="stable")):
        if len(picked) >= most or sure >= ENOUGH or shares[i] < UNLIKELY * shares.max():
            break
        sure += float(shares[i])
        if i in picked or any(_same(held[i], held[j]) for j in picked):
            continue
        before = _needed_before(held, i) if not picked and most > 1 else None
        picked += [i] if before is None else [i, before]
    groups: list[list[int]] = []
    for group in _grouped(held, picked):
        if not any(set(group) <= set(told) for told in groups):
            groups.append(_announced(held, group))
    return [[held[i] for i in group] for group in groups]


def _grouped(held: Sequence[Sentence], picked: Sequence[int]) -> list[list[int]]:
    """Neighbours join; groups keep the order of their likeliest member (``picked`` is in that order)."""
    groups: list[list[int]] = []
    place = {i: n for n, i in enumerate(picked)}
    for i in sorted(picked, key=lambda i: (held[i].hit.chunk.document_id, held[i].start)):
        if groups and _neighbours(held[groups[-1][-1]], held[i]):
            groups[-1].append(i)
        else:
            groups.append([i])
    return sorted(groups, key=lambda group: min(place[i] for i in group))


def _announced(held: Sequence[Sentence], group: Sequence[int]) -> list[int]:
    """The group and, where it ends in a colon, what that announces: the next sentence, or all items or rows."""
    told = list(group)
    while _COLON.search(held[group[-1]].text):
        after = next((j for j in range(len(held)) if j not in told and _neighbours(held[told[-1]], held[j])), None)
        if after is None or held[after].end - held[group[-1]].end > ANNOUNCED:
            break
        listed = is_item(held[after].text) or is_row(held[after].text)
        if not listed and len(told) > len(group):
            break
        told.append(after)
        if not listed:
            break
    return told


def _neighbours(left: Sentence, right: Sentence) -> bool:
    """Whether nothing but white space can stand between two sentences of one document."""
    same = left.hit.chunk.document_id == right.hit.chunk.document_id
    return same and 0 <= right.start - left.end <= _WHITE


_WHITE = 3  # code points between the sentences of one paragraph, or of two


def _same(left: Sentence, right: Sentence) -> bool:
    one, other = set(left.words), set(right.words)
    return len(one & other) >= SAME * min(len(one), len(other))


_LEANS = re.compile(
    r"(?:he|she|it|they|this|that|these|those|his|her|its|their|such|however|therefore|thus|but|and|also|moreover|"
    r"il|elle|ils|elles|ce|cet|cette|ces|celui-ci|celle-ci|ceux-ci|ces derniers|cela|ceci|néanmoins|cependant|"
    r"toutefois|mais|et|"
    r"er|sie|es|dies|diese|dieser|dieses|jedoch|aber|und|außerdem|daher|deshalb|"
    r"él|ella|ellos|ellas|esto|este|esta|estos|estas|ese|esa|sin embargo|pero|y|además|"
    r"он|она|оно|они|это|этот|эта|эти|однако|но|и)(?!\w)",
    re.IGNORECASE,
)


def leans(text: str) -> bool:
    """Whether a sentence opens with a word that points back to the one before."""
    return bool(_LEANS.match(text))


def _needed_before(held: Sequence[Sentence], i: int) -> int | None:
    """The sentence before, where this one opens with a word that points back to it and both were retrieved."""
    if not leans(held[i].text):
        return None
    return next((j for j in range(len(held)) if _neighbours(held[j], held[i])), None)


WEIGHTS = {
    "coverage": 3.1,
    "coverage_around": 3.44,
    "coverage_passage": 1.7,
    "coverage_local": 2.76,
    "words": -1.94,
    "pairs": 1.63,
    "score": 4.68,
    "grams_leg": -1.32,
    "words_leg": 0.65,
    "dense_leg": 4.44,
    "length": -0.37,
    "new": 0.39,
    "opens": 0.09,
    "short": -0.19,
    "question": -1.74,
    "when_year": 1.01,
    "when_time": 1.87,
    "number_digits": 1.74,
    "number_words": 1.08,
    "who_name": 0.89,
    "where_name": 0.51,
    "why_cause": 1.75,
    "definition_first": 0.71,
    "names_missing": -0.01,
    "numbers_missing": -1.38,
    "cosine": 6.36,
    "cosine_mean": 0.0,
}
"""Fitted by ``benchmarks/answering.py --fit``; docs/evaluation.md says on what."""
