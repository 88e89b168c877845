"""The catalog's tables. SQLite by default, PostgreSQL by URL: nothing here is particular to either."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 1

metadata = MetaData()

library = Table(
    "library",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

collections = Table(
    "collections",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("embedding", String(200), nullable=False),
    Column("fingerprint", String(128), nullable=False),
    Column("dimensions", Integer, nullable=False),
)

# What was read from disk, so that an unchanged file costs a hash and a vanished one can be forgotten.
files = Table(
    "files",
    metadata,
    Column("collection", String(63), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("loader", String(16), nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("document_id", Text),
    Column("language", String(16), nullable=False),
    Column("pages", Integer),
    Column("message", Text, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("pk", Integer, primary_key=True, autoincrement=True),
    Column("collection", String(63), nullable=False),
    Column("id", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("language", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("added_at", String(32), nullable=False),
    Column("page_starts", JSON, nullable=False),
    Column("headings", JSON, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("collection", "id"),
    Index("documents_by_path", "collection", "path"),
    sqlite_autoincrement=True,
)

chunks = Table(
    "chunks",
    metadata,
    Column("document_pk", ForeignKey("documents.pk", ondelete="CASCADE"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("page", Integer),
    Column("heading", JSON, nullable=False),
    Column("key", String(32), nullable=False),
    sqlite_with_rowid=False,
)

# One blob a document: row i is the vector of chunk i, float16, little-endian. A scan over
# all vectors then reads as many rows as there are documents, not as there are chunks.
vectors = Table(
    "vectors",
    metadata,
    Column("document_pk", ForeignKey("documents.pk", ondelete="CASCADE"), primary_key=True),
    Column("rows", LargeBinary, nullable=False),
)

# The latest change of every document, numbered. The derived indexes remember the number they
# have followed up to, so they can catch up after a crash and be rebuilt from nothing.
changes = Table(
    "changes",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("collection", String(63), nullable=False),
    Column("document_id", Text, nullable=False),
    UniqueConstraint("collection", "document_id"),
    Index("changes_in_order", "collection", "sequence"),  # every search asks for the newest
    sqlite_autoincrement=True,
)
