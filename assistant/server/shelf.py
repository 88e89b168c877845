"""The collections a server has open. They are read here and never written: that is the worker's business."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, cast

from assistant import build
from assistant.conversations import Conversations
from assistant.pipeline import Assistant
from assistant.server import thinker
from assistant.server.callers import Caller
from assistant.server.problems import EXPECTED, Problem
from assistant.server.thinker import Place
from assistant.server.thinking import QuotingElsewhere, Thinkers, Thoughtful
from assistant.settings import Settings
from assistant.types import Quoting
from vectorstore.library import Library

if TYPE_CHECKING:
    from vectorstore.reader import CollectionInfo

OpenAssistant = Callable[[Library, Settings, Quoting], Assistant]

DEFAULT = "default"


_RETIRED_SECONDS = 150.0  # longer than an answer that still reads the old library may take


@dataclass(slots=True)
class _Open:
    """A collection as it was embedded when it was opened."""

    library: Library
    fingerprint: str
    assistant: Assistant | None = None


class Shelf:
    """Opens each collection at its first question, and anew once it has been re-embedded. Safe from any thread."""

    def __init__(
        self,
        settings: Settings,
        conversations: Conversations,
        *,
        assistant_over: OpenAssistant = build.assistant_over,
        thinkers: int = 2,
    ) -> None:
        """``thinkers`` processes compute what all collections are asked."""
        self._thinkers = Thinkers(settings, thinkers)
        self._settings = settings
        self._assistant_over = assistant_over
        self._lock = Lock()
        self._open: dict[str, _Open] = {}
        self._retired: list[tuple[float, Library]] = []
        self.conversations = conversations
        self._catalog = _reading(settings, DEFAULT)

    def close(self) -> None:
        self._thinkers.close()
        libraries = [opened.library for opened in self._open.values()] + [library for _, library in self._retired]
        for library in (*libraries, self._catalog):
            library.close()
        self.conversations.close()

    def collections(self, caller: Caller) -> list[CollectionInfo]:
        """Those the caller may see, by name."""
        return [info for info in self._catalog.catalog.collections() if caller.sees(info.name)]

    def library(self, name: str, caller: Caller) -> Library:
        """An open collection. Raises `Problem` 404 for one that is not there, or not for this caller's eyes."""
        if not caller.sees(name):
            raise missing(name)
        with self._lock:
            return self._current(name).library

    def assistant(self, name: str, caller: Caller) -> Assistant:
        """Whoever answers from a collection, with the caller's own memory. Raises as `library` does."""
        if not caller.sees(name):
            raise missing(name)
        with self._lock:
            opened = self._current(name)
            if opened.assistant is None:
                quoting = QuotingElsewhere(self._thinkers, Place(name, opened.fingerprint))
                opened.assistant = self._assistant_over(opened.library, self._settings, quoting)
        return replace(opened.assistant, log=self.conversations.of(caller.owner, collection=name))

    def at_hand(self, name: str, caller: Caller) -> Assistant | None:
        """The one that answered last, where there is one: does not wait, and so needs no thread."""
        opened = self._open.get(name) if caller.sees(name) else None
        return opened.assistant if opened else None

    def _current(self, name: str) -> _Open:
        """The collection as it is embedded now. The lock is held."""
        info = self._catalog.catalog.collection(name)
        if info is None:
            raise missing(name)
        opened = self._open.get(name)
        if opened is None or opened.fingerprint != info.fingerprint:
            settings = self._settings
            if opened is not None:  # somebody decided on another embedding since: their word is newer than a setting
                settings = settings.model_copy(update={"embeddings": "auto"})
                self._retire(opened.library)
            library = Thoughtful(_reading(settings, name), self._thinkers, Place(name, info.fingerprint))
            opened = self._open[name] = _Open(cast(Library, library), info.fingerprint)
        return opened

    def _retire(self, library: Library) -> None:
        """Close it once nobody can be reading from it any more."""
        now = time.monotonic()
        while self._retired and now - self._retired[0][0] > _RETIRED_SECONDS:
            self._retired.pop(0)[1].close()
        self._retired.append((now, library))

    def log(self, caller: Caller, collection: str = DEFAULT) -> Conversations:
        """The caller's conversations."""
        return self.conversations.of(caller.owner, collection=collection)

    def warm(self) -> None:
        """Open the default collection where questions are computed, and what they need."""
        info = self._catalog.catalog.collection(DEFAULT)
        if info is not None:
            with suppress(*EXPECTED, Problem):  # told to whoever asks
                self._thinkers.everyone(thinker.search, Place(DEFAULT, info.fingerprint), "warm", {"limit": 1})

    def behind(self) -> list[str]:
        """The collections whose indexes an earlier, killed run left to be brought up."""
        indexes = {info.name: _reading(self._settings, info.name) for info in self._catalog.catalog.collections()}
        try:
            return [name for name, library in indexes.items() if not library.indexes.current()]
        finally:
            for library in indexes.values():
                library.close()

    def is_there(self) -> None:
        """Raises `StorageError` where the catalog or the conversations cannot be read."""
        self._catalog.catalog.library_id()
        self.conversations.list(limit=1)


def missing(name: str) -> Problem:
    return Problem(
        404, "no-such-collection", f"There is no collection {name[:80]!r} with documents.", code="model_not_found"
    )


def _reading(settings: Settings, name: str) -> Library:
    library = build.open_library(settings, name)
    library.tended = False
    return library
