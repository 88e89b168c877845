"""Prompts are data: ``NAME.md`` with ``$name`` places, versioned by a hash of the text."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template


class PromptError(Exception):
    """A prompt that does not exist, or was given other values than it has places for."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text with places. A literal dollar sign is written ``$$``."""

    name: str
    text: str

    @property
    def version(self) -> str:
        """Eight hex digits that change whenever the wording does; every answer records them."""
        return sha256(self.text.encode()).hexdigest()[:8]

    def fill(self, **values: str) -> str:
        """Replace every ``$name`` in one pass, so that a ``$name`` inside a value stays text.

        Raises `PromptError` unless the names match exactly, none missing, none extra.
        """
        template = Template(self.text)
        expected = set(template.get_identifiers())
        if expected != values.keys():
            raise PromptError(f"prompt {self.name!r} takes {sorted(expected)}, got {sorted(values)}")
        return template.substitute(values)


def load(name: str, directory: Path | None = None) -> Prompt:
    """Read ``name.md`` from ``directory``, or from the prompts shipped with the package."""
    path = (directory or files("prompts")) / f"{name}.md"
    if not path.is_file():
        raise PromptError(f"no prompt {name!r} in {directory or 'the installed prompts'}")
    return Prompt(name, path.read_text(encoding="utf-8"))
