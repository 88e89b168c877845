"""What goes over the wire: requests, which refuse unknown fields, and replies, which may gain some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from assistant.marking import parts
from assistant.pipeline import MAX_QUESTION
from assistant.types import Answer
from vectorstore.types import Filters

MAX_HISTORY = 200  # messages
COLLECTION = r"^[a-zA-Z0-9][a-zA-Z0-9._-]{1,61}[a-zA-Z0-9]$"
HAS_A_WORD = r"[\p{L}\p{N}]"
"""What `assistant.pipeline.checked` asks of a question, for the OpenAPI document: the refusal is left to it."""

CollectionName = Annotated[str, Field(pattern=COLLECTION, description="The collection to use.")]
QuestionText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_QUESTION,
        examples=["How long do refunds take?"],
        json_schema_extra={"pattern": HAS_A_WORD},
    ),
]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number: 10 and 10.0 are the same in JSON, but not to a strict model."""

Absent = Annotated[Any, WithJsonSchema({"type": "null"})]
"""What has to be left out, or null. The route refuses it in its own words."""


class Request(BaseModel):
    """Unknown fields are refused: a misspelt option that is quietly ignored is worse than an error."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Reply(BaseModel):
    model_config = ConfigDict(extra="allow")


class FiltersIn(Request):
    """Which documents may be searched. Several values of one kind are alternatives, kinds are combined."""

    languages: list[Annotated[str, Field(max_length=16)]] = Field(default=[], max_length=50, examples=[["en"]])
    sources: list[Annotated[str, Field(max_length=2_000)]] = Field(default=[], max_length=200, examples=[[]])
    documents: list[Annotated[str, Field(max_length=500)]] = Field(default=[], max_length=200, examples=[[]])

    def filters(self) -> Filters:
        languages = frozenset(language.lower() for language in self.languages)
        return Filters(languages, frozenset(self.sources), frozenset(self.documents))


class MessageIn(Request):
    role: Literal["user", "assistant"]
    content: str = Field(max_length=100_000)


class ChatIn(Request):
    """A question. With ``conversation_id`` the earlier turns are known; otherwise ``history`` may tell them."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"question": "How long do refunds take?"}]}
    )

    question: QuestionText
    collection: CollectionName = "default"
    conversation_id: str | None = Field(default=None, max_length=64)
    save: bool = Field(default=False, description="Begin a conversation with this question.")
    history: list[MessageIn] = Field(default=[], max_length=MAX_HISTORY)
    filters: FiltersIn = FiltersIn()


class SearchIn(Request):
    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"query": "refunds", "limit": 3}]}
    )

    query: QuestionText
    collection: CollectionName = "default"
    limit: Whole = Field(default=10, ge=1, le=100)
    explain: bool = Field(default=False, description="Say what each index gave.")
    filters: FiltersIn = FiltersIn()


class ConversationIn(Request):
    title: str = Field(default="", max_length=1_000, examples=["Refunds"])
    collection: CollectionName = "default"


class TitleIn(Request):
    title: str = Field(min_length=1, max_length=1_000, examples=["Refunds, and what they cost"])


class FeedbackIn(Request):
    verdict: Literal["up", "down"] = Field(examples=["up"])
    words: str = Field(default="", max_length=10_000, examples=["Exactly what I was looking for."])


# -- replies ------------------------------------------------------------------------------------


class DocumentOut(Reply):
    id: str
    title: str
    source: str
    media_type: str
    language: str
    sha256: str


class ListedOut(DocumentOut):
    chunks: int
    added_at: str


class DetailsOut(DocumentOut):
    characters: int
    pages: int | None
    headings: list[str]


class PartOut(Reply):
    """A piece of a text, in order: all pieces together are the text."""

    type: Literal["text", "citation", "highlight"]
    text: str | None = None
    marker: int | None = None
    support: Literal["unsupported"] | None = None
    """Of pieces of a statement that nothing supports."""
    ends: bool | None = None
    """Whether such a statement ends with this piece, but for its full stop."""


class TextOut(Reply):
    """``start`` and ``end`` are code points into the whole text; ``parts`` are pieces of that stretch."""

    document: DocumentOut
    characters: int
    start: int
    end: int
    page: int | None
    parts: list[PartOut]


class PassageOut(Reply):
    start: int
    end: int
    text: str


class CitationOut(Reply):
    marker: int
    answer_spans: list[tuple[int, int]]
    document: DocumentOut
    quote: str
    start: int
    end: int
    page: int | None
    heading: list[str]
    passage: PassageOut
    verification: Literal["exact", "normalized"]
    score: float


class AnswerOut(Reply):
    """The answer record, and its text in parts."""

    id: str
    conversation_id: str | None
    question: str
    standalone_question: str
    language: str
    status: Literal["answered", "not_in_documents"]
    confidence: float
    text: str
    text_parts: list[PartOut]
    citations: list[CitationOut]
    statements: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    closest: list[dict[str, Any]]
    notices: list[str]
    disagreements: list[dict[str, Any]] = []
    model: str
    prompt_version: str
    usage: dict[str, Any]
    timings_ms: dict[str, float]


class HitOut(Reply):
    document: DocumentOut
    start: int
    end: int
    page: int | None
    heading: list[str]
    text: str
    score: float
    explain: dict[str, Any] | None = None


class SearchOut(Reply):
    query: str
    language: str
    hits: list[HitOut]
    notes: list[str]
    timings_ms: dict[str, float]


class ConversationOut(Reply):
    id: str
    title: str
    collection: str
    created_at: str
    updated_at: str


class SummaryOut(ConversationOut):
    turns: int


class TurnOut(Reply):
    number: int
    question: str
    answer: dict[str, Any]
    state: Literal["complete", "interrupted"]
    feedback: dict[str, Any] | None
    created_at: str


class WholeConversationOut(ConversationOut):
    turns: list[TurnOut]


class FoundOut(Reply):
    conversation: SummaryOut
    number: int
    question: str
    excerpt: str


class CollectionOut(Reply):
    name: str
    embedding: str
    documents: int
    languages: dict[str, int]


class JobOut(Reply):
    """``report`` is there once the job has ended: what became of each file."""

    id: str
    kind: Literal["ingest", "remove", "mend"]
    collection: str
    state: Literal["queued", "running", "done", "failed"]
    progress: dict[str, Any]
    created_at: str
    updated_at: str


class ProblemOut(Reply):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str


class OpenAIErrorOut(Reply):
    """As OpenAI's clients read errors."""

    error: dict[str, Any]


# -- the record over the API ----------------------------------------------------------------------


def record(answer: Answer) -> dict[str, Any]:
    """The answer record, and its text cut at the markers."""
    return {**answer.as_dict(), "text_parts": text_parts(answer)}


def text_parts(answer: Answer) -> list[dict[str, Any]]:
    """The text as pieces of text and markers, in order, for clients whose strings are not made of code points.

    Pieces of a statement that nothing supports say so; behind the one that ``ends`` it a sign of that belongs.
    """
    out: list[dict[str, Any]] = []
    for part in parts(answer):
        piece: dict[str, Any] = {"type": "text", "text": part.text}
        if part.marker is not None:
            piece = {"type": "citation", "marker": part.marker}
        if not part.supported:
            piece |= {"support": "unsupported", "ends": part.ends}
        out.append(piece)
    return out or [{"type": "text", "text": ""}]


def highlighted(text: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """``text[start:end]`` in pieces: plain, and highlighted where a span covers it.

    >>> highlighted("Refunds take 14 days.", 0, 21, [(13, 20)])
    [{'type': 'text', 'text': 'Refunds take '}, {'type': 'highlight', 'text': '14 days'}, {'type': 'text', 'text': '.'}]
    """
    out: list[dict[str, Any]] = []
    at = start
    for first, last in sorted(spans):
        first, last = max(first, at), min(last, end)
        if first >= last:
            continue
        if first > at:
            out.append({"type": "text", "text": text[at:first]})
        out.append({"type": "highlight", "text": text[first:last]})
        at = last
    if at < end or not out:
        out.append({"type": "text", "text": text[at:end]})
    return out
