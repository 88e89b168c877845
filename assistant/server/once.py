"""Idempotency keys: the same request, sent again or a hundred times at once, has one effect and one reply."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette.responses import Response

from assistant.server import store
from assistant.server.problems import Problem
from assistant.server.siblings import Elsewhere, Siblings
from assistant.server.store import is_alive

KEPT_HOURS = 24
_ABANDONED_SECONDS = 300  # an unfinished request this old died with its process
_WAIT_SECONDS = 130  # for the first of several equal requests: longer than any answer may take
_POLL_SECONDS = 0.05
_LONGEST_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered the first time."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to carry out a request, or the reply of whoever had it. ``key`` empty: nobody asked for it."""

    owner: str = ""
    route: str = ""
    key: str = ""
    reply: Reply | None = None


class Once:
    """The replies kept, in the server's database, so that it holds across workers and restarts."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._runner = f"{os.getpid()}-{secrets.token_hex(4)}"

    async def claim(
        self, owner: str, route: str, key: str | None, fingerprint: bytes, *, siblings: Siblings | None = None
    ) -> Claim:
        """Ours to carry out, or, once it is there, the reply of whoever came first.

        Raises `Problem` 409 for a key that was used for another request, 400 for an unusable key, and, with
        ``siblings``, `Elsewhere` when one of them is carrying it out.
        """
        if key is None:
            return Claim()
        if not 1 <= len(key) <= 255 or not key.isprintable():
            raise Problem(400, "bad-idempotency-key", "An Idempotency-Key has 1 to 255 printable characters.")
        digest = sha256(fingerprint).hexdigest()
        claim = Claim(owner, route, key)
        until = time.monotonic() + _WAIT_SECONDS
        pause = _POLL_SECONDS
        while time.monotonic() < until:
            row = await asyncio.to_thread(self._row, claim)  # reading first: writers wait for each other
            if row is None:
                if await asyncio.to_thread(self._insert, claim, digest):
                    return claim
                continue
            if row.fingerprint != digest:
                raise Problem(409, "idempotency-key-reused", "This Idempotency-Key was used for another request.")
            if row.status is not None:
                return Claim(owner, route, key, Reply(row.status, row.headers, row.body))
            runner = int(row.runner.partition("-")[0])
            ours_before = runner == os.getpid() and row.runner != self._runner  # as in a container begun anew
            if ours_before or not is_alive(runner):
                await asyncio.to_thread(self._forget, claim, row.runner)
                continue
            if siblings and siblings.has(runner):
                raise Elsewhere(runner, fingerprint)
            await asyncio.sleep(pause)
            pause = min(_LONGEST_POLL_SECONDS, pause * 1.5)
        raise Problem(
            409, "still-running", "The first request with this key is still running.", headers={"Retry-After": "5"}
        )

    async def respond(
        self, owner: str, request: Request, fingerprint: bytes, make: Callable[[], Awaitable[Response]]
    ) -> Response:
        """What ``make`` gives, or gave when this request came for the first time."""
        route = request.scope["route"].path
        claim = await self.claim(owner, route, request.headers.get("idempotency-key"), fingerprint)
        if claim.reply:
            headers = {**claim.reply.headers, "Idempotency-Replayed": "true"}
            return Response(claim.reply.body, claim.reply.status, headers)
        if not claim.key:
            return await make()  # nothing to keep, and so no thread to go to
        try:
            response = await make()
        except BaseException:
            await asyncio.to_thread(self.abandon, claim)
            raise
        headers = {name: response.headers[name] for name in ("content-type", "location") if name in response.headers}
        await asyncio.to_thread(self.finish, claim, Reply(response.status_code, headers, bytes(response.body)))
        return response

    def check(self, claim: Claim, fingerprint: bytes) -> None:
        """Raises `Problem` 409 where the key was used for another request. Blocks."""
        row = self._row(claim)
        if row is not None and row.fingerprint != sha256(fingerprint).hexdigest():
            raise Problem(409, "idempotency-key-reused", "This Idempotency-Key was used for another request.")

    def finish(self, claim: Claim, reply: Reply) -> None:
        """Keep the reply. Blocks."""
        if claim.key:
            values = {"status": reply.status, "headers": reply.headers, "body": reply.body}
            with store.transaction(self._engine, writes=True) as db:
                db.execute(sa.update(store.replies).where(_is(claim)).values(**values))

    def abandon(self, claim: Claim) -> None:
        """Nothing came of it: the next request with this key is carried out. Blocks."""
        if claim.key:
            with store.transaction(self._engine, writes=True) as db:
                db.execute(sa.delete(store.replies).where(_is(claim), store.replies.c.status.is_(None)))

    def _forget(self, claim: Claim, runner: str) -> None:
        """What a process that is gone had begun: the next request with this key is carried out. Blocks."""
        table = store.replies
        with store.transaction(self._engine, writes=True) as db:
            db.execute(sa.delete(table).where(_is(claim), table.c.runner == runner, table.c.status.is_(None)))

    def sweep(self) -> None:
        """Forget what is old, and what died half-way."""
        table = store.replies
        with store.transaction(self._engine, writes=True) as db:
            db.execute(sa.delete(table).where(table.c.created_at < _ago(hours=KEPT_HOURS)))
            dead = table.c.created_at < _ago(seconds=_ABANDONED_SECONDS)
            db.execute(sa.delete(table).where(table.c.status.is_(None), dead))

    def _insert(self, claim: Claim, digest: str) -> bool:
        values = {"owner": claim.owner, "route": claim.route, "key": claim.key, "fingerprint": digest}
        try:
            with self._engine.execution_options(writes=True).begin() as db:
                known = db.execute(sa.select(store.replies.c.status).where(_is(claim))).first()
                if known:
                    return False
                db.execute(sa.insert(store.replies).values(**values, runner=self._runner, created_at=store.now()))
        except IntegrityError:
            return False
        return True

    def _row(self, claim: Claim) -> Any:
        with store.transaction(self._engine) as db:
            return db.execute(sa.select(store.replies).where(_is(claim))).first()


def _is(claim: Claim) -> sa.ColumnElement[bool]:
    table = store.replies
    return sa.and_(table.c.owner == claim.owner, table.c.route == claim.route, table.c.key == claim.key)


def _ago(**spans: float) -> str:
    return (datetime.now(UTC) - timedelta(**spans)).isoformat(timespec="microseconds")
