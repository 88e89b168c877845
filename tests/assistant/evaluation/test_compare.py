"""What is a regression, what is noise, and what cannot be compared."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import UsageError
from assistant.evaluation import compare
from assistant.evaluation.compare import Change
from assistant.evaluation.metrics import PER_QUESTION
from assistant.evaluation.records import RECORDS, SETTINGS, SUMMARY, Record
from assistant.evaluation.summary import summarise


def records(scores: Sequence[float], *, metric: str = "answer.contains") -> list[Record]:
    """A record for each score; every third question is unanswerable, with a confidence that tells."""
    return [
        Record(
            id=f"q{number}",
            question=f"Question {number}?",
            lang="en",
            corpus_lang=None,
            category=None,
            answerable=number % 3 > 0,
            retrieved=(),
            answer={"text": "", "confidence": 0.9 if number % 3 else 0.2, "timings_ms": {"total": 10.0}},
            scores={**dict.fromkeys(PER_QUESTION), metric: score},
            expected={},
        )
        for number, score in enumerate(scores)
    ]


def verdict(before: Sequence[Record], after: Sequence[Record], metric: str = "answer.contains") -> Change:
    return next(change for change in compare.compare(before, after, seed=1) if change.metric == metric)


def eight_of_ten(count: int = 800) -> list[float]:
    generator = random.Random(5)
    return [float(generator.random() < 0.8) for _ in range(count)]


def test_a_planted_loss_of_three_points_is_a_regression():
    right = eight_of_ten()
    lost = {number for number, score in enumerate(right) if score}
    wrong = set(random.Random(6).sample(sorted(lost), 24))
    change = verdict(records(right), records([0.0 if number in wrong else score for number, score in enumerate(right)]))
    assert change.difference == pytest.approx(-0.03)
    assert change.verdict == "worse"
    assert change.high is not None
    assert change.high < 0
    assert compare.regressions([change]) == [change]


def test_a_reshuffled_copy_is_no_change_at_all():
    before = records(eight_of_ten())
    after = random.Random(7).sample(before, len(before))
    assert {change.verdict for change in compare.compare(before, after, seed=1)} == {"same", "not judged"}


def test_the_same_scores_dealt_to_other_questions_are_noise():
    right = eight_of_ten()
    change = verdict(records(right), records(random.Random(8).sample(right, len(right))))
    assert change.verdict == "noise"


def test_more_of_what_less_is_better_of_is_worse():
    metric = "abstain.refused_answerable"
    change = verdict(records([0.0] * 50, metric=metric), records([1.0] * 50, metric=metric), metric)
    assert change.verdict == "worse"


def test_only_questions_that_both_runs_scored_are_paired():
    before, after = records([1.0, 1.0, 0.0, 0.0]), records([1.0, 1.0, 1.0, 1.0])
    after[2] = replace(after[2], scores=dict.fromkeys(PER_QUESTION))
    change = verdict(before, after)
    assert (change.n, change.before, change.after) == (3, pytest.approx(2 / 3), 1.0)


def test_confidence_that_tells_no_more_is_a_regression_of_auroc():
    before = records(eight_of_ten(300))
    after = [replace(record, answer={**(record.answer or {}), "confidence": 0.5}) for record in before]
    change = verdict(before, after, "abstain.auroc")
    assert (change.before, change.after, change.verdict) == (1.0, 0.5, "worse")


def test_times_are_told_but_never_judged():
    before = records(eight_of_ten(50))
    slow = [replace(record, answer={**(record.answer or {}), "timings_ms": {"total": 900.0}}) for record in before]
    change = verdict(before, slow, "latency.p50_ms")
    assert (change.difference, change.verdict) == (890.0, "not judged")


def test_summaries_alone_compare_by_their_intervals():
    good, bad = (summarise(records(scores), {}, seed=1).metrics for scores in ([1.0] * 100, [0.0] * 50 + [1.0] * 50))
    contains = next(each for each in compare.compare_figures(good, bad) if each.metric == "answer.contains")
    assert (contains.difference, contains.verdict) == (-0.5, "worse")
    assert {change.verdict for change in compare.compare_figures(good, good)} <= {"noise", "same", "not judged"}


def test_flipped_questions_come_with_losses_first():
    before, after = records([1.0, 0.0, 0.5, 1.0]), records([1.0, 1.0, 0.0, 0.0])
    assert compare.flipped(before, after, "answer.contains") == [
        ("q3", 1.0, 0.0),
        ("q2", 0.5, 0.0),
        ("q1", 0.0, 1.0),
    ]


def write_run(folder: Path, run: Sequence[Record], fingerprint: str) -> Path:
    folder.mkdir()
    (folder / RECORDS).write_text("".join(f"{record.as_json()}\n" for record in run), encoding="utf-8")
    settings = {"fingerprint": fingerprint}
    (folder / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
    (folder / SUMMARY).write_text(json.dumps(summarise(run, settings, seed=0).as_dict()), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["", SUMMARY, RECORDS])
def test_a_baseline_is_a_folder_or_either_of_its_files(tmp_path: Path, name: str):
    run = records(eight_of_ten(20))
    found = compare.read_baseline(write_run(tmp_path / "run", run, "f1") / name)
    assert (found.fingerprint, len(found.records)) == ("f1", 20)


def test_a_summary_kept_without_its_records_is_a_baseline_too(tmp_path: Path):
    folder = write_run(tmp_path / "run", records(eight_of_ten(20)), "f1")
    kept = (folder / SUMMARY).rename(tmp_path / "baseline.json")
    found = compare.read_baseline(kept)
    assert (found.records, found.figures["answer.contains"].n) == ((), 20)


def test_a_baseline_of_other_questions_is_refused(tmp_path: Path):
    baseline = compare.read_baseline(write_run(tmp_path / "run", records([1.0, 0.0]), "f1"))
    with pytest.raises(UsageError, match=r"is a run of other questions or expectations \(for one, 'q1'\)"):
        compare.check_same_questions(baseline, "f2", {"q0": "Question 0?", "q1": "Another?"})
    compare.check_same_questions(baseline, "f1", {})


@pytest.mark.parametrize("text", ["", "[]", '{"metrics": 1}', "not json"])
def test_what_is_no_summary_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"is not the summary\.json of a run"):
        compare.read_baseline(path)


def test_an_unfinished_run_is_no_baseline(tmp_path: Path):
    with pytest.raises(UsageError, match="holds no finished run"):
        compare.read_baseline(tmp_path)
