"""The answer record and the events it arrives in. Field names are promises: see docs/answer-record.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from vectorstore.types import Document, DocumentRef, Filters, Retrieval, Span

if TYPE_CHECKING:
    from assistant.differing import Contradiction

Status = Literal["answered", "not_in_documents"]
Support = Literal["quoted", "cited", "unsupported"]
Verification = Literal["exact", "normalized"]
RejectionReason = Literal["no_such_sentence", "quotation_not_found"]


@dataclass(frozen=True, slots=True)
class Passage:
    """The surroundings a quote is shown in: ``document.text[start:end] == text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and where it stands. ``start``/``end`` are code points into the document's stored text.

    For ``exact``, ``document.text[start:end] == quote``; for ``normalized`` that holds after
    `assistant.citations.normalize`. ``answer_spans`` are the places of the marker in the answer's text.
    """

    marker: int
    answer_spans: tuple[Span, ...]
    document: DocumentRef
    quote: str
    start: int
    end: int
    page: int | None
    heading: tuple[str, ...]
    passage: Passage
    verification: Verification
    score: float


@dataclass(frozen=True, slots=True)
class Statement:
    """A stretch of the answer, ``text[start:end]``, and what it rests on."""

    start: int
    end: int
    markers: tuple[int, ...]
    support: Support


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something the model offered as evidence that is none."""

    label: str
    text: str
    reason: RejectionReason


@dataclass(frozen=True, slots=True)
class Closest:
    """The nearest passage, shown when the documents do not hold the answer."""

    document: DocumentRef
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What one document gives for what is asked: ``document.text[start:end] == value``.

    ``marker`` is that of the citation it stands in, None where a generated answer cites none.
    """

    marker: int | None
    document_id: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Documents that give different values for what is asked, of one kind.

    ``kind`` is ``date``, ``number``, ``name``, or ``denial`` where one says what the other denies.
    """

    kind: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """Of the input tokens, those the service had in its cache."""
    cost: float | None = None
    """In the currency of the configured prices; None where none is configured."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The record, made once by `Assistant`; the last event of every stream, and authoritative."""

    id: str
    conversation_id: str | None
    question: str
    standalone_question: str
    language: str
    status: Status
    confidence: float
    """0 to 1: how likely the library holds the answer."""
    text: str
    citations: tuple[Citation, ...] = ()
    statements: tuple[Statement, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    closest: tuple[Closest, ...] = ()
    notices: tuple[str, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    model: str = "extractive"
    prompt_version: str = ""
    usage: Usage = field(default_factory=Usage)
    timings_ms: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON values: what ``ask --json`` prints."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    """Tuples as lists, all the way down."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer's text, in order."""

    text: str


@dataclass(frozen=True, slots=True)
class CitationFound:
    """A citation, sent once, when its marker has first been written."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange: what was asked, how it was understood, and what was answered."""

    question: str
    answer: str
    standalone_question: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What an answerer is asked. ``text`` stands alone; ``asked`` is as the user typed it."""

    asked: str
    text: str
    language: str
    history: tuple[Turn, ...] = ()
    filters: Filters = field(default_factory=Filters)


def unanswered(question: Question) -> Answer:
    """The record of a question nothing has been found for yet: what answerers fill in with `dataclasses.replace`."""
    return Answer(
        id="",
        conversation_id=None,
        question=question.asked,
        standalone_question=question.text,
        language=question.language,
        status="not_in_documents",
        confidence=0.0,
        text="",
    )


@dataclass(frozen=True, slots=True)
class Retrieved:
    """How the question was understood and what was found: the first event of every stream."""

    question: Question
    retrieval: Retrieval


Event = Retrieved | Delta | CitationFound | Answer

Read = Callable[[str], Document]
"""A document by its id, with its text. Raises `vectorstore.errors.NotFoundError`."""

Answerer = Callable[[Question, Retrieval, Read], Iterator[Event]]
"""Writes an answer over what was retrieved: deltas and citations, and an `Answer` last.

The pipeline fills in ``id``, ``conversation_id`` and the timings of that last event.
"""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of the answer before it is written."""

    confidence: float
    """0 to 1: how likely the library holds it."""
    contradiction: Contradiction | None = None
    """What the documents give different values for in it."""


Foresee = Callable[[Question, Retrieval], Outlook]


class Quoting(Protocol):
    """The answerer without a model (`assistant.extractive.Extractive` is one), which others ask for the outlook."""

    def __call__(self, question: Question, retrieval: Retrieval, read: Read) -> Iterator[Event]: ...
    def outlook(self, question: Question, retrieval: Retrieval) -> Outlook: ...
