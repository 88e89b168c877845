"""Titles: one short line that names a document to its reader."""

from __future__ import annotations

import re
from pathlib import Path

LONGEST = 120

_SEPARATOR = re.compile(r"_+|(?<!\d)-+|-+(?!\d)|%20|\s+")
_LANGUAGE_SUFFIX = re.compile(r"\.[a-z]{2}$")
_ENDS_LIKE_PROSE = re.compile(r"[.,;:!。、]['\"”»)]*$")
_NO_TITLE = re.compile(
    r"(?:untitled|sans titre|ohne titel|sin título|document|doc|page|slide|layout|binder|book|scan|img|title)[ _-]*\d*$"
    r"|(?:microsoft|powerpoint|word|print|scan)\b.*"
    r"|.*\.(?:pdf|docx?|pptx?|xlsx?|indd|tex|dvi|ps|html?|rtf|odt|qxd|qxp|tmp|eps|ai)$|[\W\d_]*$",
    re.IGNORECASE,
)


def from_path(path: Path) -> str:
    """The file's name made readable.

    >>> from_path(Path("PEPSICO_2023_8K_dated-2023-05-05.pdf"))
    'PEPSICO 2023 8K dated 2023-05-05'
    """
    return shorten(_SEPARATOR.sub(" ", _LANGUAGE_SUFFIX.sub("", path.stem))) or shorten(path.name)


def shorten(title: str) -> str:
    """One line without runs of white space, cut at a word's end."""
    title = " ".join(title.split())
    if len(title) <= LONGEST:
        return title
    return title[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(" ,;:–—-") + "…"


def sensible(title: str | None) -> str:
    """What a file's metadata calls it, "" where a program rather than a person wrote that.

    >>> sensible("Microsoft Word - report.doc"), sensible("0000764478-23-000041"), sensible("Annual report")
    ('', '', 'Annual report')
    """
    title = shorten(title or "")
    if _NO_TITLE.match(title) or "\ufffd" in title:
        return ""
    # One ASCII word is a file name more often than a title; a Chinese title is one word too.
    return "" if title.isascii() and " " not in title else title


def from_first_line(text: str) -> str:
    """The first line if it stands apart like a title, else "".

    >>> from_first_line("Calls in spring\\n\\nThe two presidents spoke.")
    'Calls in spring'
    """
    first, _, rest = text.strip().partition("\n")
    if not rest.startswith("\n") or not rest.strip():
        return ""
    first = first.strip(" =#*_-\t")
    if len(first) > LONGEST or _ENDS_LIKE_PROSE.search(first) or not any(map(str.isalpha, first)):
        return ""
    return shorten(first)
