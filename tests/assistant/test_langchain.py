"""The chain and the library in LangChain's shapes, over a real library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import build
from assistant.langchain import LibraryRetriever, as_runnable
from assistant.pipeline import Assistant
from assistant.settings import Settings

TEXT = "The ferry leaves at seven. Bicycles travel free of charge on weekdays. Dogs must be kept on a lead."


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    path = tmp_path / "ferry.txt"
    path.write_text(TEXT)
    settings = Settings(embeddings="hashing")
    with build.open_library(settings) as library:
        build.ingest(library, [path], settings)
        yield build.assistant_over(library, settings)


def test_the_retriever_gives_documents_that_say_where_they_stand(assistant: Assistant) -> None:
    [document] = LibraryRetriever(library=assistant.library).invoke("do bicycles travel free?")
    start, end = document.metadata["start"], document.metadata["end"]
    assert TEXT[start:end] == document.page_content


def test_the_chain_can_be_invoked_and_batched(assistant: Assistant) -> None:
    chain = as_runnable(assistant)
    message = chain.invoke("do bicycles travel free of charge?")
    assert "Bicycles travel free of charge" in message.text
    assert [answer.text for answer in chain.batch(["do bicycles travel free of charge?"])] == [message.text]


def test_citations_are_standard_annotations_with_the_source_span_under_extras(assistant: Assistant) -> None:
    message = as_runnable(assistant).invoke("do bicycles travel free of charge?")
    found = [note for block in message.content_blocks for note in block.get("annotations", [])]
    assert found
    for annotation in found:
        assert annotation["type"] == "citation"
        assert message.text[annotation["start_index"] : annotation["end_index"]].startswith("[")
        extras = annotation["extras"]
        assert TEXT[extras["source_start"] : extras["source_end"]] == annotation["cited_text"]
        assert extras["verification"] == "exact"


def test_the_streamed_text_is_the_answer(assistant: Assistant) -> None:
    chunks = list(as_runnable(assistant).stream("do bicycles travel free of charge?"))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    assert whole.text == whole.response_metadata["answer"]["text"]
