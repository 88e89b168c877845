from __future__ import annotations

from assistant.composition import Composition
from assistant.context import context
from assistant.judging import denies_otherwise, supports, written_out
from assistant.statements import statements
from tests.assistant.library import Reader, hits
from tests.assistant.planted import LIBRARY, PLANTED, Planted

SHOWN = context(hits(*LIBRARY), budget=100_000)


def flags(planted: Planted) -> bool:
    """Whether a reader is told that something is wrong: rejected, unsupported, or named in a notice."""
    composition = Composition(SHOWN.passages, Reader(LIBRARY))
    for _ in composition.feed(planted.text):
        pass
    for _ in composition.finish():
        pass
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
    wrong = [planted for planted in PLANTED if flags(planted) == (planted.kind == "true")]
    assert wrong == []
    assert len(SHOWN.passages) == len(LIBRARY)


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
