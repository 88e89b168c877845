"""A follow-up is searched as it was understood and as it was asked, and what both find comes first."""

from __future__ import annotations

from dataclasses import replace

from assistant.followup import standalone
from assistant.pipeline import Assistant
from assistant.together import NOTE, together
from assistant.types import Retrieved, Turn
from tests.assistant.chat.fakes import Shelf, reciting
from tests.assistant.library import CALL, SHOP, document, hits
from vectorstore.types import Filters, Retrieval

OTHER = document("doc_other", "Other", "Nothing of note.")


def found(*titles: str, query: str = "") -> Retrieval:
    by_title = {held.ref.title: held for held in (CALL, SHOP, OTHER)}
    return Retrieval(query, "en", hits(*(by_title[title] for title in titles)))


def titles(retrieval: Retrieval) -> list[str]:
    return [hit.document.title for hit in retrieval.hits]


def test_what_both_searches_find_comes_first() -> None:
    merged = together(found("Other", "Handbook"), found("Handbook", "Other", "Entretien téléphonique"))
    assert titles(merged) == ["Other", "Handbook", "Entretien téléphonique"]


def test_query_language_and_weights_are_those_of_the_question_as_understood() -> None:
    understood = replace(found("Other", query="why? (strike)"), weights={"stri": 2.0}, notes=("One.",))
    merged = together(understood, found("Handbook", query="why?"))
    assert (merged.query, merged.weights, merged.notes) == ("why? (strike)", {"stri": 2.0}, ("One.", NOTE))


def test_nothing_found_stays_nothing() -> None:
    assert together(found(), found()).hits == ()


class Noting(Shelf):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: list[str] = []

    def search(self, query: str, *, limit: int, filters: Filters) -> Retrieval:
        self.queries.append(query)
        return super().search(query, limit=limit, filters=filters)


def test_only_a_question_that_was_understood_otherwise_is_searched_twice() -> None:
    shelf = Noting()
    assistant = Assistant(shelf, reciting("Yes."), standalone, beside=shelf)
    earlier = [Turn("How long do refunds take?", "14 days.")]
    assistant.ask("How long do refunds take?")
    assistant.ask("Is shipping to Canada free?", history=earlier)
    first = next(iter(assistant.stream("and why?", history=earlier)))
    assert shelf.queries == [
        "How long do refunds take?",
        "Is shipping to Canada free?",
        "and why? (refunds take)",
        "and why?",
    ]
    assert isinstance(first, Retrieved)
    assert len(first.retrieval.hits) == 1
