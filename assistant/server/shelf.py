"""The collections a server has open. They are read here and never written: that is the worker's business."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock, Semaphore
from typing import TYPE_CHECKING, Any, cast

from assistant import build, cancellation
from assistant.conversations import Conversations
from assistant.pipeline import Assistant
from assistant.server.callers import Caller
from assistant.server.problems import Problem
from assistant.settings import Settings
from vectorstore.library import Library
from vectorstore.types import Retrieval

if TYPE_CHECKING:
    from vectorstore.reader import CollectionInfo

OpenAssistant = Callable[[Library, Settings], Assistant]

DEFAULT = "default"


_LOOK_SECONDS = 0.05  # how often a search that waits its turn looks whether its reader is still there
_RETIRED_SECONDS = 150.0  # longer than an answer that still reads the old library may take


@dataclass(slots=True)
class _Open:
    """A collection as it was embedded when it was opened."""

    library: Library
    fingerprint: str
    assistant: Assistant | None = None


class Left(Exception):
    """Nobody waits for the answer any more."""


class _InTurn:
    """A library of which only so many searches run at once, whoever asks: hundreds of threads that compute would
    keep the loop, and with it every stream, from going on.
    """

    def __init__(self, library: Library, turns: Semaphore) -> None:
        self._library = library
        self._turns = turns

    def search(self, query: str, **how: Any) -> Retrieval:
        """Raises `Left` where the reader leaves while this waits its turn."""
        left = cancellation.current()
        while not self._turns.acquire(timeout=_LOOK_SECONDS):
            if left is not None and left.is_set():
                raise Left
        try:
            if left is not None and left.is_set():
                raise Left
            return self._library.search(query, **how)
        finally:
            self._turns.release()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)


class Shelf:
    """Opens each collection at its first question, and anew once it has been re-embedded. Safe from any thread."""

    def __init__(
        self,
        settings: Settings,
        conversations: Conversations,
        *,
        assistant_over: OpenAssistant = build.assistant_over,
        searches: int = 2,
    ) -> None:
        """``searches`` of all collections together may run at once."""
        self._turns = Semaphore(searches)
        self._settings = settings
        self._assistant_over = assistant_over
        self._lock = Lock()
        self._open: dict[str, _Open] = {}
        self._retired: list[tuple[float, Library]] = []
        self.conversations = conversations
        self._catalog = _reading(settings, DEFAULT)

    def close(self) -> None:
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
                library = cast(Library, _InTurn(opened.library, self._turns))
                opened.assistant = self._assistant_over(library, self._settings)
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
            opened = self._open[name] = _Open(_reading(settings, name), info.fingerprint)
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
