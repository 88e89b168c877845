"""HTML as its reader sees it: paragraphs, list items and table rows, without scripts, styles and menus."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from vectorstore.errors import UnreadableFileError
from vectorstore.loaders import titles
from vectorstore.loaders.blocks import Blocks
from vectorstore.loaders.decoding import decode
from vectorstore.types import Extract

_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w.:-]+)", re.I)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NEVER_SHOWN = (
    "//script|//style|//template|//noscript|//svg|//nav|//xml|//iframe|//object|//select|//button|//head/*"
    "|//*[@hidden]|//*[@aria-hidden='true']"
    "|//*[contains(translate(@style, ' ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), 'display:none')]"
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCK_NAMES = """
    address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form
    header hr html legend li main menu ol option p pre section summary table tbody td tfoot th thead tr ul caption
    h1 h2 h3 h4 h5 h6
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_CELLS = frozenset({"td", "th"})
_WHITE = re.compile(r"[ \t\n\r\f\v\xa0]+")
_LONGEST_CELL = 500
"""A cell longer than this is layout, not a table: its row is read as paragraphs."""


def load(path: Path, data: bytes) -> list[Extract]:
    """The page's text. Line breaks of the source are no line breaks; cells of a row are parted by `` | ``."""
    from lxml import etree
    from lxml import html as lxml_html

    declared = _CHARSET.search(data[:4096])
    charset = next(filter(None, declared.groups())).decode("ascii") if declared else None
    # A page without a mark says ISO 8859-1 and means Windows-1252, as every browser reads it.
    if charset and charset.lower() in {"iso-8859-1", "latin1", "us-ascii", "ascii"}:
        charset = "cp1252"
    decoded = decode(data, path.name, declared=charset)
    try:
        source = _NOT_IN_XML.sub("", _XML_DECLARATION.sub("", decoded.text))
        # Without huge_tree, long paragraphs and deeply nested ones are silently left out.
        parser = lxml_html.HTMLParser(huge_tree=True)
        root = lxml_html.document_fromstring(source, parser=parser, ensure_head_body=True)
    except (etree.LxmlError, ValueError, AssertionError):
        raise UnreadableFileError(f"{path.name} holds no HTML that can be read.", reason="empty") from None
    declared_title = root.findtext(".//title") or ""
    for element in root.xpath(_NEVER_SHOWN):
        if element.getparent() is not None:
            element.drop_tree()
    page = _Page()
    page.read(root)
    text, headings = page.blocks.laid_out()
    main = next((heading.title for heading in headings if heading.level == 1), "")
    title = titles.shorten(declared_title) or main or titles.from_path(path)
    warnings = decoded.warnings
    if any("depth" in entry.message for entry in parser.error_log):
        warnings += ("elements are nested too deeply: what stands innermost was left out",)
    return [Extract(text, title, "text/html", headings=headings, warnings=warnings)]


class _Page:
    """One pass over the tree; what stands in a table cell is gathered apart until its row is complete."""

    def __init__(self) -> None:
        self.blocks = Blocks()
        self._line: list[str] = []
        self._level = 0
        self._in_item = False
        self._pre = 0
        self._rows: list[list[Blocks]] = []
        self._outer: list[Blocks] = []

    def read(self, root: Any) -> None:
        from lxml import etree

        for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
            if event == "start":
                self._open(element.tag)
                self._say(element.text)
            else:
                if event == "end":
                    self._close(element.tag)
                self._say(element.tail)
        self._flush()

    def _open(self, tag: str) -> None:
        if tag == "br":
            self._line.append("\n")
        if tag not in _BLOCKS:
            return
        self._flush()
        if tag in _HEADINGS:
            self._level = _HEADINGS[tag]
        elif tag == "li":
            self._in_item = True
        elif tag == "pre":
            self._pre += 1
        elif tag == "tr":
            self._rows.append([])
        elif tag in _CELLS and self._rows:
            self._outer.append(self.blocks)
            self.blocks = Blocks()

    def _close(self, tag: str) -> None:
        if tag not in _BLOCKS:
            return
        self._flush()
        if tag in _HEADINGS:
            self._level = 0
        elif tag == "li":
            self._in_item = False
        elif tag == "pre":
            self._pre -= 1
        elif tag in _CELLS and self._outer:
            self._rows[-1].append(self.blocks)
            self.blocks = self._outer.pop()
        elif tag == "tr" and self._rows:
            self._end_row(self._rows.pop())

    def _end_row(self, cells: list[Blocks]) -> None:
        shown = [cell.items for cell in cells if cell.items]
        simple = all(len(cell) == 1 and not cell[0].level and len(cell[0].text) <= _LONGEST_CELL for cell in shown)
        if simple and len(shown) > 1:
            self.blocks.add(" | ".join(cell[0].text.replace("\n", " ") for cell in shown), kind="row")
        else:
            self.blocks.items.extend(block for cell in shown for block in cell)

    def _say(self, text: str | None) -> None:
        if text:
            self._line.append(text if self._pre else _WHITE.sub(" ", text))

    def _flush(self) -> None:
        """End the block: its text is what was said since the last one ended."""
        said, self._line = "".join(self._line), []
        if self._pre:
            self.blocks.add(said)
            return
        lines = [" ".join(line.split(" ")).strip() for line in re.sub(" +", " ", said).split("\n")]
        text = "\n".join(line for line in lines if line)
        if self._level:
            self.blocks.add(text.replace("\n", " "), level=self._level)
        elif self._in_item and text:
            self.blocks.add(f"- {text}", kind="item")
            self._in_item = False
        else:
            self.blocks.add(text)
