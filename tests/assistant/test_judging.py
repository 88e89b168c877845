from __future__ import annotations

from collections.abc import Sequence

import pytest

from assistant.composition import Composition
from assistant.context import context
from assistant.judging import denies_otherwise, supports, written_out
from assistant.statements import Finding, statements
from assistant.types import Citation, Passage
from tests.assistant.library import Reader, hits
from tests.assistant.planted import LIBRARY, PLANTED, UNSEEN, UNSEEN_LIBRARY, Planted
from tests.assistant.planted_abroad import ABROAD, ABROAD_LIBRARY, ABROAD_UNSEEN, ABROAD_UNSEEN_LIBRARY
from vectorstore.types import Document, DocumentRef


def flags(planted: Planted, library: Sequence[Document]) -> bool:
    """Whether a reader is told that something is wrong: rejected, unsupported, or named in a notice."""
    composition = Composition(context(hits(*library), budget=100_000).passages, Reader(library))
    list(composition.feed(planted.text))
    list(composition.finish())
    found, unfamiliar = statements(
        composition.text,
        composition.citations(),
        composition.quotations,
        language="en",
        question="what do the documents say?",
        supports=supports,
    )
    return bool(unfamiliar or composition.rejected or any(held.support == "unsupported" for held in found))


def test_every_planted_lie_is_flagged_and_no_true_paraphrase():
    wrong = [planted for planted in PLANTED if flags(planted, LIBRARY) == (planted.kind == "true")]
    assert wrong == []


@pytest.mark.parametrize(
    ("statements", "library"),
    [(UNSEEN, UNSEEN_LIBRARY), (ABROAD, ABROAD_LIBRARY), (ABROAD_UNSEEN, ABROAD_UNSEEN_LIBRARY)],
    ids=["unseen", "abroad", "abroad, unseen"],
)
def test_lies_the_rules_were_not_made_for_are_flagged_too(statements: list[Planted], library: list[Document]) -> None:
    flagged = [planted.kind == "true" for planted in statements if flags(planted, library)]
    lies = sum(planted.kind != "true" for planted in statements)
    assert flagged.count(False) >= 0.85 * lies
    assert flagged.count(True) <= 0.15 * (len(statements) - lies)


def cited(quote: str, before: str = "", title: str = "", language: str = "en") -> Citation:
    """A sentence and what stands before it in its passage."""
    ref = DocumentRef("doc", title, "doc.txt", "text/plain", language, "")
    text = before + quote
    return Citation(1, (), ref, quote, len(before), len(text), None, (), Passage(0, len(text), text), "exact", 1.0)


def test_saying_who_he_is_takes_no_support_away_and_is_told() -> None:
    quote = cited("He left the company in 2019.", before="Ada Byron founded the mill. ", title="The Alder Mill")
    assert supports("In 2019 Ada Byron left the Alder Mill company.", [quote], "") == Finding(
        True, ("Ada", "Byron", "Alder", "Mill")
    )
    assert not supports("In 2019 Carl Byron left the company.", [quote], "").supported
    assert not supports("In 2018 Ada Byron left the company.", [quote], "").supported
    after = cited("He left the company in 2019.")
    assert not supports("In 2019 Ada Byron left the company.", [after], "").supported


def test_a_nationality_may_be_added_and_not_exchanged() -> None:
    quote = cited("Das Ministerium unterschrieb den Vertrag.", language="de")
    assert supports("The German ministry signed the contract.", [quote], "").supported
    russian = cited("Das russische Ministerium unterschrieb den Vertrag.", language="de")
    assert supports("The Russian ministry signed the contract.", [russian], "") == Finding(True)
    assert not supports("The German ministry signed the contract.", [russian], "").supported


def test_numbers_in_words_are_compared_from_six_on() -> None:
    quote = cited("Do not eat for eight hours.")
    assert supports("For eight hours you must not eat.", [quote], "").supported
    assert not supports("For twelve hours you must not eat.", [quote], "").supported
    assert supports("Es bleibt acht Stunden verboten zu essen.", [quote], "").supported


def test_a_denial_in_other_words_is_no_contradiction():
    assert not denies_otherwise("The garden is free of pesticide.", ["No pesticide is used in the garden."])
    assert not denies_otherwise("It costs 5 euros.", ["It costs not only time but 5 euros."])
    assert not denies_otherwise("The pool opens at seven.", ["The pool opens at seven; dogs are not allowed."])


def test_a_denial_is_seen_across_languages():
    assert denies_otherwise("It generates electricity.", ["Strom erzeugt sie nicht."], abroad=True)
    assert not denies_otherwise("It generates no electricity.", ["Strom erzeugt sie nicht."], abroad=True)
    assert denies_otherwise("It never closed.", ["La ligne a fermé pendant la guerre."], abroad=True)


def test_may_is_no_denial():
    assert not denies_otherwise("They spoke on 2 May 2017.", ["Ils se sont parlé le 2 mai 2017."], abroad=True)
    assert not denies_otherwise("It opens in May.", ["Es öffnet im Mai."], abroad=True)
    assert denies_otherwise("It opened.", ["Non ha mai aperto."], abroad=True)


def test_numbers_with_a_magnitude_are_compared_as_values():
    assert written_out("1,5 Millionen und 3 thousand") == "1500000 und 3000"
