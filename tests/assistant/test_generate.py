from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.announcement import once
from assistant.generate import Generated, Prices
from assistant.models import chat_model
from assistant.resilience import Limits
from assistant.statements import Finding
from assistant.types import (
    Answer,
    Citation,
    CitationFound,
    Delta,
    Event,
    Outlook,
    Question,
    Rejected,
    Statement,
    Turn,
    Usage,
)
from tests.assistant.library import CALL, SHOP, Reader, retrieval
from tests.fakes.openai_server import Behaviour, OpenAIServer, Reply, Script
from vectorstore.types import Span

WHY = "why did Russia condemn the strike?"
ANSWER = "Russia, backed by Iran, condemned it as an “agression” [1.2]."
READ = Reader([CALL, SHOP])


def sure(question: Question, found: Any) -> Outlook:
    return Outlook(0.9)


def believe(statement: str, citations: Sequence[Citation], question: str) -> Finding:
    return Finding(True)


@cache
def opened(base_url: str, api: Any) -> Any:
    return chat_model("openai:scripted", api_key="sk-test", base_url=base_url, api=api)


def generated(server: OpenAIServer, api: str = "chat", **options: Any) -> Generated:
    options = {"limits": Limits(), "supports": believe, **options}
    return Generated(lambda: opened(server.base_url, api), "openai:scripted", options.pop("foresee", sure), **options)


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


Ask = Callable[..., Answer]


@pytest.fixture
def answer(server: OpenAIServer) -> Ask:
    """The record of one answer after a script."""

    def ask(script: Sequence[Behaviour] | Script, **options: Any) -> Answer:
        last = events(generated(server.play(script), **options))[-1]
        assert isinstance(last, Answer)
        return last

    return ask


def question(text: str = WHY, history: tuple[Turn, ...] = ()) -> Question:
    return Question(text, text, "en", history)


def events(answerer: Generated, asked: Question | None = None) -> list[Event]:
    return list(answerer(asked or question(), retrieval(CALL, SHOP), READ))


def untimed(record: Answer) -> Answer:
    return dataclasses.replace(record, timings_ms={})


def test_a_french_article_is_asked_in_english_and_quoted_in_french(answer):
    record = answer([Reply(ANSWER)])
    (citation,) = record.citations
    assert record.text == "Russia, backed by Iran, condemned it as an “agression” [1]."
    assert citation.quote == "La Russie, appuyée par l’Iran, avait fermement condamné cette « agression »."
    assert CALL.text[citation.start : citation.end] == citation.quote
    assert (citation.marker, citation.answer_spans, citation.verification) == (1, (Span(55, 58),), "exact")
    assert record.statements == (Statement(0, 59, (1,), "quoted"),)
    assert record.notices == ("The cited passage is in French.",)
    assert (record.status, record.model, record.usage) == ("answered", "openai:scripted", Usage(120, 24, 100))


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_deltas_and_citations_come_as_they_close_and_the_record_last(api, server):
    server.play([Reply(ANSWER)])
    got = events(generated(server, api=api))
    *shown, record = got
    assert isinstance(record, Answer)
    assert "".join(event.text for event in shown if isinstance(event, Delta)) == record.text
    assert [event.citation for event in shown if isinstance(event, CitationFound)] == list(record.citations)
    assert len(shown) > 4
    assert record.usage == Usage(120, 24, 100)


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize(
    "text", [ANSWER, "NOT_IN_DOCUMENTS", "All free [2.2], he “lied” [9.9].\n\n- [x](http://e.x) 中文【1.1】"]
)
def test_streamed_and_unstreamed_give_the_same_record(api, text, answer):
    whole = answer([Reply(text)], api=api, streaming=False)
    for chunk in (1, 2, 3, 1000):
        assert untimed(answer([Reply(text, chunk=chunk)], api=api)) == untimed(whole)


@given(
    st.lists(
        st.sampled_from(["Russia", " ", "[1.", "2]", "“", "”", "NOT_IN_", "DOCUMENTS", "free. ", "\n"]), min_size=1
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_split_gives_the_same_record(server, parts):
    text = "".join(parts)
    if not text.strip():
        return
    script = iter([Reply([*parts]), Reply([text])])
    server.play(lambda _: next(script))
    answerer = generated(server)
    assert untimed(events(answerer)[-1]) == untimed(events(answerer)[-1])


def test_the_prompt_has_its_fixed_part_first_and_the_question_last(server):
    server.play([Reply(ANSWER)])
    answerer = generated(server)
    events(answerer, question(history=(Turn("who called?", "Putin called [1]."),)))
    events(answerer, question("is shipping free?"))
    first, second = (request["messages"] for request in server.requests)
    assert first[0] == second[0]
    assert [message["role"] for message in first] == ["system", "user", "assistant", "user"]
    assert first[2]["content"] == "Putin called."
    assert first[3]["content"].index("[1.2] La Russie") < first[3]["content"].index(WHY)


def test_the_sentinel_gives_the_closest_passages_and_no_citation(answer):
    record = answer([Reply("NOT_IN_DOCUMENTS")])
    assert (record.status, record.text, record.citations) == (
        "not_in_documents",
        "The documents do not answer this question.",
        (),
    )
    assert [near.document.id for near in record.closest] == [CALL.id, SHOP.id]


def test_what_is_unlikely_to_be_held_is_not_sent_to_the_model(server):
    server.play([Reply(ANSWER)])
    record = events(generated(server, foresee=lambda q, r: Outlook(0.01)))[-1]
    assert server.requests == []
    assert isinstance(record, Answer)
    assert (record.status, record.confidence) == ("not_in_documents", 0.01)


def test_an_answer_to_a_part_of_the_question_says_so(answer):
    record = answer([Reply("Shipping is free [2.2]. NOT_IN_DOCUMENTS")])
    assert (record.status, record.text) == ("answered", "Shipping is free [1].")
    assert "The documents answer only a part of the question." in record.notices


def test_made_up_evidence_is_rejected_and_its_statements_marked(answer):
    record = answer([Reply("Shipping costs 5 euros [2.9]. They say “no refunds at all” [2.1]. Nobody knows.")])
    assert record.rejected == (
        Rejected("2.9", "Shipping costs 5 euros", "no_such_sentence"),
        Rejected("", "no refunds at all", "quotation_not_found"),
    )
    assert [statement.support for statement in record.statements] == ["unsupported"] * 3


def test_strict_leaves_out_what_is_not_supported(server):
    with OpenAIServer(
        [Reply("It is big. Shipping is free [2.2]. It rains [2.9]. Refunds take 14 days [2.1].")]
    ) as server:
        got = events(generated(server, strict=True))
    record = got[-1]
    assert isinstance(record, Answer)
    assert record.text == "Shipping is free [1]. Refunds take 14 days [2]."
    assert [record.text[slice(*citation.answer_spans[0])] for citation in record.citations] == ["[1]", "[2]"]
    assert [record.text[held.start : held.end] for held in record.statements] == [
        "Shipping is free [1].",
        "Refunds take 14 days [2].",
    ]
    assert "".join(event.text for event in got if isinstance(event, Delta)) == record.text
    assert "Statements without support were left out." in record.notices


def test_passages_beyond_the_budget_are_left_out_and_it_is_said(server):
    server.play([Reply(ANSWER)])
    record = events(generated(server, context_tokens=85))[-1]
    assert "Refunds" not in server.requests[0]["messages"][-1]["content"]
    assert isinstance(record, Answer)
    assert any(notice.startswith("1 of 2 passages were left out") for notice in record.notices)


def test_the_first_answer_says_where_the_question_went(server, tmp_path):
    server.play([Reply(ANSWER)])
    answerer = generated(server, told=once("The question is sent to example.org.", tmp_path / "announced"))
    first, second = events(answerer)[-1], events(answerer)[-1]
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert first.notices[0] == "The question is sent to example.org."
    assert second.notices == first.notices[1:]
    assert once("The question is sent to example.org.", tmp_path / "announced")() == ""
    assert once("The question is sent elsewhere.", tmp_path / "announced")() != ""


def test_the_cost_is_told_where_prices_are_configured(answer):
    record = answer([Reply(ANSWER, usage=(1_000_000, 500_000, 400_000))], prices=Prices(input=2, output=8, cached=1))
    assert record.usage == Usage(1_000_000, 500_000, 400_000, cost=5.6)


def test_an_answer_in_another_language_than_the_question_is_noticed(answer):
    record = answer([Reply("La Russie a fermement condamné cette frappe, avec l’appui de l’Iran [1.2].")])
    assert "The answer is in French, unlike the question." in record.notices


def test_a_server_of_ones_own_is_told_how_long_the_answer_may_be_in_the_words_it_knows(server):
    server.play([Reply(ANSWER)])
    events(generated(server))
    assert server.requests[0]["max_tokens"] == 1_500
    assert "max_completion_tokens" not in server.requests[0]
