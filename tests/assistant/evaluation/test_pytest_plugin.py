"""The plugin inside somebody else's suite, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.assistant.evaluation.small import DOCUMENTS

SUITE = """
import pytest

@pytest.mark.canned_questions("questions.yaml", docs=["corpus.jsonl"])
def test_every_question_is_answered(canned_record):
    assert canned_record.failure is None

def test_figures_are_good_enough(canned_questions):
    outcome = canned_questions("questions.yaml", docs=["corpus.jsonl"])
    outcome.require("citation.valid=1", "run.errors=0")
    with pytest.raises(AssertionError, match=r"missed answer.contains=0.9 \\(got 0.5\\)"):
        outcome.require("answer.contains=0.9")
"""
QUESTIONS = """
- {id: refunds, question: "How long do refunds take?", lang: en, answers: [14 days], doc_ids: [handbook]}
- {id: wrong, question: "How long do refunds take?", lang: en, answers: [nothing], doc_ids: [garden]}
"""


@pytest.mark.slow
def test_canned_questions_are_tests_of_their_own(tmp_path: Path, home: Path):
    if "assistant-evaluation" not in {entry.name for entry in entry_points(group="pytest11")}:
        pytest.skip("the package was installed before it had the plugin; install it again")
    rows = [{"id": each.id, "title": "", "text": each.text, "lang": each.ref.language} for each in DOCUMENTS]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "questions.yaml").write_text(QUESTIONS, encoding="utf-8")
    (tmp_path / "test_suite.py").write_text(SUITE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_suite.py"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False).stdout
    assert "test_every_question_is_answered[wrong]" in told
    assert "1 failed, 2 passed" in told


def test_the_plugin_costs_other_suites_nothing():
    code = "import sys, assistant.evaluation.pytest_plugin; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout
    assert not {"numpy", "yaml", "pydantic", "assistant.settings", "assistant.evaluation.session"} & set(loaded.split())
