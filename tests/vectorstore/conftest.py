"""Libraries over the hashing embedding: real Chroma, real tantivy, real SQLite, no weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from vectorstore.embeddings import Embedding, open_embedding
from vectorstore.library import Library

OpenLibrary = Callable[..., Library]


@pytest.fixture
def open_library(home: Path) -> Iterator[OpenLibrary]:
    """Opens libraries in the test's home and closes them at its end."""
    with ExitStack() as stack:

        def opened(collection: str = "default", *, wanted: str = "hashing", scan_limit: int = 20_000) -> Library:
            def embedding(name: str) -> Embedding:
                return open_embedding(name, cache=home / "models")

            library = Library(home, collection, open_embedding=embedding, wanted=wanted, scan_limit=scan_limit)
            return stack.enter_context(library)

        yield opened


@pytest.fixture
def library(open_library: OpenLibrary) -> Library:
    return open_library()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three short documents."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "refunds.txt").write_text("Refunds take fourteen days. They are paid to the card that was used.")
    (docs / "shipping.txt").write_text("Shipping is free above fifty euros. Parcels leave the warehouse at noon.")
    (docs / "sub").mkdir()
    (docs / "sub" / "support.md").write_text("# Support\n\nThe help desk answers between nine and five.\n")
    return docs
