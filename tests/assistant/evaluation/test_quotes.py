"""`citation.valid` finds every kind of planted error, knowing nothing of the code that makes citations."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation import quotes
from tests.assistant.evaluation.small import DOCUMENTS, HANDBOOK, Shelf
from tests.assistant.evaluation.small import document as make

SHELF = Shelf(*DOCUMENTS)


def citation(start: int = 0, end: int = 21, **changes: Any) -> dict[str, Any]:
    made = {
        "document": asdict(HANDBOOK.ref),
        "quote": HANDBOOK.text[start:end],
        "start": start,
        "end": end,
        "passage": {"start": 0, "end": len(HANDBOOK.text), "text": HANDBOOK.text},
        "verification": "exact",
    }
    return {**made, **changes}


def test_a_true_quote_is_valid():
    assert quotes.valid(citation(), SHELF.text)


@pytest.mark.parametrize(
    "planted",
    [
        citation(1, 22, quote="Refunds take 14 days."),
        citation(quote="Refunds take 15 days."),
        citation(quote="refunds take 14 days."),
        citation(document={**asdict(HANDBOOK.ref), "id": "garden"}),
        citation(document={**asdict(HANDBOOK.ref), "id": "nowhere"}),
        citation(0, 900, quote="Refunds take 14 days."),
        citation(-21, -1),
        citation(5, 5, quote=""),
        citation(passage={"start": 0, "end": 21, "text": "Refunds take 15 days."}),
        citation(quote="Refunds take 15 days.", verification="normalized"),
        citation(quote="Refunds take", verification="normalized"),
    ],
    ids=[
        "shifted by one", "altered word", "only normalised, called exact", "another document", "no such document",
        "past the end", "negative", "empty", "invented passage", "altered, called normalised", "part of its span",
    ],
)  # fmt: skip
def test_a_planted_error_is_found(planted: dict[str, Any]):
    assert not quotes.valid(planted, SHELF.text)


def test_a_normalised_quote_may_differ_in_case_spaces_quotes_and_dashes():
    source = make("news", "Il y vit une « agression  contre un État » – rien d’autre.")
    shelf = Shelf(source)
    quote = citation(
        0,
        len(source.text),
        document=asdict(source.ref),
        quote="il y vit une “agression contre un état” - rien d'autre.",
        passage={"start": 0, "end": len(source.text), "text": source.text},
        verification="normalized",
    )
    assert quotes.valid(quote, shelf.text)
    assert not quotes.valid({**quote, "verification": "exact"}, shelf.text)


@given(st.text(min_size=2, max_size=40), st.data())
def test_whatever_is_cut_out_is_valid_and_moved_by_one_it_is_not(text: str, data: st.DataObject):
    source = replace(HANDBOOK, text=text)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    whole = {"start": 0, "end": len(text), "text": text}
    cut = citation(start, end, quote=text[start:end], passage=whole)
    shelf = Shelf(source)
    assert quotes.valid(cut, shelf.text)
    if end < len(text) and text[start + 1 : end + 1] != text[start:end]:
        assert not quotes.valid({**cut, "start": start + 1, "end": end + 1}, shelf.text)


def test_evidence_is_touched_by_offsets_in_a_relevant_document():
    assert quotes.touches_evidence([citation()], ["14 days"], ["handbook"], SHELF.text)
    assert not quotes.touches_evidence([citation()], ["Shipping is free."], ["handbook"], SHELF.text)
    assert not quotes.touches_evidence([citation()], ["14 days"], ["garden"], SHELF.text)


def test_evidence_that_is_not_letter_by_letter_is_compared_by_its_words():
    assert quotes.touches_evidence([citation()], ["REFUNDS  TAKE"], ["handbook"], SHELF.text)


def test_evidence_is_looked_for_as_whole_words_where_it_stands_as_such():
    assert quotes.places("art", "part of art") == [(8, 11)]
    assert quotes.places("art", "partial") == [(1, 4)]
    assert quotes.places("東京", "今日東京都で") == [(2, 4)]
