"""PDF with its pages, by PDFium. Lines that only wrap a paragraph are joined, rows of tables stay lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from vectorstore.errors import UnreadableFileError
from vectorstore.lines import opens_in_lower_case, wraps
from vectorstore.loaders import titles
from vectorstore.loaders.decoding import clean
from vectorstore.types import Extract, Heading

_PDFIUM = Lock()
"""PDFium keeps global state: one thread at a time."""
_HYPHEN = "\ufffe"
"""What PDFium writes for a hyphen at a line's end, having joined the two halves."""
_BROKEN_WORD = re.compile(rf"([^\W\d_]*){_HYPHEN}[\r\n]*([^\W\d_]*)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\u200b\ufeff\ufff9-\ufffb]")
_GARBLED = re.compile(r"[\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")
_PLAIN_SIGNS = {0xAD: None, 0xA0: " ", 0x2010: "-", 0x2011: "-"}
_MOST_GARBLED = 0.1
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_SENTENCE_END = re.compile(r"[.!?:;。！？]['\"”’»)\]]*\s*$")


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
    if not any(text.strip() for text, _ in raw):
        raise _no_text(path, raw)
    words = _words(text for text, _ in raw)
    pages = [unwrapped(mended(clean(text), words)) for text, _ in raw]
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
    return document


def _page(document: Any, index: int) -> tuple[str, bool]:
    """A page's text as PDFium gives it, and whether the page shows an image. An unreadable page is an empty one."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    try:
        page = document[index]
        text_page = page.get_textpage()
        text = text_page.get_text_range()
        text_page.close()
        image = not text.strip() and any(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3))
        page.close()
    except pypdfium2.PdfiumError:
        return "", True
    return text, image


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


def _no_text(path: Path, raw: Sequence[tuple[str, bool]]) -> UnreadableFileError:
    pages = "its only page is an image" if len(raw) == 1 else f"its {len(raw)} pages are images"
    if not any(image for _, image in raw):
        pages = "no page holds any"
    message = f"{path.name} has no text: {pages}. It needs OCR: run it through an OCR program and add the result."
    return UnreadableFileError(message, reason="no_text")


def _warnings(raw: Sequence[tuple[str, bool]]) -> Iterator[str]:
    scanned = [number for number, (text, image) in enumerate(raw, start=1) if image and not text.strip()]
    if scanned:
        pages = "page" if len(scanned) == 1 else "pages"
        yield f"no text on {pages} {ranges(scanned)} of {len(raw)} (images): OCR is needed to search there"
    signs = sum(len(text) for text, _ in raw)
    if sum(len(_GARBLED.findall(text)) for text, _ in raw) > signs * _MOST_GARBLED:
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


def _words(texts: Iterator[str]) -> frozenset[str]:
    """Every word of the document that no line break divides, hyphenated ones whole, in lower case."""
    return frozenset(word.lower() for text in texts for word in _WORD.findall(text))


def mended(text: str, words: frozenset[str]) -> str:
    """Words broken at a line's end put together again, without the hyphen unless the document elsewhere keeps it.

    >>> mended("ef\\ufffeficient dual\\ufffeencoder COVID\\ufffe19", frozenset({"dual-encoder"}))
    'efficient dual-encoder COVID-19'
    """

    def join(found: re.Match[str]) -> str:
        left, right = found.groups()
        whole, hyphened = (left + right).lower(), f"{left}-{right}".lower()
        keeps = not left or not right or right[0].isupper()
        if not keeps and whole not in words:
            keeps = hyphened in words
        return f"{left}-{right}" if keeps else left + right

    return _CONTROL.sub("", _BROKEN_WORD.sub(join, text)).translate(_PLAIN_SIGNS)


def unwrapped(page: str) -> str:
    """The page with every paragraph on one line."""
    lines = [line for line in page.replace("\f", "\n").split("\n") if line.strip()]
    written = [line.rstrip() for line in lines]
    keeps_blanks = any(line.endswith(" ") for line in lines)
    parts: list[str] = []
    for index, line in enumerate(written):
        if index:
            parts.append(_between(lines, index, keeps_blanks) if wraps(written, index) else "\n")
        parts.append(line.strip() if parts[-1:] == [" "] else line)
    return "".join(parts)


def _between(lines: Sequence[str], index: int, keeps_blanks: bool) -> str:
    """Chinese and Japanese lines join without a blank, Korean ones too where the file keeps its blanks at line ends."""
    last, first = lines[index - 1].rstrip()[-1], lines[index].lstrip()[0]
    if _DENSE.match(last) and _DENSE.match(first):
        return ""
    if _HANGUL.match(last) and _HANGUL.match(first) and keeps_blanks and not lines[index - 1].endswith(" "):
        return ""
    return " "


def _bound(pages: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    """All pages in one text, a blank line between them, only a line break where a sentence runs on."""
    parts: list[str] = []
    starts: list[int] = []
    length, before = 0, ""
    for page in pages:
        if before and page:
            runs_on = opens_in_lower_case(page) and not _SENTENCE_END.search(before[-20:])
            parts.append("\n" if runs_on else "\n\n")
            length += len(parts[-1])
        starts.append(length)
        parts.append(page)
        length += len(page)
        before = page or before
    return "".join(parts), tuple(starts)


def _headings(text: str, page_starts: Sequence[int], outline: Sequence[tuple[int, int, str]]) -> tuple[Heading, ...]:
    """The bookmarks whose title stands on the page they lead to, where it stands there."""
    found: dict[int, Heading] = {}
    ends = [*page_starts[1:], len(text)]
    for page, level, title in outline:
        if page < len(page_starts):
            pattern = r"\s*".join(map(re.escape, title.split()))
            at = _search(pattern, text, page_starts[page], ends[page])
            if at is not None and at not in found:
                found[at] = Heading(at, level, title)
    return tuple(found[start] for start in sorted(found))


def _search(pattern: str, text: str, start: int, end: int) -> int | None:
    """Where the pattern begins a line within the range."""
    match = re.compile(rf"^[ \t]*({pattern})", re.IGNORECASE | re.MULTILINE).search(text, start, end)
    return match.start(1) if match else None
