"""Whether what an old answer quotes still stands in the library."""

from __future__ import annotations

from enum import Enum

from assistant.types import Citation, Read
from vectorstore.errors import NotFoundError


class Standing(Enum):
    """A citation's document, then and now; the value says it to people, and is empty where nothing changed."""

    SAME = ""
    MOVED = "The document has changed since; the quote still stands in it."
    CHANGED = "The document has changed since; the quote is no longer in it."
    GONE = "The document is no longer in the library."


def standing(citation: Citation, read: Read) -> Standing:
    """Compares the quote with the document's current text. An old answer keeps its own copy either way."""
    try:
        document = read(citation.document.id)
    except NotFoundError:
        return Standing.GONE
    if document.text[citation.start : citation.end] == citation.quote:
        return Standing.SAME if document.ref.sha256 == citation.document.sha256 else Standing.MOVED
    if citation.verification == "normalized" and document.ref.sha256 == citation.document.sha256:
        return Standing.SAME
    return Standing.MOVED if citation.quote in document.text else Standing.CHANGED
