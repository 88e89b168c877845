"""Word documents (.docx), read from their XML: everything a reader sees in the body, and the footnotes.

A walk over all `w:p` rather than python-docx's paragraphs, which leave out content controls, text boxes and
tracked insertions, and which need parts (styles) that some programs do not write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

from vectorstore.errors import UnreadableFileError
from vectorstore.loaders import titles
from vectorstore.loaders.blocks import Blocks
from vectorstore.loaders.decoding import clean
from vectorstore.types import Extract

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
BODY = "word/document.xml"

_MOST_EXPANDED = 300_000_000
"""Bytes of XML in one part; more is a mistake or an attack."""
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_LOOSE = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_MC_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)
_SIGNS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_DAMAGED = "{} is damaged: {}. Open it in Word or LibreOffice and save it again as .docx."

_TITLE_LEVEL, _ITEM = 0, -2
Levels = Mapping[str, int]
"""Style id to heading level: 1 to 9, 0 for the style of the document's title, -2 for a style of list items."""


def load(path: Path, data: bytes) -> list[Extract]:
    """Paragraphs parted by a blank line, list items led by "- ", the cells of a row parted by `` | ``."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            body = _part(archive, BODY)
            if body is None:
                raise UnreadableFileError(_DAMAGED.format(path.name, f"it has no {BODY}"), reason="damaged")
            levels = _heading_levels(_part(archive, "word/styles.xml"))
            properties, notes = _part(archive, "docProps/core.xml"), _part(archive, "word/footnotes.xml")
    except (BadZipFile, ZlibError, ValueError, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise UnreadableFileError(_DAMAGED.format(path.name, error), reason="damaged") from None
    blocks = Blocks()
    _read(body, blocks, levels)
    if notes is not None:
        _read(notes, blocks, {})
    text, headings = blocks.laid_out()
    declared = titles.sensible(properties.findtext(_TITLE)) if properties is not None else ""
    first = next((heading.title for heading in headings if heading.level == 1), "")
    return [Extract(text, declared or first or titles.from_path(path), MEDIA_TYPE, headings=headings)]


def _part(archive: ZipFile, name: str) -> Any:
    """A part's root element, None where the file has no such part. Raises ValueError if it is no XML or too large."""
    from lxml import etree

    try:
        info = archive.getinfo(name)
    except KeyError:
        return None
    if info.file_size > _MOST_EXPANDED:
        raise ValueError(f"{name} would expand to {info.file_size:,} bytes, over {_MOST_EXPANDED:,}")
    xml = archive.read(info).replace(_STRICT, _LOOSE)
    try:
        return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    except etree.XMLSyntaxError as error:
        raise ValueError(f"{name} is not XML ({error})") from None


def _heading_levels(styles: Any) -> Levels:
    """By the style's built-in English name, which stays whatever the program's language, or by its outline level."""
    levels: dict[str, int] = {}
    parents: dict[str, str] = {}
    for style in styles.iter(f"{_W}style") if styles is not None else ():
        style_id = style.get(f"{_W}styleId") or ""
        name = _value(style, "name") or ""
        outline = _value(style, "pPr/w:outlineLvl")
        if named := _HEADING_NAME.match(name):
            levels[style_id] = int(named.group(1))
        elif name.lower() == "title":
            levels[style_id] = _TITLE_LEVEL
        elif outline is not None and outline.isdecimal() and int(outline) < 9:
            levels[style_id] = int(outline) + 1
        elif style.find(f"{_W}pPr/{_W}numPr") is not None:
            levels[style_id] = _ITEM
        elif parent := _value(style, "basedOn"):
            parents[style_id] = parent
    for style_id in parents:
        seen, parent = {style_id}, parents[style_id]
        while parent in parents and parent not in seen:
            seen.add(parent)
            parent = parents[parent]
        if parent in levels:
            levels[style_id] = levels[parent]
    return levels


def _value(element: Any, path: str) -> str | None:
    """The ``w:val`` of the child at a path such as ``pPr/w:numPr``."""
    found = element.find(f"w:{path}", {"w": _W[1:-1]})
    return None if found is None else found.get(f"{_W}val")


def _read(container: Any, blocks: Blocks, levels: Levels) -> None:
    """Every paragraph and table below the container, in reading order."""
    for element in _paragraphs_and_tables(container):
        if element.tag == f"{_W}tbl":
            for row in element.iter(f"{_W}tr"):
                if _nearest(row, f"{_W}tbl") is element:
                    _read_row(row, blocks, levels)
        else:
            _read_paragraph(element, blocks, levels)


def _paragraphs_and_tables(container: Any) -> Iterator[Any]:
    """Outermost ones only, whatever they are wrapped in."""
    for child in container.iterchildren("*"):
        if child.tag in {f"{_W}p", f"{_W}tbl"}:
            yield child
        elif child.tag != _MC_FALLBACK:
            yield from _paragraphs_and_tables(child)


def _nearest(element: Any, tag: str) -> Any:
    return next(element.iterancestors(tag), None)


def _read_paragraph(paragraph: Any, blocks: Blocks, levels: Levels) -> None:
    text = clean(_said(paragraph)).strip()
    style = _value(paragraph, "pPr/w:pStyle")
    level = levels.get(style or "", -1)
    outline = _value(paragraph, "pPr/w:outlineLvl")
    if level < 0 and outline is not None and outline.isdecimal() and int(outline) < 9:
        level = int(outline) + 1
    if level >= 0:
        blocks.add(" ".join(text.split()), level=max(level, 1))
    elif text and (level == _ITEM or paragraph.find(f"{_W}pPr/{_W}numPr") is not None):
        blocks.add(f"- {text}", kind="item")
    else:
        blocks.add(text)
    for box in paragraph.iter(f"{_W}txbxContent"):
        if _nearest(box, f"{_W}p") is paragraph and not any(True for _ in box.iterancestors(_MC_FALLBACK)):
            _read(box, blocks, levels)


def _said(paragraph: Any) -> str:
    """The paragraph's own text: not that of text boxes within it, nor what tracked changes deleted."""
    parts: list[str] = []
    for element in paragraph.iter(f"{_W}t", *_SIGNS):
        if _nearest(element, f"{_W}p") is not paragraph or _nearest(element, f"{_W}tabs") is not None:
            continue
        parts.append(_SIGNS.get(element.tag) or element.text or "")
    return "".join(parts)


def _read_row(row: Any, blocks: Blocks, levels: Levels) -> None:
    """A row is one line; a row of one cell, as in boxes and layouts, reads like text outside a table."""
    cells = [cell for cell in row.iter(f"{_W}tc") if _nearest(cell, f"{_W}tr") is row]
    if len(cells) == 1:
        _read(cells[0], blocks, levels)
        return
    shown: list[str] = []
    nested: list[Any] = []
    for cell in cells:
        inner = list(_paragraphs_and_tables(cell))
        said = (clean(_said(element)) for element in inner if element.tag == f"{_W}p")
        shown.append(" ".join(" ".join(said).split()))
        nested.extend(element for element in inner if element.tag == f"{_W}tbl")
    if any(shown):
        blocks.add(" | ".join(shown), kind="row")
    for table in nested:
        for inner_row in table.iter(f"{_W}tr"):
            if _nearest(inner_row, f"{_W}tbl") is table:
                _read_row(inner_row, blocks, levels)
