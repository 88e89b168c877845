"""Real files of every format we read, and of those we must refuse politely."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from vectorstore.errors import UnreadableFileError
from vectorstore.loaders import LOADERS, load, media_type

_NOT_COMPARED = re.compile(r"[\s\u00ad\u200e\u200f\u202a-\u202e]")


def bare(text: str) -> str:
    """Without white space and direction marks: where PDF sets blanks is anybody's guess."""
    return _NOT_COMPARED.sub("", text)


def faults(entry: dict[str, Any], path: Path) -> list[str]:
    """What is wrong with how a file was read or refused; nothing if all is well."""
    data = path.read_bytes()
    expected = entry["expect"]
    try:
        extracts = load(path, data)
    except UnreadableFileError as error:
        allowed = {"error": {"damaged"}, "text_or_unsupported": {"unsupported"}}.get(expected, {expected})
        if media_type(path, data) is None:
            allowed = allowed | {"unsupported"}  # a format that is not read yet
        named = str(error).startswith(path.name)
        return [] if error.reason in allowed and named else [f"{path.name}: {error.reason}: {error}"]
    text = "\n".join(extract.text for extract in extracts)
    wrong = [f"{path.name}: read, but expected {expected}"] if not expected.startswith("text") else []
    wrong += [f"{path.name}: lacks {part!r}" for part in entry["expected_substrings"] if bare(part) not in bare(text)]
    wrong += [f"{path.name}: holds {part!r}" for part in entry["must_not_contain"] if part in text]
    places = [bare(text).find(bare(part)) for part in entry["in_order"]]
    if places != sorted(places) or -1 in places:
        wrong.append(f"{path.name}: out of order, {places}")
    if entry["pages"] and entry["format"] == "pdf" and len(extracts[0].page_starts) != entry["pages"]:
        wrong.append(f"{path.name}: {len(extracts[0].page_starts)} pages, not {entry['pages']}")
    return wrong


def test_what_was_filled_into_a_form_is_read(data: Path) -> None:
    path = data / "packs" / "files" / "private_pdf_with_forms.pdf"
    assert load(path, path.read_bytes())[0].text.endswith("Language 2 Check Box: Yes\nSelect from colour spectrum: Red")


@pytest.mark.slow
def test_real_files_are_read_or_refused_as_they_should_be(data: Path) -> None:
    folder = data / "packs" / "files"
    entries = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [fault for entry in entries for fault in faults(entry, folder / entry["file"])] == []
    kinds = {media_type(folder / entry["file"], (folder / entry["file"]).read_bytes()) for entry in entries}
    assert kinds & set(LOADERS) >= {"application/pdf", "text/html", "text/markdown", "text/csv", "text/plain"}
