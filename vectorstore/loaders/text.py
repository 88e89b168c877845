"""Plain text, in any encoding. Stored is the decoded text with ``\\n`` for every line break."""

from __future__ import annotations

from pathlib import Path

from vectorstore.loaders import titles
from vectorstore.loaders.decoding import decode
from vectorstore.types import Extract


def load(path: Path, data: bytes) -> list[Extract]:
    decoded = decode(data, path.name)
    title = titles.from_first_line(decoded.text) or titles.from_path(path)
    return [Extract(decoded.text, title, "text/plain", warnings=decoded.warnings)]
