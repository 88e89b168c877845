"""The conversations' database: its tables, its version, and an engine that is careful with both kinds of server."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from assistant.errors import StorageError, UsageError

BUSY_SECONDS = 5.0  # how long a writer waits for another one before giving up
MIGRATION_LOCK = 0x61737369  # any number of ours: PostgreSQL's advisory locks are named by numbers

TABLES = MetaData()

CONVERSATIONS = Table(
    "conversations",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("collection", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("created_at", String(32), nullable=False),  # ISO 8601 in UTC with microseconds: sorts as text
    Column("updated_at", String(32), nullable=False),
    Index("conversations_by_owner", "owner", "updated_at"),
)

TURNS = Table(
    "turns",
    TABLES,
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),  # counted from 1 within the conversation
    Column("state", String(16), nullable=False),  # open | complete | interrupted
    Column("record", Text, nullable=False),  # the answer record as ASCII JSON, so that any text fits any server
    Column("folded", Text, nullable=False),  # question and answer as searched: see `conversations.folded`
    Column("verdict", String(8)),  # up | down
    Column("words", Text),
    Column("created_at", String(32), nullable=False),
)

STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE conversations (id VARCHAR(64) PRIMARY KEY, owner TEXT NOT NULL, collection TEXT NOT NULL,"
        " title TEXT NOT NULL, created_at VARCHAR(32) NOT NULL, updated_at VARCHAR(32) NOT NULL)",
        "CREATE INDEX conversations_by_owner ON conversations (owner, updated_at)",
        "CREATE TABLE turns (conversation_id VARCHAR(64) NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,"
        " number INTEGER NOT NULL, state VARCHAR(16) NOT NULL, record TEXT NOT NULL, folded TEXT NOT NULL,"
        " verdict VARCHAR(8), words TEXT, created_at VARCHAR(32) NOT NULL, PRIMARY KEY (conversation_id, number))",
    ),
)
"""What makes each version out of the one before: ``STEPS[0]`` makes version 1. Never edited, only added to."""


def connect(url: str | Path) -> Engine:
    """An engine for a SQLite file (a path) or a server (a URL such as ``postgresql://user@host/name``).

    A string without ``://`` is a path.
    Nothing is opened yet. Raises `UsageError` for a URL that names no database we speak.
    """
    if isinstance(url, Path) or "://" not in url:
        return _sqlite(Path(url).expanduser())
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            return _sqlite(Path(parsed.database))
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise UsageError(
            f'The database driver {error.name} is not installed. Run: pip install "document-assistant[postgresql]"'
        ) from None
    except (ArgumentError, NoSuchModuleError):  # the URL itself may hold a password, so it is not repeated
        raise UsageError(
            "The conversations' database must be a path or a URL such as postgresql://user:password@host/name."
        ) from None


def _sqlite(path: Path) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions are begun below, and never behind our back
        _use_log(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes its lock at once: one that begins as a reader cannot wait, it fails.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_log(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging. SQLite does not wait for its lock here, as it does everywhere else: we do."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


@contextmanager
def transaction(engine: Engine, *, writes: bool = False) -> Iterator[Connection]:
    """One transaction. Whatever the database says is raised as `StorageError` in our words."""
    try:
        with engine.execution_options(writes=writes).begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StorageError(_explained(engine, error)) from error


def _explained(engine: Engine, error: SQLAlchemyError) -> str:
    name = describe(engine)
    reason = str(getattr(error, "orig", None) or error).splitlines()[0]
    if "locked" in reason:
        return (
            f"The conversations in {name} are locked: another process has been writing for {BUSY_SECONDS:.0f} s. "
            "Wait for it or end it, then try again."
        )
    if "not a database" in reason or "malformed" in reason:
        return f"{name} is damaged ({reason}). Move it away to begin a new one, or put a backup in its place."
    return f"The conversations in {name} cannot be used: {reason}."


def describe(engine: Engine) -> str:
    """The database's name for people: a path, or a URL without its password."""
    return str(engine.url.database) if engine.dialect.name == "sqlite" else engine.url.render_as_string()


def open_database(url: str | Path, *, steps: Sequence[Sequence[str]] = STEPS) -> Engine:
    """An engine over a database of this release's version, made or migrated if need be.

    A SQLite file is copied to ``NAME.v1.bak`` before it is migrated. Raises `StorageError` for a database of a
    newer version, one that is damaged, locked or out of reach.
    """
    engine = connect(url)
    if engine.dialect.name == "sqlite":
        _make_file(Path(str(engine.url.database)))
    try:
        _bring_to_version(engine, steps)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _bring_to_version(engine: Engine, steps: Sequence[Sequence[str]]) -> None:
    with transaction(engine) as connection:
        version = _version(connection)
    if version > len(steps):
        raise StorageError(
            f"The conversations in {describe(engine)} are of version {version}, this release reads up to "
            f"{len(steps)}. Install the release that wrote them, or name another place for conversations."
        )
    if version < len(steps):
        _migrate(engine, version, steps)


def _make_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # conversations are private; SQLite's own files beside it take over these rights
    except OSError as error:
        raise StorageError(
            f"The conversations in {path} cannot be used: {error.strerror}. Choose another place with ASSISTANT_HOME."
        ) from error


def _version(connection: Connection) -> int:
    """0 for an empty database."""
    if not inspect(connection).has_table("schema_version"):
        return 0
    return int(connection.execute(text("SELECT version FROM schema_version")).scalar_one())


def _migrate(engine: Engine, seen: int, steps: Sequence[Sequence[str]]) -> None:
    if seen and engine.dialect.name == "sqlite":
        _back_up(Path(str(engine.url.database)), seen)
    with transaction(engine, writes=True) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        version = _version(connection)  # again: somebody may have migrated while we waited for the lock
        if not version:
            connection.execute(text("CREATE TABLE schema_version (version INTEGER NOT NULL)"))
            connection.execute(text("INSERT INTO schema_version VALUES (0)"))
        for step in steps[version:]:
            for statement in step:
                connection.execute(text(statement))
        connection.execute(text("UPDATE schema_version SET version = :version"), {"version": max(version, len(steps))})


def _back_up(path: Path, version: int) -> None:
    source, target = sqlite3.connect(path), sqlite3.connect(path.with_name(f"{path.name}.v{version}.bak"))
    try:
        source.backup(target)
    except sqlite3.Error as error:
        raise StorageError(f"{path} cannot be backed up before it is migrated: {error}.") from error
    finally:
        source.close()
        target.close()


def scrub(engine: Engine) -> None:
    """Empty SQLite's log, which still holds pages of what was removed. Best effort while others are reading."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()  # a checkpoint runs outside of transactions
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
