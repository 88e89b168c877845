"""``assistant documents``: the library, one document at a time."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from assistant.command_line import Collection, Json, opened, print_json

app = typer.Typer(no_args_is_help=True, help="The documents in the library.")


@app.command("list")
def list_documents(as_json: Json = False, collection: Collection = "default") -> None:
    """Every document."""
    from assistant import terminal

    with opened(collection) as (library, _):
        documents = library.documents()
    if as_json:
        print_json([{**asdict(info.ref), "chunks": info.chunks, "added_at": info.added_at} for info in documents])
    elif documents:
        terminal.show_documents(terminal.consoles()[0], documents)
    else:
        typer.echo(f"No documents in collection {collection!r} yet. Bring some in: assistant ingest PATH", err=True)


@app.command("show")
def show(
    document_id: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False, collection: Collection = "default"
) -> None:
    """What is known of a document."""
    with opened(collection) as (library, _):
        document = library.document(document_id)
    facts = {
        **asdict(document.ref),
        "characters": len(document.text),
        "pages": len(document.page_starts) or None,
        "headings": [heading.title for heading in document.headings],
    }
    if as_json:
        print_json(facts)
    else:
        from assistant.terminal import printable

        for name, value in facts.items():
            typer.echo(
                f"{name + ':':<12} {printable(' › '.join(value) if isinstance(value, list) else str(value or '—'))}"
            )


@app.command("text")
def text(document_id: Annotated[str, typer.Argument(metavar="ID")], collection: Collection = "default") -> None:
    """The stored text, nothing else: what all offsets point into."""
    with opened(collection) as (library, _):
        sys.stdout.buffer.write(library.document(document_id).text.encode())


@app.command("remove")
def remove(document_id: Annotated[str, typer.Argument(metavar="ID")], collection: Collection = "default") -> None:
    """Forget a document."""
    with opened(collection) as (library, _):
        library.remove(document_id)
    typer.echo(f"Removed {document_id}.", err=True)
