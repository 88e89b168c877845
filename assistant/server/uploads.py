"""Uploads on disk: kept by their hash, below a folder of the collection's own; the client's name is only a name."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from assistant.server.bodies import too_large
from assistant.server.problems import Problem
from vectorstore.loaders import SUFFIXES

_PIECE = 1 << 20
_NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Upload:
    path: Path
    name: str
    sha256: str


def keep(source: BinaryIO, name: str, folder: Path, *, limit: int) -> Upload:
    """Copy what was sent to its place. Raises `Problem` for what is empty or too large. Blocks."""
    name = shown_name(name)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f".{secrets.token_hex(8)}"  # hidden: never looked at, whatever becomes of it
    digest, size = sha256(), 0
    try:
        with draft.open("xb") as file:
            while piece := source.read(_PIECE):
                size += len(piece)
                if size > limit:
                    raise too_large(limit)
                digest.update(piece)
                file.write(piece)
        if not size:
            raise Problem(422, "empty-file", f"{name} is empty: there is nothing to read in it.")
        suffix = PurePosixPath(name).suffix.lower()
        path = folder / (digest.hexdigest() + (suffix if suffix in SUFFIXES else ""))
        os.replace(draft, path)
    except OSError as error:
        raise Problem(503, "not-stored", f"The upload could not be stored: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return Upload(path, name, digest.hexdigest())


def shown_name(name: str) -> str:
    """A client's file name as something to show: no folders, nothing unprintable, not too long.

    >>> shown_name("../../etc/passwd"), shown_name("C:\\\\temp\\\\Report.pdf"), shown_name("")
    ('passwd', 'Report.pdf', 'document')
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(character for character in last if character.isprintable()).strip(" .")
    if len(printable) > _NAME_LENGTH:
        suffix = PurePosixPath(printable).suffix[:20]
        printable = printable[: _NAME_LENGTH - len(suffix)] + suffix
    return printable.encode("utf-8", "replace").decode() or "document"
