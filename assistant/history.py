"""A long conversation within a budget: the latest turns whole, of the older ones what bears on the question."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.types import Turn
from vectorstore.ngrams import grams

Summarise = Callable[[Sequence[Turn]], str]
"""Turns to a short account of them; a model may be behind it. It may fail with `ModelError`."""

LATEST = 2  # turns that are always kept, cut to size if need be
ELLIPSIS = " […]"


def size(turn: Turn) -> int:
    """What a turn costs, in code points."""
    return len(turn.question) + len(turn.answer)


def within(turns: Sequence[Turn], question: str, budget: int, *, summarise: Summarise | None = None) -> Sequence[Turn]:
    """The turns, in their order, cut down to at most ``budget`` code points.

    The latest `LATEST` are kept; of the older ones those that share most with the question, as many as fit. With
    ``summarise``, the ones left out are given as one turn in front, where at least a quarter of the budget is left.
    Raises what ``summarise`` raises.
    """
    if sum(map(size, turns)) <= budget:
        return list(turns)
    latest = _shortened(turns[-LATEST:], budget)
    left = budget - sum(map(size, latest))
    older = turns[:-LATEST]
    for_summary = budget // 4 if summarise and left >= budget // 4 else 0
    kept = _most_relevant(older, question, left - for_summary)
    out = [older[index] for index in sorted(kept)] + latest
    dropped = [turn for index, turn in enumerate(older) if index not in kept]
    if summarise and for_summary and dropped:
        out.insert(0, Turn("", summarise(dropped)[:for_summary]))
    return out


def _most_relevant(turns: Sequence[Turn], question: str, budget: int) -> set[int]:
    """Indices of the turns whose words the question shares, the closest first, as long as they fit."""
    asked = set(grams(question))
    shared = [len(asked & set(grams(f"{turn.standalone_question or turn.question} {turn.answer}"))) for turn in turns]
    kept: set[int] = set()
    for index in sorted(range(len(turns)), key=lambda i: (-shared[i], -i)):
        if shared[index] and size(turns[index]) <= budget:
            kept.add(index)
            budget -= size(turns[index])
    return kept


def _shortened(turns: Sequence[Turn], budget: int) -> list[Turn]:
    """Each turn within its even share of the budget: a short question whole, a long answer by its beginning."""
    share = budget // max(len(turns), 1)
    return [
        turn if size(turn) <= share else Turn(*_cut(turn.question, turn.answer, share), turn.standalone_question)
        for turn in turns
    ]


def _cut(question: str, answer: str, share: int) -> tuple[str, str]:
    question = question[:share]
    room = share - len(question)
    if len(answer) <= room:
        return question, answer
    return question, answer[: room - len(ELLIPSIS)] + ELLIPSIS if room > len(ELLIPSIS) else ""
