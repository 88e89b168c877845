"""Files derived from large ones, and their hashes, kept so that neither is computed at every start."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path
from uuid import uuid4


def file_sha256(path: Path, cache: Path) -> str:
    """The SHA-256 of a file in hexadecimal, remembered in the folder ``cache`` until its size or time changes."""
    stat = path.stat()
    now = [stat.st_size, stat.st_mtime_ns]
    memory = cache / "file-hashes.json"
    known = read_json(memory)
    match known.get(str(path)):
        case [size, time, str(digest)] if [size, time] == now:
            return digest
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    write_json(memory, {**known, str(path): [*now, digest]})
    return digest


def read_json(path: Path) -> dict[str, object]:
    """What a cache file holds; nothing where it is missing or damaged."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: dict[str, object]) -> None:
    write_atomically(path, json.dumps(content).encode())


def write_atomically(path: Path, data: bytes) -> None:
    """Other processes see the old file or the whole new one. A cache that cannot be written is done without."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
