"""Questions that come out of documents and out of conversations, and the files they go to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.errors import UsageError
from assistant.evaluation.candidates import candidates
from assistant.evaluation.dataset import Case, load
from assistant.evaluation.grounding import ground
from assistant.evaluation.saved import from_turn
from assistant.evaluation.writing import append, write_new
from assistant.types import Turn
from tests.assistant.answers import answered
from tests.assistant.evaluation.small import CASES, Shelf
from vectorstore.types import Document, DocumentRef, Heading

GUIDE = """\
# Refunds

Refunds take 14 days from the day the parcel is back.

# What is free?

Shipping is free on Mondays and in the town of Lübeck.
"""
NOTE = "Die Garantie des Herstellers gilt drei Jahre ab Kauf, in Bayern jedoch 5 Jahre."


def shelf() -> Shelf:
    headings = (Heading(0, 1, "Refunds"), Heading(GUIDE.index("# What"), 1, "What is free?"))
    return Shelf(
        Document(DocumentRef("guide", "Guide", "guide.md", "text/markdown", "en", ""), GUIDE, headings=headings),
        Document(DocumentRef("note", "Note", "note.txt", "text/plain", "de", ""), NOTE),
    )


def drawn(count: int = 20, seed: int = 1) -> list[Case]:
    return candidates(shelf().by_id.values(), count=count, seed=seed)


def test_headings_and_sentences_become_questions_in_the_documents_language():
    assert {case.question: case.answers for case in drawn()} == {
        "What do the documents say about “Refunds”?": (),
        "What is free?": (),
        "Which words are missing: “Refunds take ____ days from the day the parcel is back.”?": ("14",),
        "Which words are missing: “Shipping is free on ____ and in the town of Lübeck.”?": ("Mondays",),
        "Welche Wörter fehlen: „Die Garantie des Herstellers gilt drei Jahre ab Kauf, in Bayern jedoch ____ Jahre.“?": (
            "5",
        ),
    }


def test_candidates_are_drawn_over_the_documents_in_turn_and_by_seed():
    assert {case.doc_ids for case in drawn(2)} == {("guide",), ("note",)}
    assert drawn(3, seed=5) == drawn(3, seed=5)
    assert len(drawn(3)) == 3


@pytest.mark.parametrize("name", ["q.yaml", "q.jsonl"])
def test_candidates_are_a_file_that_runs(tmp_path: Path, name: str):
    path = tmp_path / "new" / name
    write_new(path, drawn())
    read = load(path)
    assert read.cases == tuple(drawn())
    library = shelf()
    ground(read, library.documents(), library.text)


def test_a_file_somebody_may_have_pruned_is_never_overwritten(tmp_path: Path):
    path = tmp_path / "q.yaml"
    path.write_text("- id: mine\n  question: x\n")
    with pytest.raises(UsageError, match="is there already"):
        write_new(path, drawn())
    assert load(path).cases[0].id == "mine"


def conversation(**changes: Any) -> dict[str, Any]:
    first = {"question": "Who pays?", "answer": answered("Who pays?", "Nobody.", citations=()).as_dict()}
    second = {"question": "How long do refunds take?", "answer": answered(**changes).as_dict(), "feedback": None}
    return {"id": "cnv_1", "title": "Refunds", "turns": [first, second]}


def test_a_right_turn_expects_its_documents_and_quotes_again():
    assert from_turn(conversation(), 2) == Case(
        "cnv_1-2",
        "How long do refunds take?",
        "en",
        doc_ids=("doc_1",),
        evidence=("Refunds take 14 days, from the day the parcel is back.",),
        history=(Turn("Who pays?", "Nobody."),),
        category="was right",
    )


def test_a_right_refusal_expects_a_refusal():
    assert not from_turn(conversation(status="not_in_documents", citations=()), 2).answerable


def test_what_the_reader_thought_wrong_expects_nothing_yet():
    told = conversation()
    told["turns"][1]["feedback"] = {"verdict": "down", "words": "no"}
    case = from_turn(told, 2)
    assert (case.evidence, case.doc_ids, case.category) == ((), (), "was wrong")
    assert from_turn(told, 2, right=True).evidence


@pytest.mark.parametrize("number", [0, 3])
def test_a_turn_that_is_not_there_is_named(number: int):
    with pytest.raises(UsageError, match=f"has 2 turns; there is no turn {number}"):
        from_turn(conversation(), number)


@pytest.mark.parametrize(
    ("name", "before"), [("q.yaml", "# mine\n- id: a\n  question: x"), ("q.jsonl", '{"id": "a", "question": "x"}')]
)
def test_a_case_is_added_behind_what_is_there(tmp_path: Path, name: str, before: str):
    path = tmp_path / name
    path.write_text(before, encoding="utf-8")
    case = from_turn(conversation(), 2)
    append(path, case)
    assert load(path).cases == (Case("a", "x"), case)
    assert path.read_text(encoding="utf-8").startswith(before)
    with pytest.raises(UsageError, match="has the case 'cnv_1-2' already"):
        append(path, case)


def test_a_case_starts_a_file_and_no_table(tmp_path: Path):
    append(tmp_path / "new.yaml", CASES[0])
    assert load(tmp_path / "new.yaml").cases == CASES[:1]
    with pytest.raises(UsageError, match="are written to"):
        append(tmp_path / "new.csv", CASES[0])
