"""The canned questions over examples/, with thresholds: the release must not get worse than this."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from assistant.evaluation.dataset import load
from assistant.evaluation.session import evaluate_file
from assistant.settings import Settings

ROOT = Path(__file__).parents[3]
QUESTIONS = Path(str(files("assistant.evaluation"))) / "questions" / "examples.yaml"


def test_every_kind_of_question_is_asked():
    categories = {case.category for case in load(QUESTIONS).cases}
    assert categories == {
        "lookup", "across", "follow-up", "unrelated", "nearly related", "false premise", "nonsense",
    }  # fmt: skip


@pytest.mark.slow
def test_the_examples_are_answered_and_quoted_well_enough(tmp_path: Path):
    outcome = evaluate_file(QUESTIONS, Settings(), tmp_path, docs=[ROOT / "examples"])
    outcome.require(
        "run.errors=0",
        "citation.valid=1",
        "citation.present=1",
        "answer.language=1",
        "retrieval.recall@5=0.9",
        "answer.contains=0.7",
        "citation.evidence=0.7",
    )
