"""Files of many records: JSON lines (a document a line), JSON lists of the same, CSV and TSV."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vectorstore.errors import UnreadableFileError
from vectorstore.loaders import titles
from vectorstore.loaders.decoding import decode, storable
from vectorstore.types import Extract


def load_json_lines(path: Path, data: bytes) -> list[Extract]:
    """Each line ``{"text", "id"?, "title"?, "lang"?, "source"?}`` is a document; blank lines are passed over.

    Stored is ``text`` unchanged, but for NULs and lone surrogates, which no storage takes.
    """
    decoded = decode(data, path.name)
    extracts = []
    first_line_of: dict[str, int] = {}
    # Only "\n" ends a record: the other line breaks of Unicode may stand inside a JSON string.
    for number, line in enumerate(decoded.text.split("\n"), start=1):
        if line.strip():
            place = f"{path.name}, line {number}"
            extract = _record(_parsed(line, place), place, decoded.warnings)
            if extract.id is not None and first_line_of.setdefault(extract.id, number) != number:
                raise _bad(f"{place}: the id {extract.id!r} is that of line {first_line_of[extract.id]} already")
            extracts.append(extract)
    return extracts


def load_json(path: Path, data: bytes) -> list[Extract]:
    """A list of records is read like JSON lines; any other JSON is kept as text."""
    decoded = decode(data, path.name)
    try:
        value: Any = json.loads(decoded.text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, list) and value and all(isinstance(item, dict) and "text" in item for item in value):
        return [_record(item, f"{path.name}, item {i}", decoded.warnings) for i, item in enumerate(value, start=1)]
    return [Extract(decoded.text, titles.from_path(path), "application/json", warnings=decoded.warnings)]


def load_table(path: Path, data: bytes) -> list[Extract]:
    """CSV or TSV, kept as decoded: rows are quoted as they stand in the file."""
    decoded = decode(data, path.name)
    media_type = "text/tab-separated-values" if path.suffix.lower() in {".tsv", ".tab"} else "text/csv"
    return [Extract(decoded.text, titles.from_path(path), media_type, warnings=decoded.warnings)]


def _parsed(line: str, place: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise _bad(f"{place}: not JSON ({error.msg} at column {error.colno})") from None
    except (ValueError, RecursionError) as error:
        raise _bad(f"{place}: not JSON that can be read ({error})") from None


def _record(value: Any, place: str, warnings: tuple[str, ...]) -> Extract:
    if not isinstance(value, dict):
        raise _bad(f'{place}: {type(value).__name__}, not an object like {{"id": "1", "text": "…"}}')
    text = _string(value, "text", place)
    if text is None:
        raise _bad(f'{place}: no "text" (it has {", ".join(map(repr, value)) or "no keys"})')
    stored = storable(text)
    if stored != text:
        warnings = (*warnings, f"{place}: NULs were left out, or halves of surrogate pairs replaced by \ufffd")
    return Extract(
        stored,
        titles.shorten(_string(value, "title", place) or ""),
        "text/plain",
        id=_string(value, "id", place) or None,
        language=_string(value, "lang", place) or None,
        source=_string(value, "source", place) or None,
        warnings=warnings,
    )


def _string(value: dict[str, Any], key: str, place: str) -> str | None:
    found = value.get(key)
    if isinstance(found, int) and not isinstance(found, bool) and key == "id":
        return str(found)
    if found is None or isinstance(found, str):
        return found if key == "text" or not found else storable(found)
    raise _bad(f'{place}: "{key}" is {type(found).__name__}, not a string')


def _bad(message: str) -> UnreadableFileError:
    return UnreadableFileError(message, reason="unreadable")
