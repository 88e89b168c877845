"""The lines of a PDF page into paragraphs, by where they stand.

A line goes on in the next one if the next one's first word would not have fitted on it. Rows of tables, list items,
headings (another size, centred, set apart) and short lines stay lines, so that a figure keeps its label.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from vectorstore.lines import ends_like_cell, ends_sentence, is_item, is_row, is_rule, opens_in_lower_case, wraps

_DENSE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")

_NEIGHBOURS = 6
_WIDTH_OF_SIGN = 0.42  # heights
_NARROWEST_COLUMN = 11.0  # heights of a line: about 25 Latin letters; in anything narrower a break may mean anything
_INDENT = 0.8  # heights
_SET_APART = 1.4  # times the usual distance of lines
_OTHER_SIZE = 0.12


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sign stands, in points from the page's lower left corner."""

    left: float
    bottom: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line as PDFium gives it, with the places of its first and last sign; a word broken by a hyphen holds it
    together with the line after, so that ``last`` may stand lower than ``first``."""

    text: str
    first: Place
    last: Place
    height: float
    """Of the line's middle sign, from its font's lowest point to its highest."""
    size: float
    """Of the font, as the file names it: comparable, but not always in points."""


def unwrapped(lines: Sequence[Line]) -> str:
    """The page's text with every paragraph on one line, set off by blank lines; rows and items follow each other."""
    shown = [line for line in lines if line.text.strip()]
    if not shown:
        return ""
    page = _Page(shown)
    paragraphs = [[shown[0].text.strip()]]
    for index in range(1, len(shown)):
        text = shown[index].text.strip()
        if page.goes_on(index):
            paragraphs[-1] += page.between(index), text
        else:
            paragraphs.append([text])
    parts = ["".join(paragraphs[0])]
    for above, below in pairwise(paragraphs):
        prose = len(above) > 1 or len(below) > 1
        parts += "\n\n" if prose and not (is_item(below[0]) and is_item(above[0])) else "\n", "".join(below)
    return "".join(parts)


class _Page:
    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.texts = [line.text.rstrip() for line in lines]
        steps = [above.last.bottom - below.first.bottom for above, below in pairwise(lines)]
        down = [step for step, line in zip(steps, lines, strict=False) if 0.5 * line.height < step < 3 * line.height]
        self.usual_step = sorted(down)[len(down) // 2] if down else 0.0
        self.upright = any(abs(line.last.left - line.first.left) > line.height for line in lines)
        self.keeps_blanks = any(line.text.endswith(" ") for line in lines)
        self._joined = [False] * len(lines)

    def goes_on(self, index: int) -> bool:
        """Whether line ``index`` goes on with the paragraph of the line before it."""
        if not self.upright:  # a page turned on its side: only the text tells
            return wraps(self.texts, index)
        above, below = self.lines[index - 1], self.lines[index]
        if self._beside(above, below):
            near = below.first.left - above.last.right < above.height
            joined = near or is_row(self.texts[index]) or ends_like_cell(self.texts[index])
        elif self._divided_by_text(index) or self._divided_by_place(index):
            joined = False
        else:
            joined = self._full(index)
        self._joined[index] = joined
        return joined

    def _beside(self, above: Line, below: Line) -> bool:
        """On the same line: what follows a raised number, or the next cell."""
        near = abs(above.last.bottom - below.first.bottom) < 0.6 * max(above.height, below.height)
        return near and below.first.left >= above.last.right - 0.3 * above.height

    def _divided_by_text(self, index: int) -> bool:
        above, below = self.texts[index - 1], self.texts[index]
        if is_item(below) or is_row(above) or is_row(below) or is_rule(above) or is_rule(below):
            return True
        if ends_like_cell(below) and (ends_like_cell(above) or above.endswith(":")):
            return True
        if above[-1].isdigit() and below[-1].isdigit():  # a table of contents
            return True
        return above.endswith(":") and not opens_in_lower_case(below)

    def _divided_by_place(self, index: int) -> bool:
        above, below = self.lines[index - 1], self.lines[index]
        if _differ(above.height, below.height) and _differ(above.size, below.size):
            return True
        step = above.last.bottom - below.first.bottom
        if step < 0 or step > _SET_APART * max(self.usual_step, above.height):
            # The next column, or past a picture: only a sentence cut in two goes on there.
            return ends_sentence(self.texts[index - 1]) or not opens_in_lower_case(self.texts[index])
        return self._centred(above, below) or self._indented(index)

    def _centred(self, above: Line, below: Line) -> bool:
        if opens_in_lower_case(below.text):
            return False
        on_left = below.first.left - above.first.left
        on_right = above.last.right - below.last.right
        return abs(on_left - on_right) < above.height and min(abs(on_left), abs(on_right)) > 1.2 * above.height

    def _indented(self, index: int) -> bool:
        """Whether the line is set in like the first of a paragraph, or back out after a set-in list item."""
        above, below = self.lines[index - 1], self.lines[index]
        step_in = (below.first.left - above.first.left) / below.height
        after = self.lines[index + 1] if index + 1 < len(self.lines) else None
        if _INDENT < step_in < 4 and not is_item(above.text):
            return after is not None and abs(after.first.left - above.first.left) < 0.3 * below.height
        if step_in < -_INDENT and self._joined[index - 1]:
            return abs(self.lines[index - 2].first.left - above.first.left) < 0.3 * below.height
        return False

    def _full(self, index: int) -> bool:
        """Whether the line above had no room for the first word of this one."""
        above, below = self.lines[index - 1], self.lines[index]
        near = [
            line
            for line in self.lines[max(0, index - _NEIGHBOURS) : index + _NEIGHBOURS]
            if abs(line.first.left - above.first.left) < 4 * above.height and not _differ(line.size, above.size)
        ]
        left = min(line.first.left for line in [*near, above])
        right = max(line.last.right for line in [*near, above])
        if _RIGHT_TO_LEFT.search(above.text):
            starts = [max(line.first.right, line.last.right) for line in [*near, above]]
            left, right = min(line.last.left for line in [*near, above]), max(starts)
            free = above.last.left - left
        else:
            free = right - above.last.right
        if right - left < _NARROWEST_COLUMN * above.height:
            return opens_in_lower_case(below.text) and not ends_sentence(above.text)
        if opens_in_lower_case(below.text) and not ends_sentence(above.text):
            return free < 0.5 * (right - left)
        first_word = below.text.split(None, 1)[0]
        signs = 2 if _DENSE.match(first_word) else len(first_word) + 1
        return free < signs * _WIDTH_OF_SIGN * above.height

    def between(self, index: int) -> str:
        """Chinese and Japanese lines join without a blank, Korean ones too where the page keeps blanks at line ends."""
        last, first = self.texts[index - 1][-1], self.texts[index].lstrip()[0]
        if _DENSE.match(last) and _DENSE.match(first):
            return ""
        if _HANGUL.match(last) and _HANGUL.match(first) and self.keeps_blanks:
            return " " if self.lines[index - 1].text.endswith(" ") else ""
        return " "


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > _OTHER_SIZE * max(one, other)
