"""Reading a catalog: documents, their exact text, chunk spans and vectors."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa

from vectorstore import schema
from vectorstore.database import Database
from vectorstore.errors import NotFoundError
from vectorstore.types import Chunk, Document, DocumentRef, Filters, Heading, chunk_number, chunk_place

Vectors = np.ndarray[Any, np.dtype[np.float32]]
_T = TypeVar("_T")
_MANY = 500  # values in one IN (…): well under every database's limit


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """A collection and the embedding it was made with."""

    name: str
    embedding: str
    fingerprint: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A row of ``documents list``."""

    ref: DocumentRef
    chunks: int
    added_at: str


@dataclass(frozen=True, slots=True)
class FileState:
    """What was made of a file when it was last read."""

    path: str
    sha256: str
    loader: str
    chunks: int
    document_id: str | None
    language: str
    pages: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Indexed:
    """A document as the indexes see it: its chunks in order, their keys, and a vector for each."""

    ref: DocumentRef
    chunks: tuple[Chunk, ...]
    keys: tuple[str, ...]
    vectors: Vectors
    numbers: tuple[int, ...]
    """What the indexes call each chunk."""


@dataclass(frozen=True, slots=True)
class Change:
    """The latest thing that happened to a document; whether it is there now, the catalog tells."""

    sequence: int
    document_id: str


class CatalogReader(Database):
    """What can be asked of a catalog. Every method is one short transaction."""

    def collections(self) -> list[CollectionInfo]:
        with self.begin() as db:
            rows = db.execute(sa.select(schema.collections).order_by(schema.collections.c.name))
            return [CollectionInfo(**row._mapping) for row in rows]

    def collection(self, name: str) -> CollectionInfo | None:
        return next((info for info in self.collections() if info.name == name), None)

    def files(self, collection: str) -> dict[str, FileState]:
        """Every file that was read, by path."""
        table = schema.files
        with self.begin() as db:
            columns = [column for column in table.c if column.name != "collection"]
            rows = db.execute(sa.select(*columns).where(table.c.collection == collection))
            return {row.path: FileState(**row._mapping) for row in rows}

    def documents(self, collection: str) -> list[DocumentInfo]:
        """All documents, by source and id."""
        table, c = schema.documents, schema.chunks
        counts = sa.select(c.c.document_pk, sa.func.count().label("n")).group_by(c.c.document_pk).subquery()
        query = (
            sa.select(*_REF, table.c.added_at, sa.func.coalesce(counts.c.n, 0).label("chunks"))
            .join_from(table, counts, counts.c.document_pk == table.c.pk, isouter=True)
            .where(table.c.collection == collection)
            .order_by(table.c.source, table.c.pk)
        )
        with self.begin() as db:
            return [DocumentInfo(_ref(row), row.chunks, row.added_at) for row in db.execute(query)]

    def owners(self, collection: str, ids: Sequence[str]) -> dict[str, str]:
        """Which file each of these documents came from; unknown ids are left out."""
        table, out = schema.documents, dict[str, str]()
        with self.begin() as db:
            for some in _slices(ids):
                query = sa.select(table.c.id, table.c.path).where(
                    table.c.collection == collection, table.c.id.in_(some)
                )
                out.update((row.id, row.path) for row in db.execute(query))
        return out

    def document(self, collection: str, document_id: str) -> Document:
        """A document with its text. Raises `NotFoundError`."""
        table = schema.documents
        query = sa.select(*_REF, table.c.text, table.c.page_starts, table.c.headings).where(
            table.c.collection == collection, table.c.id == document_id
        )
        with self.begin() as db:
            row = db.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(
                f"No document {document_id!r} in collection {collection!r}. See them all: assistant documents list"
            )
        headings = tuple(Heading(**heading) for heading in row.headings)
        return Document(_ref(row), row.text, tuple(row.page_starts), headings)

    def indexed(self, collection: str, ids: Iterable[str]) -> Iterator[Indexed]:
        """What the indexes are made from, read a hundred documents at a time; unknown ids are left out."""
        for some in _slices(list(ids), 100):
            yield from self._indexed(collection, some)

    def _indexed(self, collection: str, ids: Sequence[str]) -> Iterator[Indexed]:
        d, c, v = schema.documents, schema.chunks, schema.vectors
        which = sa.and_(d.c.collection == collection, d.c.id.in_(ids))
        with self.begin() as db:
            rows = {row.pk: row for row in db.execute(sa.select(d.c.pk, d.c.text, *_REF).where(which))}
            found = db.execute(sa.select(v.c.document_pk, v.c.rows).where(v.c.document_pk.in_(rows)))
            blobs = {row[0]: row[1] for row in found}  # `rows` is also a word of SQLAlchemy's own
            cut = db.execute(sa.select(c).where(c.c.document_pk.in_(rows)).order_by(c.c.document_pk, c.c.ordinal)).all()
        spans: dict[int, list[Any]] = {}
        for span in cut:
            spans.setdefault(span.document_pk, []).append(span)
        for pk, mine in spans.items():
            row = rows[pk]
            chunks = [Chunk(row.id, s.start, s.end, row.text[s.start : s.end], s.page, tuple(s.heading)) for s in mine]
            vectors = np.frombuffer(blobs[pk], dtype="<f2").reshape(len(chunks), -1).astype(np.float32)
            numbers = tuple(chunk_number(pk, s.ordinal) for s in mine)
            yield Indexed(_ref(row), tuple(chunks), tuple(s.key for s in mine), vectors, numbers)

    def refs(self, collection: str, ids: Sequence[str]) -> dict[str, DocumentRef]:
        """Documents by id, without their text; unknown ids are left out."""
        out: dict[str, DocumentRef] = {}
        with self.begin() as db:
            for some in _slices(ids):
                query = sa.select(*_REF).where(
                    schema.documents.c.collection == collection, schema.documents.c.id.in_(some)
                )
                out.update((row.id, _ref(row)) for row in db.execute(query))
        return out

    def chunks(self, collection: str, numbers: Collection[int]) -> dict[int, tuple[Chunk, DocumentRef]]:
        """Chunks by number, each with its document's name; what is no longer there is left out."""
        out: dict[int, tuple[Chunk, DocumentRef]] = {}
        with self.begin() as db:
            for some in _slices([chunk_place(number) for number in numbers], 100):
                places = {
                    f"{key}{n}": value for n, place in enumerate(some) for key, value in zip("pa", place, strict=True)
                }
                for row in db.execute(_chunks_query(len(some)), places):
                    if row.collection == collection:
                        chunk = Chunk(
                            row.id, row.start, row.end, row.chunk_text, row.page, tuple(json.loads(row.heading))
                        )
                        out[chunk_number(row.document_pk, row.ordinal)] = (chunk, _ref(row))
        return {number: out[number] for number in numbers if number in out}

    def numbers(self, collection: str, chunk_ids: Collection[str]) -> dict[str, int]:
        """What the indexes call these chunks; unknown ids are left out."""
        d, c = schema.documents, schema.chunks
        out: dict[str, int] = {}
        with self.begin() as db:
            for some in _slices([_parse(id) for id in chunk_ids]):
                ids, starts = {id for id, _ in some}, {start for _, start in some}
                query = (
                    sa.select(d.c.id, c.c.document_pk, c.c.ordinal, c.c.start, c.c.end)
                    .join_from(d, c, c.c.document_pk == d.c.pk)
                    .where(d.c.collection == collection, d.c.id.in_(ids), c.c.start.in_(starts))
                )
                for row in db.execute(query):
                    out[f"{row.id}#{row.start}-{row.end}"] = chunk_number(row.document_pk, row.ordinal)
        return {id: out[id] for id in chunk_ids if id in out}

    def changes(self, collection: str, since: int) -> list[Change]:
        """Which documents were added, changed or removed after sequence number ``since``, oldest first."""
        table = schema.changes
        query = (
            sa.select(table.c.sequence, table.c.document_id)
            .where(table.c.collection == collection, table.c.sequence > since)
            .order_by(table.c.sequence)
        )
        with self.begin() as db:
            return [Change(row.sequence, row.document_id) for row in db.execute(query)]

    def sequence(self, collection: str) -> int:
        """The number of the newest change; 0 for a collection that never had a document."""
        with self.begin() as db:
            return int(db.execute(_NEWEST, {"name": collection}).scalar() or 0)

    def count_chunks(self, collection: str) -> int:
        d, c = schema.documents, schema.chunks
        mine = sa.select(d.c.pk).where(d.c.collection == collection)
        query = sa.select(sa.func.count()).select_from(c).where(c.c.document_pk.in_(mine))
        with self.begin() as db:
            return int(db.execute(query).scalar_one())

    def languages(self, collection: str) -> dict[str, int]:
        """Language to number of documents, the most frequent first."""
        table = schema.documents
        query = (
            sa.select(table.c.language, sa.func.count().label("n"))
            .where(table.c.collection == collection)
            .group_by(table.c.language)
            .order_by(sa.desc("n"), table.c.language)
        )
        with self.begin() as db:
            return {row.language: row.n for row in db.execute(query)}

    def matching(self, collection: str, filters: Filters) -> list[str]:
        """The ids of the documents that the filters allow."""
        table = schema.documents
        query = sa.select(table.c.id).where(table.c.collection == collection)
        if filters.languages:
            query = query.where(table.c.language.in_(filters.languages))
        if filters.documents:
            query = query.where(table.c.id.in_(filters.documents))
        if filters.sources:
            below = [table.c.source.startswith(source.rstrip("/") + "/", autoescape=True) for source in filters.sources]
            query = query.where(sa.or_(table.c.source.in_(filters.sources), *below))
        with self.begin() as db:
            return list(db.execute(query).scalars())


_REF = [schema.documents.c[name] for name in DocumentRef.__dataclass_fields__]


_NEWEST = sa.select(sa.func.max(schema.changes.c.sequence)).where(schema.changes.c.collection == sa.bindparam("name"))
"""Made once: every search asks, and putting the statement together takes longer than running it."""


def _ref(row: Any) -> DocumentRef:
    return DocumentRef(row.id, row.title, row.source, row.media_type, row.language, row.sha256)


@cache
def _chunks_query(count: int) -> sa.TextClause:
    """So many chunks by place. As text, because every search runs it, and building it takes longer than running it.

    By alternatives, because for pairs in a list, or with the collection named, SQLite scans a whole table.
    """
    places = " OR ".join(f"c.document_pk = :p{n} AND c.ordinal = :a{n}" for n in range(count))
    refs = ", ".join(f"d.{column.name}" for column in _REF)
    return sa.text(
        f"""SELECT {refs}, d.collection, c.document_pk, c.ordinal, c.start, c."end", c.page,
        CAST(c.heading AS VARCHAR) AS heading, substr(d.text, c.start + 1, c."end" - c.start) AS chunk_text
        FROM chunks AS c JOIN documents AS d ON c.document_pk = d.pk WHERE {places}"""
    )


def _parse(chunk_id: str) -> tuple[str, int]:
    """Undo `Chunk.id`: the document's id (which may hold a ``#``) and the start."""
    document_id, _, span = chunk_id.rpartition("#")
    return document_id, int(span.partition("-")[0])


def _slices(values: Sequence[_T], size: int = _MANY) -> Iterator[Sequence[_T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
