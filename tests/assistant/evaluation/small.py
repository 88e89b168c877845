"""A small library and an assistant over it that quotes the sentence with the most words of the question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.evaluation.dataset import Case
from assistant.evaluation.runner import Run
from assistant.evaluation.targets import Local
from assistant.types import Answer, Citation, Delta, Event, Passage, Question, Retrieved, Turn, Usage
from vectorstore.errors import NotFoundError
from vectorstore.language import detect
from vectorstore.types import Document, DocumentRef, Filters, Hit, Retrieval, Span


def document(id: str, text: str, language: str = "en", source: str = "") -> Document:
    return Document(DocumentRef(id, id.title(), source or f"/docs/{id}.txt", "text/plain", language, "0" * 64), text)


HANDBOOK = document("handbook", "Refunds take 14 days. Shipping is free. The warehouse stands in Hamburg.")
GARDEN = document("garden", "Tomatoes need sun. Water the tomatoes every morning. Slugs like lettuce.")
NEWS = document("news", "La Russie a condamné la frappe. Le sommet aura lieu à Hambourg.", "fr")
DOCUMENTS = (HANDBOOK, GARDEN, NEWS)


class Shelf:
    """A library in memory."""

    def __init__(self, *documents: Document) -> None:
        self.by_id = {document.id: document for document in documents}

    def documents(self) -> list[DocumentRef]:
        return [document.ref for document in self.by_id.values()]

    def document(self, document_id: str) -> Document:
        if document_id not in self.by_id:
            raise NotFoundError(document_id)
        return self.by_id[document_id]

    def text(self, document_id: str) -> str | None:
        found = self.by_id.get(document_id)
        return found.text if found else None


class Quoting:
    """An assistant: `fails_at` names questions that crash it."""

    def __init__(self, shelf: Shelf, *, fails_at: str = "") -> None:
        self.shelf = shelf
        self.fails_at = fails_at
        self.asked: list[str] = []

    def stream(self, question: str, *, history: Sequence[Turn] = (), filters: Filters | None = None) -> Iterator[Event]:
        self.asked.append(question)
        if self.fails_at and self.fails_at in question:
            raise RuntimeError("the model broke down")
        wanted = _words(" ".join([*(turn.question for turn in history), question]))
        hits = sorted(self._hits(wanted, filters or Filters()), key=lambda hit: -hit.score)
        retrieval = Retrieval(question, "en", tuple(hits))
        yield Retrieved(Question(question, question, "en"), retrieval)
        answer = _answer(question, hits, self.shelf)
        yield Delta(answer.text)
        yield answer

    def _hits(self, wanted: set[str], filters: Filters) -> Iterator[Hit]:
        for document in self.shelf.by_id.values():
            if filters.languages and document.ref.language not in filters.languages:
                continue
            for match in re.finditer(r"[^.]+\.", document.text):
                start = match.start() + len(match.group()) - len(match.group().lstrip())
                shared = wanted & _words(match.group())
                yield Hit(document.chunk(start, match.end()), document.ref, float(len(shared)))


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 3}


def _answer(question: str, hits: Sequence[Hit], shelf: Shelf) -> Answer:
    best = hits[0] if hits else None
    held = best is not None and best.score > 0
    values = {
        "id": f"ans_{id(question)}",
        "conversation_id": None,
        "question": question,
        "standalone_question": question,
        "language": "en",
        "confidence": min(1.0, best.score / 3) if best else 0.0,
        "usage": Usage(10, 5),
        "timings_ms": {"total": 3.0},
    }
    if best is None or not held:
        return Answer(status="not_in_documents", text="The documents do not hold it.", **values)  # type: ignore[arg-type]
    text = shelf.document(best.document.id).text
    citation = Citation(
        marker=1,
        answer_spans=(Span(0, 3),),
        document=best.document,
        quote=best.chunk.text,
        start=best.chunk.start,
        end=best.chunk.end,
        page=None,
        heading=(),
        passage=Passage(0, len(text), text),
        verification="exact",
        score=best.score,
    )
    return Answer(status="answered", text=f"“{best.chunk.text}” [1]", citations=(citation,), **values)  # type: ignore[arg-type]


CASES = (
    Case("refunds", "How long do refunds take?", "en", ("14 days",), ("handbook",), ("14 days",), category="shop"),
    Case("shipping", "What does shipping cost?", "en", ("free",), ("handbook",), ("is free.",), category="shop"),
    Case("sommet", "Where is the sommet?", "en", ("Hambourg",), ("news",), ("Hambourg",), corpus_lang="fr"),
    Case("moon", "Who walked upon Jupiter?", "en", answerable=False, category="unrelated"),
    Case("slugs", "Which lettuce grows best?", "en", answerable=False, category="nearly related"),
)


def target(assistant: Quoting | None = None) -> Local:
    shelf = Shelf(*DOCUMENTS)
    return Local(assistant or Quoting(shelf), shelf, {"target": "small"})


def run(cases: Sequence[Case] = CASES, assistant: Quoting | None = None, *, repeat: int = 1, jobs: int = 1) -> Run:
    from pathlib import Path

    from assistant.evaluation.dataset import Dataset

    return Run(Dataset(Path("questions.jsonl"), tuple(cases)), target(assistant), detect, repeat=repeat, jobs=jobs)
