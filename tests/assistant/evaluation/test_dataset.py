"""Questions in three formats, and every way a line can be bad."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.errors import UsageError
from assistant.evaluation.dataset import Case, load
from assistant.evaluation.grounding import ground
from assistant.types import Turn
from tests.assistant.evaluation.small import DOCUMENTS, HANDBOOK, Shelf, document

GOOD = {"id": "a", "question": "Where?"}


def write(folder: Path, *lines: object, name: str = "questions.jsonl") -> Path:
    path = folder / name
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as error:
        load(path)
    return str(error.value).replace(str(path.parent), "").replace("\\", "/")


def test_json_lines_with_every_field(tmp_path: Path):
    everything = {
        "id": "a",
        "question": "And when?",
        "lang": "en",
        "answers": ["1912", "in 1912"],
        "doc_ids": ["news"],
        "evidence": ["in 1912"],
        "answerable": True,
        "history": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Scott."}],
        "corpus_lang": "fr",
        "category": "history",
    }
    said = (Turn("Who?", "Scott."),)
    assert load(write(tmp_path, everything)).cases == (
        Case("a", "And when?", "en", ("1912", "in 1912"), ("news",), ("in 1912",), True, said, "fr", "history"),
    )


def test_yaml_scalars_stay_as_written(tmp_path: Path):
    text = "# by hand\n- id: 1\n  question: When?\n  lang: no\n  answers: [2017-05-02, no, 5]\n  category: ~\n"
    assert load(write(tmp_path, text, name="q.yaml")).cases == (Case("1", "When?", "no", ("2017-05-02", "no", "5")),)


def test_csv_with_semicolons_and_several_answers(tmp_path: Path):
    text = 'id;question;answers;answerable\na;"Who;\nand where?";Scott|Amundsen;\nb;Why?;;false'
    cases = load(write(tmp_path, text, name="q.csv")).cases
    assert cases == (Case("a", "Who;\nand where?", answers=("Scott", "Amundsen")), Case("b", "Why?", answerable=False))
    assert [case.line for case in cases] == [2, 4]


def test_the_three_formats_of_one_question_have_one_fingerprint(tmp_path: Path):
    made = [
        write(tmp_path, {**GOOD, "answers": ["x"], "note": "mine"}),
        write(tmp_path, "- question: Where?\n  id: a\n  answers: x", name="q.yaml"),
        write(tmp_path, "id,question,answers\na,Where?,x", name="q.csv"),
    ]
    assert len({load(path).fingerprint for path in made}) == 1
    assert load(write(tmp_path, {**GOOD, "answers": ["y"]})).fingerprint != load(made[1]).fingerprint


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes at column 2"),
        ("[1]", "a question is a mapping of fields, not [1]"),
        ({"question": "Where?"}, "the field 'id' is missing or empty"),
        ({"id": "a", "question": "  "}, "the field 'question' is missing or empty"),
        ({**GOOD, "question": ["x"]}, "'question' must be text, not [\"x\"]"),
        ({**GOOD, "answerable": "maybe"}, "'answerable' must be true or false, not 'maybe'"),
        ({**GOOD, "answers": [True]}, "'answers' must be text, not true"),
        ({**GOOD, "history": "hello"}, "'history' must be a list of {role, content}"),
        ({**GOOD, "history": [{"role": "system", "content": "x"}]}, "every item of 'history' needs a role"),
        ({**GOOD, "answer": "x"}, "unknown field 'answer'; did you mean 'answers'?"),
        ({**GOOD, "colour": "x"}, "unknown field 'colour'; put notes of your own under 'meta'."),
    ],
)
def test_a_bad_line_is_named_by_file_and_line(tmp_path: Path, line: object, problem: str):
    assert refused(write(tmp_path, {"id": "first", "question": "Who?"}, "", line)).startswith(
        f"/questions.jsonl:3: {problem}"
    )


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "q.yaml",
            "- id: a\n  question: [",
            "/q.yaml:2: not YAML: expected the node content, but found '<stream end>'",
        ),
        ("q.yaml", "questions: 1", "/q.yaml:1: expected a list of questions"),
        ("q.yaml", "- id: a\n  question: x\n- just text", "/q.yaml:3: a question is a mapping"),
        ("q.csv", "id,question\na,b,c", "/q.csv:2: 3 cells where the header has 2"),
        ("q.csv", 'id,history\na,"[{"', "/q.csv:2: the cell 'history' is not JSON"),
        ("q.txt", "hello", "/q.txt: questions are read from .csv, .json, .jsonl"),
        ("q.jsonl", "\n\n", "/q.jsonl: no questions in it."),
        ("q.yaml", "# nothing", "/q.yaml: no questions in it."),
        ("q.csv", "id,question", "/q.csv: no questions in it."),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, name: str, text: str, told: str):
    assert refused(write(tmp_path, text, name=name)).startswith(told)


def test_bytes_that_are_not_utf_8_are_named_by_line(tmp_path: Path):
    path = tmp_path / "q.jsonl"
    path.write_bytes(b'{"id": "a", "question": "x"}\n{"id": "\xe9"}')
    assert refused(path).startswith("/q.jsonl:2: not UTF-8 (byte 37)")


def test_every_bad_line_is_named_ten_at_most(tmp_path: Path):
    told = refused(write(tmp_path, *[{"id": f"a{number}"} for number in range(13)]))
    assert told.count("is missing or empty") == 10
    assert told.endswith("… and 3 more")


def test_ids_are_unique(tmp_path: Path):
    assert refused(write(tmp_path, GOOD, GOOD)) == "/questions.jsonl:2: the id 'a' is taken by line 1"


def test_a_column_of_ones_own_is_carried_but_a_misspelt_one_never(tmp_path: Path):
    rows = [{"id": f"a{number}", "question": "x", "difficulty": 1} for number in range(12)]
    assert load(write(tmp_path, *rows)).unread == ("difficulty",)
    misspelt = [{"id": f"a{number}", "question": "x", "doc_id": "d"} for number in range(12)]
    assert "did you mean 'doc_ids'?" in refused(write(tmp_path, *misspelt))


def test_a_sample_is_drawn_by_seed_and_keeps_the_order(tmp_path: Path):
    whole = load(write(tmp_path, *[{"id": f"a{number:02}", "question": "x"} for number in range(50)]))
    drawn = [case.id for case in whole.sample(10, seed=3).cases]
    assert drawn == sorted(drawn) == [case.id for case in whole.sample(10, seed=3).cases]
    assert drawn != [case.id for case in whole.sample(10, seed=4).cases]
    assert whole.sample(99, seed=3) == whole


SHELF = Shelf(*DOCUMENTS, document("other", "Shipping costs 5.", source="/docs/2017/handbook.txt"))


def grounded(path: Path) -> tuple[Case, ...]:
    return ground(load(path), SHELF.documents(), SHELF.text).cases


def test_documents_are_named_by_id_or_by_the_end_of_their_path(tmp_path: Path):
    asked = [
        {**GOOD, "id": str(i), "doc_ids": [name]} for i, name in enumerate(["garden", "news.txt", "2017/handbook.txt"])
    ]
    assert [case.doc_ids for case in grounded(write(tmp_path, *asked))] == [("garden",), ("news",), ("other",)]


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"doc_ids": ["nowhere"]}, "no document 'nowhere' in the library"),
        ({"doc_ids": ["handbook.txt"]}, "'handbook.txt' is the name of 2 documents"),
        ({"doc_ids": ["handbook"], "evidence": ["14 weeks"]}, "the evidence '14 weeks' is not in handbook"),
        ({"corpus_lang": "sv"}, "no document of the library is in 'sv' (corpus_lang)"),
    ],
)
def test_what_is_not_in_the_library_is_named_by_file_and_line(tmp_path: Path, wanted: dict[str, object], problem: str):
    path = write(tmp_path, GOOD, {**GOOD, "id": "b", **wanted})
    with pytest.raises(UsageError) as error:
        grounded(path)
    assert str(error.value).startswith(f"{path}:2: {problem}")


def test_evidence_may_differ_from_its_document_in_spaces_and_quotation_marks(tmp_path: Path):
    evidence = HANDBOOK.text[:20].replace(" ", "\n")
    assert grounded(write(tmp_path, {**GOOD, "doc_ids": ["handbook"], "evidence": [evidence]}))
