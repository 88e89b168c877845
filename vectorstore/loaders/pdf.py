"""PDF with its pages, by PDFium. Lines that only wrap a paragraph are joined, rows of tables stay lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

from vectorstore.errors import UnreadableFileError
from vectorstore.lines import ends_sentence, is_item, opens_in_lower_case
from vectorstore.loaders import titles
from vectorstore.loaders.decoding import clean
from vectorstore.loaders.form_fields import filled_in
from vectorstore.loaders.hyphens import Mender
from vectorstore.loaders.layout import Line, Place, unwrapped
from vectorstore.types import Extract, Heading, Span

_PDFIUM = Lock()
"""PDFium keeps global state: one thread at a time."""
_GARBLED = re.compile(r"[\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")
_MOST_GARBLED = 0.1
_SPACED = re.compile(r"\S+")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_CELL_GAP = 1.8
"""In heights of a line: what parts the cells of a table, and no justified text."""
_NOWHERE = Place(0.0, 0.0, 0.0)


def load(path: Path, data: bytes) -> list[Extract]:
    """One document; ``page_starts`` has an entry for every page, with text or without."""
    with _PDFIUM:
        document = _opened(path, data)
        try:
            raw = [_page(document, index) for index in range(len(document))]
            outline = _outline(document)
            declared = titles.sensible(document.get_metadata_value("Title"))
        finally:
            document.close()
    if not any(page.lines or page.fields for page in raw):
        raise _no_text(path, raw)
    mend = Mender([line.text for page in raw for line in page.lines])
    pages = [_laid_out(page, mend) for page in raw]
    text, page_starts = _bound(pages)
    return [
        Extract(
            text,
            declared or titles.from_path(path),
            "application/pdf",
            page_starts=page_starts,
            headings=_headings(text, page_starts, outline),
            warnings=tuple(_warnings(raw)),
        )
    ]


def _opened(path: Path, data: bytes) -> Any:
    import pypdfium2

    damaged = f"{path.name} is damaged, or not a PDF though its name says so. Make or download it again."
    if b"%PDF-" not in data[:4096]:
        raise UnreadableFileError(damaged, reason="damaged")
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            message = f"{path.name} is protected by a password. Save a copy without one and add that."
            raise UnreadableFileError(message, reason="needs_password") from None
        raise UnreadableFileError(damaged, reason="damaged") from None
    if len(document) == 0:
        document.close()
        raise UnreadableFileError(damaged, reason="damaged")
    if document.get_formtype():
        document.init_forms()
    return document


@dataclass(frozen=True, slots=True)
class _Scanned:
    """What a page gives: its lines, what was filled into its form, and whether it shows an image instead."""

    lines: tuple[Line, ...]
    fields: tuple[str, ...]
    image: bool


def _page(document: Any, index: int) -> _Scanned:
    """An unreadable page counts as an image."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    try:
        page = document[index]
        text_page = page.get_textpage()
        lines = tuple(_lines(text_page))
        text_page.close()
        fields = tuple(map(clean, filled_in(document, page))) if document.formenv else ()
        image = not lines and any(True for _ in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3))
        page.close()
    except pypdfium2.PdfiumError:
        return _Scanned((), (), True)
    return _Scanned(lines, fields, image)


def _lines(text_page: Any) -> Iterator[Line]:
    text = text_page.get_text_range()
    # PDFium counts UTF-16 units; a sign it leaves out of the text would shift all places after it.
    placed = text.isascii() or len(text.encode("utf-16-le", "surrogatepass")) // 2 == len(text)
    placed = placed and text_page.count_chars() == len(text)
    start = 0
    for written in text.split("\r\n"):
        if written.strip():
            yield _line(text_page, start, written) if placed else Line(written, _NOWHERE, _NOWHERE, 1.0, 1.0)
        start += len(written) + 2


def _line(text_page: Any, start: int, written: str) -> Line:
    """A line whose first sign is number ``start`` of the page; wide gaps between its words become tabs."""
    import pypdfium2.raw as pdfium

    words = [Span(start + found.start(), start + found.end()) for found in _SPACED.finditer(written)]
    middle = words[len(words) // 2].start
    _, bottom, _, top = text_page.get_charbox(middle, loose=True)
    height = top - bottom or 1.0
    signs = list(written)
    if not _RIGHT_TO_LEFT.search(written):
        bulleted = is_item(f"{written.split(None, 1)[0]} A")
        for one, other in pairwise(words[bulleted:]):
            gap = _place(text_page, other.start).left - _place(text_page, one.end - 1).right
            if gap > _CELL_GAP * height:
                signs[other.start - start - 1] = "\t"
    first, last = _place(text_page, words[0].start), _place(text_page, words[-1].end - 1)
    return Line("".join(signs), first, last, height, pdfium.FPDFText_GetFontSize(text_page, middle))


def _place(text_page: Any, index: int) -> Place:
    left, bottom, right, _ = text_page.get_charbox(index, loose=True)
    return Place(left, bottom, right)


def _outline(document: Any) -> list[tuple[int, int, str]]:
    """Page (from 0), level (from 1) and title of each bookmark."""
    import pypdfium2

    entries = []
    try:
        for bookmark in document.get_toc():
            target = bookmark.get_dest()
            page = target.get_index() if target else None
            title = titles.shorten(bookmark.get_title())
            if page is not None and title:
                entries.append((page, bookmark.level + 1, title))
    except pypdfium2.PdfiumError:
        return entries  # what came before a broken bookmark is still right
    return entries


def _no_text(path: Path, raw: Sequence[_Scanned]) -> UnreadableFileError:
    pages = "its only page is an image" if len(raw) == 1 else f"its {len(raw)} pages are images"
    if not any(page.image for page in raw):
        pages = "no page holds any"
    message = f"{path.name} has no text: {pages}. It needs OCR: run it through an OCR program and add the result."
    return UnreadableFileError(message, reason="no_text")


def _warnings(raw: Sequence[_Scanned]) -> Iterator[str]:
    scanned = [number for number, page in enumerate(raw, start=1) if page.image]
    if scanned:
        pages = "page" if len(scanned) == 1 else "pages"
        yield f"no text on {pages} {ranges(scanned)} of {len(raw)} (images): OCR is needed to search there"
    texts = [line.text for page in raw for line in page.lines]
    if sum(len(_GARBLED.findall(text)) for text in texts) > sum(map(len, texts)) * _MOST_GARBLED:
        yield "much of the text layer is unreadable (fonts without a character map): OCR would read it better"


def ranges(numbers: Sequence[int]) -> str:
    """Numbers in order, runs shortened.

    >>> ranges([2, 3, 4, 9])
    '2-4, 9'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in runs)


def _laid_out(page: _Scanned, mend: Mender) -> str:
    text = unwrapped([replace(line, text=mend(line.text)) for line in page.lines])
    return "\n\n".join(filter(None, (text, "\n".join(page.fields))))


def _bound(pages: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """All pages in one text, a blank line between them, only a line break where a sentence runs on."""
    parts: list[str] = []
    starts: list[int] = []
    length, before = 0, ""
    for page in pages:
        if before and page:
            runs_on = opens_in_lower_case(page) and not ends_sentence(before[-20:])
            parts.append("\n" if runs_on else "\n\n")
            length += len(parts[-1])
        starts.append(length)
        parts.append(page)
        length += len(page)
        before = page or before
    return "".join(parts), tuple(starts)


def _headings(text: str, page_starts: Sequence[int], outline: Sequence[tuple[int, int, str]]) -> tuple[Heading, ...]:
    """The bookmarks whose title begins a line of the page they lead to (or of the next), whatever its punctuation."""
    found: dict[int, Heading] = {}
    ends = [*page_starts[1:], len(text), len(text)]
    for page, level, title in outline:
        words = re.findall(r"\w+", title)
        if words and page < len(page_starts):
            spaced = r"\W{0,4}".join(words)
            line = re.compile(rf"^\W{{0,4}}({spaced})(?!\w)", re.IGNORECASE | re.MULTILINE)
            start = page_starts[page]
            match = line.search(text, start, ends[page]) or line.search(text, start, ends[page + 1])
            if match and match.start(1) not in found:
                found[match.start(1)] = Heading(match.start(1), level, title)
    return tuple(found[start] for start in sorted(found))
