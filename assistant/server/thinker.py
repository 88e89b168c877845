"""One of the processes that compute for a server: searches, and what is answered without a model."""

from __future__ import annotations

import logging
import os
import signal
import traceback
from collections import OrderedDict
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from assistant import build
from assistant.extractive import Extractive
from assistant.server.entrance import log_to_stderr
from assistant.server.problems import EXPECTED
from assistant.settings import Settings
from assistant.types import Event, Outlook, Question
from vectorstore.errors import EmbeddingMismatchError
from vectorstore.library import Library
from vectorstore.types import Retrieval

_NICE = 5  # whoever passes words on to readers goes first, and documents being read come last
_MOST_OPEN = 8  # collections; each has a model in memory

_log = logging.getLogger("assistant.server")


@dataclass(frozen=True, slots=True)
class Place:
    """A collection as it is embedded now: with another fingerprint it is opened anew."""

    collection: str
    fingerprint: str


@dataclass(slots=True)
class _Desk:
    """What this process has open, the collection asked last at the end."""

    settings: Settings
    open: OrderedDict[Place, tuple[Library, Extractive]] = field(default_factory=OrderedDict)

    def at(self, place: Place) -> tuple[Library, Extractive]:
        if place not in self.open:
            for other in [known for known in self.open if known.collection == place.collection]:
                self._put_away(other)
            while len(self.open) >= _MOST_OPEN:
                self._put_away(next(iter(self.open)))
            self.open[place] = _opened(self.settings, place)
        self.open.move_to_end(place)
        return self.open[place]

    def _put_away(self, place: Place) -> None:
        self.open.pop(place)[0].close()


def _opened(settings: Settings, place: Place) -> tuple[Library, Extractive]:
    library = build.open_library(settings, place.collection)
    library.tended = False
    try:
        info = library.info
        if info is not None and info.fingerprint != place.fingerprint:
            raise EmbeddingMismatchError(f"Collection {place.collection!r} was just embedded anew. Ask again.")
        return library, build.quoting_over(library)
    except BaseException:
        library.close()
        raise


_desk: _Desk | None = None


def work(server: Connection, settings: Settings) -> None:
    """Carry out what the server sends, until it ends. Ctrl-C in the terminal is for the server alone."""
    global _desk
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):  # not on Windows
        os.nice(_NICE)
    log_to_stderr()
    # A collection's own embedding, whatever was configured when the server began: it may have been changed since.
    _desk = _Desk(settings.model_copy(update={"embeddings": "auto"}))
    while True:
        try:
            asked, arguments = server.recv()
            server.send(_outcome(asked, arguments))
        except (EOFError, OSError):
            return


def _outcome(asked: Any, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    """Whether something was raised, and that, or what was made."""
    try:
        return False, asked(*arguments)
    except EXPECTED as error:
        return True, error
    except Exception as error:
        _log.error("unexpected error", exc_info=error)
        error.add_note(traceback.format_exc())  # its own traceback stays here
        return True, error


def _at(place: Place) -> tuple[Library, Extractive]:
    assert _desk is not None, "work() comes first"
    return _desk.at(place)


def search(place: Place, query: str, how: dict[str, Any]) -> Retrieval:
    library, _ = _at(place)
    return library.search(query, **how)


def quote(place: Place, question: Question, retrieval: Retrieval) -> list[Event]:
    """All events of the answer without a model."""
    library, quoting = _at(place)
    return list(quoting(question, retrieval, library.document))


def outlook(place: Place, question: Question, retrieval: Retrieval) -> Outlook:
    _, quoting = _at(place)
    return quoting.outlook(question, retrieval)
