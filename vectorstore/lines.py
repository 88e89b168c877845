"""Lines: which line breaks end something, and which merely wrap a paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vectorstore.types import Span

LINE_BREAK = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""What `str.splitlines` breaks at."""

NARROWEST, WIDEST = 24, 180
"""Hard-wrapped text is so many signs wide: a longer line is a paragraph, shorter ones are a list or an address."""
_NEIGHBOURS = 3

_ITEM = re.compile(
    r"\s*(?:[-–—*+•●○◦▪▫■□◆◇►▶‣⁃∙·※☐☒☑✓✔✗➢\uf0b7\uf0a7]\s"
    r"|\(?\d{1,3}[.)]\s+[^\W\d_a-z]|\(?\d{1,3}\)|\(?[a-zA-Z]\)\s|\([ivxlIVXL]{1,6}\)|#{1,6}\s|>\s|```|~~~|\|)"
)
_RULE = re.compile(r"\s*[-=_*·.~ ]{3,}\s*$")
_CELL = re.compile(r"[($€£¥+−-]*\d[\d.,'/:]*[%)]*$|[$€£¥%—–-]$|N/A$|n/a$")
_FIGURE = re.compile(r"\s(?:[($€£¥−-]{1,2}\d[\d.,]*[)%]*|\d+(?:[.,]\d+)+[)%]*|\d+ ?%|[—–-])$")
_GAP = re.compile(r"\S {3,}\S")
_SENTENCE_END = re.compile(r"[.!?…。！？؟।॥։።]['\"’”»›)\]}）」』】]*\s*$")
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]")


def lines(text: str) -> Iterator[Span]:
    """The lines of a text without their line breaks, blank ones included."""
    start = 0
    for found in LINE_BREAK.finditer(text):
        yield Span(start, found.start())
        start = found.end()
    yield Span(start, len(text))


def is_item(line: str) -> bool:
    """Whether a line opens something of its own: a list item, a Markdown heading, a quotation, a code fence."""
    return _ITEM.match(line) is not None


def is_row(line: str) -> bool:
    """Whether a line looks like a row of a table: cells set apart, or a label followed by columns of figures.

    >>> is_row("Total revenue $ 17,606 15,785"), is_row("as of December 2, 2022")
    (True, False)
    """
    if "\t" in line.strip() or " | " in line or line.count("|") > 1 or ("   " in line and _GAP.search(line)):
        return True
    cells = line.split()[-2:]
    return len(cells) == 2 and all(_CELL.match(cell) for cell in cells) and not cells[0].endswith(",")


def is_rule(line: str) -> bool:
    """Whether a line is drawn, not written: ``-----``, ``=====``, ``. . . .``."""
    return _RULE.match(line) is not None


def ends_like_cell(line: str) -> bool:
    """Whether a line ends with a figure as tables show them: grouped, with decimals, in brackets, with a sign."""
    return _FIGURE.search(line) is not None


def ends_sentence(line: str) -> bool:
    """Whether a line ends with a full stop or its like, closing marks after it included."""
    return _SENTENCE_END.search(line) is not None


def paragraphs(text: str) -> Iterator[Span]:
    """Runs of lines that belong together, in order; blank lines are left out, no other sign is.

    >>> text = "A heading\\n\\nA paragraph wrapped at thirty\\nsigns goes on here.\\n- an item"
    >>> [text[start:end] for start, end in paragraphs(text)]
    ['A heading', 'A paragraph wrapped at thirty\\nsigns goes on here.', '- an item']
    """
    block: list[Span] = []
    for line in lines(text):
        if text[line.start : line.end].strip():
            block.append(line)
        else:
            yield from _join(text, block)
            block = []
    yield from _join(text, block)


def _join(text: str, block: list[Span]) -> Iterator[Span]:
    if not block:
        return
    written = [text[line.start : line.end].rstrip() for line in block]
    start = block[0].start
    for index in range(1, len(block)):
        if not wraps(written, index):
            yield Span(start, block[index - 1].end)
            start = block[index].start
    yield Span(start, block[-1].end)


def wraps(written: list[str], index: int) -> bool:
    """Whether line ``index`` goes on with the paragraph of the line above it; both are not blank.

    It does if it begins in lower case, or if its first word would not have fitted on the line above.
    How wide the lines are is judged by their neighbours, since columns and boxes differ on one page.
    """
    above, below = written[index - 1], written[index]
    if is_item(below) or is_row(below) or is_row(above) or is_rule(above) or is_rule(below):
        return False
    if above.lstrip().startswith("#"):
        return False
    if not any(map(str.isalnum, below)):
        return True  # a full stop or a bracket that got onto a line of its own
    width = max(map(_width, written[max(0, index - _NEIGHBOURS) : index + _NEIGHBOURS]))
    if above[-1] in ":：" and _width(below) < width * 0.6:
        return False  # announces a list
    if not _has_room(above, below, width):
        return True
    # Only a list breaks so early, above all after these signs.
    listed = above[-1] in ",;:" or (width <= WIDEST and _width(above) < width / 2)
    return opens_in_lower_case(below) and not ends_sentence(above) and not listed


def opens_in_lower_case(line: str) -> bool:
    for sign in line[:8]:
        if sign.isalpha():
            return sign.islower()
        if sign.isdigit():
            return False
    return False


def _has_room(above: str, below: str, width: int) -> bool:
    if not NARROWEST <= width <= WIDEST:
        return True
    word = 2 if _DENSE.match(below.lstrip()) else len(below.split(None, 1)[0]) + 1
    return _width(above) + word <= width * 0.9


def _width(line: str) -> int:
    """In half-width signs: a Chinese, Japanese or Korean one takes two."""
    return len(line) if line.isascii() else len(line) + len(_DENSE.findall(line))
