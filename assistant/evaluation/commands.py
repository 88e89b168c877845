"""``assistant eval``: parse, call, print."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.evaluation.runner import Progress
    from assistant.evaluation.session import Outcome

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
        bool, typer.Option(help="Exit with 6 if worse than the baseline, beyond noise.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only so many, drawn at random.")] = None,
    seed: Seed = 0,
    repeat: Annotated[int, typer.Option(min=1, help="Ask every question so many times.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Questions asked at a time.")] = 1,
    url: Annotated[str | None, typer.Option(help="Ask a running server, ours or OpenAI-compatible.")] = None,
    judge: Annotated[str | None, typer.Option(metavar="MODEL", help="Have a chat model grade the answers.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print summary.json.")] = False,
) -> None:
    """Ask every question of a file and say how good the answers are."""
    from assistant.evaluation import compare, dataset, thresholds
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
    if fail_on_regression and not options.baseline:
        raise UsageError("--fail-on-regression needs a --baseline to be worse than.")
    folder = out or Path("eval-results") / questions.stem
    if asked.unread:
        typer.echo(f"Not read, because no metric knows them: {', '.join(asked.unread)}", err=True)
    outcome = _evaluate(asked, options, folder, docs or [], collection, url, judge)
    _print(outcome, as_json=as_json)
    worse = compare.regressions(outcome.changes) if fail_on_regression else []
    missed = [threshold for threshold in options.thresholds if not threshold.kept(outcome.summary.metrics)]
    for threshold in missed:
        if threshold.kept(outcome.summary.metrics) is None:
            raise UsageError(f"--fail-under {threshold}: no question was scored for {threshold.metric}.")
    if missed or worse:
        for threshold in missed:
            got = outcome.summary.metrics[threshold.metric].value
            typer.secho(f"Missed: {threshold}, got {got:.4g}", err=True, fg="red")
        for change in worse:
            typer.secho(f"Regression: {change.metric} {change.before:.4g} -> {change.after:.4g}", err=True, fg="red")
        raise typer.Exit(MISSED)


def _evaluate(asked, options, folder, docs, collection, url, judge) -> Outcome:  # type: ignore[no-untyped-def]
    from assistant.evaluation import session
    from assistant.evaluation.grounding import ground
    from assistant.settings import Settings

    settings = Settings()
    session.check(asked, options, judged=judge is not None)
    with session.open_local(settings, collection=collection, docs=docs, folder=folder) as (target, library):
        refs = [info.ref for info in library.documents()]
        grounded = ground(asked, refs, lambda id: library.document(id).text)
        with _progress() as progress:
            return session.evaluate(grounded, target, folder, options, fingerprint=asked.fingerprint, progress=progress)


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
    fail_on_regression: Annotated[bool, typer.Option(help="Exit with 6 if anything got worse, beyond noise.")] = False,
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
