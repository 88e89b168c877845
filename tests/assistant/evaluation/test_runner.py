"""Runs over the small library: what is recorded, resumed and repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import UsageError
from assistant.evaluation.records import RECORDS, SUMMARY, Record, read_records
from assistant.evaluation.summary import summarise
from tests.assistant.evaluation.small import CASES, DOCUMENTS, Quoting, Shelf, run


def scored(record: Record) -> dict[str, float]:
    return {name: score for name, score in record.scores.items() if score is not None}


def test_a_right_answer_scores_in_every_layer_it_can(tmp_path: Path):
    record = run(CASES[:1]).to(tmp_path, {})[0]
    assert scored(record) == {
        "retrieval.recall@1": 1,
        "retrieval.recall@5": 1,
        "retrieval.recall@10": 1,
        "retrieval.mrr": 1,
        "retrieval.ndcg@10": 1,
        "answer.contains": 1,
        "answer.f1": pytest.approx(2 * 2 / (4 + 2)),
        "citation.present": 1,
        "citation.valid": 1,
        "citation.document": 1,
        "citation.evidence": 1,
        "abstain.refused_answerable": 0,
        "usage.input_tokens": 10,
        "usage.output_tokens": 5,
        "run.errors": 0,
    }
    assert record.failure is None
    assert record.pair == "en->en"


def test_a_refused_unanswerable_question_is_right_and_has_no_answer_to_score(tmp_path: Path):
    record = run(CASES[3:4]).to(tmp_path, {})[0]
    assert scored(record) == {
        "answer.language": 1,
        "abstain.refused_unanswerable": 1,
        "usage.input_tokens": 10,
        "usage.output_tokens": 5,
        "run.errors": 0,
    }


def test_the_language_of_the_corpus_restricts_the_search(tmp_path: Path):
    record = run(CASES[2:3]).to(tmp_path, {})[0]
    assert {place.document_id for place in record.retrieved or ()} == {"news"}
    assert record.pair == "en->fr"


def test_failures_are_named_by_the_step_that_lost_the_answer(tmp_path: Path):
    records = run().to(tmp_path, {})
    wrong = {record.id: record.failure for record in records if record.failure}
    assert wrong == {"slugs": "answered though unanswerable"}


def test_a_crash_is_that_questions_result_and_not_the_runs_end(tmp_path: Path):
    assistant = Quoting(Shelf(*DOCUMENTS), fails_at="shipping")
    records = run(assistant=assistant).to(tmp_path, {})
    crashed = next(record for record in records if record.id == "shipping")
    assert len(records) == len(CASES)
    assert crashed.answer is None
    assert crashed.error is not None
    assert crashed.error.startswith("RuntimeError: the model broke down (small.py:")
    assert scored(crashed) == {"run.errors": 1}
    assert summarise(records, {}, seed=0).metrics["run.errors"].value == 0.2


def test_two_runs_with_the_same_seed_give_the_same_records(tmp_path: Path):
    one = run(repeat=2).to(tmp_path / "one", {})
    two = run(repeat=2, jobs=3).to(tmp_path / "two", {})
    assert [record.comparable() for record in one] == [record.comparable() for record in two]
    assert [record.comparable() for record in read_records(tmp_path / "two")] == [record.comparable() for record in two]


class StopError(BaseException):
    """A process that is killed does not run its handlers; this is as near as one process can come."""


def killed_after(count: int, folder: Path) -> None:
    def stop(done: int, all: int) -> None:
        if done == count:
            raise StopError

    with pytest.raises(StopError):
        run().to(folder, {"seed": 1}, stop)


def test_a_run_killed_half_way_and_resumed_gives_the_same_summary(tmp_path: Path):
    whole = run().to(tmp_path / "whole", {"seed": 1})
    killed_after(3, tmp_path / "killed")
    with (tmp_path / "killed" / RECORDS).open("a", encoding="utf-8") as file:
        file.write('{"id": "moon", "question": "half a li')
    assistant = Quoting(Shelf(*DOCUMENTS))
    resumed = run(assistant=assistant).to(tmp_path / "killed", {"seed": 1})
    assert assistant.asked == [case.question for case in CASES[3:]]
    assert summarise(resumed, {}, seed=1) == summarise(whole, {}, seed=1)
    assert [record.id for record in read_records(tmp_path / "killed")] == [case.id for case in CASES]


def test_an_unfinished_run_is_not_mixed_with_other_settings(tmp_path: Path):
    killed_after(2, tmp_path)
    with pytest.raises(UsageError, match="unfinished run with another seed"):
        run().to(tmp_path, {"seed": 2})
    assert len(read_records(tmp_path)) == 2


def test_a_finished_run_is_made_anew(tmp_path: Path):
    run().to(tmp_path, {"seed": 1})
    (tmp_path / SUMMARY).write_text("{}")
    assistant = Quoting(Shelf(*DOCUMENTS))
    run(assistant=assistant).to(tmp_path, {"seed": 2})
    assert len(assistant.asked) == len(CASES)


def test_a_record_reads_back_as_it_was_written(tmp_path: Path):
    for record in run().to(tmp_path, {}):
        assert Record.from_json(record.as_json()).as_json() == record.as_json()
