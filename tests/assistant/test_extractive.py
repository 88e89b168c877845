"""Answers without a model: over a small library held in memory, searched by shared 4-grams."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from assistant.extractive import Extractive
from assistant.types import Answer, CitationFound, Delta, Question
from vectorstore.chunking import split
from vectorstore.ngrams import grams
from vectorstore.types import Document, DocumentRef, Hit, LegScore, Retrieval

STRIKE = (
    "Le président américain a ordonné le bombardement d'une base aérienne en Syrie. "
    "La Russie, soutenue par l'Iran, a condamné cette frappe, qu'elle a qualifiée d'« agression ». "
    "Les deux présidents se sont parlé au téléphone le 2 mai 2017. "
    "Ils doivent se rencontrer en juillet au sommet du G20 de Hambourg, en Allemagne."
)
GARDEN = (
    "Tomatoes need six hours of sun a day. They are watered in the morning. "
    "The greenhouse was built in 1987 by Martha Keller. It holds 240 plants because the shelves are narrow."
)


@dataclass(frozen=True)
class Shelf:
    """Documents with a search that scores a chunk by the rarity of the 4-grams it shares with the query."""

    documents: tuple[Document, ...]

    def read(self, document_id: str) -> Document:
        return next(document for document in self.documents if document.id == document_id)

    def search(self, query: str, language: str) -> Retrieval:
        chunks = [chunk for document in self.documents for chunk in split(document, size=250)]
        held = [set(grams(chunk.text)) for chunk in chunks]
        counts = Counter(gram for one in held for gram in one)
        weights = {gram: math.log(1 + (len(chunks) + 0.5) / (counts[gram] + 0.5)) for gram in grams(query)}
        scores = [sum(weight for gram, weight in weights.items() if gram in one) for one in held]
        order = sorted(range(len(chunks)), key=lambda i: -scores[i])
        hits = tuple(
            Hit(chunks[i], self.read(chunks[i].document_id).ref, scores[i], {"grams": LegScore(n, scores[i])})
            for n, i in enumerate(order, start=1)
            if scores[i]
        )
        return Retrieval(query, language, hits, weights=weights)


def document(id: str, text: str, language: str) -> Document:
    return Document(DocumentRef(id, id.title(), f"{id}.txt", "text/plain", language, "0" * 64), text)


SHELF = Shelf((document("strike", STRIKE, "fr"), document("garden", GARDEN, "en")))


def ask(question: str, language: str = "en", shelf: Shelf = SHELF) -> tuple[Answer, list[object]]:
    asked = Question(question, question, language)
    events = list(Extractive()(asked, shelf.search(question, language), shelf.read))
    answer = events[-1]
    assert isinstance(answer, Answer)
    return answer, list(events)


def quotes(answer: Answer) -> Sequence[str]:
    return [citation.quote for citation in answer.citations]


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("why did Russia condemn the strike?", "en", "agression"),
        ("Pourquoi la Russie a-t-elle condamné la frappe ?", "fr", "agression"),
        ("¿Por qué condenó Rusia el ataque en Siria?", "es", "agression"),
        ("When was the greenhouse built?", "en", "1987"),
        ("Who built the greenhouse?", "en", "Martha Keller"),
        ("How many plants does the greenhouse hold?", "en", "240"),
    ],
)
def test_the_sentence_that_answers_is_quoted_first(question: str, language: str, expected: str) -> None:
    answer, _ = ask(question, language)
    assert answer.status == "answered"
    assert expected in quotes(answer)[0]


@pytest.mark.parametrize(
    "question",
    [
        "who won the 2018 world cup?",
        "what is the capital of Australia?",
        "why did Germany condemn the strike?",
        "How does photosynthesis store energy in glucose molecules?",
    ],
)
def test_what_the_documents_do_not_hold_is_refused_with_the_closest_passages(question: str) -> None:
    answer, events = ask(question)
    assert answer.status == "not_in_documents"
    assert answer.citations == ()
    assert len(answer.closest) <= 3
    assert answer.text == "The documents do not answer this question."
    assert [event for event in events if isinstance(event, CitationFound)] == []
    for near in answer.closest:
        assert SHELF.read(near.document.id).text[near.start : near.end] == near.text


def test_deltas_join_to_the_text_and_every_citation_is_sent_once() -> None:
    answer, events = ask("When was the greenhouse built?")
    assert "".join(event.text for event in events if isinstance(event, Delta)) == answer.text
    assert tuple(event.citation for event in events if isinstance(event, CitationFound)) == answer.citations


def test_citations_are_verbatim_and_their_markers_stand_where_they_say() -> None:
    answer, _ = ask("why did Russia condemn the strike?")
    for number, citation in enumerate(answer.citations, start=1):
        text = SHELF.read(citation.document.id).text
        assert text[citation.start : citation.end] == citation.quote
        assert text[citation.passage.start : citation.passage.end] == citation.passage.text
        assert citation.passage.start <= citation.start < citation.end <= citation.passage.end
        assert (citation.marker, citation.verification) == (number, "exact")
        assert [answer.text[start:end] for start, end in citation.answer_spans] == [f"[{number}]"]
    for statement in answer.statements:
        assert answer.text[statement.start : statement.end].endswith(f"[{statement.markers[-1]}]")
        assert statement.support == "quoted"


def test_a_passage_in_another_language_is_announced() -> None:
    answer, _ = ask("why did Russia condemn the strike?")
    assert answer.notices[0] in ("The cited passage is in French.", "The cited passages are in French.")


def test_a_sentence_that_points_back_brings_the_one_before() -> None:
    answer, _ = ask("Où doivent-ils se rencontrer en juillet, au sommet du G20 ?", "fr")
    assert "Les deux présidents se sont parlé" in quotes(answer)[0]
    assert "Hambourg" in quotes(answer)[0]


def test_the_same_sentence_in_two_documents_is_quoted_once() -> None:
    twice = Shelf((document("garden", GARDEN, "en"), document("copy", GARDEN, "en")))
    answer, _ = ask("When was the greenhouse built?", shelf=twice)
    assert sum("1987" in quote for quote in quotes(answer)) == 1


def test_an_empty_library_gives_a_refusal_without_confidence() -> None:
    answer, _ = ask("When was the greenhouse built?", shelf=Shelf(()))
    assert (answer.status, answer.confidence, answer.closest) == ("not_in_documents", 0.0, ())


def test_a_sentence_that_announces_a_list_is_quoted_with_it() -> None:
    text = "The choir meets.\n\nThree things must be brought to rehearsals:\n- a pencil\n- the score\n- water"
    answer, _ = ask("What must be brought to rehearsals?", shelf=Shelf((document("choir", text, "en"),)))
    assert quotes(answer)[0].endswith("rehearsals:\n- a pencil\n- the score\n- water")


def test_a_heading_is_never_an_answer() -> None:
    text = "Opening hours of the library\n\nThe reading room opens at nine. Books are lent for four weeks."
    shelf = Shelf((document("opening hours of the library", text, "en"),))
    answer, _ = ask("What are the opening hours of the library reading room?", shelf=shelf)
    assert "Opening hours of the library" not in quotes(answer)
