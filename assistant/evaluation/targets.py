"""Who is asked: an assistant in this process, or an endpoint that speaks our protocol or OpenAI's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from assistant.evaluation.dataset import Case
from assistant.types import Answer, Event, Retrieved, Turn
from vectorstore.errors import NotFoundError
from vectorstore.types import Document, Filters


@dataclass(frozen=True, slots=True)
class Place:
    """A retrieved chunk: ``document.text[start:end]``."""

    document_id: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer record, and what was retrieved for it; None where the target does not show that."""

    answer: Mapping[str, Any]
    retrieved: tuple[Place, ...] | None = None


class Target(Protocol):
    """Anything that can be asked."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the answers depend on; a run is resumed only with the same."""

    @property
    def hidden(self) -> frozenset[str]:
        """The metrics that its answers do not show enough for."""

    def ask(self, case: Case) -> Reply:
        """Raises whatever goes wrong: that is the question's result, not the run's end."""

    def document(self, document_id: str) -> Document | None:
        """With its stored text; None where there is none, or none can be had."""


class Streaming(Protocol):
    """What is needed of an assistant (`assistant.pipeline.Assistant` is one)."""

    def stream(
        self, question: str, *, history: Sequence[Turn] = (), filters: Filters | None = None
    ) -> Iterator[Event]: ...


class Library(Protocol):
    """What is needed of a library (`vectorstore.library.Library` is one)."""

    def document(self, document_id: str) -> Document: ...


class Local:
    """An assistant in this process, asked through the same door as the terminal and the server."""

    hidden: frozenset[str] = frozenset()

    def __init__(self, assistant: Streaming, library: Library, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self._assistant = assistant
        self._read = lru_cache(maxsize=4096)(library.document)

    def ask(self, case: Case) -> Reply:
        languages = frozenset({case.corpus_lang} if case.corpus_lang else ())
        retrieved: tuple[Place, ...] = ()
        for event in self._assistant.stream(case.question, history=case.history, filters=Filters(languages=languages)):
            if isinstance(event, Retrieved):
                hits = event.retrieval.hits
                retrieved = tuple(
                    Place(hit.chunk.document_id, hit.chunk.start, hit.chunk.end, hit.score) for hit in hits
                )
            elif isinstance(event, Answer):
                return Reply(event.as_dict(), retrieved)
        raise RuntimeError("the stream ended without an answer")

    def document(self, document_id: str) -> Document | None:
        try:
            return self._read(document_id)
        except NotFoundError:
            return None
