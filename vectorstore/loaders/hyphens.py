"""Words that a PDF breaks at line ends, put together again."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vectorstore.loaders.decoding import clean

HYPHEN = "\ufffe"
"""What PDFium writes for a hyphen at a line's end, having joined the two halves."""

_BROKEN = re.compile(rf"([^\W\d_]*){HYPHEN}[\r\n]*([^\W\d_]*)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\u200b\ufeff\ufff9-\ufffb]")
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_PLAIN = {**_LIGATURES, 0xAD: None, 0xA0: " ", 0x2010: "-", 0x2011: "-"}
_SHORTEST_PART = 3


class Mender:
    """Decides by the document's own words whether a hyphen at a line's end belongs to the word.

    >>> mend = Mender(["an efficient dual-encoder", "ef\ufffeficient and dual\ufffeencoder in COVID\ufffe19"])
    >>> mend("ef\ufffeficient dual\ufffeencoder COVID\ufffe19")
    'efficient dual-encoder COVID-19'
    """

    def __init__(self, lines: Iterable[str]) -> None:
        lines = list(lines)
        self._words = {word.lower() for line in lines for word in _WORD.findall(_BROKEN.sub(" ", line))}
        broken = [found.groups() for line in lines if HYPHEN in line for found in _BROKEN.finditer(line)]
        whole = sum((left + right).lower() in self._words for left, right in broken)
        hyphened = sum(f"{left}-{right}".lower() in self._words for left, right in broken)
        self._hyphenates = whole > hyphened
        """Whether the document divides words at line ends at all, or only breaks after hyphens they have anyway."""

    def __call__(self, line: str) -> str:
        """The line with its broken words mended, and without signs that only direct a printer."""
        if HYPHEN in line:
            line = _BROKEN.sub(self._join, line)
        return _CONTROL.sub("", clean(line)).translate(_PLAIN)

    def _join(self, found: re.Match[str]) -> str:
        left, right = found.groups()
        return f"{left}-{right}" if self._keeps(left.lower(), right) else left + right

    def _keeps(self, left: str, right: str) -> bool:
        if not left or not right or right[0].isupper() or f"{left}-{right}".lower() in self._words:
            return True
        if self._hyphenates or left + right.lower() in self._words:
            return False
        return min(len(left), len(right)) >= _SHORTEST_PART and {left, right.lower()} <= self._words
