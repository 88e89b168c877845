"""What speaks for a sentence."""

from __future__ import annotations

from assistant.asked import read_question
from assistant.choosing import probabilities
from assistant.confidence import UNHEARD
from assistant.signals import FEATURES, Sentence, candidates, features
from assistant.types import Question
from vectorstore.types import Document, DocumentRef, Hit, Retrieval

QUESTION = "Why did Russia condemn the strike?"


def hit(name: str, language: str, text: str) -> Hit:
    document = Document(DocumentRef(name, name, f"{name}.txt", "text/plain", language, "0" * 64), text)
    return Hit(document.chunk(0, len(text)), document.ref, 1.0, {})


FRENCH = hit(
    "depeche",
    "fr",
    "La Russie a reçu ses voisins. La frappe a eu lieu la nuit. La Russie vend du gaz. La Russie est vaste.",
)
ENGLISH = hit("news", "en", "The strike was at night. It rained.")


def rare_held(*hits: Hit) -> tuple[list[Sentence], list[float]]:
    retrieval = Retrieval(QUESTION, "en", hits)
    held = candidates(retrieval)
    asked = read_question(Question(QUESTION, QUESTION, "en"), retrieval, [sentence.terms for sentence in held])
    return held, features(asked, held, None)[:, FEATURES.index("rare_held")].tolist()


def test_in_another_language_what_few_sentences_hold_tells_more_than_what_most_do() -> None:
    _, (russia, strike, gas, vast) = rare_held(FRENCH)
    assert strike == 0 > russia == gas == vast


def test_no_sentence_in_another_language_gains_on_one_in_the_questions_own() -> None:
    held, shares = rare_held(FRENCH, ENGLISH)
    assert [share for sentence, share in zip(held, shares, strict=True) if not sentence.foreign] == [0, 0]
    assert max(shares) == 0


def test_a_question_of_which_nothing_is_held_in_another_language_leaves_its_sentences_alike() -> None:
    _, shares = rare_held(hit("yoga", "fr", "Le cours de yoga a lieu le mardi. Il est gratuit."))
    assert shares == [0, 0]


def test_confidence_does_without_what_only_the_choice_goes_by() -> None:
    retrieval = Retrieval(QUESTION, "en", (FRENCH,))
    held = candidates(retrieval)
    asked = read_question(Question(QUESTION, QUESTION, "en"), retrieval, [sentence.terms for sentence in held])
    table = features(asked, held, None)
    chosen, unheard = probabilities(table), probabilities(table, left_out=UNHEARD)
    assert chosen[1] > unheard[1]
