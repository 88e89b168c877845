"""Questions that need two documents are answered from both."""

from __future__ import annotations

from assistant.extractive import Extractive
from assistant.types import Answer, Question
from tests.assistant.library import Reader, document
from vectorstore.types import Document, Hit, LegScore, Retrieval

PRIZE = document(
    "prize",
    "Silver Lantern 1994",
    "The Silver Lantern 1994 was won by the film Harbour Lights. The ceremony took place in Ghent.",
)
FILM = document(
    "film",
    "Harbour Lights",
    "Harbour Lights is a drama of 1993 directed by Ines Vandamme. It was shot in eleven weeks.",
)
MILL = document("mill", "Mill Bridge", "Mill Bridge was built in 1871. It carries the road to the mill over the river.")
TOWN = document("town", "Town Bridge", "Town Bridge was built in 1902. It replaced a ferry.")
GARDEN = document("garden", "Gardening", "Tomatoes need six hours of sun a day. They are watered in the morning.")


def answer(question: str, *found: tuple[Document, str], most: int = 3) -> Answer:
    """``found`` are the documents, best first, each with the leg that brought it along, if one did."""
    hits = tuple(
        Hit(
            held.chunk(0, len(held.text)),
            held.ref,
            1.0 / rank,
            {"grams": LegScore(rank, 1.0 / rank)} | ({leg: LegScore(1, 1.0)} if leg else {}),
        )
        for rank, (held, leg) in enumerate(found, start=1)
    )
    asked = Question(question, question, "en")
    read = Reader([held for held, _ in found])
    *_, last = Extractive(threshold=0.0, max_sentences=most)(asked, Retrieval(question, "en", hits), read)
    assert isinstance(last, Answer)
    return last


def cited(told: Answer) -> set[str]:
    return {citation.document.id for citation in told.citations}


DIRECTOR = "Who directed the film that won the Silver Lantern 1994?"


def test_a_document_that_the_quoted_passage_names_and_that_adds_to_the_question_is_quoted_too():
    told = answer(DIRECTOR, (PRIZE, "title"), (GARDEN, ""), (FILM, "named"))
    assert cited(told) == {"prize", "film"}
    assert told.citations[0].document.id == "prize"
    assert any("directed by Ines Vandamme" in citation.quote for citation in told.citations)


def test_a_document_that_no_quoted_passage_names_is_not_brought_in():
    assert "garden" not in cited(answer(DIRECTOR, (PRIZE, "title"), (GARDEN, "named"), (FILM, "named")))


def test_a_named_document_that_adds_nothing_to_the_question_is_left_out():
    told = answer("Where did the ceremony of the Silver Lantern 1994 take place?", (PRIZE, "title"), (FILM, "named"))
    assert cited(told) == {"prize"}


def test_both_documents_that_a_question_names_by_title_are_quoted():
    told = answer("Which is older, Mill Bridge or Town Bridge?", (MILL, "title"), (GARDEN, ""), (TOWN, "title"))
    assert cited(told) >= {"mill", "town"}


def test_one_quote_stays_one_quote():
    assert len(answer(DIRECTOR, (PRIZE, "title"), (FILM, "named"), most=1).citations) == 1
    assert len(answer(DIRECTOR, (PRIZE, "title"), (FILM, "named"), most=2).citations) == 2
