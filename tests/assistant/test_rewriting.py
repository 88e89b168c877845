from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest

from assistant.models import chat_model
from assistant.multilingual import Multilingual, remembered
from assistant.resilience import Breaker, Limits
from assistant.rewriting import model_standalone, model_translate
from assistant.types import Turn
from tests.assistant.library import CALL, SHOP, hits
from tests.fakes.openai_server import OpenAIServer, Reply, Status
from vectorstore.types import Document, Filters, Retrieval

LIMITS = Limits(attempts=1)
TALK = (Turn("who condemned the strike?", "Russia did [1]."),)


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        opened(running.base_url)
        yield running


@cache
def opened(base_url: str) -> Any:
    return chat_model("openai:scripted", api_key="sk-test", base_url=base_url)


def without_model(question: str, history: Sequence[Turn]) -> str:
    return f"{question} (Russia)"


def test_a_follow_up_is_made_to_stand_alone_once(server):
    server.play([Reply('"Why did Russia condemn it?"\n')])
    standalone = model_standalone(lambda: opened(server.base_url), without_model, limits=LIMITS)
    assert [standalone("why?", TALK) for _ in range(3)] == ["Why did Russia condemn it?"] * 3
    assert len(server.requests) == 1
    assert "who condemned the strike?" in server.requests[0]["messages"][-1]["content"]


@pytest.mark.parametrize(
    "behaviour",
    [
        Status(500),
        Reply([60.0]),
        Reply(""),
        Reply("Sure!\nHere it is:\nwhy?"),
        Reply("NOT_IN_DOCUMENTS"),
        Reply("x" * 700),
    ],
)
def test_whatever_goes_wrong_the_question_is_understood_without_the_model(server, behaviour):
    server.play([behaviour])
    limits = Limits(first_text=1, attempts=1)
    standalone = model_standalone(lambda: opened(server.base_url), without_model, limits=limits)
    assert standalone("why?", TALK) == "why? (Russia)"


def test_a_failure_is_not_remembered(server):
    server.play([Status(500), Reply("Why did Russia condemn it?")])
    standalone = model_standalone(lambda: opened(server.base_url), without_model, limits=LIMITS)
    assert standalone("why?", TALK) == "why? (Russia)"
    assert standalone("why?", TALK) == "Why did Russia condemn it?"


def test_a_service_that_just_failed_is_not_asked(server):
    server.play([Reply("x")])
    breaker = Breaker()
    breaker.report(failed=True)
    standalone = model_standalone(lambda: opened(server.base_url), without_model, breaker=breaker, limits=LIMITS)
    translate = model_translate(lambda: opened(server.base_url), breaker=breaker, limits=LIMITS)
    assert (standalone("why?", TALK), translate("why", ["fr"])) == ("why? (Russia)", {})
    assert server.requests == []


def test_a_query_is_translated_into_all_languages_in_one_call(server):
    server.play([Reply("fr: pourquoi ?\nde：warum?\nxx: nonsense\nHope this helps!")])
    translate = model_translate(lambda: opened(server.base_url), limits=LIMITS)
    assert translate("why?", ["fr", "de"]) == {"fr": "pourquoi ?", "de": "warum?"}
    assert len(server.requests) == 1


class Shelf:
    """Finds the French document for French queries, the English one for English queries, and notes what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Filters]] = []

    def search(self, query: str, *, limit: int, filters: Filters) -> Retrieval:
        self.asked.append((query, filters))
        french = query.startswith("pourquoi")
        return Retrieval(query, "fr" if french else "en", hits(CALL) if french else hits(SHOP))

    def document(self, document_id: str) -> Document:
        return {CALL.id: CALL, SHOP.id: SHOP}[document_id]


def test_the_search_runs_in_the_librarys_languages_too():
    shelf = Shelf()
    library = Multilingual(shelf, lambda query, codes: {"fr": "pourquoi ?"}, lambda: {"en": 4, "fr": 2, "": 1})
    found = library.search("why?", limit=5, filters=Filters())
    assert [hit.document.id for hit in found.hits] == [SHOP.id, CALL.id]
    assert shelf.asked == [("why?", Filters()), ("pourquoi ?", Filters(languages=frozenset({"fr"})))]
    assert found.notes == ("Also searched for, in the library's other languages: French: pourquoi ?.",)


def test_a_library_in_the_questions_language_is_searched_once():
    def never(query: str, codes: Sequence[str]) -> dict[str, str]:
        raise AssertionError("nothing to translate")

    library = Multilingual(Shelf(), never, lambda: {"en": 4})
    assert library.search("why?", limit=5, filters=Filters()).notes == ()
    abroad = Multilingual(Shelf(), never, lambda: {"en": 4, "fr": 2})
    assert abroad.search("why?", limit=5, filters=Filters(languages=frozenset({"en"}))).notes == ()


def test_the_languages_are_not_counted_at_every_question():
    counted: list[int] = []

    def count() -> dict[str, int]:
        counted.append(1)
        return {"en": 4}

    languages = remembered(count)
    assert [languages(), languages()] == [{"en": 4}, {"en": 4}]
    assert len(counted) == 1
    always = remembered(count, seconds=-1)
    always()
    always()
    assert len(counted) == 3
