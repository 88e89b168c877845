"""How likely the library holds the answer: a logistic regression over what retrieval and choosing have seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.choosing import FEATURES as CHOOSING
from assistant.choosing import Asked, Sentence
from vectorstore.ngrams import grams
from vectorstore.types import Retrieval

THRESHOLD = 0.5


def evidence(
    asked: Asked,
    retrieval: Retrieval,
    held: Sequence[Sentence],
    table: NDArray[np.float64],
    best: int,
) -> dict[str, float]:
    """The features by name, all of them numbers that do not depend on the size of the library.

    ``table`` is that of `assistant.choosing.features`; ``best`` is the row of the sentence that would be quoted first.
    """
    row = dict(zip(CHOOSING, table[best], strict=True))
    sentence = held[best]
    around = _around(held, best)
    passages = [frozenset(grams(hit.chunk.indexed_text(hit.document.title))) for hit in retrieval.hits]
    everything = frozenset().union(*passages)
    passage = frozenset(grams(sentence.hit.chunk.indexed_text(sentence.hit.document.title)))
    weights = _word_weights(asked)
    cosines = [hit.legs["dense"].score for hit in retrieval.hits if "dense" in hit.legs]
    same = sentence.hit.document.language == asked.language
    known = asked.language == "en" and same
    return {
        "coverage_best": row["coverage"],
        "coverage_around": asked.coverage(around),
        "coverage_passage": asked.coverage(passage),
        "coverage_all": asked.coverage(everything),
        "words_best": row["words"],
        "missing_around": _missing(weights, around),
        "missing_passage": _missing(weights, passage),
        "missing_all": _missing(weights, everything),
        "names_missing_around": _names_missing(asked, around),
        "names_missing_passage": _names_missing(asked, passage),
        "names_missing_all": _names_missing(asked, everything),
        "numbers_missing_around": _numbers_missing(asked, around),
        "numbers_missing_all": _numbers_missing(asked, everything),
        "misfit": float(asked.kind == "when" and not row["when_time"])
        + float(asked.kind == "number" and not row["number_digits"] + row["number_words"]),
        "unnamed": float(asked.kind == "who" and not row["who_name"]),
        "words": math.log1p(len(asked.words)),
        "foreign": float(not same),
        "foreign_coverage": float(not same) * asked.coverage(passage),
        "passage_cosine": max(cosines, default=0.0) * known,
        "cosine": row["cosine"],
        "known": float(known),
    }


def confidence(found: Mapping[str, float]) -> float:
    """The likelihood, 0 to 1."""
    weights = FOREIGN if found["foreign"] else SAME
    logit = sum(weight * found.get(name, 1.0) for name, weight in weights.items())
    return 1 / (1 + math.exp(-logit))


def _around(held: Sequence[Sentence], best: int) -> frozenset[str]:
    rank = held[best].rank
    near = [held[i].grams for i in (best - 1, best, best + 1) if 0 <= i < len(held) and held[i].rank == rank]
    return frozenset().union(*near)


def _word_weights(asked: Asked) -> dict[str, tuple[float, frozenset[str]]]:
    out = {}
    for word in set(asked.words):
        cut = frozenset(grams(word))
        weight = max((asked.weights.get(gram, 0.0) for gram in cut), default=0.0)
        if weight:
            out[word] = (weight, cut)
    return out


def _missing(weights: Mapping[str, tuple[float, frozenset[str]]], held: frozenset[str]) -> float:
    """How much the heaviest word weighs of which less than half is held, as a share of the heaviest of all."""
    top = max((weight for weight, _ in weights.values()), default=1.0)
    lost = (weight for weight, cut in weights.values() if len(cut & held) < len(cut) / 2)
    return max(lost, default=0.0) / top


def _names_missing(asked: Asked, held: frozenset[str]) -> float:
    lost = [name for name in asked.names if not any(gram in held for gram in grams(name)[:2])]
    return len(lost) / len(asked.names) if asked.names else 0.0


def _numbers_missing(asked: Asked, held: frozenset[str]) -> float:
    lost = [number for number in asked.numbers if not set(grams(number)) <= held]
    return len(lost) / len(asked.numbers) if asked.numbers else 0.0


# Fitted by ``benchmarks/answering.py --fit``: one model for passages in the question's language and one for the others,
# each shifted so that the threshold refuses 4.5 % of the answerable questions. "bias" stands for 1.
SAME = {
    "bias": -1.31,
    "coverage_best": 2.76,
    "coverage_around": 1.41,
    "coverage_passage": 1.11,
    "words_best": -1.68,
    "names_missing_around": -0.73,
    "names_missing_passage": -0.95,
    "numbers_missing_around": -0.48,
    "misfit": -1.13,
}
FOREIGN = {
    "bias": -1.43,
    "coverage_around": 5.86,
    "coverage_passage": 2.48,
    "coverage_all": -4.40,
    "names_missing_around": -1.00,
    "words": 1.08,
}
