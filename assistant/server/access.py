"""Before any route: who asks, from which page, and whether they may come in. Pure ASGI."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.server.callers import Caller, checked_visitor
from assistant.server.keys import Key, Keys
from assistant.server.options import LOOPBACK_NAMES, Options
from assistant.server.problems import Problem, problem_of

OPEN = frozenset({"/healthz", "/readyz", "/openapi.json"})
"""Paths that ask nobody who they are."""

_REMEMBER_SECONDS = 1.0  # a revoked key is let in for this long at most
_REMEMBERED = 1_000
_ALLOWED_METHODS = "GET, POST, PATCH, DELETE"
_ALLOWED_HEADERS = "authorization, content-type, idempotency-key, last-event-id, x-request-id, x-visitor"
_EXPOSED_HEADERS = "retry-after, x-request-id, x-visitor, idempotency-replayed"


class Access:
    """Puts the `Caller` into the request's state, answers preflights, and refuses the rest."""

    def __init__(self, app: ASGIApp, *, options: Options, keys: Keys) -> None:
        self._app = app
        self._options = options
        self._keys = keys
        self._known: OrderedDict[str, tuple[float, Key | None]] = OrderedDict()
        self._origins: tuple[float, frozenset[str]] = (-1.0, frozenset())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        try:
            allowed = await self._allowed(origin)
            if scope["method"] == "OPTIONS" and origin and "access-control-request-method" in headers:
                await self._preflight(allowed, origin)(scope, receive, send)
                return
            caller = Caller() if scope["path"] in OPEN else await self._caller(headers, origin, allowed)
        except Exception as error:
            await problem_of(error).response(scope["path"])(scope, receive, send)
            return
        scope["state"]["caller"] = caller

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                if origin and allowed:
                    answer["Access-Control-Allow-Origin"] = origin
                    answer["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
                    answer.add_vary_header("Origin")
                if caller.visitor:
                    answer["X-Visitor"] = caller.visitor
            await send(message)

        await self._app(scope, receive, with_headers)

    async def _allowed(self, origin: str | None) -> bool:
        """Whether this page may read our replies."""
        if origin is None:
            return False
        if origin in self._options.origins:
            return True
        read, origins = self._origins
        if time.monotonic() - read > _REMEMBER_SECONDS:
            origins = await asyncio.to_thread(self._keys.origins)
            self._origins = (time.monotonic(), origins)
        return origin in origins

    def _preflight(self, allowed: bool, origin: str) -> Response:
        if not allowed:
            raise Problem(403, "origin-not-allowed", f"Pages of {origin[:200]} may not call this server.")
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Methods": _ALLOWED_METHODS,
                "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
                "Access-Control-Max-Age": "600",
                "Vary": "Origin",
            },
        )

    async def _caller(self, headers: Headers, origin: str | None, allowed: bool) -> Caller:
        secret = _secret(headers)
        if secret is None:
            if not self._options.keyless:
                raise _unknown("Send a key as Authorization: Bearer KEY. Make one with: assistant keys create NAME")
            self._check_local(headers, origin, allowed)
            return Caller()
        key = await self._key(secret)
        if key is None:
            raise _unknown("This key is not known, or was revoked.")
        if key.kind == "widget":
            if origin not in key.origins:
                raise Problem(403, "origin-not-allowed", "This key only works on the web pages it was made for.")
            return Caller.with_key(key, checked_visitor(headers.get("x-visitor")))
        return Caller.with_key(key)

    def _check_local(self, headers: Headers, origin: str | None, allowed: bool) -> None:
        """Without a key, a web page elsewhere must not use the reader's browser to come in.

        A page can have its own name point at this machine (the Host tells), or send a form here (the Origin tells).
        """
        host = _hostname(headers.get("host", ""))
        if host not in LOOPBACK_NAMES | self._options.hosts:
            raise Problem(
                403, "host-not-allowed", f"Without a key this server answers to localhost alone, not to {host[:200]!r}."
            )
        own = origin is not None and (urlsplit(origin).netloc == headers.get("host"))
        if origin is not None and not own and not allowed:
            raise Problem(403, "origin-not-allowed", f"Pages of {origin[:200]} may not call this server.")
        if origin is None and headers.get("sec-fetch-site", "none") in ("cross-site", "same-site"):
            raise Problem(403, "origin-not-allowed", "Other web pages may not call this server.")

    async def _key(self, secret: str) -> Key | None:
        read, key = self._known.get(secret, (-1.0, None))
        if time.monotonic() - read > _REMEMBER_SECONDS:
            key = await asyncio.to_thread(self._keys.find, secret)
            self._known[secret] = (time.monotonic(), key)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return key


def _secret(headers: Headers) -> str | None:
    """What came as a key: ``Authorization: Bearer`` or ``X-API-Key``."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    if headers.get("authorization"):
        raise _unknown("Authorization must be: Bearer KEY")
    return headers.get("x-api-key")


def _unknown(detail: str) -> Problem:
    return Problem(401, "not-authenticated", detail, headers={"WWW-Authenticate": "Bearer"})


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
