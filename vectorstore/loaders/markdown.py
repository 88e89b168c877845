"""Markdown. Stored is the source itself, so that what is quoted can be found in the file; headings are looked up."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from vectorstore.loaders import titles
from vectorstore.loaders.decoding import decode
from vectorstore.types import Extract, Heading

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)


def load(path: Path, data: bytes) -> list[Extract]:
    decoded = decode(data, path.name)
    text = decoded.text
    front = _FRONT_MATTER.match(text)
    body_start = front.end() if front else 0
    headings = _headings(text, body_start)
    title = _declared(front.group(1) or "") if front else ""
    if not title:
        title = next((titles.shorten(heading.title) for heading in headings if heading.level == 1), "")
    title = title or titles.from_path(path)
    return [Extract(text, title, "text/markdown", headings=headings, warnings=decoded.warnings)]


def _headings(text: str, body_start: int) -> tuple[Heading, ...]:
    """The headings of the document itself, not those inside quotations and lists."""
    from markdown_it import MarkdownIt

    line_starts = [body_start, *(found.end() for found in re.compile("\n").finditer(text, body_start))]
    tokens = MarkdownIt("commonmark").parse(text[body_start:])
    headings = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.level == 0 and opening.map:
            title = titles.shorten("".join(child.content for child in inline.children or ()))
            if title:
                headings.append(Heading(line_starts[opening.map[0]], int(opening.tag[1:]), title))
    return tuple(headings)


def _declared(front_matter: str) -> str:
    """``title:`` of YAML front matter; "" where there is none or the YAML is broken."""
    import yaml

    try:
        fields: Any = yaml.safe_load(front_matter)
    except (yaml.YAMLError, ValueError):
        return ""
    title = fields.get("title") if isinstance(fields, dict) else None
    return titles.shorten(str(title)) if title else ""
