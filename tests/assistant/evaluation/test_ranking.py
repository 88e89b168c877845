"""Held against trec_eval itself and against definitions written out slowly."""

from __future__ import annotations

import math
import random

import pytest

from assistant.evaluation import ranking

RELEVANT_MOST = 5


def rankings(count: int = 1_000) -> list[tuple[list[str], set[str]]]:
    """Rankings of up to 30 of 40 documents, with relevant ones that may or may not be among them."""
    generator = random.Random(7)
    names = [f"d{number}" for number in range(40)]
    return [
        (
            generator.sample(names, generator.randrange(0, 31)),
            set(generator.sample(names, generator.randrange(1, RELEVANT_MOST + 1))),
        )
        for _ in range(count)
    ]


def measured(ranked: list[str], relevant: set[str]) -> dict[str, float]:
    return {
        "recall_1": ranking.recall(ranked, relevant, 1),
        "recall_5": ranking.recall(ranked, relevant, 5),
        "recall_10": ranking.recall(ranked, relevant, 10),
        "recip_rank": ranking.reciprocal_rank(ranked, relevant),
        "ndcg_cut_10": ranking.ndcg(ranked, relevant, 10),
    }


def slowly(ranked: list[str], relevant: set[str]) -> dict[str, float]:
    gains = [1.0 if id in relevant else 0.0 for id in ranked] + [0.0] * 40
    best = sorted((1.0 for _ in relevant), reverse=True) + [0.0] * 40

    def discounted(each: list[float]) -> float:
        return sum(each[i] / math.log2(i + 2) for i in range(10))

    found = [i for i, gain in enumerate(gains) if gain]
    return {
        **{f"recall_{k}": sum(gains[:k]) / len(relevant) for k in (1, 5, 10)},
        "recip_rank": 1 / (found[0] + 1) if found else 0.0,
        "ndcg_cut_10": discounted(gains) / discounted(best),
    }


def test_a_thousand_random_rankings_measure_as_the_definitions_say():
    for ranked, relevant in rankings():
        assert measured(ranked, relevant) == pytest.approx(slowly(ranked, relevant))


def test_a_thousand_random_rankings_measure_as_trec_eval_does():
    pytrec_eval = pytest.importorskip("pytrec_eval", reason="trec_eval's binding has no build here")
    given = {str(number): pair for number, pair in enumerate(rankings()) if pair[0]}  # trec_eval skips empty rankings
    qrels = {key: dict.fromkeys(relevant, 1) for key, (_, relevant) in given.items()}
    runs = {key: {id: float(-rank) for rank, id in enumerate(ranked)} for key, (ranked, _) in given.items()}
    told = pytrec_eval.RelevanceEvaluator(qrels, {"recall.1,5,10", "recip_rank", "ndcg_cut.10"}).evaluate(runs)
    assert len(told) > 900
    for key, (ranked, relevant) in given.items():
        assert measured(ranked, relevant) == pytest.approx(told[key])


def test_a_document_counts_where_its_first_chunk_stands():
    assert ranking.by_document(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]
