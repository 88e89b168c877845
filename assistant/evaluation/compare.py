"""Two runs of the same questions: what got better or worse, by how much, and whether that is more than noise."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import Literal

import numpy as np

from assistant.errors import UsageError
from assistant.evaluation.intervals import RESAMPLES, Estimate, Floats, area, ends, mean
from assistant.evaluation.metrics import METRICS, PER_QUESTION
from assistant.evaluation.records import RECORDS, SETTINGS, SUMMARY, Record, read_records
from assistant.evaluation.summary import Figures, Summary, confidences, figures, latencies, values

Verdict = Literal["better", "worse", "noise", "same", "not judged"]


@dataclass(frozen=True, slots=True)
class Change:
    """``difference`` is after minus before; ``low`` and ``high`` are its 95 % interval.

    Times are never judged: they tell how busy the machine was as much as how fast the assistant is.
    """

    metric: str
    before: float
    after: float
    difference: float
    low: float | None
    high: float | None
    n: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier run: its figures, and its records where they were kept."""

    name: str
    fingerprint: str | None
    figures: Figures
    records: tuple[Record, ...] = ()


def read_baseline(path: Path) -> Baseline:
    """A run's folder, or its ``records.jsonl`` or ``summary.json`` alone. Raises `UsageError` for anything else."""
    folder = path if path.is_dir() else path.parent
    if path.is_file() and path.suffix == ".jsonl":
        return _from_records(path, read_records(path.parent) if path.name == RECORDS else _lines(path))
    if path.is_dir() and not (path / SUMMARY).is_file():
        raise UsageError(f"{path} holds no finished run: {SUMMARY} is missing. Run the evaluation to its end first.")
    file = path / SUMMARY if path.is_dir() else path
    try:
        told = Summary.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be read: {error.strerror}. A baseline is a run's folder or {SUMMARY}."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{file} is not the {SUMMARY} of a run.") from None
    records = read_records(folder) if file.name == SUMMARY and (folder / RECORDS).is_file() else []
    return Baseline(str(path), told.settings.get("fingerprint"), told.metrics, tuple(records))


def _lines(path: Path) -> list[Record]:
    try:
        return [Record.from_json(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except (ValueError, TypeError, OSError) as error:
        raise UsageError(f"{path} is not a run's {RECORDS} ({error}).") from None


def _from_records(path: Path, records: Sequence[Record]) -> Baseline:
    beside = path.parent / SETTINGS
    settings = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
    return Baseline(str(path), settings.get("fingerprint"), figures(records, seed=0), tuple(records))


def check_same_questions(baseline: Baseline, fingerprint: str, questions: Mapping[str, str]) -> None:
    """Raises `UsageError` where the baseline answered other questions. ``questions`` are texts by id."""
    if baseline.fingerprint == fingerprint:
        return
    asked = {record.id: record.question for record in baseline.records}
    other = sorted({*asked, *questions} - {id for id in asked if questions.get(id) == asked[id]}) if asked else []
    if asked and not other and baseline.fingerprint is None:
        return
    example = f" (for one, {other[0]!r})" if other else ""
    raise UsageError(
        f"{baseline.name} is a run of other questions or expectations{example}. "
        "Compare runs of the same file, or make a new baseline from this one."
    )


def compare(before: Sequence[Record], after: Sequence[Record], *, seed: int) -> list[Change]:
    """Paired by question: only those that both runs scored count."""
    found = {name: _paired(name, values(before, name), values(after, name), seed) for name in PER_QUESTION}
    found["abstain.auroc"] = _areas(before, after, seed)
    old, new = _in_both(latencies(before), latencies(after))
    if old.size:
        for name, q in (("latency.p50_ms", 0.5), ("latency.p95_ms", 0.95)):
            found[name] = _change(name, float(np.quantile(old, q)), float(np.quantile(new, q)), None, old.size)
    return [change for name in METRICS if (change := found.get(name))]


def compare_figures(before: Figures, after: Figures) -> list[Change]:
    """Without records: from the two intervals, as if the questions had been drawn twice: sees less than pairing."""
    changes = []
    for name in METRICS:
        old, new = before.get(name), after.get(name)
        if old and new and old.value is not None and new.value is not None:
            half = hypot(*(((each.high or 0) - (each.low or 0)) / 2 for each in (old, new)))
            gap = new.value - old.value
            changes.append(_change(name, old.value, new.value, (gap - half, gap + half), new.n))
    return changes


def check_comparable(before: Baseline, after: Baseline) -> None:
    """Raises `UsageError` where the two runs answered different questions."""
    if after.fingerprint is None or before.fingerprint != after.fingerprint:
        questions = {record.id: record.question for record in after.records}
        check_same_questions(before, after.fingerprint or "", questions)


def compare_runs(before: Baseline, after: Baseline, *, seed: int) -> list[Change]:
    """By question where both runs' records are at hand, by their figures otherwise."""
    if before.records and after.records:
        return compare(before.records, after.records, seed=seed)
    return compare_figures(before.figures, after.figures)


def regressions(changes: Sequence[Change]) -> list[Change]:
    return [change for change in changes if change.verdict == "worse"]


def flipped(before: Sequence[Record], after: Sequence[Record], metric: str) -> list[tuple[str, float, float]]:
    """The questions whose score changed, the greatest losses first: id, before, after."""
    old, new = values(before, metric), values(after, metric)
    gain = 1 if METRICS[metric].more_is_better else -1
    moved = [(id, old[id], new[id]) for id in old if id in new and old[id] != new[id]]
    return sorted(moved, key=lambda item: (gain * (item[2] - item[1]), item[0]))


def _in_both(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[Floats, Floats]:
    shared = [id for id in before if id in after]
    return np.array([before[id] for id in shared]), np.array([after[id] for id in shared])


def _paired(name: str, before: Mapping[str, float], after: Mapping[str, float], seed: int) -> Change | None:
    old, new = _in_both(before, after)
    if not old.size:
        return None
    # Sorted, so that the interval does not depend on the order of the records.
    gap = mean(np.sort(new - old).tolist(), seed=seed)
    return _change(name, float(old.mean()), float(new.mean()), _interval(gap), old.size)


def _areas(before: Sequence[Record], after: Sequence[Record], seed: int) -> Change | None:
    """Of `abstain.auroc`: the same draws of answerable and of unanswerable questions from both runs."""
    told = [_in_both(_confidences(before, kind), _confidences(after, kind)) for kind in (True, False)]
    (old_yes, new_yes), (old_no, new_no) = told
    if not old_yes.size or not old_no.size:
        return None
    generator = np.random.default_rng(seed)
    gaps = []
    for _ in range(RESAMPLES):
        yes, no = generator.integers(old_yes.size, size=old_yes.size), generator.integers(old_no.size, size=old_no.size)
        gaps.append(area(new_yes[yes], new_no[no]) - area(old_yes[yes], old_no[no]))
    before_area, after_area = area(old_yes, old_no), area(new_yes, new_no)
    return _change("abstain.auroc", before_area, after_area, ends(np.array(gaps)), old_yes.size + old_no.size)


def _confidences(records: Sequence[Record], answerable: bool) -> dict[str, float]:
    return confidences([record for record in records if record.answerable == answerable])


def _interval(estimate: Estimate) -> tuple[float, float]:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low, estimate.high


def _change(name: str, before: float, after: float, interval: tuple[float, float] | None, n: int) -> Change:
    low, high = interval or (None, None)
    return Change(name, before, after, after - before, low, high, n, _verdict(name, after - before, low, high))


def _verdict(name: str, gap: float, low: float | None, high: float | None) -> Verdict:
    if low is None or high is None or name.startswith("latency."):
        return "not judged"
    if not gap and not low and not high:
        return "same"
    if low <= 0 <= high:
        return "noise"
    return "better" if (gap > 0) == METRICS[name].more_is_better else "worse"
