"""Long conversations stay within their budget and keep what bears on the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from assistant.history import size, within
from assistant.types import Turn

TALK = [
    Turn("Who was the viceroy?", "Lord Linlithgow was the viceroy. " * 10),
    Turn("How are storm drains cleaned?", "With a jet of water. " * 10),
    Turn("What is inflation?", "A rise of prices. " * 10),
    Turn("Who sets interest rates?", "The central bank does. " * 10),
]


def test_a_short_conversation_is_kept_whole() -> None:
    assert within(TALK, "why?", 10_000) == TALK


def test_of_the_older_turns_the_one_that_bears_on_the_question_is_kept() -> None:
    budget = sum(map(size, TALK[-2:])) + size(TALK[0])
    assert within(TALK, "And what did the viceroy do?", budget) == [TALK[0], TALK[2], TALK[3]]
    assert within(TALK, "Where does the storm water go?", budget) == TALK[1:]


def test_what_is_left_out_is_summarised_where_there_is_a_model_to_do_it() -> None:
    def summarise(turns: Sequence[Turn]) -> str:
        return f"They spoke of {len(turns)} things."

    budget = 2 * sum(map(size, TALK[-2:])) - 10
    kept = within(TALK * 3, "zzz", budget, summarise=summarise)
    assert kept[0] == Turn("", "They spoke of 10 things.")
    assert kept[1:] == TALK[-2:]


def test_a_turn_that_is_too_long_by_itself_is_cut_and_says_so() -> None:
    [turn] = within([Turn("Why?", "Because. " * 1000)], "and?", 100)
    assert turn.question == "Why?"
    assert turn.answer.endswith(" […]")
    assert size(turn) == 100


TURNS = st.lists(st.builds(Turn, st.text(max_size=30), st.text(max_size=200)), max_size=8)


@given(TURNS, st.text(max_size=30), st.integers(0, 400), st.booleans())
def test_the_budget_is_never_exceeded_and_the_order_stays(
    turns: list[Turn], question: str, budget: int, summarising: bool
) -> None:
    turns = [replace(turn, standalone_question=str(number)) for number, turn in enumerate(turns)]
    kept = within(turns, question, budget, summarise=(lambda _: "x" * 1000) if summarising else None)
    assert sum(map(size, kept)) <= budget
    numbers = [int(turn.standalone_question) for turn in kept if turn.standalone_question]
    assert numbers == sorted(set(numbers))
