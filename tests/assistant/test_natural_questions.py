"""Handbooks and notices, asked in words that are not theirs: a floor that neither refusing nor answering all passes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from vectorstore.library import Library

pytest.importorskip("benchmarks.cases", reason="the notices are in benchmarks/, which is not there")

from benchmarks.answering import measure
from benchmarks.cases import natural_cases, open_collection


@pytest.fixture(scope="module")
def notices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    work: Path = tmp_path_factory.mktemp("natural")
    with open_collection("natural", work) as library:
        yield library


@pytest.mark.slow
def test_natural_questions_are_answered_and_what_the_notices_do_not_hold_is_refused(notices: Library) -> None:
    refused: dict[str, list[bool]] = defaultdict(list)
    for case in natural_cases():
        refused[case.group].append(measure(case, notices).answer.status == "not_in_documents")
    share = {group: sum(those) / len(those) for group, those in refused.items()}
    assert share["natural"] <= 0.4
    assert share["natural across"] <= 0.32
    assert share["natural unanswerable"] >= 0.76
    assert share["natural unanswerable"] - share["natural"] >= 0.38


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("What happens if I lose my badge?", "A lost badge must be reported"),
        ("Where do I gather in case of fire?", "gather at the fountain"),
    ],
)
def test_a_pronoun_is_no_name_that_the_documents_lack(notices: Library, question: str, quoted: str) -> None:
    case = next(case for case in natural_cases() if case.question == question)
    answer = measure(case, notices).answer
    assert any(quoted in " ".join(citation.quote.split()) for citation in answer.citations)
