"""Whether a statement stands in the text it cites."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.judging import supports
from assistant.statements import Finding
from assistant.support import compare, likelihood, unfamiliar, values
from assistant.types import Citation, Passage
from vectorstore.types import DocumentRef

KELLER = "Martha Keller built the greenhouse in 1987. She paid 1,000 francs for the glass, which came from Zurich."


@pytest.mark.parametrize(
    ("statement", "verbatim", "likely"),
    [
        ("Martha Keller built the greenhouse in 1987.", True, True),
        ("The greenhouse was built by Martha Keller in 1987.", False, True),
        ("Martha Keller paid 1 000 francs for the glass of the greenhouse.", False, True),
        ("The tomatoes of the neighbour won a prize in London in 2004.", False, False),
    ],
)
def test_what_a_quote_says_in_other_words_is_likely_supported(statement: str, verbatim: bool, likely: bool) -> None:
    found = compare(statement, [KELLER])
    assert (found.verbatim, likelihood(found) >= 0.5) == (verbatim, likely)


@pytest.mark.parametrize(
    ("statement", "question", "expected"),
    [
        ("Keller paid 1.000 francs.", "", []),
        ("Keller paid 2,000 francs in 1988.", "", ["2,000", "1988"]),
        ("The glass came from Basel.", "", ["Basel"]),
        ("The glass came from Basel.", "Did the glass come from Basel?", []),
        ("Keller built two greenhouses.", "", []),
    ],
)
def test_numbers_and_names_that_no_quote_holds_are_listed(statement: str, question: str, expected: list[str]) -> None:
    assert unfamiliar(statement, [KELLER], question) == expected


def test_a_name_is_known_across_languages_and_scripts() -> None:
    assert unfamiliar("The call was made by Putin.", ["Владимир Путин позвонил в Вашингтон."]) == []


def test_of_quotes_in_another_language_names_and_numbers_are_asked() -> None:
    document = DocumentRef("d", "Appel", "appel.txt", "text/plain", "fr", "0" * 64)
    quote = "Les présidents de la Russie et des États-Unis se sont parlé le 2 mai 2017."
    citation = Citation(1, (), document, quote, 0, len(quote), None, (), Passage(0, len(quote), quote), "exact", 1.0)
    assert supports("The president of Russia made a call on 2 May 2017.", [citation], "") == Finding(True)
    assert not supports("The president of Norway made a call in 2016.", [citation], "").supported


def test_a_denial_of_what_is_cited_is_noticed() -> None:
    assert compare("Keller did not build the greenhouse.", [KELLER]).negated
    assert not compare("Keller built the greenhouse.", [KELLER]).negated


def test_without_quotes_nothing_is_supported() -> None:
    assert likelihood(compare("Martha Keller built the greenhouse in 1987.", [])) < 0.5


@given(st.integers(1000, 10**9))
def test_grouping_does_not_change_a_number(number: int) -> None:
    for sign in (",", ".", " ", "\u202f"):
        assert float(number) in values(f"{number:,}".replace(",", sign))


@given(st.lists(st.sampled_from(["Keller", "paid", "1,000", "not", "Zürich", "Москва", "北京"]), min_size=1))
def test_what_stands_in_a_quote_is_never_unfamiliar(said: list[str]) -> None:
    statement = " ".join(said)
    assert unfamiliar(statement, [statement]) == []
