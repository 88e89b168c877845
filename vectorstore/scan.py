"""Which files a list of paths stands for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vectorstore.errors import PathError, UnreadableFileError

_CHANGED = "It changed while it was being read. Try again when nothing is writing to it."


@dataclass(frozen=True, slots=True)
class Scanned:
    """Files to read, in order, each once; ``named`` are those the caller named rather than found in a folder."""

    files: tuple[Path, ...]
    named: frozenset[Path]
    folders: tuple[Path, ...]

    def covers(self, path: str) -> bool:
        """Whether a file at ``path`` would have been found, if it were there."""
        return Path(path) in self.named or any(Path(path).is_relative_to(folder) for folder in self.folders)


def scan(paths: Sequence[Path]) -> Scanned:
    """Walk the folders, skipping what is hidden. Raises `PathError` for a path that does not exist."""
    found: dict[Path, None] = {}
    named: set[Path] = set()
    folders: list[Path] = []
    for path in paths:
        full = Path(os.path.abspath(path.expanduser()))
        if full.is_dir():
            folders.append(full)
            found.update(dict.fromkeys(_below(full, path)))
        elif full.exists():
            named.add(full)
            found[full] = None
        else:
            raise PathError(f"There is no file or folder {str(path)!r} (looked for {full}). Check the path.")
    return Scanned(tuple(found), frozenset(named), tuple(folders))


def _below(folder: Path, as_named: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        if error.filename == str(folder):
            raise PathError(f"The folder {str(as_named)!r} cannot be listed: {error.strerror}. Check its permissions.")

    for where, names, files in os.walk(folder, onerror=refuse):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(where, name)


def read_whole(path: Path, *, limit: int) -> bytes:
    """The bytes of a file as of one moment. Raises `UnreadableFileError`: too large, changing, or not readable."""
    try:
        for _ in range(3):
            with path.open("rb") as file:
                before = os.fstat(file.fileno())
                if not os.path.isfile(path):
                    raise UnreadableFileError(f"{path.name} is not a regular file. Give a file or a folder.")
                if before.st_size > limit:
                    raise UnreadableFileError(
                        f"It has {before.st_size / 1e6:,.0f} MB, the limit is {limit / 1e6:,.0f} MB. "
                        "Split it, or raise ASSISTANT_MAX_FILE_MB.",
                        reason="too_large",
                    )
                data = file.read(limit + 1)
                after = os.fstat(file.fileno())
            if (
                (before.st_size, before.st_mtime_ns)
                == (after.st_size, after.st_mtime_ns)
                == (len(data), after.st_mtime_ns)
            ):
                return data
    except OSError as error:
        raise UnreadableFileError(f"It cannot be read: {error.strerror}. Check its permissions.") from error
    raise UnreadableFileError(_CHANGED, reason="changed")
