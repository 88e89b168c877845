"""``assistant serve`` and ``assistant keys``: imported with the command line, so nothing heavy here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from assistant.server.keys import Keys
    from assistant.settings import Settings

keys_app = typer.Typer(no_args_is_help=True, help="Keys for the API and for widgets.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on; any but loopback needs a key.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    require_key: Annotated[
        bool, typer.Option("--require-key", help="Ask for a key on loopback too: needed behind a proxy.")
    ] = False,
    origin: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="A web page that may call from a browser; repeatable.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
    answers: Annotated[int, typer.Option(min=1, max=10_000, help="Answers written by a model at once.")] = 512,
    upload_mb: Annotated[int, typer.Option(min=1, max=10_000, help="The largest upload.")] = 50,
) -> None:
    """Serve the chat API."""
    from assistant.errors import UsageError
    from assistant.server.keys import checked_origin
    from assistant.server.options import Options
    from assistant.server.serving import bind, run

    settings = _settings()
    options = Options(
        host=host,
        port=port,
        require_key=require_key,
        origins=frozenset(map(checked_origin, origin or [])),
        workers=workers,
        warm=True,
        answers=answers,
        upload_bytes=upload_mb * 1_000_000,
    )
    if not options.keyless and not _keys(settings).exists():
        raise UsageError(
            f"Without a key nobody could come in at {host}: make one first with: assistant keys create NAME"
        )
    listener = bind(options)
    address, taken = listener.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else address
    typer.echo(f"Listening on http://{shown}:{taken} (the API is described at /openapi.json).", err=True)
    run(settings, options, listener)


@keys_app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What to call it, for the list.")],
    widget: Annotated[bool, typer.Option("--widget", help="A publishable key for a web page.")] = False,
    scope: Annotated[list[str] | None, typer.Option(help="ask, ingest or admin; repeatable. By default ask.")] = None,
    collection: Annotated[
        list[str] | None, typer.Option("-c", "--collection", help="Only this collection; repeatable.")
    ] = None,
    origin: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="The web page a widget's key works on; repeatable.")
    ] = None,
    requests_per_day: Annotated[int | None, typer.Option(min=0, help="Questions a day.")] = None,
    tokens_per_day: Annotated[int | None, typer.Option(min=0, help="Tokens of a model a day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown once: only its hash is kept."""
    key, secret = _keys(_settings()).create(
        name,
        kind="widget" if widget else "api",
        scopes=scope or ["ask"],
        collections=collection or [],
        origins=origin or [],
        requests_per_day=requests_per_day,
        tokens_per_day=tokens_per_day,
    )
    if as_json:
        typer.echo(json.dumps({**key.as_dict(), "secret": secret}, ensure_ascii=False, indent=2))
    else:
        typer.echo(secret)
        typer.echo(f"This is the only time it is shown. Revoke it with: assistant keys revoke {key.id}", err=True)


@keys_app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Every key, without its secret."""
    found = _keys(_settings()).list()
    if as_json:
        typer.echo(json.dumps([key.as_dict() for key in found], ensure_ascii=False, indent=2))
        return
    for key in found:
        limits = " ".join([*sorted(key.scopes), *sorted(key.collections), *sorted(key.origins)])
        state = f"revoked {key.revoked_at[:10]}" if key.revoked_at else "active"
        typer.echo(f"{key.id}  {key.prefix}…  {key.kind:<6}  {state:<18}  {key.name}  ({limits})")
    if not found:
        typer.echo("No keys yet. Make one with: assistant keys create NAME", err=True)


@keys_app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Let nobody in with this key any more, from the next second on."""
    _keys(_settings()).revoke(key_id)
    typer.echo(f"Revoked {key_id}.", err=True)


def _settings() -> Settings:
    from assistant.settings import read_settings

    return read_settings()


def _keys(settings: Settings) -> Keys:
    from assistant.server.keys import Keys
    from assistant.server.store import open_store

    return Keys(open_store(settings.home))
