"""``assistant eval`` from the outside: what is printed, written and exited with."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import cli
from assistant import build
from assistant.conversations import open_conversations
from assistant.settings import Settings
from tests.assistant.answers import answered
from tests.assistant.evaluation.small import DOCUMENTS

pytestmark = pytest.mark.slow  # every command opens a library of its own

Evaluate = Callable[..., int]

QUESTIONS = [
    {"id": "refunds", "question": "How long do refunds take?", "lang": "en",
     "answers": ["14 days"], "doc_ids": ["handbook"]},
    {"id": "sommet", "question": "Où aura lieu le sommet ?", "lang": "fr",
     "answers": ["Hambourg"], "doc_ids": ["news"]},
    {"id": "moon", "question": "Who walked upon Jupiter?", "lang": "en", "answerable": False, "category": "unrelated"},
]  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a corpus and questions; hashing needs no weights."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSISTANT_EMBEDDINGS", "hashing")
    rows = [
        {"id": each.id, "title": each.ref.title, "text": each.text, "lang": each.ref.language} for each in DOCUMENTS
    ]
    write("corpus.jsonl", rows)
    write("questions.jsonl", QUESTIONS)


def write(name: str, rows: list[dict[str, object]]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def evaluate(monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """The exit code of ``assistant eval …``."""

    def call(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["assistant", "eval", *arguments])
        try:
            cli.main()
        except SystemExit as left:
            return int(left.code or 0)
        return 0

    return call


RUN = ("run", "questions.jsonl", "--docs", "corpus.jsonl", "--out", "out")


def test_a_run_writes_everything_and_prints_the_figures(evaluate: Evaluate, capsys: pytest.CaptureFixture[str]):
    assert evaluate(*RUN) == 0
    said = capsys.readouterr()
    assert "| `answer.contains` | **1.000** |" in said.out
    assert said.err.endswith(f"Report: {Path('out') / 'report.html'}\n")
    assert {path.name for path in Path("out").iterdir()} == {
        "library", "records.jsonl", "run.json", "summary.json", "report.md", "report.html", "junit.xml",
    }  # fmt: skip
    summary = json.loads(Path("out/summary.json").read_text(encoding="utf-8"))
    assert {"en->en", "fr->fr", "category:unrelated"} <= set(summary["slices"])
    assert summary["settings"]["documents"] == 3
    first = json.loads(Path("out/records.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert {"id", "question", "lang", "corpus_lang", "category", "answerable", "retrieved", "answer", "scores"} <= set(
        first
    )
    assert set(first["retrieved"][0]) == {"document_id", "start", "end", "score"}


def test_the_users_own_library_is_left_alone(evaluate: Evaluate, home: Path):
    assert evaluate(*RUN) == 0
    assert not home.exists()


def test_a_collection_can_be_asked(evaluate: Evaluate):
    settings = Settings()
    with build.open_library(settings, "mine") as library:
        build.ingest(library, [Path("corpus.jsonl")], settings)
    assert evaluate("run", "questions.jsonl", "-c", "mine", "--out", "out") == 0


def test_thresholds_kept_and_missed(evaluate: Evaluate, capsys: pytest.CaptureFixture[str]):
    assert evaluate(*RUN, "--fail-under", "citation.valid=1", "--fail-under", "run.errors=0") == 0
    assert evaluate(*RUN, "--fail-under", "answer.f1=0.99") == 6
    assert "Missed: answer.f1=0.99, got 0." in capsys.readouterr().err
    assert "missed: answer.f1=0.99" in Path("out/report.html").read_text(encoding="utf-8")


def test_a_regression_against_a_baseline_exits_with_6(evaluate: Evaluate, capsys: pytest.CaptureFixture[str]):
    write("questions.jsonl", [{**QUESTIONS[0], "id": f"q{number}"} for number in range(20)])
    assert evaluate(*RUN[:-1], "before") == 0
    again = (*RUN, "--baseline", "before", "--fail-on-regression")
    assert evaluate(*again) == 0
    records = Path("before/records.jsonl")
    records.write_text(records.read_text().replace('"answer.f1": 0', '"answer.f1": 1'))
    assert evaluate(*again) == 6
    assert "Regression: answer.f1" in capsys.readouterr().err
    assert evaluate("compare", "before", "out") == 0
    assert evaluate("compare", "before", "out", "--fail-on-regression") == 6
    assert "▼ worse" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--fail-under", "answer.f2=0.5"), "no metric 'answer.f2'; did you mean 'answer.f1'?"),
        (("--fail-under", "answer.f1"), "Write METRIC=VALUE"),
        (("--fail-under", "answer.f1=good"), "'good' is no number"),
        (("--fail-under", "judge.correctness=1"), "there is no judge; name one with --judge"),
        (("--fail-under", "citation.evidence=1"), "no question of questions.jsonl has evidence"),
        (("--baseline", "nowhere"), "cannot be read"),
        (("--fail-on-regression",), "needs a --baseline"),
        (("--url", "http://127.0.0.1:9"), "leave out --docs"),
        (("--docs", "nowhere"), "nowhere"),
        (("--limit", "0"), ""),
    ],
)
def test_wrong_usage_exits_with_2_before_anything_is_asked(
    evaluate: Evaluate, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
):
    assert evaluate(*RUN, *arguments) == 2
    assert told in capsys.readouterr().err
    assert not Path("out/records.jsonl").exists()


def test_a_threshold_the_endpoint_cannot_show_is_wrong_usage(evaluate: Evaluate, capsys: pytest.CaptureFixture[str]):
    told = ("run", "questions.jsonl", "--url", "http://127.0.0.1:9/v1", "--fail-under", "retrieval.mrr=1")
    assert evaluate(*told) == 2
    assert "does not show what retrieval.mrr is computed from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"id": "a"}, "questions.jsonl:1: the field 'question' is missing"),
        (
            {"id": "a", "question": "x", "doc_ids": ["nowhere"]},
            "questions.jsonl:1: no document 'nowhere' in the library",
        ),
        (
            {"id": "a", "question": "x", "doc_ids": ["news"], "evidence": ["y z"]},
            "questions.jsonl:1: the evidence 'y z'",
        ),
    ],
)
def test_bad_questions_exit_with_2_and_nothing_is_asked(
    evaluate: Evaluate, capsys: pytest.CaptureFixture[str], row: dict[str, object], told: str
):
    write("questions.jsonl", [row])
    assert evaluate(*RUN) == 2
    assert told in capsys.readouterr().err
    assert not Path("out/records.jsonl").exists()


def test_a_baseline_of_other_questions_exits_with_2(evaluate: Evaluate, capsys: pytest.CaptureFixture[str]):
    assert evaluate(*RUN[:-1], "before") == 0
    write("questions.jsonl", QUESTIONS[:2])
    assert evaluate(*RUN, "--baseline", "before") == 2
    assert "is a run of other questions or expectations (for one, 'moon')" in capsys.readouterr().err


def test_reports_are_written_again(evaluate: Evaluate):
    evaluate(*RUN)
    Path("out/report.html").unlink()
    assert evaluate("report", "out") == 0
    assert Path("out/report.html").exists()
    assert evaluate("report", "nowhere") == 2


def test_json_prints_the_summary_alone(evaluate: Evaluate, capsys: pytest.CaptureFixture[str]):
    evaluate(*RUN, "--json")
    assert json.loads(capsys.readouterr().out) == json.loads(Path("out/summary.json").read_text(encoding="utf-8"))


def test_new_questions_from_documents_run(evaluate: Evaluate):
    assert evaluate("new", "mine.yaml", "--docs", "corpus.jsonl", "--count", "5") == 0
    assert evaluate("run", "mine.yaml", "--docs", "corpus.jsonl", "--out", "out") == 0
    assert evaluate("new", "mine.yaml", "--docs", "corpus.jsonl") == 2


def test_a_saved_turn_becomes_a_case(evaluate: Evaluate, home: Path, capsys: pytest.CaptureFixture[str]):
    home.mkdir()
    log = open_conversations(home / "conversations.db")
    saved = log.create()
    log.append(saved, answered())
    log.close()
    assert evaluate("add", saved, "1", "mine.yaml") == 0
    assert f"- id: {saved}-1" in Path("mine.yaml").read_text(encoding="utf-8")
    assert evaluate("add", saved, "2", "mine.yaml") == 2
    assert "has 1 turns; there is no turn 2" in capsys.readouterr().err
