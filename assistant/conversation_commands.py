"""``assistant conversations``: parse, call, print."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.command_line import Json, print_json

if TYPE_CHECKING:
    from assistant.conversations import Conversations
    from assistant.settings import Settings
    from assistant.types import Read

app = typer.Typer(no_args_is_help=True, help="Saved conversations.")

Id = Annotated[str, typer.Argument(metavar="ID", help="A conversation's id, from the list.", show_default=False)]


@app.command("list")
def list_(
    as_json: Json = False,
    collection: Annotated[
        str | None, typer.Option("-c", "--collection", help="Only those about this collection.", show_default=False)
    ] = None,
) -> None:
    """Every conversation, last used first."""
    with _conversations() as (conversations, _):
        listed = conversations.list(collection=collection)
    if as_json:
        print_json([_summary(summary) for summary in listed])
    elif listed:
        _screen().conversations(listed)
    else:
        typer.echo("No conversations yet. Begin one with: assistant chat", err=True)


@app.command()
def show(id: Id, as_json: Json = False) -> None:
    """One conversation with all its answers and their sources, as they were given."""
    with _conversations() as (conversations, settings):
        conversation = conversations.show(id)
    if as_json:
        print_json(conversation.as_dict())
        return
    with _reading(settings, conversation.summary.collection) as read:
        _screen().conversation(conversation, read)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Words that all stand in a question and its answer.")],
    as_json: Json = False,
) -> None:
    """Find what was asked and answered."""
    with _conversations() as (conversations, _):
        found = conversations.search(" ".join(words))
    if as_json:
        print_json(
            [
                {**_summary(each.conversation), "turn": each.number, "question": each.question, "excerpt": each.excerpt}
                for each in found
            ]
        )
    elif found:
        _screen().found(found)
    else:
        typer.echo("No conversation holds these words.", err=True)


@app.command()
def export(
    id: Id,
    file: Annotated[Path, typer.Argument(help="Ends in .md, .html or .json.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Write a conversation to a file that stands alone."""
    from assistant import exports

    with _conversations() as (conversations, settings):
        conversation = conversations.show(id)
    with _reading(settings, conversation.summary.collection) as read:
        exports.export(conversation, file, read, force=force)
    typer.echo(f"Written: {file}", err=True)


@app.command()
def remove(id: Id) -> None:
    """Delete a conversation for good."""
    with _conversations() as (conversations, _):
        conversations.remove(id)
    typer.echo(f"Removed {id}.", err=True)


@contextmanager
def _conversations() -> Iterator[tuple[Conversations, Settings]]:
    from assistant import build
    from assistant.settings import read_settings

    settings = read_settings()
    conversations = build.open_conversations(settings)
    try:
        yield conversations, settings
    finally:
        conversations.close()


@contextmanager
def _reading(settings: Settings, collection: str) -> Iterator[Read]:
    """The library's documents as they are now; none where there is no library any more."""
    from assistant import build
    from vectorstore.errors import NotFoundError

    def nothing(document_id: str) -> Any:
        raise NotFoundError(f"There is no document {document_id!r}.")

    if not (settings.home / "catalog.db").exists():
        yield nothing
        return
    with build.open_library(settings, collection) as library:
        yield library.document


def _screen() -> Any:
    from assistant import terminal
    from assistant.chat.screen import Screen

    return Screen(*terminal.consoles())


def _summary(summary: Any) -> dict[str, Any]:
    return {
        "id": summary.id,
        "title": summary.title,
        "collection": summary.collection,
        "turns": summary.turns,
        "created_at": summary.created_at,
        "updated_at": summary.updated_at,
    }
