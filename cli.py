"""The ``assistant`` command: parse, call, print. Heavy imports wait until a command needs them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.conversation_commands import app as conversations_app
from assistant.evaluation.commands import app as evaluation_app

if TYPE_CHECKING:
    from assistant.settings import Settings
    from assistant.types import Answer
    from vectorstore.library import Library
    from vectorstore.types import Filters


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
documents_app = typer.Typer(no_args_is_help=True, help="The documents in the library.")
app.add_typer(documents_app, name="documents")
app.add_typer(conversations_app, name="conversations")
app.add_typer(evaluation_app, name="eval")

Collection = Annotated[str, typer.Option("-c", "--collection", help="The collection to use.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
Docs = Annotated[list[Path] | None, typer.Option("--docs", help="Bring this file or folder in first; repeatable.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="KIND=VALUE", help="Search only language=fr, source=PATH or document=ID; repeatable."
    ),
]


def main() -> None:
    """Run the command; what was to be expected becomes a message and an exit code, anything else is a bug."""
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
    from assistant.pipeline import checked

    asked = checked(sys.stdin.read() if question == "-" else question)
    filters = _filters(only)
    settings = _settings()
    with build.open_library(settings, collection) as library:
        if docs:
            _bring_in(library, docs, settings)
        assistant = build.assistant_over(library, settings)
        if as_json:
            answer = assistant.ask(asked, filters=filters)
            _print_json(answer.as_dict())
        else:
            answer = _write_answer(assistant.stream(asked, filters=filters), library)
        _tell_repairs(library)
    if answer.status == "not_in_documents":
        raise typer.Exit(Exit.NOT_IN_DOCUMENTS)


def _write_answer(events: Iterator[Any], library: Library) -> Answer:
    """Write an answer as it comes, then its sources; what is about the answer goes to stderr."""
    from assistant import terminal
    from assistant.types import Answer, Delta, Retrieved

    out, err = terminal.consoles()
    for event in events:
        match event:
            case Retrieved(question=understood) if understood.text != understood.asked:
                err.print(f"Understood as: {terminal.printable(understood.text)}", style="dim")
            case Delta(text):
                out.print(terminal.printable(text), end="")
                out.file.flush()
            case Answer() as answer:
                out.print()
                terminal.show_sources(out, answer, library.document)
                terminal.show_closest(out, answer, library.document)
                for notice in answer.notices:
                    err.print(f"Note: {terminal.printable(notice)}", style="yellow")
                return answer
    raise AssertionError("a stream ends with the answer")


@app.command()
def chat(
    carry_on: Annotated[bool, typer.Option("--continue", help="Take up the last conversation.")] = False,
    conversation: Annotated[str | None, typer.Option("--conversation", metavar="ID", help="Take up this one.")] = None,
    docs: Docs = None,
    only: Only = None,
    collection: Collection = "default",
) -> None:
    """A conversation with the documents; it is kept, and can be taken up again."""
    from assistant import build
    from assistant.chat.run import run_chat

    filters = _filters(only)
    settings = _settings()
    with build.open_library(settings, collection) as library:
        if docs:
            _bring_in(library, docs, settings)
        run_chat(
            settings, library, collection=collection, conversation_id=conversation, carry_on=carry_on, filters=filters
        )
        _tell_repairs(library)


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

    settings = _settings()
    with build.open_library(settings, collection) as library, _progress(quiet=as_json) as progress:
        report = build.ingest(library, paths, settings, prune=prune, dry_run=dry_run, progress=progress)
    if as_json:
        _print_json({"files": [asdict(file) for file in report.files], "totals": report.totals})
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
    from assistant import build, terminal
    from assistant.pipeline import checked

    settings = _settings()
    with build.open_library(settings, collection) as library:
        retrieval = library.search(checked(query), limit=limit, filters=_filters(only))
        if as_json:
            _print_json([_hit_json(hit, explain) for hit in retrieval.hits])
        else:
            out, _ = terminal.consoles()
            terminal.show_hits(out, retrieval, library.document, explain=explain)
        _tell_repairs(library)


def _hit_json(hit: Any, explain: bool) -> dict[str, Any]:
    chunk = hit.chunk
    row = {
        "document": asdict(hit.document),
        "start": chunk.start,
        "end": chunk.end,
        "page": chunk.page,
        "heading": list(chunk.heading),
        "text": chunk.text,
        "score": hit.score,
    }
    return {**row, "explain": {name: asdict(leg) for name, leg in hit.legs.items()}} if explain else row


@documents_app.command("list")
def documents_list(as_json: Json = False, collection: Collection = "default") -> None:
    """Every document."""
    from assistant import build, terminal

    with build.open_library(_settings(), collection) as library:
        documents = library.documents()
    if as_json:
        _print_json([{**asdict(info.ref), "chunks": info.chunks, "added_at": info.added_at} for info in documents])
    elif documents:
        terminal.show_documents(terminal.consoles()[0], documents)
    else:
        typer.echo(f"No documents in collection {collection!r} yet. Bring some in: assistant ingest PATH", err=True)


@documents_app.command("show")
def documents_show(
    document_id: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False, collection: Collection = "default"
) -> None:
    """What is known of a document."""
    from assistant import build

    with build.open_library(_settings(), collection) as library:
        document = library.document(document_id)
    facts = {
        **asdict(document.ref),
        "characters": len(document.text),
        "pages": len(document.page_starts) or None,
        "headings": [heading.title for heading in document.headings],
    }
    if as_json:
        _print_json(facts)
    else:
        from assistant.terminal import printable

        for name, value in facts.items():
            typer.echo(
                f"{name + ':':<12} {printable(' › '.join(value) if isinstance(value, list) else str(value or '—'))}"
            )


@documents_app.command("text")
def documents_text(
    document_id: Annotated[str, typer.Argument(metavar="ID")], collection: Collection = "default"
) -> None:
    """The stored text, nothing else: what all offsets point into."""
    from assistant import build

    with build.open_library(_settings(), collection) as library:
        sys.stdout.buffer.write(library.document(document_id).text.encode())


@documents_app.command("remove")
def documents_remove(
    document_id: Annotated[str, typer.Argument(metavar="ID")], collection: Collection = "default"
) -> None:
    """Forget a document."""
    from assistant import build

    with build.open_library(_settings(), collection) as library:
        library.remove(document_id)
        _tell_repairs(library)
    typer.echo(f"Removed {document_id}.", err=True)


@app.command()
def reindex(
    embeddings: Annotated[str, typer.Option("--embeddings", help="Embed again with this model.")] = "",
    collection: Collection = "default",
) -> None:
    """Make the indexes anew from the catalog, with another embedding model if one is named."""
    from assistant import build

    settings = _settings()
    with build.open_library_for_reindex(settings, collection) as library, _progress() as progress:
        documents = library.reindex(embeddings or None, progress)
    typer.echo(f"Indexed {documents} documents of collection {collection!r} anew.", err=True)


@app.command()
def status(as_json: Json = False, collection: Collection = "default") -> None:
    """What is there, and who answers."""
    from assistant import build, terminal

    settings = _settings()
    with build.open_library(settings, collection) as library:
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
        _print_json(facts)
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


def _settings() -> Settings:
    from pydantic import ValidationError

    from assistant.errors import UsageError
    from assistant.settings import Settings

    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "ASSISTANT_" + "_".join(str(part) for part in first["loc"]).upper()
        raise UsageError(f"{name} is {first['input']!r}: {first['msg']}. Correct it, or unset it.") from error
    if not (settings.home / "catalog.db").exists():
        typer.echo(f"A new library in {settings.home} (set ASSISTANT_HOME to have it elsewhere).", err=True)
    return settings


def _filters(only: list[str] | None) -> Filters:
    from assistant.filters import parse

    return parse(only or [])


def _bring_in(library: Library, docs: list[Path], settings: Settings) -> None:
    from assistant import build, terminal

    with _progress() as progress:
        report = build.ingest(library, docs, settings, progress=progress)
    changed = report.totals["files"] - report.totals["unchanged"]
    if changed or report.repairs:
        terminal.show_report(terminal.consoles()[1], report)


@contextmanager
def _progress(*, quiet: bool = False) -> Iterator[Any]:
    from assistant.progress import bar

    with bar(quiet=quiet) as progress:
        yield progress


def _tell_repairs(library: Library) -> None:
    for line in library.repairs:
        typer.secho(line, err=True, fg=typer.colors.YELLOW)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
