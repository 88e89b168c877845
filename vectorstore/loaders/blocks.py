"""Blocks: text that is ours to lay out (HTML, DOCX), put together while headings keep their offsets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from vectorstore.loaders import titles
from vectorstore.types import Heading

Kind = Literal["paragraph", "item", "row"]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a list item, a row of a table; ``level`` is that of a heading, 0 for everything else."""

    text: str
    level: int = 0
    kind: Kind = "paragraph"


@dataclass(slots=True)
class Blocks:
    """Blocks in order; a blank line stands between them, only a line break between items and between rows."""

    items: list[Block] = field(default_factory=list)

    def add(self, text: str, *, level: int = 0, kind: Kind = "paragraph") -> None:
        """Append a block; blank ones are left out."""
        if text.strip():
            self.items.append(Block(text.strip("\n").rstrip(), level, kind))

    def laid_out(self) -> tuple[str, tuple[Heading, ...]]:
        """The whole text, and its headings in order."""
        parts: list[str] = []
        headings: list[Heading] = []
        length = 0
        for index, block in enumerate(self.items):
            if index:
                tight = block.kind != "paragraph" and block.kind == self.items[index - 1].kind
                between = "\n" if tight else "\n\n"
                parts.append(between)
                length += len(between)
            if block.level:
                headings.append(Heading(length, block.level, titles.shorten(block.text)))
            parts.append(block.text)
            length += len(block.text)
        return "".join(parts), tuple(headings)
