"""The strict form of an answer: without the statements that nothing supports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.types import Citation, Statement
from vectorstore.types import Span


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer's text with what points into it."""

    text: str
    citations: tuple[Citation, ...]
    statements: tuple[Statement, ...]


def strict(answer: Checked) -> Checked:
    """The supported statements alone, their markers counted anew. Nothing is left where nothing is supported."""
    parts: list[str] = []
    length, last = 0, 0
    numbers: dict[int, int] = {}
    spans: dict[int, list[Span]] = {}
    kept: list[Statement] = []
    marks = sorted((span, citation.marker) for citation in answer.citations for span in citation.answer_spans)
    between = ""
    for statement in answer.statements:
        between += answer.text[last : statement.start]
        last = statement.end
        if statement.support == "unsupported":
            continue
        blank = _blank(between) if parts or between.strip() else ""
        between = ""
        parts.append(blank)
        start = length = length + len(blank)
        at = statement.start
        for span, marker in marks:
            if statement.start <= span.start < statement.end:
                number = numbers.setdefault(marker, len(numbers) + 1)
                before = answer.text[at : span.start]
                parts += [before, f"[{number}]"]
                length += len(before)
                spans.setdefault(marker, []).append(Span(length, length + len(parts[-1])))
                length += len(parts[-1])
                at = span.end
        rest = answer.text[at : statement.end]
        parts.append(rest)
        length += len(rest)
        markers = tuple(numbers[marker] for marker in statement.markers if marker in numbers)
        kept.append(Statement(start, length, markers, statement.support))
    citations = [
        replace(citation, marker=numbers[citation.marker], answer_spans=tuple(spans[citation.marker]))
        for citation in answer.citations
        if citation.marker in numbers
    ]
    return Checked("".join(parts), tuple(sorted(citations, key=lambda held: held.marker)), tuple(kept))


def _blank(between: str) -> str:
    """What parts two statements between which others were left out: headings stay, blanks are not doubled."""
    if between.strip():
        line = between.rstrip(" \t")
        return line if line.endswith("\n") else between
    return "\n\n" if between.count("\n") > 1 else "\n" if "\n" in between else " "


def supported(statements: Sequence[Statement]) -> bool:
    return any(statement.support != "unsupported" for statement in statements)
