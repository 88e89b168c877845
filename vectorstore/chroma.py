"""The vector index. The only file that imports chromadb.

Every chunk is here with its id, text, vector and metadata, so that any Chroma or LangChain client can read the
collection. It is derived data: the folder may be deleted at any time and filled again from the catalog.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from vectorstore.errors import StorageError
from vectorstore.reader import Indexed

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection as ChromaCollection

BATCH = 1_000  # rows a call; Chroma's own limit is 5,461
_REMOVE_BATCH = 100  # documents a call


class DamagedVectorsError(StorageError):
    """Chroma cannot read its own files: delete the folder and apply everything again."""


class ChromaIndex:
    """One collection in a folder of its own. One process at a time may have it open (architecture.md, decision 6)."""

    def __init__(self, folder: Path, collection: str) -> None:
        self._folder = folder
        self._name = collection
        self._client: Client | None = None
        self._opened: ChromaCollection | None = None

    def _collection(self) -> ChromaCollection:
        if self._opened is None:
            import chromadb  # slow to import, and not needed while a collection is small
            from chromadb.config import Settings

            settings = Settings(anonymized_telemetry=False)
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                client = chromadb.PersistentClient(str(self._folder), settings=settings)
                self._client = cast("Client", client)  # its declared type leaves `close` out
                self._opened = self._client.get_or_create_collection(
                    self._name,
                    embedding_function=None,  # or Chroma would download a model of its own
                    configuration={"hnsw": {"space": "cosine"}},
                )
            except Exception as error:  # Chroma raises whatever its storage raised
                raise DamagedVectorsError(f"{self._folder}: Chroma cannot open it ({error}).") from error
        return self._opened

    def close(self) -> None:
        """Let go of the files, so that the folder can be deleted or opened by another process."""
        if self._client is not None:
            self._client.close()
        self._client = self._opened = None

    def delete(self) -> None:
        """Close and delete the folder."""
        self.close()
        chromadb = sys.modules.get("chromadb")
        if chromadb:  # or a client of this process that still knows the folder would be handed out again
            chromadb.api.shared_system_client.SharedSystemClient.clear_system_cache()
        shutil.rmtree(self._folder, ignore_errors=True)

    def count(self) -> int:
        try:
            return self._collection().count()
        except StorageError:
            raise
        except Exception as error:
            raise DamagedVectorsError(f"{self._folder}: Chroma cannot count it ({error}).") from error

    def apply(self, add: Iterable[Indexed], remove: Collection[str]) -> None:
        """Forget all chunks of the documents in ``remove``, then add. Doing it twice is the same as doing it once."""
        collection = self._collection()
        ids = list(remove)
        try:
            if collection.count():
                for start in range(0, len(ids), _REMOVE_BATCH):
                    where: Any = {"document_id": {"$in": ids[start : start + _REMOVE_BATCH]}}
                    collection.delete(where=where)
            for batch in _batches(add):
                collection.upsert(**batch)
        except Exception as error:
            raise DamagedVectorsError(f"{self._folder}: Chroma cannot write to it ({error}).") from error

    def nearest(self, vector: NDArray[np.float32], limit: int) -> list[str]:
        """The ids of about the ``limit`` nearest chunks; approximate, so let the stored vectors have the last word."""
        try:
            found = self._collection().query(query_embeddings=[vector.tolist()], n_results=limit, include=[])
            return list(found["ids"][0])
        except StorageError:
            raise
        except Exception as error:
            raise DamagedVectorsError(f"{self._folder}: Chroma cannot search it ({error}).") from error


def _batches(entries: Iterable[Indexed]) -> Iterable[dict[str, Any]]:
    """The arguments of one upsert each, at most about ``BATCH`` rows."""
    rows: list[tuple[str, Any, str, dict[str, Any]]] = []
    for entry in entries:
        for chunk, vector in zip(entry.chunks, entry.vectors, strict=True):
            metadata: dict[str, Any] = {
                "document_id": chunk.document_id,
                "title": entry.ref.title,
                "source": entry.ref.source,
                "language": entry.ref.language,
                "start": chunk.start,
                "end": chunk.end,
                "heading": " › ".join(chunk.heading),
            }
            if chunk.page is not None:
                metadata["page"] = chunk.page
            rows.append((chunk.id, vector, chunk.text, metadata))
            if len(rows) == BATCH:
                yield _columns(rows)
                rows = []
    if rows:
        yield _columns(rows)


def _columns(rows: list[tuple[str, Any, str, dict[str, Any]]]) -> dict[str, Any]:
    ids, vectors, texts, metadatas = zip(*rows, strict=True)
    return {
        "ids": list(ids),
        "embeddings": np.asarray(vectors, dtype=np.float32),
        "documents": list(texts),
        "metadatas": list(metadatas),
    }
