"""Ranking measures with binary relevance, as trec_eval defines them (the tests hold them against it).

Written out because each is one line, and trec_eval's binding has no build for Linux on ARM, where it would keep the
whole assistant from being installed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log2


def recall(ranking: Sequence[str], relevant: Collection[str], k: int) -> float:
    """The share of the relevant documents that stand among the first ``k``.

    >>> recall(["a", "b", "c"], {"b", "x"}, 2)
    0.5
    """
    return len(set(ranking[:k]) & set(relevant)) / len(set(relevant))


def reciprocal_rank(ranking: Sequence[str], relevant: Collection[str]) -> float:
    """1 over the rank of the first relevant document; 0 where there is none.

    >>> reciprocal_rank(["a", "b"], {"b"})
    0.5
    """
    return next((1 / rank for rank, id in enumerate(ranking, 1) if id in relevant), 0.0)


def ndcg(ranking: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Discounted gain of the first ``k``, 1 / log2(rank + 1) for each relevant one, over that of the best order.

    >>> ndcg(["b", "a"], {"b"}, 10)
    1.0
    """
    gain = sum(1 / log2(rank + 1) for rank, id in enumerate(ranking[:k], 1) if id in relevant)
    return gain / sum(1 / log2(rank + 1) for rank in range(1, min(len(set(relevant)), k) + 1))


def by_document(chunks: Sequence[str]) -> list[str]:
    """The documents of ranked chunks, each where its first chunk stands.

    >>> by_document(["b", "a", "b"])
    ['b', 'a']
    """
    return list(dict.fromkeys(chunks))
