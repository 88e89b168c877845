"""What nothing supports is told by every protocol: a model's answer over real HTTP, one sentence of it untrue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from assistant.server.openai_shapes import messages
from tests.assistant.server.running import Running, fill, quoting
from tests.fakes.openai_server import OpenAIServer, Reply

QUESTION = "How long do refunds take?"
TEXT = "Refunds take 14 days [1]. Every year has 400 days."
NOTE = "[?] not supported by what is cited: Every year has 400 days."


def label(prompt: str) -> str:
    """The label of the sentence about refunds, as the prompt numbers it."""
    line = next(line for line in prompt.splitlines() if "Refunds take 14 days." in line)
    return line.split()[0]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home: Path = tmp_path_factory.mktemp("unsupported") / "home"
    model = OpenAIServer(
        lambda asked: Reply(f"Refunds take 14 days {label(asked['messages'][-1]['content'])}. Every year has 400 days.")
    )
    with model:
        settings = fill(home).model_copy(
            update={"model": "openai:scripted", "openai_api_key": "sk-test", "openai_base_url": model.base_url}
        )
        with quoting(settings) as server:
            yield server


def post(served: Running, path: str, body: object) -> httpx.Response:
    with served.client() as client:
        return client.post(path, json=body)


def test_the_record_and_its_parts_tell_it(served: Running) -> None:
    answer = post(served, "/api/chat", {"question": QUESTION}).json()
    assert answer["text"] == TEXT
    assert [(held["start"], held["end"], held["support"]) for held in answer["statements"]][1] == (
        26,
        50,
        "unsupported",
    )
    assert answer["text_parts"] == [
        {"type": "text", "text": "Refunds take 14 days "},
        {"type": "citation", "marker": 1},
        {"type": "text", "text": ". "},
        {"type": "text", "text": "Every year has 400 days", "support": "unsupported", "ends": True},
        {"type": "text", "text": ".", "support": "unsupported", "ends": False},
    ]


def test_openais_clients_read_it_below_the_text(served: Running) -> None:
    _, secret = served.keys.create("openai")
    with openai.OpenAI(
        base_url=f"{served.url}/v1", api_key=secret, http_client=openai.DefaultHttpxClient(trust_env=False)
    ) as client:
        asked = [{"role": "user", "content": QUESTION}]
        whole = client.chat.completions.create(model="default", messages=asked)
        chunks = list(client.chat.completions.create(model="default", messages=asked, stream=True))
        response = client.responses.create(model="default", input=QUESTION)
        events = list(client.responses.create(model="default", input=QUESTION, stream=True))
    message = whole.choices[0].message
    assert message.content == f"{TEXT}\n\n{NOTE}"
    note = message.annotations[0].url_citation
    assert message.content[note.start_index : note.end_index] == "[1]"
    assert whole.model_extra["statements"][1]["support"] == "unsupported"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == message.content
    assert chunks[-1].model_extra["statements"] == whole.model_extra["statements"]
    assert response.output_text == message.content
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == message.content
    assert events[-1].response.output_text == message.content
    assert events[-1].response.model_extra["statements"][1]["support"] == "unsupported"


def test_what_a_client_sends_back_is_the_answer_alone() -> None:
    sent = [{"role": "assistant", "content": f"{TEXT}\n\n{NOTE}"}, {"role": "user", "content": QUESTION}]
    assert messages(sent, "messages") == [("assistant", TEXT), ("user", QUESTION)]


def test_the_ai_sdk_gets_the_parts(served: Running) -> None:
    body = {"messages": [{"role": "user", "parts": [{"type": "text", "text": QUESTION}]}]}
    lines = post(served, "/api/ai-sdk", body).text.splitlines()
    sent = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    parts = next(part["data"] for part in sent if part["type"] == "data-text-parts")
    assert [part["text"] for part in parts if part.get("support")] == ["Every year has 400 days", "."]
    assert "".join(part["delta"] for part in sent if part["type"] == "text-delta") == TEXT
