"""One evaluation from questions to reports: what ``eval run`` and the pytest plugin both do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import UsageError
from assistant.evaluation import compare, thresholds
from assistant.evaluation.dataset import Dataset, load
from assistant.evaluation.grounding import ground
from assistant.evaluation.judge import Judge
from assistant.evaluation.records import SUMMARY, Record, read_records, replace_text
from assistant.evaluation.remote import kind_of
from assistant.evaluation.report.html import html
from assistant.evaluation.report.junit import junit
from assistant.evaluation.report.markdown import markdown
from assistant.evaluation.runner import Progress, Run
from assistant.evaluation.summary import Summary, summarise
from assistant.evaluation.targets import Local, Target
from vectorstore.language import detect

if TYPE_CHECKING:
    from assistant.settings import Settings
    from vectorstore.library import Library
    from vectorstore.report import Progress as IngestProgress


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is made; ``jobs`` questions are asked at a time."""

    seed: int = 0
    limit: int | None = None
    repeat: int = 1
    jobs: int = 1
    thresholds: Sequence[thresholds.Threshold] = ()
    baseline: compare.Baseline | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    folder: Path
    summary: Summary
    records: list[Record]
    changes: list[compare.Change] = field(default_factory=list)

    def require(self, *limits: str) -> None:
        """``METRIC=VALUE`` each, the worst that will do. Raises `AssertionError` that names what was missed and why."""
        missed = [limit for limit in thresholds.parse(limits) if not limit.kept(self.summary.metrics)]
        if missed:
            got = ", ".join(f"{limit} (got {self.summary.metrics[limit.metric].value})" for limit in missed)
            wrong = [f"{record.id}: {record.failure}" for record in self.records if record.failure]
            raise AssertionError(f"missed {got}; see {self.folder / 'report.html'}\n" + "\n".join(wrong[:20]))


def check(dataset: Dataset, options: Options, *, judged: bool, remote: str | None = None) -> None:
    """What can be refused before anything is opened or asked. Raises `UsageError`."""
    hidden = kind_of(remote).hidden if remote else frozenset()
    if judged:  # the judge sees who declined
        hidden -= {"abstain.refused_answerable", "abstain.refused_unanswerable"}
    thresholds.check(options.thresholds, dataset, judged=judged, hidden=hidden)
    if options.baseline:
        questions = {case.id: case.question for case in dataset.cases}
        compare.check_same_questions(options.baseline, dataset.fingerprint, questions)


def evaluate(
    dataset: Dataset,
    target: Target,
    folder: Path,
    options: Options,
    *,
    fingerprint: str,
    judge: Judge | None = None,
    progress: Progress = lambda done, all: None,
) -> Outcome:
    """Ask, score, and write the run to ``folder``: records, summary and the three reports.

    ``fingerprint`` is that of the questions as they stand in their file, before documents were looked up.
    """
    settings = {
        "questions": "/".join(dataset.path.absolute().parts[-2:]),
        "fingerprint": fingerprint,
        "count": len(dataset.cases),
        "limit": options.limit,
        "seed": options.seed,
        "repeat": options.repeat,
        "judge": judge.prompt.version if judge else None,
        "release": release(),
        **target.settings,
    }
    run = Run(dataset, target, detect, judge, options.repeat, options.jobs)
    records = run.to(folder, settings, progress)
    summary = summarise(records, settings, seed=options.seed)
    before = options.baseline
    changes: list[compare.Change] = []
    if before and before.records:
        changes = compare.compare(before.records, records, seed=options.seed)
    elif before:
        changes = compare.compare_figures(before.figures, summary.metrics)
    write_reports(folder, summary, records, changes, options.thresholds)
    replace_text(folder / SUMMARY, json.dumps(summary.as_dict(), ensure_ascii=False, indent=2))
    return Outcome(folder, summary, records, changes)


def evaluate_file(
    path: Path, settings: Settings, folder: Path, *, docs: Sequence[Path] = (), collection: str | None = None
) -> Outcome:
    """A file of questions asked of the assistant in this process. Raises `UsageError`."""
    asked = load(path)
    with open_local(settings, collection=collection, docs=docs, folder=folder) as (target, library):
        return evaluate(look_up(asked, library), target, folder, Options(), fingerprint=asked.fingerprint)


def look_up(dataset: Dataset, library: Library) -> Dataset:
    """The questions with their documents looked up in a library."""
    return ground(dataset, [info.ref for info in library.documents()], lambda id: library.document(id).text)


def write_reports(
    folder: Path,
    summary: Summary,
    records: Sequence[Record],
    changes: Sequence[compare.Change] = (),
    limits: Sequence[thresholds.Threshold] = (),
) -> None:
    name = str(summary.settings.get("questions", "evaluation"))
    replace_text(folder / "report.md", markdown(summary, records, changes=changes, thresholds=limits))
    replace_text(folder / "report.html", html(summary, records, changes=changes, thresholds=limits))
    replace_text(folder / "junit.xml", junit(records, name=name))


def read_run(folder: Path) -> tuple[Summary, list[Record]]:
    """A finished run. Raises `UsageError`."""
    records = read_records(folder)
    try:
        return Summary.from_dict(json.loads((folder / SUMMARY).read_text(encoding="utf-8"))), records
    except FileNotFoundError:
        raise UsageError(f"The run in {folder} is unfinished. Give the same command again to go on with it.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{folder / SUMMARY} is not what an evaluation writes. Run it again.") from None


@contextmanager
def open_local(
    settings: Settings,
    *,
    collection: str | None,
    docs: Sequence[Path],
    folder: Path,
    progress: IngestProgress | None = None,
) -> Iterator[tuple[Local, Library]]:
    """The assistant over a collection, or over ``docs`` alone in a library of their own under ``folder``.

    With both, the documents are brought into the collection.
    """
    from assistant import build

    if docs and collection is None:
        settings = settings.model_copy(update={"home": folder / "library"})
    with build.open_library(settings, collection or "default") as library:
        if docs:
            _bring_in(library, docs, settings, progress)
        if not library.documents():
            raise UsageError(f"Collection {collection or 'default'!r} holds no documents. Name some with --docs PATH.")
        assistant = build.assistant_over(library, settings)
        yield Local(assistant, library, _depends_on(library, settings, collection, docs)), library


def _bring_in(library: Library, docs: Sequence[Path], settings: Settings, progress: IngestProgress | None) -> None:
    from assistant import build

    report = build.ingest(library, docs, settings, prune=False, progress=progress)
    failed = [file for file in report.files if file.status == "failed"]
    if failed:
        told = "\n".join(f"{file.path}: {file.message}" for file in failed[:10])
        raise UsageError(f"{len(failed)} of the documents could not be read:\n{told}")


def _depends_on(
    library: Library, settings: Settings, collection: str | None, docs: Sequence[Path]
) -> Mapping[str, Any]:
    from hashlib import sha256

    info = library.info
    texts = sorted(document.ref.sha256 for document in library.documents())
    return {
        "target": "library",
        "collection": collection or "default",
        "docs": [str(path) for path in docs],
        "documents": len(texts),
        "library": sha256("".join(texts).encode()).hexdigest()[:16],
        "model": settings.model,
        "embeddings": info.embedding if info else settings.embeddings,
    }


def release() -> str:
    try:
        return version("document-assistant")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"
