"""The ``assistant`` command: parse, call, print. Heavy imports wait until a command needs them."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.command_line import Collection, Docs, Json, Only, opened, print_json, progress
from assistant.conversation_commands import app as conversations_app
from assistant.document_commands import app as documents_app
from assistant.evaluation.commands import app as evaluation_app
from assistant.server import commands as server_commands

if TYPE_CHECKING:
    from assistant.types import Answer, Event
    from vectorstore.library import Library


class Exit(IntEnum):
    """What the command's exit code says; the table is in README.md."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_IN_DOCUMENTS = 3
    SOME_UNREADABLE = 4
    MODEL_FAILED = 5
    INTERRUPTED = 130


app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: starts in a third of the time, and reads the same in a pipe
    pretty_exceptions_enable=False,
    help="Answers from your own documents, with the exact words every statement rests on.",
)
app.add_typer(documents_app, name="documents")
app.add_typer(conversations_app, name="conversations")
app.add_typer(evaluation_app, name="eval")
app.command()(server_commands.serve)
app.add_typer(server_commands.keys_app, name="keys")


def main() -> None:
    """Run the command; what was to be expected becomes a message and an exit code, anything else is a bug."""
    # Importing makes half a million objects that stay. To go through them for garbage time and again, as the collector
    # does by default, is an eighth of the time that a question takes.
    gc.set_threshold(200_000, 50, 100)
    with readable_errors():
        app()


@contextmanager
def readable_errors() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Interrupted. What was reported as done is kept.", err=True)
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.DONE)
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        typer.secho(f"Error: {error}", err=True, fg=typer.colors.RED)
        sys.exit(code)


def _exit_code(error: Exception) -> Exit | None:
    """None for what nobody expected."""
    from assistant.errors import AssistantError, ModelError, UsageError
    from prompts.loader import PromptError
    from vectorstore.errors import LibraryError, PathError

    if isinstance(error, UsageError | PathError):
        return Exit.USAGE
    if isinstance(error, ModelError):
        return Exit.MODEL_FAILED
    return Exit.FAILED if isinstance(error, AssistantError | LibraryError | PromptError) else None


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What to ask; - reads it from a pipe.")],
    docs: Docs = None,
    only: Only = None,
    as_json: Json = False,
    collection: Collection = "default",
) -> None:
    """Answer one question, quoting the documents."""
    from assistant import build
    from assistant.filters import parse
    from assistant.pipeline import checked

    asked = checked(sys.stdin.read() if question == "-" else question)
    filters = parse(only or [])
    with opened(collection, docs) as (library, settings):
        assistant = build.assistant_over(library, settings)
        if as_json:
            answer = assistant.ask(asked, filters=filters)
            print_json(answer.as_dict())
        else:
            generated = not build.model_choice(settings).extractive
            answer = _write_answer(assistant.stream(asked, filters=filters), library, generated=generated)
    if answer.status == "not_in_documents":
        raise typer.Exit(Exit.NOT_IN_DOCUMENTS)


def _write_answer(events: Iterator[Event], library: Library, *, generated: bool) -> Answer:
    """Write an answer as it comes, then its sources; what is about the answer goes to stderr."""
    from assistant import terminal
    from assistant.chat.screen import Screen

    answer = Screen(*terminal.consoles()).answer(events, library.document, generated=generated)
    if answer is None:
        raise AssertionError("a stream ends with the answer")
    return answer


@app.command()
def chat(
    carry_on: Annotated[bool, typer.Option("--continue", help="Take up the last conversation.")] = False,
    conversation: Annotated[str | None, typer.Option("--conversation", metavar="ID", help="Take up this one.")] = None,
    docs: Docs = None,
    only: Only = None,
    collection: Collection = "default",
) -> None:
    """A conversation with the documents; it is kept, and can be taken up again."""
    from assistant.chat.run import run_chat
    from assistant.filters import parse

    filters = parse(only or [])
    with opened(collection, docs) as (library, settings):
        run_chat(
            settings, library, collection=collection, conversation_id=conversation, carry_on=carry_on, filters=filters
        )


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    prune: Annotated[bool, typer.Option("--prune", help="Forget files below the paths that are gone.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    as_json: Json = False,
    collection: Collection = "default",
) -> None:
    """Make the library equal to these files and folders."""
    from assistant import build, terminal

    with opened(collection) as (library, settings), progress(quiet=as_json) as shown:
        report = build.ingest(library, paths, settings, prune=prune, dry_run=dry_run, progress=shown)
    if as_json:
        print_json(
            {
                "files": [asdict(file) for file in report.files],
                "totals": report.totals,
                "gone": list(report.gone),
                "repairs": list(report.repairs),
            }
        )
    else:
        terminal.show_report(terminal.consoles()[0], report)
    if report.totals["failed"]:
        raise typer.Exit(Exit.SOME_UNREADABLE)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    explain: Annotated[bool, typer.Option("--explain", help="Say what each index gave and what cut the rest.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="How many passages.")] = 10,
    only: Only = None,
    as_json: Json = False,
    collection: Collection = "default",
) -> None:
    """Find passages, without an answer."""
    from assistant import terminal
    from assistant.filters import parse
    from assistant.pipeline import checked

    asked, filters = checked(query), parse(only or [])
    with opened(collection) as (library, _):
        retrieval = library.search(asked, limit=limit, filters=filters)
        if as_json:
            print_json([hit.as_dict(explain=explain) for hit in retrieval.hits])
        else:
            out, _ = terminal.consoles()
            terminal.show_hits(out, retrieval, library.document, explain=explain)


@app.command()
def reindex(
    embeddings: Annotated[str, typer.Option("--embeddings", help="Embed again with this model.")] = "",
    collection: Collection = "default",
) -> None:
    """Make the indexes anew from the catalog, with another embedding model if one is named."""
    from assistant import build
    from assistant.settings import read_settings

    with build.open_library_for_reindex(read_settings(), collection) as library, progress() as shown:
        documents = library.reindex(embeddings or None, shown)
    typer.echo(f"Indexed {documents} documents of collection {collection!r} anew.", err=True)


@app.command()
def status(as_json: Json = False, collection: Collection = "default") -> None:
    """What is there, and who answers."""
    from assistant import build, terminal

    with opened(collection) as (library, settings):
        choice = build.model_choice(settings)
        facts = {
            "home": str(settings.home),
            **asdict(library.status()),
            "model": choice.name,
            "model_why": choice.why,
            "sent_to": choice.place or None,
            "notes": build.advice(library, settings),
        }
    if as_json:
        print_json(facts)
        return
    languages = ", ".join(f"{language or '?'} ({count})" for language, count in facts["languages"].items())
    typer.echo(f"Library      {terminal.show_home(settings.home)}, collection {collection}")
    typer.echo(f"Documents    {facts['documents']:,} in {facts['chunks']:,} passages")
    typer.echo(f"Languages    {languages or '—'}")
    typer.echo(f"Embeddings   {facts['embedding']}")
    typer.echo(f"Answers      {choice.name} ({choice.why})")
    for index, current in (("keyword", facts["keyword_index_current"]), ("vector", facts["vector_index_current"])):
        typer.echo(f"{index.title() + ' index':<12} {'up to date' if current else 'behind: the next ingest mends it'}")
    for note in facts["notes"]:
        typer.secho(f"Note: {note}", fg=typer.colors.YELLOW)


if __name__ == "__main__":
    main()
