"""One owner at a time: who may write a library, held by a lock that the system drops when its process dies."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from vectorstore.errors import LibraryBusyError, StorageError

WAIT_SECONDS = 0.7  # long enough for a one-shot command to finish its last write, short enough not to feel stuck


class Owner:
    """The right to write to one library folder. Reading needs no owner."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / "owner.lock")
        self._card = folder / "owner.json"

    @contextmanager
    def held(self, *, wait: float = WAIT_SECONDS) -> Iterator[None]:
        """Own the library for the length of the block; may be nested.

        Raises `LibraryBusyError`, naming the process that owns it, after ``wait`` seconds.
        """
        try:
            self._lock.acquire(timeout=wait)
        except Timeout:
            raise LibraryBusyError(
                f"The library {self._folder} is in use by {self._who()}. "
                "Wait until it is done, or stop it, and try again."
            ) from None
        except OSError as error:
            raise StorageError(
                f"The library {self._folder} cannot be locked: {error.strerror}. "
                "Set ASSISTANT_HOME to a folder that can be written."
            ) from error
        try:
            self._sign()
            yield
        finally:
            self._lock.release()

    def _sign(self) -> None:
        card = {
            "pid": os.getpid(),
            "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]),
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        }
        try:
            self._card.write_text(json.dumps(card), encoding="utf-8")
        except OSError as error:
            raise StorageError(f"{self._card} cannot be written: {error.strerror}.") from error

    def _who(self) -> str:
        try:
            card = json.loads(self._card.read_text(encoding="utf-8"))
            return f"process {card['pid']} ({card['command']}, since {card['since']})"
        except (OSError, ValueError, KeyError):  # the card is a courtesy: the lock is what counts
            return "another process"
