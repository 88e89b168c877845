"""A small library in memory: documents, hits over them, and a way to read them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from vectorstore.errors import NotFoundError
from vectorstore.types import Document, DocumentRef, Hit, Retrieval


def document(id: str, title: str, text: str, language: str = "en") -> Document:
    ref = DocumentRef(id, title, f"{title}.txt", "text/plain", language, sha256(text.encode()).hexdigest())
    return Document(ref, text)


def hits(*documents: Document) -> tuple[Hit, ...]:
    """One passage a document, the first the best."""
    return tuple(
        Hit(held.chunk(0, len(held.text)), held.ref, 1.0 / rank) for rank, held in enumerate(documents, start=1)
    )


def retrieval(*documents: Document, query: str = "", language: str = "en") -> Retrieval:
    return Retrieval(query, language, hits(*documents))


class Reader:
    """Reads from a few documents, as the catalog does."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = {held.id: held for held in documents}

    def __call__(self, document_id: str) -> Document:
        try:
            return self._documents[document_id]
        except KeyError:
            raise NotFoundError(f"no document {document_id}") from None


CALL = document(
    "doc_call",
    "Entretien téléphonique",
    "M. Poutine a appelé M. Trump. La Russie, appuyée par l’Iran, avait fermement condamné cette « agression »."
    " La frappe avait eu lieu le 7 avril 2017.",
    "fr",
)
SHOP = document("doc_shop", "Handbook", "Refunds take 14 days. Shipping is free. We never share your data.")
"""Two documents: French news of three sentences, an English handbook of three."""
