"""Keys: who may come in, to what, from where, and how much. Secrets are shown once and kept as hashes."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import urlsplit

import sqlalchemy as sa

from assistant.errors import NotFoundError, UsageError
from assistant.server import store

Kind = Literal["api", "widget"]
Scope = Literal["ask", "ingest", "admin"]
SCOPES: tuple[Scope, ...] = ("ask", "ingest", "admin")

PREFIXES: dict[Kind, str] = {"api": "dak_", "widget": "daw_"}
_SHOWN = 12  # characters of a secret that are kept as they are; over 180 random bits remain


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key. ``collections`` empty means all; ``origins`` bind a widget's key to web pages."""

    id: str
    kind: Kind
    name: str
    prefix: str
    scopes: frozenset[Scope]
    collections: frozenset[str]
    origins: frozenset[str]
    requests_per_day: int | None
    tokens_per_day: int | None
    created_at: str
    revoked_at: str | None

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), **{name: sorted(getattr(self, name)) for name in ("scopes", "collections", "origins")}}


@dataclass(frozen=True, slots=True)
class Spent:
    """What a key used up today (UTC)."""

    requests: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Keys:
    """The catalogue of keys. Every method raises `StorageError` where the database cannot be used."""

    engine: sa.Engine

    def create(
        self,
        name: str,
        *,
        kind: Kind = "api",
        scopes: Iterable[str] = ("ask",),
        collections: Iterable[str] = (),
        origins: Iterable[str] = (),
        requests_per_day: int | None = None,
        tokens_per_day: int | None = None,
    ) -> tuple[Key, str]:
        """A new key and its secret, which nobody can read again. Raises `UsageError`."""
        scopes, collections = frozenset(scopes), frozenset(collections)
        pages = frozenset(map(checked_origin, origins))
        _check(kind, scopes, collections, pages)
        secret = PREFIXES[kind] + secrets.token_urlsafe(32)
        key = Key(
            id=f"key_{secrets.token_hex(8)}",
            kind=kind,
            name=name,
            prefix=secret[:_SHOWN],
            scopes=scopes,  # type: ignore[arg-type]  # _check has seen to it
            collections=collections,
            origins=pages,
            requests_per_day=requests_per_day,
            tokens_per_day=tokens_per_day,
            created_at=store.now(),
            revoked_at=None,
        )
        with store.transaction(self.engine, writes=True) as db:
            db.execute(sa.insert(store.keys).values(**key.as_dict(), sha256=_digest(secret)))
        return key, secret

    def list(self) -> list[Key]:
        """All keys, the newest first, revoked ones too."""
        with store.transaction(self.engine) as db:
            rows = db.execute(sa.select(store.keys).order_by(store.keys.c.created_at.desc()))
            return [_key(row) for row in rows]

    def revoke(self, key_id: str) -> None:
        """Let nobody in with this key any more. Raises `NotFoundError`."""
        table = store.keys
        with store.transaction(self.engine, writes=True) as db:
            done = db.execute(
                sa.update(table)
                .where(table.c.id == key_id, table.c.revoked_at.is_(None))
                .values(revoked_at=store.now())
            )
        if not done.rowcount:
            raise NotFoundError(f"There is no active key {key_id!r}. List them with: assistant keys list")

    def find(self, secret: str) -> Key | None:
        """The active key with this secret."""
        table = store.keys
        digest = _digest(secret)
        with store.transaction(self.engine) as db:
            rows = db.execute(sa.select(table).where(table.c.prefix == secret[:_SHOWN], table.c.revoked_at.is_(None)))
            return next((_key(row) for row in rows if hmac.compare_digest(row.sha256, digest)), None)

    def exists(self) -> bool:
        """Whether anybody could come in with a key."""
        return any(key.revoked_at is None for key in self.list())

    def origins(self) -> frozenset[str]:
        """The web pages of all active widget keys."""
        return frozenset[str]().union(*(key.origins for key in self.list() if key.revoked_at is None))

    def spent(self, key_id: str) -> Spent:
        table = store.spent
        query = sa.select(table.c.requests, table.c.tokens).where(
            table.c.key_id == key_id, table.c.day == store.today()
        )
        with store.transaction(self.engine) as db:
            row = db.execute(query).first()
        return Spent(row.requests, row.tokens) if row else Spent()

    def spend(self, key_id: str, *, requests: int = 0, tokens: int = 0) -> None:
        """Add to what the key used up today."""
        table, today = store.spent, store.today()
        with store.transaction(self.engine, writes=True) as db:
            row = sa.update(table).where(table.c.key_id == key_id, table.c.day == today)
            done = db.execute(row.values(requests=table.c.requests + requests, tokens=table.c.tokens + tokens))
            if not done.rowcount:
                db.execute(sa.insert(table).values(key_id=key_id, day=today, requests=requests, tokens=tokens))


def checked_origin(origin: str) -> str:
    """An origin as browsers send it. Raises `UsageError`.

    >>> checked_origin("https://Example.org/")
    'https://example.org'
    """
    parts = urlsplit(origin.strip().lower())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise UsageError(f"{origin!r} is no origin. Write scheme and host, such as https://example.org")
    return f"{parts.scheme}://{parts.netloc}"


def _check(kind: str, scopes: frozenset[str], collections: frozenset[str], origins: frozenset[str]) -> None:
    unknown = scopes - set(SCOPES)
    if unknown or not scopes:
        raise UsageError(f"A key cannot have the scopes {sorted(unknown)}: choose of {', '.join(SCOPES)}.")
    if kind == "widget" and scopes != {"ask"}:
        raise UsageError("A widget's key is read by everybody who sees the page: its scope can only be ask.")
    if kind == "widget" and not origins:
        raise UsageError("A widget's key needs the pages it works on: give --origin https://example.org")
    if kind == "widget" and not collections:
        raise UsageError("A widget's key needs the collections it may ask: give --collection NAME")


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _key(row: sa.Row[Any]) -> Key:
    values = {name: getattr(row, name) for name in Key.__dataclass_fields__}
    return Key(**{**values, **{name: frozenset(values[name]) for name in ("scopes", "collections", "origins")}})
