"""How a long ingest shows itself: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vectorstore.report import FileReport, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars


@contextmanager
def bar(*, quiet: bool = False) -> Iterator[Progress]:
    """Progress of one ingest on stderr, if somebody can see it there."""
    if quiet or not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Shown(bars)


class _Shown(Progress):
    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._files = bars.add_task("Reading files", total=None)
        self._chunks = 0

    def started(self, files: int) -> None:
        self._bars.update(self._files, total=files)

    def embedded(self, chunks: int) -> None:
        self._chunks += chunks
        self._bars.update(self._files, description=f"Reading files · {self._chunks:,} passages")

    def file(self, report: FileReport) -> None:
        self._bars.advance(self._files)

    def indexing(self, documents: int) -> None:
        self._bars.update(self._files, description=f"Indexing · {self._chunks:,} passages")
