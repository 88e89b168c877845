"""The order of the steps from a question to an answer, and nothing else."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.errors import UsageError
from assistant.together import together
from assistant.types import Answer, Answerer, Delta, Event, Question, Retrieved, Turn
from vectorstore.types import Document, Filters, Retrieval

MAX_QUESTION = 8_000  # code points; longer than any question, shorter than a pasted document

Standalone = Callable[[str, Sequence[Turn]], str]
"""A question and the turns before it, oldest first, to the question as it reads on its own."""


class Searchable(Protocol):
    """What the pipeline needs of a library (`vectorstore.library.Library` is one)."""

    def search(self, query: str, *, limit: int, filters: Filters) -> Retrieval: ...
    def document(self, document_id: str) -> Document: ...


class Log(Protocol):
    """Where turns are kept (`assistant.conversations` is one)."""

    def history(self, conversation_id: str) -> Sequence[Turn]: ...
    def append(self, conversation_id: str, answer: Answer) -> None: ...


@dataclass(frozen=True, slots=True)
class Assistant:
    """A library, a way to answer, and optionally a memory."""

    library: Searchable
    answerer: Answerer
    standalone: Standalone
    log: Log | None = None
    passages: int = 20
    """How many chunks are retrieved for a question."""
    beside: Searchable | None = None
    """What searches a follow-up as it was asked, beside `library`, which searches it as it was understood."""

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filters: Filters | None = None,
        conversation_id: str | None = None,
    ) -> Iterator[Event]:
        """Answer while writing: `Retrieved`, then deltas and citations, and the `Answer` last.

        With a ``conversation_id`` the history comes from the log, and the finished answer goes there.
        Raises `UsageError` for a question that cannot be asked.
        """
        started = time.perf_counter()
        asked = checked(question)
        if conversation_id and self.log:
            history = self.log.history(conversation_id)
        text = self.standalone(asked, history) if history else asked
        retrieval = self._search(asked, text, filters or Filters())
        understood = Question(asked, text, retrieval.language, tuple(history), filters or Filters())
        retrieved_ms = _since(started)
        yield Retrieved(understood, retrieval)
        first_text: float | None = None
        for event in self.answerer(understood, retrieval, self.library.document):
            if isinstance(event, Delta) and first_text is None:
                first_text = _since(started)
            if isinstance(event, Answer):
                timings = {
                    **event.timings_ms,
                    "retrieve": retrieved_ms,
                    "first_text": first_text if first_text is not None else _since(started),
                    "total": _since(started),
                }
                event = replace(event, id=new_id("ans"), conversation_id=conversation_id, timings_ms=timings)
                if conversation_id and self.log:
                    self.log.append(conversation_id, event)
            yield event

    def _search(self, asked: str, text: str, filters: Filters) -> Retrieval:
        found = self.library.search(text, limit=self.passages, filters=filters)
        if self.beside is None or text == asked:
            return found
        return together(found, self.beside.search(asked, limit=self.passages, filters=filters))

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filters: Filters | None = None,
        conversation_id: str | None = None,
    ) -> Answer:
        """Answer in one piece: the last event of `stream`."""
        events = self.stream(question, history=history, filters=filters, conversation_id=conversation_id)
        return next(event for event in events if isinstance(event, Answer))


def checked(question: str) -> str:
    """The question without surrounding white space; `UsageError` where there is nothing to look for."""
    text = question.strip()
    if not text:
        raise UsageError('The question is empty. Ask something, for example: assistant ask "what is this about?"')
    if len(text) > MAX_QUESTION:
        raise UsageError(
            f"The question has {len(text):,} characters, the limit is {MAX_QUESTION:,}. "
            "Put long texts into a file, ingest it, and ask about it."
        )
    if not any(character.isalnum() for character in text):
        raise UsageError(f"The question {text[:40]!r} has no word or number to look for. Ask with words.")
    return text


def new_id(kind: str) -> str:
    """A random id of 128 bits, such as ``ans_…``: nobody can guess another one's."""
    return f"{kind}_{secrets.token_hex(16)}"


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
