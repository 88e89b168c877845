"""What the visitors of a web page are not shown: the folders of this machine, and where its services are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from assistant.server.callers import Caller
from assistant.server.feeds import Item
from assistant.server.problems import Problem
from assistant.types import Answer, CitationFound
from vectorstore.types import DocumentRef, Filters

_TOLD_ELSEWHERE = {
    "not-available": "This cannot be done just now. Try again in a moment.",
    "library-busy": "The documents are being changed. Try again in a moment.",
    "model-failed": "The answer could not be written. Ask again in a moment.",
}


def shown_source(source: str) -> str:
    """A document's source as a visitor sees it: a web address as it is, of a file its name alone.

    >>> shown_source("/srv/team/handbook.md"), shown_source("https://example.org/a/b.html")
    ('handbook.md', 'https://example.org/a/b.html')
    """
    if source.startswith(("https://", "http://")):
        return source
    return source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def shown_ref(ref: DocumentRef, caller: Caller) -> DocumentRef:
    return replace(ref, source=shown_source(ref.source)) if caller.visits else ref


def shown_item(item: Item, caller: Caller) -> Item:
    """One item of a feed, before any protocol puts it into its own words."""
    if not caller.visits:
        return item
    match item:
        case CitationFound(citation):
            return CitationFound(replace(citation, document=shown_ref(citation.document, caller)))
        case Answer():
            return replace(
                item,
                citations=tuple(replace(c, document=shown_ref(c.document, caller)) for c in item.citations),
                closest=tuple(replace(c, document=shown_ref(c.document, caller)) for c in item.closest),
            )
        case Problem():
            return shown_problem(item, caller)
    return item


def shown_json(value: Any, caller: Caller) -> Any:
    """Records as they were kept: every document in them, however deep."""
    if not caller.visits:
        return value
    if isinstance(value, list | tuple):
        return [shown_json(inner, caller) for inner in value]
    if not isinstance(value, dict):
        return value
    out = {name: shown_json(inner, caller) for name, inner in value.items()}
    if "media_type" in out and isinstance(out.get("source"), str):
        out["source"] = shown_source(out["source"])
    return out


def shown_problem(problem: Problem, caller: Caller | None) -> Problem:
    """Without the files and addresses that the owner of the server needs to read about; the log has them."""
    if caller is None or not caller.visits or problem.kind not in _TOLD_ELSEWHERE:
        return problem
    return Problem(problem.status, problem.kind, _TOLD_ELSEWHERE[problem.kind], headers=problem.headers, **problem.more)


def check_filters(filters: Filters, caller: Caller) -> None:
    """Raises `Problem` where a visitor would find out by trying which files and folders there are."""
    if caller.visits and filters.sources:
        raise Problem(403, "not-for-widgets", "A widget's key cannot filter by source. Name documents by their id.")
