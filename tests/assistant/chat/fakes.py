"""A library of one document, an answerer that recites, and a screen that remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console

from assistant.chat.screen import Screen
from assistant.chat.session import Session
from assistant.conversations import open_conversations
from assistant.followup import standalone
from assistant.pipeline import Assistant
from assistant.types import Answer, Answerer, CitationFound, Delta, Event, Question, Read
from tests.assistant.answers import SOURCE, answered, citation
from vectorstore.errors import NotFoundError
from vectorstore.types import Document, Filters, Hit, LegScore, Retrieval


class Shelf:
    """A library of documents that can be taken away or exchanged."""

    def __init__(self, *documents: Document) -> None:
        self.documents = {document.id: document for document in documents or (SOURCE,)}

    def search(self, query: str, *, limit: int, filters: Filters) -> Retrieval:
        hits = tuple(
            Hit(document.chunk(0, len(document.text)), document.ref, 1.0, {"grams": LegScore(1, 12.5)})
            for document in self.documents.values()
            if not filters.languages or document.ref.language in filters.languages
        )
        return Retrieval(query, "en", hits[:limit], ("Nothing was cut.",))

    def document(self, document_id: str) -> Document:
        try:
            return self.documents[document_id]
        except KeyError:
            raise NotFoundError(f"no document {document_id}") from None


def reciting(*pieces: str, between: Callable[[], None] = lambda: None) -> Answerer:
    """Answers every question with the pieces, citing `SOURCE`; ``between`` is called before each but the first."""

    def answer(question: Question, retrieval: Retrieval, read: Read) -> Iterator[Event]:
        for number, piece in enumerate(pieces):
            if number:
                between()
            yield Delta(piece)
        yield CitationFound(citation())
        yield made(question, "".join(pieces))

    return answer


def made(question: Question, text: str) -> Answer:
    return answered(question.asked, text, id="", standalone_question=question.text, model="fake:model")


def session(
    folder: Path, *, answerer: Answerer | None = None, shelf: Shelf | None = None, collection: str = "default"
) -> Session:
    """A chat over the shelf, keeping its conversations in the folder."""
    shelf = shelf or Shelf()
    reciter = answerer or reciting("Within 14 days ", "[1].")
    return Session(
        assistant=Assistant(shelf, reciter, standalone),
        conversations=open_conversations(folder / "conversations.db", collection=collection),
        model="fake:model",
        open_model=lambda name: Assistant(shelf, reciting(f"I am {name}."), standalone),
    )


def screen(width: int = 80, *, terminal: bool = False) -> tuple[Screen, StringIO]:
    """A screen whose two halves write to one paper, as a terminal's do."""
    paper = StringIO()
    console = Console(
        file=paper,
        width=width,
        height=24,
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=terminal,
        soft_wrap=False,
        _environ={"TERM": "xterm-256color"} if terminal else {},
    )
    return Screen(console, console), paper


class Lines:
    """A prompt that knows what will be typed; an exception among the lines is raised instead."""

    def __init__(self, lines: Sequence[str | type[BaseException]]) -> None:
        self._lines = iter(lines)

    def read(self) -> str | None:
        line = next(self._lines, None)
        if isinstance(line, type):
            raise line
        return line
