"""Files as rows with their line numbers: JSON lines, YAML, CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from assistant.errors import UsageError

_LISTS = {"answers", "doc_ids", "evidence"}


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    values: dict[str, Any]


def read_rows(path: Path) -> list[Row]:
    """The rows of a file, by its suffix. Raises `UsageError` that names the file and the line."""
    parse = _FORMATS.get(path.suffix.lower())
    if parse is None:
        raise UsageError(
            f"{path}: questions are read from {', '.join(sorted(_FORMATS))}, not from {path.suffix!r} files."
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: not UTF-8 (byte {error.start}). Save the file as UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.") from None
    try:
        return parse(text)
    except _Broken as broken:
        raise UsageError(f"{path}:{broken.line}: {broken}") from None


class _Broken(ValueError):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _json_lines(text: str) -> list[Row]:
    rows: list[Row] = []
    # Not splitlines(): JSON may hold U+2028 and its kin inside a string.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except json.JSONDecodeError as error:
            raise _Broken(number, f"not JSON: {error.msg} at column {error.colno}") from None
        except RecursionError:
            raise _Broken(number, "not a question: nested too deeply") from None
        rows.append(Row(number, _mapping(values, number)))
    return rows


def _mapping(values: Any, line: int) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise _Broken(line, f"a question is a mapping of fields, not {json.dumps(values, default=str)[:60]}")
    return {str(name): value for name, value in values.items()}


_NULL = "tag:yaml.org,2002:null"


class _Strings(yaml.SafeLoader):
    """YAML whose plain scalars stay text: an answer ``no``, a language ``no`` and a date ``2017-05-02`` as written."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name and the shape are PyYAML's
        first: [(tag, pattern) for tag, pattern in resolvers if tag == _NULL]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _yaml(text: str) -> list[Row]:
    loader = _Strings(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise _Broken(node.start_mark.line + 1, "expected a list of questions, each beginning with '- id: …'")
        rows: list[Row] = []
        for item in node.value:
            line = item.start_mark.line + 1
            rows.append(Row(line, _mapping(loader.construct_document(item), line)))
        return rows
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _Broken(mark.line + 1 if mark else 1, f"not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise _Broken(1, f"not YAML: {error}") from None
    except RecursionError:
        raise _Broken(1, "not YAML: nested too deeply") from None
    finally:
        loader.dispose()


def _csv(text: str) -> list[Row]:
    """A header line, then a question a row. Several answers, documents, pieces of evidence: ``a|b`` or a JSON list."""
    head = text.split("\n", 1)[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    rows: list[Row] = []
    header: list[str] = []
    line = 1
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                pass
            elif not header:
                header = [cell.strip() for cell in cells]
            elif len(cells) != len(header):
                raise _Broken(line, f"{len(cells)} cells where the header has {len(header)}")
            else:
                filled = {name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()}
                rows.append(Row(line, {name: _cell(name, cell, line) for name, cell in filled.items()}))
            line = reader.line_num + 1
    except csv.Error as error:
        raise _Broken(line, f"not CSV: {error}") from None
    return rows


def _cell(name: str, cell: str, line: int) -> Any:
    if name == "history" or (name in _LISTS and cell.lstrip().startswith("[")):
        try:
            return json.loads(cell)
        except json.JSONDecodeError as error:
            raise _Broken(line, f"the cell {name!r} is not JSON: {error.msg}") from None
    return [part.strip() for part in cell.split("|")] if name in _LISTS else cell


_FORMATS: dict[str, Callable[[str], list[Row]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_lines,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".csv": _csv,
    ".tsv": _csv,
}
