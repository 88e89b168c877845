"""The library and the chain in LangChain's shapes, for people who build with LangChain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.content import Citation as CitationAnnotation
from langchain_core.messages.content import create_citation
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableGenerator
from pydantic import ConfigDict

from assistant.pipeline import Assistant, Searchable
from assistant.types import Answer, Citation, Delta
from vectorstore.types import Filters


class LibraryRetriever(BaseRetriever):
    """`vectorstore.retrieve` as a LangChain retriever. Each document's metadata says where it stands."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: Any
    """A `vectorstore.library.Library`, or anything `assistant.pipeline.Searchable`."""
    k: int = 10
    filters: Filters | None = None

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        library: Searchable = self.library
        retrieval = library.search(query, limit=self.k, filters=self.filters or Filters())
        return [
            Document(
                id=hit.chunk.id,
                page_content=hit.chunk.text,
                metadata={
                    **asdict(hit.document),
                    "start": hit.chunk.start,
                    "end": hit.chunk.end,
                    "page": hit.chunk.page,
                    "heading": list(hit.chunk.heading),
                    "score": hit.score,
                },
            )
            for hit in retrieval.hits
        ]


def as_runnable(assistant: Assistant) -> RunnableGenerator[str, AIMessageChunk]:
    """The whole chain as a `Runnable`: a question in, a stream of `AIMessageChunk` out.

    The last chunk carries the citations as standard annotations and the whole record in ``response_metadata``.
    """

    def answer(questions: Iterator[str]) -> Iterator[AIMessageChunk]:
        for event in assistant.stream("".join(questions)):
            match event:
                case Delta(text):
                    yield AIMessageChunk(content=[{"type": "text", "text": text, "index": 0}])
                case Answer():
                    yield AIMessageChunk(
                        content=[{"type": "text", "text": "", "annotations": citation_annotations(event), "index": 0}],
                        response_metadata={"answer": event.as_dict()},
                    )

    return RunnableGenerator(answer)


def as_message(answer: Answer) -> AIMessage:
    """A finished answer as a message with standard annotations."""
    return AIMessage(
        content=[{"type": "text", "text": answer.text, "annotations": citation_annotations(answer)}],
        response_metadata={"answer": answer.as_dict()},
    )


def citation_annotations(answer: Answer) -> list[CitationAnnotation]:
    """LangChain's ``Citation`` for each place of each marker; the source's own span is under ``extras``."""
    return [
        create_citation(
            title=citation.document.title,
            url=citation.document.source,
            cited_text=citation.quote,
            start_index=span.start,
            end_index=span.end,
            **_extras(citation),
        )
        for citation in answer.citations
        for span in citation.answer_spans
    ]


def _extras(citation: Citation) -> dict[str, Any]:
    """What has no field in the standard: `create_citation` puts it under ``extras``."""
    return {
        "marker": citation.marker,
        "document_id": citation.document.id,
        "source_start": citation.start,
        "source_end": citation.end,
        "page": citation.page,
        "verification": citation.verification,
    }
