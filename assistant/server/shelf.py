"""The collections a server has open. They are read here and never written: that is the worker's business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from assistant import build
from assistant.conversations import Conversations
from assistant.pipeline import Assistant
from assistant.server.callers import Caller
from assistant.server.problems import Problem
from assistant.settings import Settings
from vectorstore.library import Library

if TYPE_CHECKING:
    from vectorstore.reader import CollectionInfo

OpenAssistant = Callable[[Library, Settings], Assistant]

DEFAULT = "default"


class Shelf:
    """Opens each collection once, at its first question. Safe to use from any thread."""

    def __init__(
        self, settings: Settings, conversations: Conversations, *, assistant_over: OpenAssistant = build.assistant_over
    ) -> None:
        self._settings = settings
        self._assistant_over = assistant_over
        self._lock = Lock()
        self._open: dict[str, Assistant] = {}
        self._libraries: dict[str, Library] = {}
        self.conversations = conversations
        self._catalog = _reading(settings, DEFAULT)

    def close(self) -> None:
        for library in (*self._libraries.values(), self._catalog):
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
            library = self._libraries.get(name)
            if library is None:
                if self._catalog.catalog.collection(name) is None:
                    raise missing(name)
                library = self._libraries[name] = _reading(self._settings, name)
            return library

    def assistant(self, name: str, caller: Caller) -> Assistant:
        """Whoever answers from a collection, with the caller's own memory."""
        library = self.library(name, caller)
        with self._lock:
            assistant = self._open.get(name)
            if assistant is None:
                assistant = self._open[name] = self._assistant_over(library, self._settings)
        return replace(assistant, log=self.conversations.of(caller.owner, collection=name))

    def at_hand(self, name: str, caller: Caller) -> Assistant | None:
        """The same where the collection is open already: does not wait, and so needs no thread."""
        assistant = self._open.get(name) if caller.sees(name) else None
        return replace(assistant, log=self.conversations.of(caller.owner, collection=name)) if assistant else None

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
