"""Fits the constants of `assistant.choosing` and `assistant.confidence`: small linear models, by gradient descent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant import choosing, confidence
from assistant.asked import read_question
from assistant.signals import FEATURES, candidates, features
from assistant.types import Question
from benchmarks.cases import Case
from vectorstore.library import Library

Floats = NDArray[np.float64]

CAP = 250  # questions of one family that count in full: the packs are of very different sizes
_OWN = (
    "coverage_best",
    "coverage_around",
    "coverage_passage",
    "words_best",
    "names_missing_around",
    "names_missing_passage",
    "numbers_missing_around",
    "heaviest_missing",
    "misfit",
)
_GLOSSED = (
    "coverage_passage",
    "names_missing_passage",
    "names_missing_around",
    "numbers_missing_around",
    "cosine",
    "ahead",
)
_FOREIGN = ("known_held", "known_share", "ahead")
_BY_HAND = {"numbers_missing_passage": -1.0, "country_amiss": -1.5, "nothing_held": -3.0}


@dataclass(frozen=True, slots=True)
class Model:
    """One of the regressions of `assistant.confidence`: what it goes by, and what of it is set by hand."""

    name: str
    features: tuple[str, ...]
    given: Mapping[str, float]
    refused: float = 0.045
    """Of answerable questions, those among them that ``given`` speaks against; the promise is 5 %."""

    def concerns(self, evidence: Mapping[str, float]) -> bool:
        """Whether it is fitted on such a question."""
        if bool(evidence["foreign"]) != self.name.startswith("FOREIGN"):
            return False
        if self.name in ("OWN", "FOREIGN"):  # for whoever has no model, and so for everybody
            return True
        return bool(evidence["cosine_mean"]) and (
            self.name == "FOREIGN_EMBEDDED" or bool(evidence["glossed"]) == (self.name == "GLOSSED")
        )


MODELS = (
    Model("OWN", _OWN, {}),
    # Fewer: people ask a handbook in words of their own, the packs' questions were written beside the text.
    Model("EMBEDDED", (*_OWN, "cosine"), {}, refused=0.035),
    Model("GLOSSED", _GLOSSED, {}, refused=0.03),
    # Set by hand: the packs exchange names for others at random, people ask of the wrong country or year; and a passage
    # that holds nothing of a question may stand out among others all the same. What the
    # question names is left out: the packs' off-topic questions name less than others, people's do not.
    Model("FOREIGN", _FOREIGN, _BY_HAND, refused=0.05),
    # A cosine hardly sees which of two countries is meant.
    Model("FOREIGN_EMBEDDED", (*_FOREIGN, "cosine"), {**_BY_HAND, "country_amiss": -3.5}, refused=0.048),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A case, the features of its sentences, which of them answer, and what confidence goes by."""

    case: Case
    table: Floats
    right: NDArray[np.bool_]
    """Sentences that hold the answer, in a right document where there is one."""
    told: NDArray[np.bool_]
    """Sentences that hold the answer's words, in any document."""
    evidence: dict[str, float]


def observe(case: Case, library: Library) -> Seen | None:
    retrieval = library.search(case.question)
    held = candidates(retrieval)
    if not held:
        return None
    question = Question(case.question, case.question, retrieval.language)
    asked = read_question(question, retrieval, [sentence.terms for sentence in held])
    table = features(asked, held, library.embedding)
    told = np.array([case.answered_by(sentence.text) for sentence in held])
    right = told & np.array([sentence.hit.chunk.document_id in case.documents for sentence in held])
    found = confidence.evidence(asked, retrieval, held, table, choosing.probabilities(table))
    return Seen(case, table, right if right.any() else told, told, found)


def fit(seen: Iterable[Seen]) -> None:
    """Nothing is fitted on natural questions: they are judged by the constants there are, with ``--only natural``."""
    rows = [row for row in seen if not row.case.group.startswith("natural")]
    chosen = [row for row in rows if row.case.answerable]
    for half in (0, 1):
        report_choice([row for row in chosen if row.case.half != half], fit_choice(_half(chosen, half)))
    print("WEIGHTS =", dict(zip(FEATURES, fit_choice(chosen).round(2).tolist(), strict=True)))
    scores = np.zeros(len(rows))
    for model in MODELS:
        own = [row for row in rows if model.concerns(row.evidence)]
        halves = [fit_confidence([row for row in own if row.case.half != half], model) for half in (0, 1)]
        for i, row in enumerate(rows):
            if model.concerns(row.evidence):
                scores[i] = judge(row, halves[row.case.half])
        print(f"{model.name} =", fit_confidence(own, model))
    report_confidence(rows, scores)


def _half(rows: Sequence[Seen], half: int) -> list[Seen]:
    return [row for row in rows if row.case.half == half]


def _family(case: Case) -> str:
    return case.group.split()[0] if case.group.split()[0] in ("mono", "half", "cross") else case.group


def fit_choice(rows: Sequence[Seen], *, ridge: float = 1e-3, steps: int = 600, rate: float = 0.05) -> Floats:
    """Softmax over a question's sentences: the likelihood that one of the right ones is drawn, by Adam."""
    usable = [row for row in rows if row.right.any() and not row.right.all()]
    sizes = np.array([len(row.table) for row in usable])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    counts = Counter(_family(row.case) for row in usable)
    each = np.array([min(1.0, CAP / counts[_family(row.case)]) for row in usable])
    table, right = np.vstack([row.table for row in usable]), np.concatenate([row.right for row in usable])
    scale = table.std(axis=0)
    scale[scale == 0] = 1.0
    scaled, weight = table / scale, np.repeat(each, sizes)
    w, first, second = (np.zeros(table.shape[1]) for _ in range(3))
    for step in range(1, steps + 1):
        score = scaled @ w
        power = np.exp(score - np.repeat(np.maximum.reduceat(score, starts), sizes))
        share = power / np.repeat(np.add.reduceat(power, starts), sizes)
        of_right = power * right
        wanted = of_right / np.repeat(np.add.reduceat(of_right, starts), sizes)
        slope = scaled.T @ (weight * (share - wanted)) / each.sum() + ridge * w
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        w = w - rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-9)
    return np.asarray(w / scale)


def report_choice(rows: Sequence[Seen], weights: Floats) -> None:
    """The best sentence holds the answer; one of the best three does."""
    found: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for row in rows:
        order = np.argsort(-(row.table @ weights), kind="stable")
        found[_family(row.case)].append((bool(row.told[order[0]]), bool(row.told[order[:3]].any())))
    line = (
        f"{name} {np.mean([a for a, _ in own]):.3f}/{np.mean([b for _, b in own]):.3f}" for name, own in found.items()
    )
    print("first/three:", ", ".join(line))


def fit_confidence(rows: Sequence[Seen], model: Model, *, ridge: float = 3e-3) -> dict[str, float]:
    """Logistic regression by Newton's method, shifted to refuse a share of the answerable questions at 0.5."""
    table = np.array([[row.evidence[name] for name in model.features] for row in rows])
    given = np.array([sum(weight * row.evidence[name] for name, weight in model.given.items()) for row in rows])
    right = np.array([row.case.answerable for row in rows], dtype=np.float64)
    counts = Counter(_family(row.case) for row in rows)
    weight = np.array([min(1.0, CAP / counts[_family(row.case)]) for row in rows])
    mean, scale = table.mean(axis=0), table.std(axis=0)
    scale[scale == 0] = 1.0
    scaled = np.hstack([np.ones((len(rows), 1)), (table - mean) / scale])
    penalty = np.diag([0.0] + [ridge] * len(model.features))
    w = np.zeros(scaled.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-(scaled @ w + given)))
        slope = scaled.T @ (weight * (likely - right)) / weight.sum() + penalty @ w
        curve = (scaled * (weight * likely * (1 - likely))[:, None]).T @ scaled / weight.sum() + penalty
        w -= np.linalg.solve(curve, slope)
    slopes = w[1:] / scale
    low = np.quantile((table @ slopes + given)[right == 1], model.refused)
    fitted = {name: round(float(slope), 2) for name, slope in zip(model.features, slopes, strict=True)}
    return {"bias": round(float(-low), 2), **fitted, **model.given}


def judge(row: Seen, weights: Mapping[str, float]) -> float:
    return float(1 / (1 + np.exp(-sum(weight * row.evidence[name] for name, weight in weights.items()))))


def report_confidence(rows: Sequence[Seen], scores: Floats) -> None:
    groups: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        groups[row.case.group].append(i)
    for group, own in groups.items():
        kind = "wrongly refused" if rows[own[0]].case.answerable else "refused"
        print(f"{kind} {group}: {np.mean(scores[own] < confidence.THRESHOLD):.3f} of {len(own)}")
    for pack in ("squad2", "clapnq", "news-rgb"):
        own = [i for i, row in enumerate(rows) if row.case.group.split()[0] == pack]
        print(f"AUROC {pack}: {auroc(scores[own], np.array([rows[i].case.answerable for i in own])):.3f}")


def auroc(scores: NDArray[Any], positive: NDArray[Any]) -> float:
    """The probability that a positive one scores above a negative one; ties count half."""
    _, place = np.unique(scores, return_inverse=True)
    counts = np.bincount(place)
    ranks = (np.cumsum(counts) - counts / 2 + 0.5)[place]
    yes = positive.astype(bool)
    total = yes.sum()
    return float((ranks[yes].sum() - total * (total + 1) / 2) / (total * (len(yes) - total)))
