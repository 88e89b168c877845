"""Something said once, and not again by the next process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def once(text: str, memory: Path) -> Callable[[], str]:
    """Gives ``text`` the first time, "" after that. Texts already said are lines of the file ``memory``.

    Where the file cannot be written, every process says it once.
    """
    said = not text

    def say() -> str:
        nonlocal said
        if said:
            return ""
        said = True
        with suppress(OSError):
            if text in memory.read_text(encoding="utf-8").splitlines():
                return ""
        with suppress(OSError), memory.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
        return text

    return say
