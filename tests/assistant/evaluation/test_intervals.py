"""Intervals and areas, held against slow definitions."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation import intervals

FEW = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=12)


@given(FEW, FEW)
def test_the_area_is_the_share_of_pairs_in_the_right_order(positives: list[float], negatives: list[float]):
    pairs = [(yes, no) for yes in positives for no in negatives]
    slow = sum((yes > no) + (yes == no) / 2 for yes, no in pairs) / len(pairs)
    assert intervals.area(np.array(positives), np.array(negatives)) == pytest.approx(slow)


def test_an_interval_covers_the_truth_about_as_often_as_it_says():
    generator = random.Random(3)
    covered = 0
    for trial in range(200):
        drawn = [float(generator.random() < 0.7) for _ in range(80)]
        found = intervals.mean(drawn, seed=trial)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.7 <= found.high
    assert 0.90 <= covered / 200 <= 0.99


def test_the_same_seed_gives_the_same_interval_and_nothing_gives_none():
    values = [0.0, 1.0, 1.0, 0.5]
    assert intervals.mean(values, seed=4) == intervals.mean(values, seed=4)
    assert intervals.mean([], seed=4) == intervals.Estimate(None, None, None, 0)
    assert intervals.auroc([0.5], [], seed=4).value is None


def test_many_questions_are_drawn_in_pieces_and_count_alike(monkeypatch: pytest.MonkeyPatch):
    values = [0.0, 1.0] * 500
    whole = intervals.mean(values, seed=1)
    monkeypatch.setattr(intervals, "_CELLS", 2_000)
    pieces = intervals.mean(values, seed=1)
    assert (pieces.value, pieces.n) == (whole.value, whole.n)
    assert pieces.low == pytest.approx(whole.low, abs=0.02)
