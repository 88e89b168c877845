"""Sentences: the smallest piece of a document that is quoted.

The borders are those of `sentencex`, inside paragraphs found by `vectorstore.lines`, mended where it takes an
abbreviation for an end, and cut further where a "sentence" would be too long to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from vectorstore.lines import LINE_BREAK, paragraphs
from vectorstore.types import Span

LONGEST = 600
"""Longer ones (tables, lists run together) are cut at line breaks or semicolons where there are any."""
LONGEST_CLAUSES = 250
"""Thai, Lao, Khmer and Burmese set blanks between clauses and no full stop: clauses are joined up to this length."""
_BLOCK = 5_000  # sentencex takes quadratic time over unclosed quotation marks
_WITHOUT_FULL_STOP = frozenset({"th", "lo", "km", "my"})

_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[«“„\"'’/-])(?:"
    r"M{1,2}|Mmes?|Mlles?|Mr|Mrs|Ms|Drs?|Pr|Profs?|Sr|Sra|Srta|Dra|Jr|Sts?|Stes?|Mgr|Me|Hr|Fr|Frl|Hrn|Ing|Dipl"
    r"|Gen|Gén|Col|Cpt|Capt|Lt|Sgt|Adm|Sen|Rep|Gov|Pres|Hon|Rev|Fig|Figs|Tab|Abb|No|Nos|Nr|N°|Art|Arts|Abs|Sec|Ch|Vol"
    r"|Bd|Ed|Eds|Hrsg|cf|vgl|bzw|ca|vs|pp?|S|resp|env|approx|tel|Tel|Dott|Sig|Av|Blvd|Mt|Ft|ул|г|им|т|см|рис|стр"
    r")\.\s*$"
)
_MONTH = re.compile(
    r"(?:^|\W)(?:jan|janv|feb|febr|févr|fév|mar|mär|apr|avr|abr|mai|may|jun|juin|jul|juil|aug|ago|août|sept?|set"
    r"|o[ck]t|nov|d[eé][cz]|dic|gen|mag|giu|lug|ott)\.\s*$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?:^|[\s(\[])(?:nos?|nr|n|arts?|p|pp|pg|ch|chap|vol|figs?|sec|sect|par|al|abs|ver|v|tab|abb|eq)\.\s*$",
    re.IGNORECASE,
)
_NUMBERING = re.compile(r"(?:\d{1,3}(?:\.\d{1,3})*|[A-Z]|[IVX]{1,5})\.")  # of what follows
_INITIAL = re.compile(r"(?:^|[\s(\[«“„\"'-])(?:[A-ZÀ-ÞА-ЯΑ-Ω]\.[ -]?)*[A-ZÀ-ÞА-ЯΑ-Ω]\.\s*$")
_DOTTED = re.compile(r"(?:^|[\s(])(?:\w\.\s?)+\w\.\s*$")  # e.g., z. B., U.S.
_NAME_BEFORE = re.compile(r"(?:^|[A-ZÀ-ÞА-ЯΑ-Ω][\w'’-]*[\w.,]?\s+)(?:[A-ZÀ-ÞА-ЯΑ-Ω]\.[ -]?)+\s*$")
_ORDINAL = re.compile(r"(?:^|\s)\d{1,2}\.\s*$")
_CLOSING = re.compile(r"\s?[»›”’\"')\]}）」』】〉》]+(?=\s|$)|[”’」』】〉》）]+")
_OPENING = re.compile(r"(?<=[^\s])\s+[“«„‘(\[「『【（《]$")
_FOOTNOTE = re.compile(r"(?:\[\d{1,3}\])+(?=\s|$)")
_ASIDE = re.compile(r"\([^()]{1,500}[.!?]\)(?=\s)|（[^（）]{1,500}[。！？]）")  # a sentence of its own in brackets
_SPACES = re.compile(r"\s+")
_SEMICOLON = re.compile(r"[;；؛]\s*")


def sentences(text: str, language: str = "") -> list[Span]:
    """The sentences in order, disjoint, without white space at either end; no sign but white space lies outside.

    ``language`` is an ISO 639-1 code; "" or one that is not known gets the general rules.
    """
    spans: list[Span] = []
    for paragraph in paragraphs(text):
        for block in _blocks(text, paragraph):
            for span in _mended(text, _borders(text, block, language or "en")):
                spans.extend(_readable(text, span, language))
    return spans


def _blocks(text: str, span: Span) -> Iterator[Span]:
    """The span in pieces sentencex can take in linear time, cut at white space where possible."""
    start, end = span
    while end - start > _BLOCK:
        middle = start + _BLOCK // 2
        window = text[middle : start + _BLOCK]
        for mark in (". ", "。", " ", ""):
            found = window.rfind(mark)
            if found >= 0:
                break
        cut = middle + found + len(mark)
        yield Span(start, cut)
        start = cut
    yield Span(start, end)


def _borders(text: str, block: Span, language: str) -> list[Span]:
    from sentencex import get_sentence_boundaries

    # One sign for one sign, so that offsets stay: a wrapped line is no border.
    piece = LINE_BREAK.sub(lambda found: " " * len(found.group()), text[block.start : block.end])
    spans = []
    for found in get_sentence_boundaries(language, piece):
        span = strip(text, Span(block.start + found["start_index"], block.start + found["end_index"]))
        aside = _ASIDE.match(text, span.start, span.end)
        if aside and text[aside.end() : span.end].strip():
            spans.append(Span(span.start, aside.end()))
            span = strip(text, Span(aside.end(), span.end))
        if span.start < span.end:
            spans.append(span)
    return spans


def strip(text: str, span: Span) -> Span:
    """The span without white space at either end; empty if there is nothing else."""
    piece = text[span.start : span.end]
    start = span.start + len(piece) - len(piece.lstrip())
    return Span(start, max(start, span.start + len(piece.rstrip())))


def _mended(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Join what an abbreviation tore apart, and give closing marks back to the sentence they close."""
    kept: Span | None = None
    for span in spans:
        if kept is None:
            kept = span
            continue
        closing = _CLOSING.match(text, span.start, span.end) or _FOOTNOTE.match(text, span.start, span.end)
        if closing:
            kept = Span(kept.start, closing.end())
            span = strip(text, Span(closing.end(), span.end))
            if span.start == span.end:
                continue
        elif _torn(text, kept, span) or text.startswith("![", span.start - 1):  # a picture in Markdown
            kept = Span(kept.start, span.end)
            continue
        opening = _OPENING.search(text, kept.start, kept.end)
        if opening:  # opens what follows
            kept, span = Span(kept.start, opening.start()), Span(opening.end() - 1, span.end)
        yield kept
        kept = span
    if kept is not None:
        yield kept


def _torn(text: str, left: Span, right: Span) -> bool:
    """Whether a border stands after an abbreviation, an initial or an ordinal, so that it is none."""
    if text[left.end - 1] != ".":
        return False
    before, after = text[max(left.start, left.end - 40) : left.end], text[right.start : right.start + 1]
    if _ABBREVIATION.search(before) or _NUMBERING.fullmatch(text, left.start, left.end):
        return True
    if after.isdigit() and (_MONTH.search(before) or _NUMBERED.search(before)):
        return True
    if after.islower() and (_DOTTED.search(before) or _MONTH.search(before) or _ORDINAL.search(before)):
        return True
    return bool(_INITIAL.search(before) and _NAME_BEFORE.search(before) and after.isupper())


def _readable(text: str, span: Span, language: str) -> Iterator[Span]:
    """The sentence, or pieces of it where it is too long to be shown as one."""
    if language in _WITHOUT_FULL_STOP and span.end - span.start > LONGEST_CLAUSES:
        yield from _pieces(text, span, _SPACES, LONGEST_CLAUSES)
    elif span.end - span.start > LONGEST:
        for piece in _pieces(text, span, LINE_BREAK, LONGEST):
            if piece.end - piece.start > LONGEST:
                yield from _pieces(text, piece, _SEMICOLON, LONGEST)
            else:
                yield piece
    else:
        yield span


def _pieces(text: str, span: Span, border: re.Pattern[str], longest: int) -> Iterator[Span]:
    """Cut after matches of ``border``, as few times as keeps every piece within ``longest`` where that can be."""
    start, last = span.start, span.start
    for found in [*border.finditer(text, span.start, span.end), None]:
        here = found.end() if found else span.end
        if here - start > longest and last > start:
            yield strip(text, Span(start, last))
            start = last
        last = here
    if start < span.end:
        yield strip(text, Span(start, span.end))
