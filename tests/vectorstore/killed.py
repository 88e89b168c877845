"""A process that ingests and says what it was told is done, to be killed by a test."""

from __future__ import annotations

import sys
from pathlib import Path

from vectorstore.embeddings import open_embedding
from vectorstore.ingest import ingest
from vectorstore.library import Library
from vectorstore.report import FileReport, Progress


class Acknowledging(Progress):
    def file(self, report: FileReport) -> None:
        print(report.status, report.document_id, flush=True)


def main(home: Path, folder: Path) -> None:
    with Library(
        home, open_embedding=lambda name: open_embedding(name, cache=home / "models"), wanted="hashing"
    ) as library:
        ingest(library, [folder], progress=Acknowledging())
        print("all done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
