"""Who asks: the owner of this machine, a program with a key, or a visitor of a web page."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Request

from assistant.conversations import LOCAL
from assistant.server.keys import SCOPES, Key, Scope
from assistant.server.problems import Problem

_VISITOR = re.compile(r"vis_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a request is from. ``owner`` is whose conversations and jobs they see."""

    owner: str = LOCAL
    scopes: frozenset[Scope] = field(default_factory=lambda: frozenset(SCOPES))
    collections: frozenset[str] = frozenset()
    key: Key | None = None
    visitor: str = ""

    @classmethod
    def with_key(cls, key: Key, visitor: str = "") -> Caller:
        """A widget's visitors are told apart by a secret of their own: the key is known to all of them."""
        owner = f"{key.id}/{sha256(visitor.encode()).hexdigest()[:40]}" if key.kind == "widget" else key.id
        return cls(owner, key.scopes, key.collections, key, visitor)

    @property
    def name(self) -> str:
        """For logs: never a visitor's secret."""
        return self.key.id if self.key else self.owner

    @property
    def visits(self) -> bool:
        """Whether anybody who sees a web page may be asking."""
        return self.key is not None and self.key.kind == "widget"

    def sees(self, collection: str) -> bool:
        return not self.collections or collection in self.collections


def new_visitor() -> str:
    return f"vis_{secrets.token_urlsafe(32)}"


def checked_visitor(value: str | None) -> str:
    """The visitor's own secret, or a new one for somebody who comes for the first time."""
    if value is None:
        return new_visitor()
    if not _VISITOR.fullmatch(value):
        raise Problem(400, "bad-visitor", "X-Visitor is not one that this server gave out. Leave it out to get one.")
    return value


def caller_of(request: Request) -> Caller:
    caller: Caller = request.scope["state"]["caller"]
    return caller


class Needs:
    """A dependency: the caller, who must have the scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> Caller:  # a plain function would cost a thread at every request
        caller = caller_of(request)
        if self.scope not in caller.scopes:
            raise Problem(403, "missing-scope", f"This key does not have the scope {self.scope!r}.", scope=self.scope)
        return caller


needs_ask, needs_ingest, needs_admin = Needs("ask"), Needs("ingest"), Needs("admin")

Asker = Annotated[Caller, Depends(needs_ask)]
Ingester = Annotated[Caller, Depends(needs_ingest)]
Admin = Annotated[Caller, Depends(needs_admin)]


def scope_of(route: Any) -> Scope | None:
    """The scope a route asks for; None for one that asks for none."""
    calls = [dependency.call for dependency in route.dependant.dependencies]
    return next((call.scope for call in calls if isinstance(call, Needs)), None)
