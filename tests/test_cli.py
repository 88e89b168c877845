"""The command as a person or a script uses it: what it prints where, and its exit codes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import cli

ROOT = Path(__file__).resolve().parents[1]
TEXT = """The ferry

The ferry to Gull Island leaves at seven in the morning. Bicycles travel free of charge on weekdays.

Dogs must be kept on a lead. A ticket costs four euros, and children under six need none.
"""


@dataclass(frozen=True)
class Done:
    """What a finished command left behind."""

    returncode: int
    stdout: str
    stderr: str


class Command:
    """Runs ``assistant`` within this process, with a library of the test's own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.setenv("ASSISTANT_EMBEDDINGS", "hashing")

    def __call__(self, *arguments: str | Path, given: str = "", **variables: str) -> Done:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)
        self._monkeypatch.setattr("sys.argv", ["assistant", *map(str, arguments)])
        self._monkeypatch.setattr("sys.stdin", io.StringIO(given))
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        written = self._capsys.readouterr()
        return Done(int(stopped.value.code or 0), written.out, written.err)


@pytest.fixture
def assistant(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def ferry(tmp_path: Path) -> Path:
    path = tmp_path / "ferry.txt"
    path.write_text(TEXT)
    return path


def test_ask_quotes_the_document_and_says_where(assistant: Command, ferry: Path) -> None:
    done = assistant("ask", "Do bicycles travel free of charge?", "--docs", ferry)
    assert done.returncode == 0, done.stderr
    assert "Bicycles travel free of charge on weekdays." in done.stdout
    assert "[1]" in done.stdout
    assert f"{ferry}:3" in done.stdout
    assert "1 added" in done.stderr
    assert "\x1b[" not in done.stdout + done.stderr


def test_ask_json_is_one_record_whose_quotes_stand_at_their_offsets(assistant: Command, ferry: Path) -> None:
    done = assistant("ask", "Do bicycles travel free of charge?", "--docs", ferry, "--json")
    answer = json.loads(done.stdout)
    assert answer["status"] == "answered"
    assert answer["citations"]
    for citation in answer["citations"]:
        text = assistant("documents", "text", citation["document"]["id"]).stdout
        assert text[citation["start"] : citation["end"]] == citation["quote"]
        assert text[citation["passage"]["start"] : citation["passage"]["end"]] == citation["passage"]["text"]
        for start, end in citation["answer_spans"]:
            assert answer["text"][start:end] == f"[{citation['marker']}]"


def test_what_the_documents_do_not_say_has_an_exit_code_of_its_own(assistant: Command, ferry: Path) -> None:
    done = assistant("ask", "Who painted the ceiling of the Sistine Chapel?", "--docs", ferry, "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["status"], answer["citations"]) == (3, "not_in_documents", [])
    assert answer["closest"]


def test_a_question_is_read_from_a_pipe(assistant: Command, ferry: Path) -> None:
    done = assistant("ask", "-", "--docs", ferry, given="Do bicycles travel free of charge?\n")
    assert done.returncode == 0
    assert "weekdays" in done.stdout


@pytest.mark.parametrize(
    ("question", "says"),
    [("", "empty"), ("   ", "empty"), ("🦜🦜", "no word"), ("x" * 100_000, "100,000 characters")],
)
def test_a_question_that_cannot_be_asked_is_wrong_usage(assistant: Command, question: str, says: str) -> None:
    done = assistant("ask", "-", given=question)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""


def test_no_documents_yet_says_what_to_run(assistant: Command) -> None:
    done = assistant("ask", "anything?")
    assert done.returncode == 1
    assert "assistant ingest PATH" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_path_is_wrong_usage_and_named(assistant: Command, tmp_path: Path) -> None:
    done = assistant("ingest", tmp_path / "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr


def test_ingest_reports_each_file_and_says_by_its_exit_code_that_one_failed(
    assistant: Command, ferry: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"\0" * 100)
    done = assistant("ingest", ferry, broken, "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 4
    assert [(Path(file["path"]).name, file["status"]) for file in report["files"]] == [
        ("ferry.txt", "added"),
        ("broken.pdf", "failed"),
    ]
    assert set(report["files"][0]) == {"path", "status", "document_id", "language", "pages", "chunks", "message"}
    assert report["totals"]["added"] == 1


def test_search_json_has_the_passages_and_what_each_index_gave(assistant: Command, ferry: Path) -> None:
    assistant("ingest", ferry)
    [hit] = json.loads(assistant("search", "bicycles", "--explain", "--json").stdout)
    assert {"document", "start", "end", "text", "score", "explain"} <= set(hit)
    assert "grams" in hit["explain"]


def test_search_can_be_narrowed(assistant: Command, ferry: Path) -> None:
    assistant("ingest", ferry)
    assert json.loads(assistant("search", "bicycles", "--only", "language=fr", "--json").stdout) == []
    assert len(json.loads(assistant("search", "bicycles", "--only", f"source={ferry.parent}", "--json").stdout)) == 1
    done = assistant("search", "bicycles", "--only", "colour=red")
    assert done.returncode == 2
    assert "colour=red" in done.stderr


def test_documents_are_listed_shown_and_removed(assistant: Command, ferry: Path) -> None:
    assistant("ingest", ferry)
    [row] = json.loads(assistant("documents", "list", "--json").stdout)
    assert set(row) == {"id", "title", "source", "media_type", "language", "sha256", "chunks", "added_at"}
    assert assistant("documents", "text", row["id"]).stdout == TEXT
    assert json.loads(assistant("documents", "show", row["id"], "--json").stdout)["characters"] == len(TEXT)
    assert assistant("documents", "remove", row["id"]).returncode == 0
    assert json.loads(assistant("documents", "list", "--json").stdout) == []
    done = assistant("documents", "show", row["id"])
    assert done.returncode == 1
    assert row["id"] in done.stderr


def test_collections_are_apart(assistant: Command, ferry: Path) -> None:
    assistant("ingest", ferry, "-c", "travel")
    assert assistant("ask", "Do bicycles travel free?", "-c", "travel").returncode == 0
    assert assistant("ask", "Do bicycles travel free?").returncode == 1


def test_the_first_run_says_where_the_library_is(assistant: Command, home: Path, ferry: Path) -> None:
    assert str(home) in assistant("ingest", ferry).stderr
    assert str(home) not in assistant("ingest", ferry).stderr


def test_status_tells_what_is_there(assistant: Command, ferry: Path) -> None:
    assistant("ingest", ferry)
    facts = json.loads(assistant("status", "--json").stdout)
    assert (facts["documents"], facts["languages"], facts["embedding"]) == (1, {"en": 1}, "hashing")
    assert facts["keyword_index_current"]
    assert facts["vector_index_current"]


def test_a_setting_that_makes_no_sense_is_named(assistant: Command, ferry: Path) -> None:
    done = assistant("ingest", ferry, ASSISTANT_MAX_FILE_MB="plenty")
    assert done.returncode == 2
    assert "ASSISTANT_MAX_FILE_MB" in done.stderr
    assert "plenty" in done.stderr


def test_control_sequences_in_a_document_never_reach_the_terminal(assistant: Command, tmp_path: Path) -> None:
    path = tmp_path / "evil.txt"
    path.write_text(
        "The secret \x1b[31mred\x1b[0m word is \x1b]0;owned\x07 parrot. It was chosen in May."
        + " The rest is quiet." * 40
    )
    done = assistant("ask", "what is the secret word?", "--docs", path)
    assert "parrot" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.slow
def test_as_a_whole_process_the_answer_goes_to_stdout_and_a_gone_reader_is_no_error(ferry: Path, home: Path) -> None:
    environment = {**os.environ, "ASSISTANT_HOME": str(home), "ASSISTANT_EMBEDDINGS": "hashing"}
    ask = f"{sys.executable} -m cli ask 'Do bicycles travel free of charge?' --docs {ferry}"
    whole = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    assert (whole.returncode, "[1]" in whole.stdout) == (0, True)
    cut = subprocess.run(
        ["bash", "-c", f"{ask} | head -n 1"], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    assert (cut.stdout, "Traceback" in cut.stderr) == (whole.stdout.splitlines(keepends=True)[0], False)


def test_documents_in_a_pipe_are_separated_by_tabs(assistant: Command, ferry: Path) -> None:
    assistant("ingest", ferry)
    (row,) = assistant("documents", "list").stdout.splitlines()
    assert row.split("\t")[1:4] == ["The ferry", "en", "1"]


@pytest.mark.parametrize("words", [("conversations", "list"), ("status",)])
def test_a_setting_that_makes_no_sense_is_wrong_usage(assistant: Command, words: tuple[str, ...]) -> None:
    done = assistant(*words, ASSISTANT_CONTEXT_TOKENS="many")
    assert done.returncode == 2
    assert "ASSISTANT_CONTEXT_TOKENS is 'many'" in done.stderr
