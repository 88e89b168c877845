"""What an ingest says of itself, while it runs and at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["added", "updated", "unchanged", "removed", "skipped", "failed"]
STATUSES: tuple[Status, ...] = ("added", "updated", "unchanged", "removed", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file. ``document_id`` is None for a file that holds many documents, or none."""

    path: str
    status: Status
    document_id: str | None = None
    language: str = ""
    pages: int | None = None
    chunks: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """Every file, in the order they were met; ``gone`` are ingested files that are no longer there."""

    files: tuple[FileReport, ...]
    gone: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    """One line for everything an earlier, killed run left behind and this one mended."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Where the time went: read, load, split, embed, store, index."""

    @property
    def totals(self) -> dict[str, int]:
        """How many files of each status, and chunks in all files that are in the library."""
        counts = Counter(file.status for file in self.files)
        kept = sum(file.chunks for file in self.files if file.status in ("added", "updated", "unchanged"))
        return {**{status: counts[status] for status in STATUSES}, "files": len(self.files), "chunks": kept}


class Progress:
    """Told how an ingest goes on; what is reported as a file has been committed. Override what you want to know."""

    def started(self, files: int) -> None:
        """So many files will be looked at."""

    def embedded(self, chunks: int) -> None:
        """So many more chunks have their vectors."""

    def file(self, report: FileReport) -> None:
        """A file is done."""

    def indexing(self, documents: int) -> None:
        """So many more changed documents have been followed by one of the indexes."""
