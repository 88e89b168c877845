"""Answers made by hand, for tests that need records and no library."""

from __future__ import annotations

from assistant.types import Answer, Citation, Passage, Statement
from vectorstore.types import Document, DocumentRef, Span

SOURCE = Document(
    DocumentRef("doc_1", "Handbook", "handbook.md", "text/markdown", "en", "ab" * 32),
    "Shipping is free. Refunds take 14 days, from the day the parcel is back. Gift cards are not refunded.",
)
QUOTE = "Refunds take 14 days, from the day the parcel is back."


def citation(
    document: Document = SOURCE, quote: str = QUOTE, *, marker: int = 1, span: tuple[int, int] = (15, 18)
) -> Citation:
    start = document.text.index(quote)
    return Citation(
        marker=marker,
        answer_spans=(Span(*span),),
        document=document.ref,
        quote=quote,
        start=start,
        end=start + len(quote),
        page=None,
        heading=(),
        passage=Passage(0, len(document.text), document.text),
        verification="exact",
        score=0.8,
    )


def answered(
    question: str = "How long do refunds take?", text: str = "Within 14 days [1].", **changes: object
) -> Answer:
    """An answer that cites `SOURCE`, with anything about it changed."""
    values: dict[str, object] = {
        "id": "ans_1",
        "conversation_id": None,
        "question": question,
        "standalone_question": question,
        "language": "en",
        "status": "answered",
        "confidence": 0.9,
        "text": text,
        "citations": (citation(),),
        "statements": (Statement(0, len(text), (1,), "quoted"),),
        "timings_ms": {"total": 12.5},
    }
    return Answer(**{**values, **changes})  # type: ignore[arg-type]
