from __future__ import annotations

from collections.abc import Sequence

from assistant.composition import Composition
from assistant.context import context
from assistant.judging import denies_otherwise, supports, written_out
from assistant.statements import statements
from tests.assistant.library import Reader, hits
from tests.assistant.planted import LIBRARY, PLANTED, UNSEEN, UNSEEN_LIBRARY, Planted
from vectorstore.types import Document


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


def test_lies_the_rules_were_not_made_for_are_flagged_too():
    flagged = [planted.kind == "true" for planted in UNSEEN if flags(planted, UNSEEN_LIBRARY)]
    lies = sum(planted.kind != "true" for planted in UNSEEN)
    assert flagged.count(False) >= 0.9 * lies
    assert flagged.count(True) <= 0.2 * (len(UNSEEN) - lies)


def test_a_denial_in_other_words_is_no_contradiction():
    assert not denies_otherwise("The garden is free of pesticide.", ["No pesticide is used in the garden."])
    assert not denies_otherwise("It costs 5 euros.", ["It costs not only time but 5 euros."])
    assert not denies_otherwise("The pool opens at seven.", ["The pool opens at seven; dogs are not allowed."])


def test_a_denial_is_seen_across_languages():
    assert denies_otherwise("It generates electricity.", ["Strom erzeugt sie nicht."], abroad=True)
    assert not denies_otherwise("It generates no electricity.", ["Strom erzeugt sie nicht."], abroad=True)
    assert denies_otherwise("It never closed.", ["La ligne a fermé pendant la guerre."], abroad=True)


def test_numbers_with_a_magnitude_are_compared_as_values():
    assert written_out("1,5 Millionen und 3 thousand") == "1500000 und 3000"
