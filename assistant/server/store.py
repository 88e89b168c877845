"""The server's own database: keys and what they spent, replies kept for repeated requests, jobs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from assistant.database import connect
from assistant.errors import StorageError

VERSION = 1

metadata = sa.MetaData()

about = sa.Table("about", metadata, sa.Column("version", sa.Integer, primary_key=True))

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(8), nullable=False),  # api | widget
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("prefix", sa.String(16), nullable=False, index=True),  # the beginning of the secret, to find it by
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("collections", sa.JSON, nullable=False),  # empty: all
    sa.Column("origins", sa.JSON, nullable=False),
    sa.Column("requests_per_day", sa.Integer),
    sa.Column("tokens_per_day", sa.Integer),
    sa.Column("created_at", sa.String(32), nullable=False),
    sa.Column("revoked_at", sa.String(32)),
)

spent = sa.Table(
    "spent",
    metadata,
    sa.Column("key_id", sa.String(32), primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),  # in UTC
    sa.Column("requests", sa.Integer, nullable=False),
    sa.Column("tokens", sa.Integer, nullable=False),
)

replies = sa.Table(
    "replies",
    metadata,
    sa.Column("owner", sa.String(80), primary_key=True),
    sa.Column("route", sa.String(120), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("runner", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer),  # NULL while the first request is being answered
    sa.Column("headers", sa.JSON),
    sa.Column("body", sa.LargeBinary),
    sa.Column("created_at", sa.String(32), nullable=False, index=True),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("owner", sa.String(80), nullable=False),
    sa.Column("collection", sa.String(63), nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),  # ingest | remove | mend
    sa.Column("state", sa.String(8), nullable=False, index=True),  # queued | running | done | failed
    sa.Column("runner", sa.String(64), nullable=False),
    sa.Column("task", sa.JSON, nullable=False),
    sa.Column("progress", sa.JSON, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
    sa.Column("updated_at", sa.String(32), nullable=False),
)


def open_store(home: Path) -> sa.Engine:
    """The database in ``home/server.db``, made if need be. Raises `StorageError`."""
    path = home / "server.db"
    try:
        home.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # it knows who may come in
    except OSError as error:
        raise StorageError(f"{path} cannot be made: {error.strerror}. Choose another ASSISTANT_HOME.") from error
    engine = connect(path)
    with transaction(engine, writes=True) as db:
        metadata.create_all(db)
        found = db.execute(sa.select(sa.func.max(about.c.version))).scalar()
        if found is None:
            db.execute(sa.insert(about).values(version=VERSION))
        elif found > VERSION:
            raise StorageError(
                f"{path} is of version {found}, this release reads up to {VERSION}. Install the release that wrote it."
            )
    return engine


@contextmanager
def transaction(engine: sa.Engine, *, writes: bool = False) -> Iterator[sa.Connection]:
    """One transaction; what the database says becomes a `StorageError`."""
    try:
        with engine.execution_options(writes=writes).begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StorageError(f"{engine.url.database} cannot be used: {reason}.") from error


def is_alive(pid: int) -> bool:
    """Whether a process of this machine is there. One that took a dead one's number counts as well."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return True


def now() -> str:
    """ISO 8601 in UTC with microseconds: sorts as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def today() -> str:
    return now()[:10]
