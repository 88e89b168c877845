"""Chunks: pieces of a document that are found as one, cut at sentence borders."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from vectorstore.lines import LINE_BREAK
from vectorstore.sentences import sentences, strip
from vectorstore.types import Chunk, Document, Span

SIZE = 800
_TINY = 5
"""A section or a tail shorter than a fifth of the size says too little to be found alone."""
_SENTENCE, _LINE, _PARAGRAPH, _PAGE = 0, 1, 2, 3
_LEAST_FILLED = {_PAGE: 0.3, _PARAGRAPH: 0.6, _LINE: 0.8, _SENTENCE: 0.0}
"""How full a chunk must be for the break to be worth taking before the last one that fits."""


def split(document: Document, *, size: int = SIZE, overlap: int = 0) -> list[Chunk]:
    """Cut a document into chunks of at most about ``size`` code points, in order.

    Every sign but white space is in some chunk, and ``document.text[chunk.start:chunk.end] == chunk.text``.
    A chunk holds whole sentences unless one alone is longer than ``size``, and begins anew at a heading unless
    the sections are tiny. A tiny tail joins the chunk before it, which may then exceed ``size`` by a fifth.
    ``overlap`` is in sentences: so many of the chunk before are repeated, fewer where they would leave no room.
    """
    if size < 1 or overlap < 0:
        raise ValueError(f"chunks need size >= 1 and overlap >= 0, got size={size}, overlap={overlap}")
    text = document.text
    units = list(_units(text, sentences(text, document.ref.language), size))
    chunks: list[Chunk] = []
    for section in _sections(document, units, size):
        chunks.extend(document.chunk(start, end) for start, end in _packed(document, section, size, overlap))
    return chunks


def _units(text: str, spans: list[Span], size: int) -> Iterator[Span]:
    """The sentences, those longer than ``size`` cut at white space (or anywhere, where there is none)."""
    for start, end in spans:
        while end - start > size:
            cut = _last_space(text, start, start + size + 1)
            piece = strip(text, Span(start, cut))
            if piece.start < piece.end:
                yield piece
            start = strip(text, Span(cut, end)).start
        if start < end:
            yield Span(start, end)


def _last_space(text: str, start: int, end: int) -> int:
    for offset in range(end - 1, start + (end - start) // 2, -1):
        if text[offset].isspace():
            return offset
    return end - 1


def _sections(document: Document, units: list[Span], size: int) -> list[list[Span]]:
    """The units under each heading; a tiny section goes with its neighbour, a bare heading always with what follows."""
    starts = [unit.start for unit in units]
    heads = sorted({bisect_left(starts, heading.start) for heading in document.headings} - {0, len(units)})
    cuts = [0, *heads, len(units)]
    sections: list[list[Span]] = []
    for section in (units[a:b] for a, b in pairwise(cuts) if a < b):
        if sections and _belong_together(document, sections[-1], section, size):
            sections[-1] = sections[-1] + section
        else:
            sections.append(section)
    return sections


def _belong_together(document: Document, first: list[Span], second: list[Span], size: int) -> bool:
    opened_by = {heading.start for heading in document.headings}
    if all(unit.start in opened_by for unit in first):
        return True
    length = second[-1].end - first[0].start
    tiny = size // _TINY
    return length <= size and (_length(first) < tiny or _length(second) < tiny)


def _length(units: list[Span]) -> int:
    return units[-1].end - units[0].start


def _packed(document: Document, units: list[Span], size: int, overlap: int) -> list[Span]:
    """The units in pieces, each filled up to the strongest break near its end."""
    pieces: list[Span] = []
    fresh = 0  # the first unit no piece holds yet
    while fresh < len(units):
        first = max(0, fresh - overlap) if pieces else fresh
        while units[fresh].end - units[first].start > size and first < fresh:
            first += 1
        last = fresh + 1
        while last < len(units) and units[last].end - units[first].start <= size:
            last += 1
        cut = max(_best_break(document, units, first, last, size), fresh + 1)
        if pieces and cut == len(units) and units[-1].end - units[fresh].start < size // _TINY:
            pieces[-1] = Span(pieces[-1].start, units[-1].end)
        else:
            pieces.append(Span(units[first].start, units[cut - 1].end))
        fresh = cut
    return pieces


def _best_break(document: Document, units: list[Span], first: int, last: int, size: int) -> int:
    """Where to end the chunk that begins at ``first`` and could hold the units up to ``last``."""
    best, best_strength = last, _SENTENCE
    for index in range(last, first, -1):
        if index == len(units):
            # All that is left fits: only a page may still divide it.
            best_strength = _PARAGRAPH
            continue
        filled = (units[index - 1].end - units[first].start) / size
        if filled < _LEAST_FILLED[_PAGE]:
            break
        strength = _strength(document, units[index - 1], units[index])
        if strength > best_strength and filled >= _LEAST_FILLED[strength]:
            best, best_strength = index, strength
    return best


def _strength(document: Document, left: Span, right: Span) -> int:
    """How much the text itself breaks between two units."""
    if document.page_at(left.end - 1) != document.page_at(right.start):
        return _PAGE
    breaks = len(LINE_BREAK.findall(document.text, left.end, right.start))
    return min(breaks, _PARAGRAPH)
