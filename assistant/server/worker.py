"""The process that changes the library for a server: it alone opens Chroma, and it alone parses what was uploaded.

Reads its settings and then tasks from standard input, one JSON value a line; writes events the same way.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant import build
from assistant.errors import AssistantError
from assistant.settings import Settings
from vectorstore.errors import LibraryBusyError, LibraryError, NotFoundError
from vectorstore.library import Library
from vectorstore.report import FileReport, Progress

_NICE = 19  # answers go first


class _Told(Progress):
    """Tells every step: silence means that something is stuck."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._chunks = 0

    def started(self, files: int) -> None:
        self._tell("progress", stage="reading")

    def embedded(self, chunks: int) -> None:
        self._chunks += chunks
        self._tell("progress", stage="embedding", passages=self._chunks)

    def file(self, report: FileReport) -> None:
        self._tell("progress", stage="indexing")

    def indexing(self, documents: int) -> None:
        self._tell("progress", stage="indexing")


class Tell:
    """Writes one event."""

    def __init__(self, out: Any) -> None:
        self._out = out

    def __call__(self, event: str, **facts: Any) -> None:
        self._out.write(json.dumps({"event": event, **facts}) + "\n")
        self._out.flush()


def main() -> None:
    os.nice(_NICE)
    if hasattr(os, "SCHED_BATCH"):  # waking up, it takes no core from whoever streams
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    tell = Tell(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)  # whatever a library prints must not pass for an event
    settings = Settings(**json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        task = json.loads(line)
        try:
            with build.open_library(settings, task["collection"]) as library:
                _carry_out(library, settings, task, tell)
        except LibraryBusyError:
            tell("failed", busy=True)
        except (AssistantError, LibraryError) as error:
            tell("failed", error=str(error))


def _carry_out(library: Library, settings: Settings, task: Mapping[str, Any], tell: Tell) -> None:
    match task["kind"]:
        case "ingest":
            _ingest(library, settings, task, tell)
        case "remove":
            _remove(library, settings, task["document_id"])
            tell("done")
        case "mend":
            with library.owner.held():
                tell("done", repairs=library.indexes.follow(lambda _: tell("progress", stage="indexing")))


def _ingest(library: Library, settings: Settings, task: Mapping[str, Any], tell: Tell) -> None:
    path = Path(task["path"])
    known = str(path) in library.catalog.files(library.collection)
    report = build.ingest(library, [path], settings, progress=_Told(tell), names={path: task["name"]})
    file = {**asdict(report.files[0]), "path": task["name"]}
    if file["status"] in ("failed", "skipped"):
        if not known:
            path.unlink(missing_ok=True)
        tell("failed", report=file, error=file["message"])
    else:
        tell("done", report=file)


def _remove(library: Library, settings: Settings, document_id: str) -> None:
    """Forget a document, and its upload once nothing else came from the same file."""
    path = library.catalog.owners(library.collection, [document_id]).get(document_id)
    try:
        library.remove(document_id)
    except NotFoundError:
        if path is not None:
            raise
        return  # done twice is as good as done once
    uploaded = path is not None and Path(path).is_relative_to(settings.home / "uploads")
    if path and uploaded and path not in library.catalog.files(library.collection):
        Path(path).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
