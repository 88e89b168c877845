"""OpenAI's own Python client against the server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import openai
import pytest

from tests.assistant.server.running import Running

ASKED = [{"role": "user", "content": "How long do refunds take?"}]


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{server.url}/v1",
        api_key="none",
        max_retries=0,
        http_client=openai.DefaultHttpxClient(trust_env=False),
    ) as made:
        made._client.headers.pop("authorization", None)
        yield made


@pytest.fixture
def keyed(guarded: Running) -> Iterator[openai.OpenAI]:
    _, secret = guarded.keys.create("openai")
    with openai.OpenAI(
        base_url=f"{guarded.url}/v1",
        api_key=secret,
        max_retries=0,
        http_client=openai.DefaultHttpxClient(trust_env=False),
    ) as made:
        yield made


def test_a_completion_has_the_text_its_annotations_and_the_citations_in_full(keyed: openai.OpenAI) -> None:
    reply = keyed.chat.completions.create(model="default", messages=ASKED, temperature=0.2)
    message = reply.choices[0].message
    citation = reply.model_extra["citations"][0]
    assert "14 days" in message.content
    note = message.annotations[0].url_citation
    assert message.content[note.start_index : note.end_index] == "[1]"
    assert note.url.endswith(f"highlight={citation['start']}-{citation['end']}")
    assert "14 days" in citation["quote"]
    assert reply.choices[0].finish_reason == "stop"


def test_a_streamed_completion_says_the_same(keyed: openai.OpenAI) -> None:
    whole = keyed.chat.completions.create(model="default", messages=ASKED)
    stream = keyed.chat.completions.create(
        model="default", messages=ASKED, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    citations = [citation for chunk in chunks for citation in chunk.model_extra.get("citations", [])]
    assert text == whole.choices[0].message.content
    assert citations == whole.model_extra["citations"]
    assert chunks[-1].usage is not None
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"


def test_a_response_can_be_continued_by_its_id(keyed: openai.OpenAI) -> None:
    first = keyed.responses.create(model="default", input="When was the telescope built?", store=True)
    second = keyed.responses.create(
        model="default", input="When does it open?", previous_response_id=first.id, store=True
    )
    annotation = first.output[0].content[0].annotations[0]
    assert "1926" in first.output_text
    assert first.status == "completed"
    assert annotation.type == "file_citation"
    assert "1926" in annotation.model_extra["quote"]
    assert second.id != first.id
    with pytest.raises(openai.BadRequestError):
        keyed.responses.create(model="default", input="And?", previous_response_id=first.id)


def test_a_streamed_response_has_every_event_in_order(keyed: openai.OpenAI) -> None:
    got = list(keyed.responses.create(model="default", input="How long do refunds take?", stream=True))
    assert [event.sequence_number for event in got] == list(range(len(got)))
    names = [event.type.removeprefix("response.") for event in got]
    assert names[:4] == ["created", "in_progress", "output_item.added", "content_part.added"]
    assert names[-4:] == ["output_text.done", "content_part.done", "output_item.done", "completed"]
    assert "output_text.annotation.added" in names
    text = "".join(event.delta for event in got if event.type == "response.output_text.delta")
    assert text == got[-1].response.output_text
    assert got[-1].response.output[0].content[0].annotations


def test_models_are_collections(keyed: openai.OpenAI) -> None:
    assert [model.id for model in keyed.models.list()] == ["default", "private"]
    assert keyed.models.retrieve("default").id == "default"
    with pytest.raises(openai.NotFoundError):
        keyed.models.retrieve("gpt-4")


def test_errors_are_those_the_client_knows(keyed: openai.OpenAI, guarded: Running) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        keyed.chat.completions.create(model="gpt-4", messages=ASKED)
    with pytest.raises(openai.BadRequestError) as tools:
        keyed.chat.completions.create(
            model="default", messages=ASKED, tools=[{"type": "function", "function": {"name": "f"}}]
        )
    with pytest.raises(openai.BadRequestError) as field:
        keyed.chat.completions.create(model="default", messages=ASKED, extra_body={"made_up": 1})
    with pytest.raises(openai.BadRequestError):
        keyed.chat.completions.create(model="default", messages=[{"role": "assistant", "content": "Hello"}])
    with pytest.raises(openai.BadRequestError):
        keyed.responses.create(model="default", input=[{"role": "user", "content": [{"type": "input_image"}]}])
    stranger = (
        openai.OpenAI(base_url=f"{guarded.url}/v1", api_key="wrong", http_client=httpx.Client(trust_env=False))
        if issubclass(openai.DefaultHttpxClient, httpx.Client)
        else keyed.with_options(api_key="wrong")
    )
    with pytest.raises(openai.AuthenticationError):
        stranger.chat.completions.create(model="default", messages=ASKED)
    assert unknown.value.code == "model_not_found"
    assert tools.value.param == "tools"
    assert field.value.param == "made_up"


def test_a_failure_in_the_middle_of_a_stream_is_raised(client: openai.OpenAI, server: Running) -> None:
    asked = [{"role": "user", "content": "please fail, refunds"}]
    with server.client() as plain:
        text = plain.post("/v1/chat/completions", json={"model": "default", "messages": asked, "stream": True}).text
    assert '"error":{"message":"The model broke off. Ask again."' in text
    assert text.endswith("data: [DONE]\n\n")
