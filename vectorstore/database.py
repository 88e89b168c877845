"""The database under the catalog: opening it, its version, and what it says when it cannot."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from vectorstore import schema
from vectorstore.errors import LibraryVersionError, StorageError

BUSY_SECONDS = 10  # how long a statement waits for another process's transaction


class Database:
    """An open database of the current schema. Safe to read from several processes while one writes."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url)
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
        with self.begin() as db:
            self._check_version(db)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction; what the database refuses becomes a `StorageError` that names the way out."""
        try:
            with self._engine.begin() as db:
                yield db
        except DBAPIError as error:
            raise StorageError(_explain(error, self._engine.url.database or "the database")) from error

    def library_id(self) -> str:
        """Random, made with the catalog: indexes derived from another catalog are not ours."""
        with self.begin() as db:
            return _setting(db, "library_id")

    def _check_version(self, db: sa.Connection) -> None:
        if not sa.inspect(db).has_table("library"):
            schema.metadata.create_all(db)
            rows = {"schema_version": str(schema.SCHEMA_VERSION), "library_id": secrets.token_hex(16)}
            db.execute(sa.insert(schema.library), [{"key": key, "value": value} for key, value in rows.items()])
        found = int(_setting(db, "schema_version"))
        if found > schema.SCHEMA_VERSION:
            raise LibraryVersionError(
                f"The library {self._engine.url.database} was written by a newer release (format {found}; "
                f"this one reads up to {schema.SCHEMA_VERSION}). Upgrade with: pip install -U document-assistant, "
                "or set ASSISTANT_HOME to another folder."
            )


def sqlite_url(folder: Path) -> str:
    """The address of ``folder/catalog.db``; the folder is made. Raises `StorageError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be made: {error.strerror}. Set ASSISTANT_HOME to a folder that can be written."
        ) from error
    return f"sqlite:///{folder / 'catalog.db'}"


def _setting(db: sa.Connection, key: str) -> str:
    return str(db.execute(sa.select(schema.library.c.value).where(schema.library.c.key == key)).scalar_one())


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")  # readers and one writer at a time do not wait for each other
    cursor.execute("PRAGMA synchronous = FULL")  # what was reported as kept survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _explain(error: DBAPIError, database: str) -> str:
    said = str(error.orig)
    ways_out = {
        "disk is full": "The disk is full: make room and run the command again; nothing was half-written.",
        "readonly": "It cannot be written: check its permissions, or set ASSISTANT_HOME to another folder.",
        "unable to open": "It cannot be opened: check the folder's permissions, or set ASSISTANT_HOME to another one.",
        "locked": "Another process is writing to it: wait until that is done and try again.",
        "malformed": "It is damaged: restore a copy of it, or move it away and ingest the documents again.",
        "not a database": "It is no database: move it away, or set ASSISTANT_HOME to another folder.",
    }
    way_out = next((text for sign, text in ways_out.items() if sign in said), "The database refused.")
    return f"{database}: {said}. {way_out}"
