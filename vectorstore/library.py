"""A collection of documents that can be searched: the one door to everything at rest."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vectorstore import dense
from vectorstore.catalog import Catalog
from vectorstore.database import sqlite_url
from vectorstore.errors import (
    EmbeddingMismatchError,
    EmbeddingUnavailableError,
    LibraryBusyError,
    LibraryError,
    NotFoundError,
)
from vectorstore.indexes import Indexes
from vectorstore.language import detect
from vectorstore.owner import Owner
from vectorstore.reader import CollectionInfo, DocumentInfo
from vectorstore.report import Progress
from vectorstore.retrieve import Passage, Ranked, Retriever
from vectorstore.types import Chunk, Document, DocumentRef, Filters, Hit, Retrieval

if TYPE_CHECKING:
    from vectorstore.embeddings import Embedding

REPAIR_LIMIT = 2_000  # documents Chroma may lag behind for a search to mend it first; more waits for the next ingest
_COLLECTION_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,61}[a-zA-Z0-9]")  # Chroma's own rule

OpenEmbedding = Callable[[str], "Embedding"]
"""An embedding by name. Raises `EmbeddingUnavailableError`."""


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """What ``status`` prints of one collection."""

    collection: str
    documents: int
    chunks: int
    embedding: str
    languages: Mapping[str, int]
    keyword_index_current: bool
    vector_index_current: bool


class Library:
    """One collection in a folder. Open it with a ``with`` block, or `close` it.

    ``wanted`` is the embedding the caller asks for; ``auto`` takes the collection's own.
    Raises `EmbeddingMismatchError` where the collection was made with another one.
    """

    def __init__(
        self,
        folder: Path,
        collection: str = "default",
        *,
        open_embedding: OpenEmbedding,
        wanted: str = "auto",
        scan_limit: int = dense.SCAN_LIMIT,
    ) -> None:
        if not _COLLECTION_NAME.fullmatch(collection):
            raise LibraryError(
                f"A collection cannot be called {collection!r}: use 3 to 63 letters, digits, dots, dashes and "
                "underscores, beginning and ending with a letter or digit."
            )
        self.folder = folder
        self.collection = collection
        self.catalog = Catalog(sqlite_url(folder))
        self.owner = Owner(folder)
        self.indexes = Indexes(self.catalog, collection, folder / "collections" / collection)
        self.repairs: list[str] = []
        """One line for everything that was mended since the library was opened."""
        self.wanted = wanted
        self.tended = True
        """False in a process that only reads, such as a server's: it never opens Chroma, and mends nothing."""
        self._opening = Lock()
        self._open_embedding = open_embedding
        self._embedding: Embedding | None = None
        self._scan_limit = scan_limit
        self._known: tuple[int, int] = (-1, 0)
        self._held = ExitStack()
        self._beside = ThreadPoolExecutor(thread_name_prefix="vectors")
        self._owned = False
        self._read = lru_cache(maxsize=64)(self._read_at)
        self._matching = lru_cache(maxsize=16)(self._matching_at)
        self._check_wanted()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._beside.shutdown()
        self.indexes.close()
        self._held.close()
        self.catalog.close()

    # -- the embedding -------------------------------------------------------------------------

    @property
    def info(self) -> CollectionInfo | None:
        """How the collection was embedded; None before its first document."""
        return self.catalog.collection(self.collection)

    def _check_wanted(self) -> None:
        info = self.info
        if info and self.wanted not in ("auto", info.embedding):
            raise EmbeddingMismatchError(
                f"Collection {self.collection!r} was embedded with {info.embedding!r}, not {self.wanted!r}. "
                f"Leave ASSISTANT_EMBEDDINGS unset, or re-embed: assistant reindex --embeddings {self.wanted}"
            )

    @property
    def embedding(self) -> Embedding:
        """The collection's embedding. Raises `EmbeddingUnavailableError`; `EmbeddingMismatchError` when it changed."""
        with self._opening:  # many threads may ask their first question at once
            return self._embedding or self._first_embedding()

    def _first_embedding(self) -> Embedding:
        if self._embedding is None:
            info = self.info
            embedding = self._open_embedding(info.embedding if info else self.wanted)
            made = embedding.made(info.fingerprint) if info else embedding
            if info and not made:
                raise EmbeddingMismatchError(
                    f"Collection {self.collection!r} was embedded with {info.embedding!r} of fingerprint "
                    f"{info.fingerprint}, but that model now has {embedding.fingerprint}: its files changed. "
                    f"Bring the old files back, or re-embed: assistant reindex --embeddings {info.embedding}"
                )
            self._embedding = made or embedding
        return self._embedding

    def prepare(self) -> None:
        """Before the first document: fix which embedding the collection has from now on."""
        if self.info is None:
            embedding = self.embedding
            self.catalog.set_collection(
                CollectionInfo(self.collection, embedding.name, embedding.fingerprint, embedding.dimensions)
            )

    # -- reading -------------------------------------------------------------------------------

    def documents(self) -> list[DocumentInfo]:
        return self.catalog.documents(self.collection)

    def document(self, document_id: str) -> Document:
        """A document with its text. Raises `NotFoundError`."""
        return self._read(document_id, self.catalog.sequence(self.collection))

    def _read_at(self, document_id: str, sequence: int) -> Document:
        """Cached for as long as nothing in the collection changes, which is what ``sequence`` tells."""
        return self.catalog.document(self.collection, document_id)

    def _matching_at(self, filters: Filters, sequence: int) -> tuple[str, ...]:
        """Cached in the same way."""
        return tuple(self.catalog.matching(self.collection, filters))

    def remove(self, document_id: str) -> None:
        """Forget a document, its chunks and vectors, here and in the indexes. Raises `NotFoundError`."""
        self.catalog.document(self.collection, document_id)
        with self.owner.held():
            self.catalog.remove_documents(self.collection, [document_id])
            self.repairs += self.indexes.follow()

    def reindex(self, embedding: str | None, progress: Progress) -> int:
        """Make both indexes anew, after embedding every chunk again where another model is named.

        Gives the number of documents. Until the new vectors are committed, all at once, the old ones answer.
        """
        with self.owner.held():
            ids = [info.ref.id for info in self.documents()]
            if embedding is not None:
                self._embed_again(self._open_embedding(embedding), ids, progress)
            self.indexes.forget()
            self.indexes.follow(progress.indexing)
        return len(ids)

    def _embed_again(self, embedding: Embedding, ids: Sequence[str], progress: Progress) -> None:
        vectors: dict[str, NDArray[np.float32]] = {}
        progress.started(len(ids))
        for entry in self.catalog.indexed(self.collection, ids):
            texts = [chunk.indexed_text(entry.ref.title) for chunk in entry.chunks]
            vectors[entry.ref.id] = embedding(texts, [entry.ref.language] * len(texts))
            progress.embedded(len(entry.chunks))
        info = CollectionInfo(self.collection, embedding.name, embedding.fingerprint, embedding.dimensions)
        self.catalog.set_vectors(info, vectors)
        self._embedding = embedding

    def status(self) -> LibraryStatus:
        info = self.info
        languages = self.catalog.languages(self.collection)
        return LibraryStatus(
            self.collection,
            sum(languages.values()),
            self.catalog.count_chunks(self.collection),
            info.embedding if info else self.wanted,
            languages,
            self.indexes.current(),
            self.indexes.chroma_current(),
        )

    # -- searching -----------------------------------------------------------------------------

    def search(self, query: str, *, limit: int = 20, filters: Filters | None = None) -> Retrieval:
        """The best ``limit`` chunks for ``query``, best first. Raises `NotFoundError` when the collection is empty."""
        started = time.perf_counter()
        filters = filters or Filters()
        sequence, total = self._ready()
        if not total:
            raise NotFoundError(
                f"There are no documents in collection {self.collection!r} yet. Bring some in: assistant ingest PATH"
            )
        language = detect(query)
        matching = self._matching(filters, sequence) if filters else None
        if matching == ():
            return Retrieval(query, language, (), (f"No document matches the filter ({_told(filters)}).",))
        # The indexes know languages themselves: a list of half the library's documents is slow to go by.
        documents = matching if filters.sources or filters.documents else None
        seen: dict[int, tuple[Chunk, DocumentRef]] = {}
        notes: list[str] = []
        # Here and not beside the search: the lock it takes belongs to the thread that took it.
        through_chroma = not filters and total > self._scan_limit and self._chroma_at_hand()
        retriever = self._retriever(language, notes, seen, through_chroma)
        ranked = retriever.search(query, limit, language=language, filters=filters, documents=documents)
        if matching is not None:
            notes.append(f"Searched {len(matching)} documents ({_told(filters)}).")
        elapsed = round((time.perf_counter() - started) * 1000, 1)
        return Retrieval(
            query,
            language,
            tuple(_hit(one, *seen[one.number]) for one in ranked),
            tuple(notes),
            {"search": elapsed},
            self.indexes.lexical.weights(query),
        )

    def _retriever(
        self, language: str, notes: list[str], seen: dict[int, tuple[Chunk, DocumentRef]], through_chroma: bool
    ) -> Retriever:
        """Wire one search in ``language``. ``seen`` collects what was looked up, ``notes`` what is missing."""
        embedding: Embedding | None = None
        try:
            embedding = self.embedding
        except EmbeddingUnavailableError as error:
            notes.append(f"Searched by keywords alone: {error}")

        def embed(texts: Sequence[str]) -> NDArray[np.float32]:
            return embedding(texts, [language] * len(texts)) if embedding else np.zeros((len(texts), 1), np.float32)

        def nearest(
            vector: NDArray[np.float32], limit: int, filters: Filters, documents: Collection[str] | None
        ) -> Mapping[int, float]:
            if embedding is None:
                return {}
            return dense.nearest(
                self.indexes.flat,
                vector,
                limit,
                languages=filters.languages,
                documents=documents,
                approximately=self.indexes.near if through_chroma else None,
            )

        def lookup(numbers: Collection[int]) -> Mapping[int, Passage]:
            found = self.catalog.chunks(self.collection, numbers)
            seen.update(found)
            return {
                number: Passage(ref.language, chunk.indexed_text(ref.title), ref.title)
                for number, (chunk, ref) in found.items()
            }

        return Retriever(
            self.indexes.lexical,
            embed,
            nearest,
            lookup,
            self.indexes.flat.spoken,
            (embedding and embedding.languages) or None,
            embedding.glossed if embedding else frozenset(),
            lambda work: self._beside.submit(work).result,
        )

    def _ready(self) -> tuple[int, int]:
        """The newest change and the number of chunks, after mending indexes that lag behind, if nobody else is."""
        sequence = self.catalog.sequence(self.collection)
        if sequence == self._known[0]:
            return self._known
        total = self.catalog.count_chunks(self.collection)
        if total and self.tended and not self.indexes.current():
            with self._if_free() as ours:
                if ours:
                    self.repairs += self.indexes.follow_searched()
                    if len(self.catalog.changes(self.collection, 0)) <= REPAIR_LIMIT:
                        self.repairs += self.indexes.follow_chroma()
        self._known = (sequence, total)
        return self._known

    def _chroma_at_hand(self) -> bool:
        """Whether Chroma may be asked: it is current, sound, and nobody else owns the library.

        The library stays ours for as long as Chroma is open: two processes on one Chroma folder can ruin it.
        """
        if not self.tended:
            return False
        if not self._owned:
            try:
                self._held.enter_context(self.owner.held(wait=0))
            except LibraryBusyError:
                return False
            self._owned = True
        return self.indexes.chroma_trusted()

    @contextmanager
    def _if_free(self) -> Iterator[bool]:
        try:
            with self.owner.held(wait=0):
                yield True
        except LibraryBusyError:
            yield False


def _hit(ranked: Ranked, chunk: Chunk, document: DocumentRef) -> Hit:
    return Hit(chunk, document, ranked.score, ranked.legs)


def _told(filters: Filters) -> str:
    kinds = {"language": filters.languages, "source": filters.sources, "document": filters.documents}
    return ", ".join(f"{kind} {' or '.join(sorted(values))}" for kind, values in kinds.items() if values)
