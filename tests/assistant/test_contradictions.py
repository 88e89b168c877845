"""Documents that disagree: both sides are quoted and told, and nothing is told of what only looks like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from assistant.alignment import Pair
from assistant.asked import read_question
from assistant.context import numbered
from assistant.contradictions import hint
from assistant.differing import differ
from assistant.extractive import Extractive
from assistant.generate import Generated
from assistant.models import chat_model
from assistant.records import revive
from assistant.signals import EMBEDDED, candidates
from assistant.statements import Finding
from assistant.types import Answer, Question
from assistant.values import same_date, tokens
from assistant.views import View
from tests.assistant.test_extractive import Shelf
from tests.fakes.openai_server import OpenAIServer, Reply
from vectorstore.embeddings import Embedding
from vectorstore.types import Document, DocumentRef, Retrieval


def document(id: str, text: str, language: str = "en", title: str = "") -> Document:
    return Document(DocumentRef(id, title or id, f"{id}.txt", "text/plain", language, "0" * 64), text)


def retrieved(question: str, language: str, *documents: Document) -> tuple[Shelf, Retrieval]:
    shelf = Shelf(documents)
    return shelf, shelf.search(question, language)


def values(
    question: str, one: str, other: str, language: str = "en", other_language: str = "", **titles: str
) -> list[str]:
    """The values two documents of a sentence each differ in, none where they do not."""
    left = document("faq", one, language, titles.get("left", ""))
    right = document("policy", other, other_language or language, titles.get("right", ""))
    hits = tuple(
        replace(
            Shelf((left,)).search(left.text, language).hits[0], document=held.ref, chunk=held.chunk(0, len(held.text))
        )
        for held in (left, right)
    )
    retrieval = Retrieval(question, language, hits)
    held = candidates(retrieval)
    asked = read_question(Question(question, question, language), retrieval, [one.terms for one in held])
    found = differ(View(asked, held[0]), View(asked, held[-1]))
    return [claim.value for claim in found.claims] if found else []


@pytest.mark.parametrize(
    ("question", "language", "one", "other", "expected"),
    [
        (
            "How many days of leave are there?",
            "en",
            "Employees are entitled to 25 days of leave.",
            "Employees are entitled to 28 days of leave.",
            ["25 days", "28 days"],
        ),
        (
            "When does the office open?",
            "en",
            "The office opens at 8 a.m. on weekdays.",
            "The office opens at 9:00 on weekdays.",
            ["8 a.m.", "9:00"],
        ),
        (
            "Who is the head of accounting?",
            "en",
            "Maria Keller is the head of accounting.",
            "The head of accounting is Tom Brandt.",
            ["Maria Keller", "Tom Brandt"],
        ),
        (
            "When was the company founded?",
            "en",
            "The company was founded in 1998.",
            "Founded in 2001, the company makes pumps.",
            ["1998", "2001"],
        ),
        (
            "Can contractors use the gym?",
            "en",
            "Contractors can use the gym free of charge.",
            "Contractors cannot use the gym free of charge.",
            ["Contractors can use the gym free of charge.", "Contractors cannot use the gym free of charge."],
        ),
        (
            "Quel est le délai de remboursement ?",
            "fr",
            "Le délai de remboursement est de 30 jours.",
            "Le délai de remboursement est de 14 jours.",
            ["30 jours", "14 jours"],
        ),
        (
            "Wie lange ist die Kündigungsfrist?",
            "de",
            "Die Kündigungsfrist beträgt drei Monate.",
            "Die Kündigungsfrist beträgt sechs Wochen.",
            ["drei Monate", "sechs Wochen"],
        ),
        ("退款需要多少天？", "zh", "退款需要30天。", "退款需要14天。", ["30天", "14天"]),
        (
            "متى افتتح المتحف؟",
            "ar",
            "افتتح المتحف للجمهور في عام 1998 بعد أعمال طويلة.",
            "افتتح المتحف للجمهور في عام 2001 بعد أعمال طويلة.",
            ["1998", "2001"],
        ),
        (
            "Сколько дней отпуска?",
            "ru",
            "Сотрудникам положено 28 дней отпуска.",
            "Сотрудникам положено 31 день отпуска.",
            ["28 дней", "31 день"],
        ),
    ],
)
def test_sentences_that_differ_in_what_is_asked_contradict_each_other(question, language, one, other, expected):
    assert values(question, one, other, language) == expected


def test_documents_in_two_languages_contradict_each_other_in_numbers():
    one, other = "Employees get 25 days of leave per year.", "Mitarbeiter erhalten 30 Tage Urlaub im Jahr."
    assert values("How many days of leave do employees get?", one, other, "en", "de") == ["25 days", "30 Tage"]


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("How many employees are there?", "In 2019 there were 120 employees.", "In 2021 there were 150 employees."),
        (
            "How long is the warranty?",
            "The warranty of the Alpha drill is 2 years.",
            "The warranty of the Beta drill is 3 years.",
        ),
        ("How long do refunds take?", "Refunds for books take 30 days.", "Refunds for shoes take 14 days."),
        ("How long do refunds take?", "Refunds are requested within 30 days.", "Refunds are paid within 14 days."),
        ("How long do refunds take?", "Refunds take 30 days.", "Refunds take one month."),
        (
            "How many people live there?",
            "About 8 million people live in the city.",
            "7.9 million people live in the city.",
        ),
        ("What is the fee?", "The fee is 1,000 euros.", "The fee is 1000 euros."),
        ("How much is the fee?", "The fee is 30 euros.", "The fee is 5 %."),
        ("How old must drivers be?", "Drivers must be at least 18 years old.", "Drivers must be at most 70 years old."),
        ("When was it founded?", "The firm was founded on 3 March 1998.", "The firm was founded in March 1998."),
        ("When does the office open?", "The office in Lisbon opens at 8:00.", "The office in Porto opens at 9:00."),
        ("Who is the CEO of Acme?", "The CEO of Acme is Jane Miller.", "The CEO of Birch is Tom Stone."),
        ("Who is the CEO of Acme?", "The CEO of Acme is Jane Miller.", "The CEO of Acme is J. Miller."),
        (
            "Who wrote the report?",
            "The report was written by the NSA.",
            "The report was written by the National Security Agency.",
        ),
        ("Are pets allowed in the office?", "Pets are allowed in the office.", "Pets are not allowed in the kitchen."),
        (
            "When did it crash?",
            "The Falcon 39 was sold in the 1920s in Germany.",
            "The Falcon 40 was sold in the 1920s in Germany.",
        ),
    ],
)
def test_other_years_products_places_and_the_same_value_are_no_contradiction(question, one, other):
    assert values(question, one, other) == []


def test_a_number_is_told_with_what_it_counts():
    assert values(
        "What is the maximum file size?", "The maximum file size is 10 MB.", "The maximum file size is 25 MB."
    ) == ["10 MB", "25 MB"]


def test_titles_tell_two_offices_apart_but_not_two_editions():
    question, one, other = "When does the office open?", "The office opens at 8:00.", "The office opens at 9:00."
    assert values(question, one, other, left="Office in Lisbon", right="Office in Porto") == []
    assert values(question, one, other, left="Handbook 2023", right="Handbook 2024") == ["8:00", "9:00"]


def test_a_sentence_that_leaves_its_subject_to_the_title_contradicts_only_its_own():
    question, one, other = "When was it released?", "It was released in May 2003.", "It was released in June 2009."
    assert values(question, one, other, left="First album", right="Second record") == []


OLD = document("old", "Customers have to send goods back within 30 days. Shipping is free.", title="Returns 2023")
NEW = document("new", "Customers have to send goods back within 14 days. Shipping is free.", title="Returns 2024")
QUESTION = "How many days do customers have to send goods back?"


def answer(question: str, *documents: Document, most: int = 3) -> Answer:
    shelf, retrieval = retrieved(question, "en", *documents)
    *_, last = Extractive(max_sentences=most)(Question(question, question, "en"), retrieval, shelf.read)
    assert isinstance(last, Answer)
    return last


@pytest.mark.parametrize("most", [1, 2, 3])
def test_both_sides_are_quoted_and_the_notice_says_which_document_says_what(most):
    told = answer(QUESTION, OLD, NEW, most=most)
    assert {(citation.document.title, citation.quote) for citation in told.citations} >= {
        ("Returns 2023", "Customers have to send goods back within 30 days."),
        ("Returns 2024", "Customers have to send goods back within 14 days."),
    }
    marker = {citation.document.id: citation.marker for citation in told.citations}
    (said,) = told.notices
    assert said.startswith("The documents disagree: ")
    assert f"“30 days” [{marker['old']}], Returns 2023" in said
    assert f"“14 days” [{marker['new']}], Returns 2024" in said


def test_the_record_holds_the_values_at_their_places_and_survives_being_saved():
    told = answer(QUESTION, OLD, NEW)
    (disagreement,) = told.disagreements
    assert disagreement.kind == "number"
    texts = {"old": OLD.text, "new": NEW.text}
    for claim in disagreement.claims:
        assert texts[claim.document_id][claim.start : claim.end] == claim.value
    assert {claim.value for claim in disagreement.claims} == {"30 days", "14 days"}
    assert revive(told.as_dict()) == told


def test_documents_that_agree_raise_no_notice():
    same = replace(NEW, text=OLD.text)
    told = answer(QUESTION, OLD, same)
    assert (told.disagreements, told.notices) == ((), ())


@pytest.mark.parametrize("texts", [("* * *", "* * *"), ("—", "Refunds take 14 days."), ("", "")])
def test_sentences_of_marks_alone_are_no_versions_of_each_other(texts):
    _, retrieval = retrieved(QUESTION, "en", OLD, NEW)
    left, right = (replace(held, text=text) for held, text in zip(candidates(retrieval), texts, strict=False))
    assert Pair.aligned(left, right) is None


def test_a_contradiction_does_not_change_the_confidence():
    _, retrieval = retrieved(QUESTION, "en", OLD, NEW)
    extractive = Extractive()
    asked = Question(QUESTION, QUESTION, "en")
    assert answer(QUESTION, OLD, NEW).confidence == round(extractive.outlook(asked, retrieval).confidence, 3)


def test_a_question_is_weighed_once_for_its_confidence_and_its_contradictions():
    _, retrieval = retrieved(QUESTION, "en", OLD, NEW)
    embedded: list[int] = []

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        embedded.append(len(texts))
        return np.ones((len(texts), 2), dtype=np.float32)

    model = Embedding("minilm", "", 2, embed, languages=frozenset({"en"}))
    extractive, asked = Extractive(model), Question(QUESTION, QUESTION, "en")
    assert extractive.outlook(asked, retrieval).contradiction
    assert embedded == [1, EMBEDDED]  # the question, and the likeliest sentences


def test_a_model_is_told_the_labels_and_none_of_the_words():
    _, retrieval = retrieved(QUESTION, "en", OLD, NEW)
    found = Extractive().outlook(Question(QUESTION, QUESTION, "en"), retrieval).contradiction
    assert found is not None
    told = hint(found, [numbered(hit) for hit in retrieval.hits])
    assert "[1.1]" in told
    assert "[2.1]" in told
    assert "days" not in told
    assert hint(found, [numbered(retrieval.hits[0])]) == ""


def test_a_generated_answer_carries_the_notice_and_the_model_is_shown_the_hint():
    shelf, retrieval = retrieved(QUESTION, "en", OLD, NEW)
    asked = Question(QUESTION, QUESTION, "en")
    with OpenAIServer([Reply("30 days [1.1].")]) as server:
        model = chat_model("openai:scripted", api_key="sk-test", base_url=server.base_url)
        answerer = Generated(
            lambda: model,
            "openai:scripted",
            foresee=Extractive().outlook,
            supports=lambda statement, citations, question: Finding(True),
        )
        *_, told = answerer(asked, retrieval, shelf.read)
        shown = server.requests[0]["messages"][-1]["content"]
    assert isinstance(told, Answer)
    assert "say that the documents disagree" in shown
    first = retrieval.hits[0].document.title
    markers = {claim.document_id: claim.marker for claim in told.disagreements[0].claims}
    assert markers == {held.id: 1 if held.ref.title == first else None for held in (OLD, NEW)}
    assert told.notices[0].startswith("The documents disagree: ")


@pytest.mark.parametrize(
    ("text", "language", "date"),
    [
        ("on 27 July 2022", "en", (2022, 7, 27)),
        ("Dec. 1, 2017", "en", (2017, 12, 1)),
        ("en mars 2019", "fr", (2019, 3, None)),
        ("am 3. Oktober 1990", "de", (1990, 10, 3)),
        ("el 2 de mayo de 1808", "es", (1808, 5, 2)),
        ("2017年3月3日", "zh", (2017, 3, 3)),
        ("2017-03-03", "en", (2017, 3, 3)),
        ("03.10.1990", "de", (1990, 10, 3)),
    ],
)
def test_dates_are_read_in_the_ways_they_are_written(text, language, date):
    assert [token.date for token in tokens(text, language) if token.kind == "date"] == [date]


def test_dates_of_different_precision_are_not_held_against_each_other():
    assert same_date((1998, 3, None), (1998, 3, 3))
    assert same_date((2021, 3, 4), (2021, 4, 3))  # day and month, or month and day
    assert not same_date((1998, 3, None), (1999, 3, 3))


@example("¹0 May", "en")  # a digit that is no decimal
@given(st.text(max_size=80), st.sampled_from(["en", "de", "zh", "ar", "th", ""]))
def test_tokens_stand_in_order_and_inside_the_text(text, language):
    found = tokens(text, language)
    assert all(0 <= token.start < token.end <= len(text) for token in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
