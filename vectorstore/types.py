"""What passes between the rooms: values that know no storage."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

ORDINAL_BITS = 20  # a million chunks of one document


class Span(NamedTuple):
    """A half-open range of code points: ``text[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document: ``text[start:]`` begins with it; level 1 is the outermost."""

    start: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """What names a document, without its text: this much is copied into every citation."""

    id: str
    title: str
    source: str
    media_type: str
    language: str
    sha256: str
    """Of the original file's bytes, or of the text where a file holds many documents."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document as text, exactly as extracted; ``page_starts[i]`` is where page ``i + 1`` begins."""

    ref: DocumentRef
    text: str
    page_starts: tuple[int, ...] = ()
    headings: tuple[Heading, ...] = ()

    @property
    def id(self) -> str:
        return self.ref.id

    def chunk(self, start: int, end: int) -> Chunk:
        """Cut ``text[start:end]`` out, remembering where it came from."""
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"{self.ref.source}: no span {start}-{end} in {len(self.text)} characters")
        return Chunk(self.id, start, end, self.text[start:end], self.page_at(start), self.heading_at(start))

    def page_at(self, offset: int) -> int | None:
        """The page, counted from 1, that holds ``text[offset]``; None where the format has no pages."""
        return bisect_right(self.page_starts, offset) or None

    def line_at(self, offset: int) -> int:
        """The line, counted from 1, of ``text[offset]``."""
        return self.text.count("\n", 0, offset) + 1

    def heading_at(self, offset: int) -> tuple[str, ...]:
        """The titles of the headings ``text[offset]`` stands under, outermost first."""
        path: list[Heading] = []
        for heading in self.headings:
            if heading.start > offset:
                break
            while path and path[-1].level >= heading.level:
                path.pop()
            path.append(heading)
        return tuple(heading.title for heading in path)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of a document, such that ``document.text[start:end] == text``."""

    document_id: str
    start: int
    end: int
    text: str
    page: int | None = None
    heading: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """A stable key: ingesting the same text again gives the same id."""
        return f"{self.document_id}#{self.start}-{self.end}"

    def indexed_text(self, title: str) -> str:
        """What the indexes see: the title and the heading path, then the text. Only the text is ever quoted."""
        context = [part for part in (title, *self.heading) if part and not self.text.startswith(part)]
        return "\n".join([" › ".join(context), self.text]) if context else self.text

    def key(self, title: str) -> str:
        """A hash of what is embedded: a chunk whose key is unchanged keeps its vector."""
        return sha256(self.indexed_text(title).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def chunk_number(document: int, ordinal: int) -> int:
    """What the indexes call a chunk: the key of its document in the catalog, never given twice, and its place there.

    >>> chunk_number(3, 0) < chunk_number(3, 1) < chunk_number(4, 0)
    True
    """
    return document << ORDINAL_BITS | ordinal


def chunk_place(number: int) -> tuple[int, int]:
    """Undo `chunk_number`."""
    return number >> ORDINAL_BITS, number & ((1 << ORDINAL_BITS) - 1)


@dataclass(frozen=True, slots=True)
class LegScore:
    """What one index said of one chunk: its rank there, counted from 1, and its raw score."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved chunk. ``score`` is the fused score, higher is better, comparable within one query only."""

    chunk: Chunk
    document: DocumentRef
    score: float
    legs: Mapping[str, LegScore] = field(default_factory=dict)

    def as_dict(self, *, explain: bool = False) -> dict[str, Any]:
        """The hit as JSON values, and with ``explain`` what each index said of it: the same for every door."""
        chunk = self.chunk
        row = {
            "document": _fields(self.document),
            "start": chunk.start,
            "end": chunk.end,
            "page": chunk.page,
            "heading": list(chunk.heading),
            "text": chunk.text,
            "score": self.score,
        }
        return {**row, "explain": {name: _fields(leg) for name, leg in self.legs.items()}} if explain else row


def _fields(flat: DocumentRef | LegScore) -> dict[str, Any]:
    """`dataclasses.asdict` of values that hold no others, without the deep copies that take most of its time."""
    return {name: getattr(flat, name) for name in flat.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents may be searched. Empty means all; several values of one kind are alternatives."""

    languages: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    """Paths or URLs; a folder stands for everything below it."""
    documents: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.languages or self.sources or self.documents)


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a search gave: hits, best first, and how they came about (for ``--explain``)."""

    query: str
    language: str
    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()
    """Plain sentences: what was filtered, cut or left out, and why."""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    """The inverse document frequency of each 4-gram of the query in the whole collection; empty where unknown."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What a loader makes of a file, or of one record of a file that holds many documents."""

    text: str
    title: str
    media_type: str
    page_starts: tuple[int, ...] = ()
    headings: tuple[Heading, ...] = ()
    id: str | None = None
    """Kept as the document's id where the file gives one."""
    language: str | None = None
    """ISO 639-1 where the file says so; detected otherwise."""
    source: str | None = None
    warnings: tuple[str, ...] = ()
    """What the user should know though the file was read: pages without text, bytes that did not decode."""
