"""The answer record read back from JSON: what `assistant.types.Answer.as_dict` wrote, an `Answer` again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from assistant.types import Answer, Citation, Claim, Closest, Disagreement, Passage, Rejected, Statement, Usage
from vectorstore.types import DocumentRef, Span

Value = TypeVar("Value")


def revive(record: Mapping[str, Any]) -> Answer:
    """The inverse of ``Answer.as_dict``. Fields this release does not know are left out; missing ones get defaults.

    Raises ``KeyError`` or ``TypeError`` where the record is none.
    """
    nested = {
        "citations": tuple(_citation(item) for item in record.get("citations", ())),
        "statements": tuple(
            _known(Statement, {**item, "markers": tuple(item["markers"])}) for item in record.get("statements", ())
        ),
        "rejected": tuple(_known(Rejected, item) for item in record.get("rejected", ())),
        "closest": tuple(
            _known(Closest, {**item, "document": _known(DocumentRef, item["document"])})
            for item in record.get("closest", ())
        ),
        "notices": tuple(record.get("notices", ())),
        "disagreements": tuple(
            _known(Disagreement, {**item, "claims": tuple(_known(Claim, claim) for claim in item["claims"])})
            for item in record.get("disagreements", ())
        ),
        "usage": _known(Usage, record.get("usage", {})),
        "timings_ms": dict(record.get("timings_ms", {})),
    }
    return _known(Answer, {**record, **nested})


def _citation(item: Mapping[str, Any]) -> Citation:
    nested = {
        "answer_spans": tuple(Span(*span) for span in item["answer_spans"]),
        "document": _known(DocumentRef, item["document"]),
        "heading": tuple(item["heading"]),
        "passage": _known(Passage, item["passage"]),
    }
    return _known(Citation, {**item, **nested})


def _known(kind: type[Value], values: Mapping[str, Any]) -> Value:
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # every kind here is a dataclass
    return kind(**{name: value for name, value in values.items() if name in names})
