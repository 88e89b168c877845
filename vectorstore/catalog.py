"""The truth about a library: documents, their exact text, chunk spans and vectors, in one transaction.

Chroma and the keyword index are derived from it and may be thrown away (architecture.md, decision 5).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from vectorstore import schema
from vectorstore.reader import CatalogReader, CollectionInfo, FileState, Vectors
from vectorstore.types import Chunk, Document


@dataclass(frozen=True, slots=True)
class Entry:
    """A document ready to be kept: its chunks in order, their keys, and a vector for each."""

    document: Document
    chunks: tuple[Chunk, ...]
    keys: tuple[str, ...]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class FilePart:
    """Some documents of one file. The last part carries the file's ``state``, and ``ids``: all the file holds."""

    path: str
    entries: tuple[Entry, ...]
    state: FileState | None = None
    ids: frozenset[str] = frozenset()


class Catalog(CatalogReader):
    """A database of collections that can also be changed. Every method is one transaction: all or nothing."""

    def set_collection(self, info: CollectionInfo) -> None:
        """Create the collection, or note that it is now embedded with another model."""
        table = schema.collections
        with self.begin() as db:
            db.execute(sa.delete(table).where(table.c.name == info.name))
            db.execute(sa.insert(table).values(asdict(info)))

    def put(self, collection: str, parts: Sequence[FilePart]) -> None:
        """Keep documents, replacing those of the same ids. A file's last part forgets what the file no longer holds."""
        f = schema.files
        with self.begin() as db:
            for part in parts:
                for entry in part.entries:
                    _delete(db, collection, entry.document.id)
                    _insert(db, collection, entry, part.path)
                if part.state is not None:
                    _forget(db, collection, set(_ids_of_file(db, collection, part.path)) - part.ids)
                    db.execute(sa.delete(f).where(f.c.collection == collection, f.c.path == part.path))
                    db.execute(sa.insert(f).values(collection=collection, **asdict(part.state)))

    def remove_documents(self, collection: str, ids: Collection[str]) -> None:
        """Forget documents, and the files of which nothing is left: ingesting such a file brings it back."""
        d, f = schema.documents, schema.files
        with self.begin() as db:
            paths = set(db.execute(sa.select(d.c.path).where(d.c.collection == collection, d.c.id.in_(ids))).scalars())
            _forget(db, collection, ids)
            for path in paths:
                if not _ids_of_file(db, collection, path):
                    db.execute(sa.delete(f).where(f.c.collection == collection, f.c.path == path))

    def remove_file(self, collection: str, path: str) -> None:
        """Forget a file and the documents that came from it."""
        f = schema.files
        with self.begin() as db:
            _forget(db, collection, _ids_of_file(db, collection, path))
            db.execute(sa.delete(f).where(f.c.collection == collection, f.c.path == path))

    def set_vectors(self, info: CollectionInfo, vectors: Mapping[str, Vectors]) -> None:
        """Move a collection to another model: ``vectors`` has every document's rows, in the order of its chunks."""
        d, v = schema.documents, schema.vectors
        with self.begin() as db:
            db.execute(sa.delete(schema.collections).where(schema.collections.c.name == info.name))
            db.execute(sa.insert(schema.collections).values(asdict(info)))
            for id, rows in vectors.items():
                where = (d.c.collection == info.name, d.c.id == id)
                pk = db.execute(sa.select(d.c.pk).where(*where)).scalar_one()
                db.execute(sa.update(v).where(v.c.document_pk == pk).values(rows=_pack(rows)))
                _log_change(db, info.name, id)


def _insert(db: sa.Connection, collection: str, entry: Entry, path: str) -> None:
    document = entry.document
    inserted = db.execute(
        sa.insert(schema.documents).values(
            collection=collection,
            path=path,
            added_at=datetime.now(UTC).isoformat(timespec="seconds"),
            page_starts=list(document.page_starts),
            headings=[asdict(heading) for heading in document.headings],
            text=document.text,
            **asdict(document.ref),
        )
    )
    pk = inserted.inserted_primary_key[0]  # type: ignore[index]  # an INSERT of one row always has one
    rows = [
        {
            "document_pk": pk,
            "ordinal": ordinal,
            "start": chunk.start,
            "end": chunk.end,
            "page": chunk.page,
            "heading": list(chunk.heading),
            "key": key,
        }
        for ordinal, (chunk, key) in enumerate(zip(entry.chunks, entry.keys, strict=True))
    ]
    if rows:
        db.execute(sa.insert(schema.chunks), rows)
        db.execute(sa.insert(schema.vectors).values(document_pk=pk, rows=_pack(entry.vectors)))
    _log_change(db, collection, document.id)


def _ids_of_file(db: sa.Connection, collection: str, path: str) -> list[str]:
    d = schema.documents
    return list(db.execute(sa.select(d.c.id).where(d.c.collection == collection, d.c.path == path)).scalars())


def _forget(db: sa.Connection, collection: str, ids: Collection[str]) -> None:
    for id in ids:
        _delete(db, collection, id)
        _log_change(db, collection, id)


def _delete(db: sa.Connection, collection: str, id: str) -> None:
    d = schema.documents
    db.execute(sa.delete(d).where(d.c.collection == collection, d.c.id == id))


def _log_change(db: sa.Connection, collection: str, document_id: str) -> None:
    """Only the newest change of a document is kept, so that the log never outgrows the library."""
    c = schema.changes
    db.execute(sa.delete(c).where(c.c.collection == collection, c.c.document_id == document_id))
    db.execute(sa.insert(c).values(collection=collection, document_id=document_id))


def _pack(rows: Vectors) -> bytes:
    """Half precision: the cosine of two unit vectors moves by less than 1e-3, the disk space halves."""
    return rows.astype("<f2").tobytes()
