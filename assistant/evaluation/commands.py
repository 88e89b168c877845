"""``assistant eval``: parse, call, print."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.evaluation.compare import Change
    from assistant.evaluation.dataset import Dataset
    from assistant.evaluation.judge import Judge
    from assistant.evaluation.runner import Progress
    from assistant.evaluation.session import Options, Outcome
    from assistant.evaluation.targets import Target

MISSED = 6
"""The exit code for a threshold that was missed; every other code is `cli.Exit`'s."""

app = typer.Typer(no_args_is_help=True, help="Measure the assistant with canned questions.")


Questions = Annotated[Path, typer.Argument(help="Questions: .jsonl, .yaml or .csv.", show_default=False)]
Docs = Annotated[list[Path] | None, typer.Option("--docs", help="Documents to ask about, in a library of their own.")]
Collection = Annotated[str | None, typer.Option("--collection", "-c", help="Ask this collection.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the run [default: eval-results/NAME].", show_default=False)]
Seed = Annotated[int, typer.Option(help="For the drawing of questions and of intervals.")]


@app.command()
def run(
    questions: Questions,
    docs: Docs = None,
    collection: Collection = None,
    out: Out = None,
    baseline: Annotated[Path | None, typer.Option(help="An earlier run: its folder or summary.json.")] = None,
    fail_under: Annotated[
        list[str] | None, typer.Option(metavar="METRIC=VALUE", help="Exit with 6 if worse than this. Repeatable.")
    ] = None,
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="Exit with 6 if worse than the baseline, beyond noise.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only so many, drawn at random.")] = None,
    seed: Seed = 0,
    repeat: Annotated[int, typer.Option(min=1, help="Ask every question so many times.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Questions asked at a time.")] = 1,
    url: Annotated[str | None, typer.Option(help="Ask a running server, ours or OpenAI-compatible.")] = None,
    model: Annotated[str | None, typer.Option(help="With --url: the model to ask for.")] = None,
    judge: Annotated[str | None, typer.Option(metavar="MODEL", help="Have a chat model grade the answers.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print summary.json.")] = False,
) -> None:
    """Ask every question of a file and say how good the answers are."""
    from assistant.evaluation import compare, dataset, session, thresholds
    from assistant.evaluation.session import Options

    asked = dataset.load(questions).sample(limit, seed=seed)
    options = Options(
        seed=seed,
        limit=limit,
        repeat=repeat,
        jobs=jobs,
        thresholds=thresholds.parse(fail_under or ()),
        baseline=compare.read_baseline(baseline) if baseline else None,
    )
    if url and docs:
        raise UsageError("--url asks a server about its own documents; leave out --docs.")
    if fail_on_regression and not options.baseline:
        raise UsageError("--fail-on-regression needs a --baseline to be worse than.")
    folder = out or Path("eval-results") / questions.stem
    if asked.unread:
        typer.echo(f"Not read, because no metric knows them: {', '.join(asked.unread)}", err=True)
    opened = _remote(asked, url, collection, model) if url else _local(asked, folder, docs or [], collection)
    session.check(asked, options, judged=judge is not None, remote=url)
    with opened as (target, grounded), _progress() as progress:
        outcome = session.evaluate(
            grounded,
            target,
            folder,
            options,
            fingerprint=asked.fingerprint,
            judge=_judge(judge) if judge else None,
            progress=progress,
        )
    _print(outcome, as_json=as_json)
    _exit_if_worse(outcome, options, compare.regressions(outcome.changes) if fail_on_regression else [])


def _exit_if_worse(outcome: Outcome, options: Options, worse: Sequence[Change]) -> None:
    """Raises `typer.Exit` where a threshold was missed or anything got worse, after saying which."""
    missed = [threshold for threshold in options.thresholds if not threshold.kept(outcome.summary.metrics)]
    for threshold in missed:
        if threshold.kept(outcome.summary.metrics) is None:
            raise UsageError(f"--fail-under {threshold}: no question was scored for {threshold.metric}.")
    for threshold in missed:
        got = outcome.summary.metrics[threshold.metric].value
        typer.secho(f"Missed: {threshold}, got {got:.4g}", err=True, fg="red")
    for change in worse:
        typer.secho(f"Regression: {change.metric} {change.before:.4g} -> {change.after:.4g}", err=True, fg="red")
    if missed or worse:
        raise typer.Exit(MISSED)


@contextmanager
def _local(asked: Dataset, folder: Path, docs: list[Path], collection: str | None) -> Iterator[tuple[Target, Dataset]]:
    """The assistant in this process, and the questions with their documents looked up in its library."""
    from assistant.evaluation import session
    from assistant.settings import read_settings

    with session.open_local(read_settings(), collection=collection, docs=docs, folder=folder) as (target, library):
        yield target, session.look_up(asked, library)


@contextmanager
def _remote(asked: Dataset, url: str, collection: str | None, model: str | None) -> Iterator[tuple[Target, Dataset]]:
    """The endpoint, and the questions with their documents looked up where it lists its documents."""
    from assistant.evaluation.grounding import ground
    from assistant.evaluation.remote import open_remote
    from assistant.settings import read_settings

    settings = read_settings()
    with open_remote(
        url,
        collection=collection,
        model=model,
        server_key=settings.server_key,
        openai_key=settings.openai_api_key,
        timeout=settings.total_timeout,
    ) as target:
        refs = target.documents()
        yield (
            target,
            asked if refs is None else ground(asked, refs, lambda id: getattr(target.document(id), "text", None)),
        )


def _judge(name: str) -> Judge:
    from assistant.evaluation.judge import Judge
    from assistant.models import chat_model
    from assistant.settings import read_settings

    settings = read_settings()
    return Judge.of(chat_model(name, api_key=settings.openai_api_key, base_url=settings.openai_base_url))


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on standard error, with what is left; nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("Asking", total=None)
        yield lambda done, all: bar.update(task, completed=done, total=all)


def _print(outcome: Outcome, *, as_json: bool) -> None:
    import json

    from assistant.evaluation.report.markdown import changes_table, figures_table

    if as_json:
        typer.echo(json.dumps(outcome.summary.as_dict(), ensure_ascii=False, indent=2))
    else:
        typer.echo(figures_table(outcome.summary))
        if outcome.changes:
            typer.echo("\n" + changes_table(outcome.changes))
    failed = [record for record in outcome.records if record.error]
    if failed:
        count = f"{len(failed)} of {len(outcome.records)} questions failed"
        typer.secho(f"{count}; {failed[0].id!r}: {failed[0].error}", err=True, fg="red")
    typer.echo(f"Report: {outcome.folder / 'report.html'}", err=True)


@app.command(name="compare")
def compare_runs(
    before: Annotated[Path, typer.Argument(help="A run: its folder or summary.json.", show_default=False)],
    after: Annotated[Path, typer.Argument(help="A later run of the same questions.", show_default=False)],
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="Exit with 6 if anything got worse, beyond noise.")
    ] = False,
    seed: Seed = 0,
) -> None:
    """Say what got better, what worse, by how much, and whether that is more than noise."""
    from assistant.evaluation import compare
    from assistant.evaluation.report.markdown import changes_table, flips_table

    old, new = compare.read_baseline(before), compare.read_baseline(after)
    compare.check_comparable(old, new)
    changes = compare.compare_runs(old, new, seed=seed)
    typer.echo(changes_table(changes))
    if old.records and new.records:
        typer.echo("\n" + flips_table(old.records, new.records))
    worse = compare.regressions(changes)
    if worse and fail_on_regression:
        raise typer.Exit(MISSED)


@app.command()
def report(folder: Annotated[Path, typer.Argument(help="A finished run.", show_default=False)]) -> None:
    """Write the reports of a finished run again."""
    from assistant.evaluation import session

    session.write_reports(folder, *session.read_run(folder))
    typer.echo(folder / "report.html")


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="The file of questions to write: .yaml or .jsonl.", show_default=False)],
    docs: Docs = None,
    collection: Collection = None,
    count: Annotated[int, typer.Option(min=1, help="Questions at most.")] = 30,
    seed: Seed = 0,
) -> None:
    """Start a file of questions from the documents' headings and sentences, to be pruned by hand."""
    from tempfile import TemporaryDirectory

    from assistant.evaluation import session, writing
    from assistant.evaluation.candidates import candidates
    from assistant.settings import read_settings

    with (
        TemporaryDirectory() as scratch,
        session.open_local(read_settings(), collection=collection, docs=docs or [], folder=Path(scratch)) as (
            _,
            library,
        ),
    ):
        texts = [library.document(info.ref.id) for info in library.documents()]
        found = candidates(texts, count=count, seed=seed)
    if not found:
        raise UsageError("No heading and no sentence of the documents is worth a question; write the file by hand.")
    writing.write_new(file, found)
    typer.echo(f"{len(found)} candidates in {file}. Prune them by hand, then: assistant eval run {file}", err=True)


@app.command()
def add(
    conversation_id: Annotated[str, typer.Argument(help="A saved conversation.", show_default=False)],
    turn: Annotated[int, typer.Argument(help="Which of its turns, from 1.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="The file of questions to add to.", show_default=False)],
    right: Annotated[
        bool | None,
        typer.Option(
            "--right/--wrong", help="Whether the answer was; by default what its reader said.", show_default=False
        ),
    ] = None,
) -> None:
    """Make a case of a saved conversation's turn."""
    from assistant import build
    from assistant.evaluation import writing
    from assistant.evaluation.saved import from_turn
    from assistant.settings import read_settings

    with closing(build.open_conversations(read_settings())) as log:
        case = from_turn(log.show(conversation_id).as_dict(), turn, right=right)
    writing.append(file, case)
    typer.echo(f"Added {case.id!r} to {file}: see that it expects the right thing.", err=True)
