"""Intervals and areas: how sure a figure is, and whether a difference is more than noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
_LEVEL = 0.95
_CELLS = 4_000_000  # drawn at a time: 32 MB, however many questions there are

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure over ``n`` questions and its 95 % interval; all None where nothing could be scored."""

    value: float | None
    low: float | None
    high: float | None
    n: int


NOTHING = Estimate(None, None, None, 0)


def mean(values: Sequence[float], *, seed: int) -> Estimate:
    """The mean and its percentile bootstrap (Efron 1979)."""
    return estimate(np.asarray(values, dtype=np.float64), lambda drawn: drawn.mean(axis=-1), seed=seed)


def quantile(values: Sequence[float], q: float, *, seed: int) -> Estimate:
    return estimate(np.asarray(values, dtype=np.float64), lambda drawn: np.quantile(drawn, q, axis=-1), seed=seed)


def estimate(values: Floats, statistic: Callable[[Floats], Floats], *, seed: int) -> Estimate:
    """``statistic`` works along the last axis, on one sample or on a stack of them."""
    if not values.size:
        return NOTHING
    drawn = np.concatenate([statistic(values[rows]) for rows in _draws(values.size, seed)])
    low, high = ends(drawn)
    return Estimate(float(statistic(values)), low, high, int(values.size))


def auroc(positives: Sequence[float], negatives: Sequence[float], *, seed: int) -> Estimate:
    """The area under the ROC curve: how often a positive scores above a negative, ties counting half.

    >>> auroc([0.9, 0.8], [0.1, 0.8], seed=1).value
    0.875
    """
    if not positives or not negatives:
        return NOTHING
    above, below = np.sort(np.asarray(positives, dtype=np.float64)), np.sort(np.asarray(negatives, dtype=np.float64))
    generator = np.random.default_rng(seed)
    drawn = [area(generator.choice(above, above.size), generator.choice(below, below.size)) for _ in range(RESAMPLES)]
    return Estimate(area(above, below), *ends(np.array(drawn)), above.size + below.size)


def area(positives: Floats, negatives: Floats) -> float:
    """Mann and Whitney's U over the number of pairs."""
    sorted_negatives = np.sort(negatives)
    below = np.searchsorted(sorted_negatives, positives, side="left")
    not_above = np.searchsorted(sorted_negatives, positives, side="right")
    return float((below + not_above).mean() / (2 * sorted_negatives.size))


def _draws(size: int, seed: int) -> Iterator[NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    at_once = max(1, _CELLS // size)
    for done in range(0, RESAMPLES, at_once):
        yield generator.integers(size, size=(min(at_once, RESAMPLES - done), size))


def ends(drawn: Floats) -> tuple[float, float]:
    """The 95 % interval of bootstrapped figures: their 2.5th and 97.5th percentiles."""
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
