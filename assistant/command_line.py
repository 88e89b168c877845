"""What the commands have in common: options, opening the library, printing JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from assistant.settings import Settings
    from vectorstore.library import Library
    from vectorstore.report import Progress

Collection = Annotated[str, typer.Option("-c", "--collection", help="The collection to use.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
Docs = Annotated[list[Path] | None, typer.Option("--docs", help="Bring this file or folder in first; repeatable.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="KIND=VALUE", help="Search only language=fr, source=PATH or document=ID; repeatable."
    ),
]


@contextmanager
def opened(collection: str, docs: Sequence[Path] | None = None) -> Iterator[tuple[Library, Settings]]:
    """The collection's library, with ``docs`` brought in; what was mended meanwhile is told at the end."""
    from assistant import build
    from assistant.settings import read_settings

    settings = read_settings()
    new = not (settings.home / "catalog.db").exists()
    with build.open_library(settings, collection) as library:
        if new:
            typer.echo(f"A new library in {settings.home} (set ASSISTANT_HOME to have it elsewhere).", err=True)
        if docs:
            _bring_in(library, docs, settings)
        yield library, settings
        for line in library.repairs:
            typer.secho(line, err=True, fg=typer.colors.YELLOW)


def _bring_in(library: Library, docs: Sequence[Path], settings: Settings) -> None:
    from assistant import build, terminal

    with progress() as shown:
        report = build.ingest(library, docs, settings, progress=shown)
    if report.totals["files"] != report.totals["unchanged"] or report.repairs:
        terminal.show_report(terminal.consoles()[1], report)


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Progress]:
    """How an ingest shows itself."""
    from assistant.progress import bar

    with bar(quiet=quiet) as shown:
        yield shown


def print_json(value: Any) -> None:
    """One JSON value on stdout, readable in every script."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
