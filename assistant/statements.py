"""What each statement of a generated answer rests on, and what in it rests on nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.citations import normalize
from assistant.composition import Quotation
from assistant.types import Citation, Statement, Support
from vectorstore.sentences import sentences
from vectorstore.types import Span


@dataclass(frozen=True, slots=True)
class Finding:
    """What comparing a statement with its quotes gave. ``unfamiliar`` are its numbers, dates and names they lack."""

    supported: bool
    unfamiliar: tuple[str, ...] = ()


Supports = Callable[[str, Sequence[Citation], str], Finding]
"""A statement without markers, the citations it carries, and the question, to a finding."""

_MARKER = re.compile(r"[ \t]?\[\d+\]")
_BLOCK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+•]\s|\d+[.)]\s|#|\||>|```))|(?<=```)\n")
_HEADING = re.compile(r"\s*#")
_FENCE = re.compile(r"^```.*?^```[^\n]*$", re.MULTILINE | re.DOTALL)
_LEAD_IN = re.compile(r"[:：]\**\s*$")
_LONG_QUOTATION = 3  # words; a shorter one may be a turn of phrase and does not sink its statement
_LONG_QUOTATION_SIGNS = 6  # letters of scripts without capitals, most of which set no blanks


def statements(
    text: str,
    citations: Sequence[Citation],
    quotations: Sequence[Quotation],
    *,
    language: str,
    question: str,
    supports: Supports,
) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """The statements in order, each with its markers and support; and the unfamiliar words of them all.

    A marker belongs to the statement before it, also behind the full stop; at the beginning of a line to the one after.
    """
    found = list(_spans(text, language))
    carried = [_carried(span, citations) for span in found]
    out: list[Statement] = []
    unfamiliar: list[str] = []
    for i, span in enumerate(found):
        mine = carried[i]
        said = _MARKER.sub("", text[span.start : span.end]).strip()
        if not mine and _LEAD_IN.search(said) and i + 1 < len(found):
            mine = carried[i + 1]  # "It gave two reasons:" rests on what follows
        support, words = _support(said, mine, _inside(quotations, span), question, supports)
        unfamiliar += [word for word in words if word not in unfamiliar]
        out.append(Statement(span.start, span.end, tuple(citation.marker for citation in mine), support))
    return tuple(out), tuple(unfamiliar)


def _support(
    said: str, citations: Sequence[Citation], quotations: Sequence[Quotation], question: str, supports: Supports
) -> tuple[Support, tuple[str, ...]]:
    if not citations:
        return "unsupported", ()
    finding = supports(said, citations, question)
    if any(_long(quotation.text) for quotation in quotations if not quotation.held):
        return "unsupported", finding.unfamiliar
    bare = normalize(said).strip('".-* ')
    if bare and any(bare in normalize(citation.quote) for citation in citations):
        return "quoted", finding.unfamiliar
    if not finding.supported:
        return "unsupported", finding.unfamiliar
    return ("quoted" if any(quotation.held for quotation in quotations) else "cited"), finding.unfamiliar


def _long(quotation: str) -> bool:
    unspaced = sum(unicodedata.category(sign) == "Lo" for sign in quotation)
    return len(quotation.split()) >= _LONG_QUOTATION or unspaced >= _LONG_QUOTATION_SIGNS


def _inside(quotations: Sequence[Quotation], span: Span) -> list[Quotation]:
    return [quotation for quotation in quotations if span.start <= quotation.start < span.end]


def _carried(span: Span, citations: Sequence[Citation]) -> list[Citation]:
    return [
        citation
        for citation in citations
        if any(span.start <= place.start < span.end for place in citation.answer_spans)
    ]


def _spans(text: str, language: str) -> Iterator[Span]:
    """The statements with their markers. Headings and lines without a letter or digit state nothing."""
    bare, back = _without_markers(text)
    last = 0
    for block in _blocks(bare):
        piece = bare[block.start : block.end]
        if _HEADING.match(piece):
            continue
        for span in [Span(0, len(piece))] if "```" in piece else sentences(piece, language):
            if not any(map(str.isalnum, piece[span.start : span.end])):
                continue
            start = back(block.start + span.start, after=True)
            line = text.rfind("\n", last, start) + 1 or last
            if _MARKER.search(text, line, start):  # at the beginning of a line it has no statement before it
                start = line
            last = back(block.start + span.end, after=True)
            yield _stripped(text, Span(start, last))


def _blocks(text: str) -> Iterator[Span]:
    """Paragraphs, list items, lines of tables, and blocks of code."""
    at = 0
    for fence in [*_FENCE.finditer(text), None]:
        stop = fence.start() if fence else len(text)
        start = at
        for border in _BLOCK.finditer(text, at, stop):
            yield Span(start, border.start())
            start = border.end()
        yield Span(start, stop)
        if fence:
            yield Span(*fence.span())
            at = fence.end()


def _without_markers(text: str) -> tuple[str, Callable[..., int]]:
    """The text without markers, and the way back: an offset before or after the markers that stood there."""
    cuts: list[tuple[int, int, int]] = []  # offset in the bare text, and what was cut out of the text
    parts: list[str] = []
    at = length = 0
    for found in _MARKER.finditer(text):
        parts.append(text[at : found.start()])
        length += found.start() - at
        cuts.append((length, found.start(), found.end()))
        at = found.end()
    parts.append(text[at:])

    def back(offset: int, *, after: bool) -> int:
        moved = offset
        for place, start, end in cuts:
            if place < offset or (place == offset and after):
                moved += end - start
        return moved

    return "".join(parts), back


def _stripped(text: str, span: Span) -> Span:
    piece = text[span.start : span.end]
    return Span(span.start + len(piece) - len(piece.lstrip()), span.start + len(piece.rstrip()))
