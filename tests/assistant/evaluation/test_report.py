"""The reports of a run over the small library."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from assistant.evaluation.dataset import Case
from assistant.evaluation.records import Record
from assistant.evaluation.report import view
from assistant.evaluation.report.html import html
from assistant.evaluation.report.junit import junit
from assistant.evaluation.report.markdown import markdown
from assistant.evaluation.summary import Summary, summarise
from assistant.evaluation.thresholds import parse
from tests.assistant.evaluation.small import CASES, DOCUMENTS, Quoting, Shelf, run

HOSTILE = '</script><script>alert(1)</script><img src=//evil.example onerror="x"> & `code` | **bold** \x00'
SHOP = Case("gifts", "How long do tomatoes need?", "en", ("3 weeks",), ("handbook",), ("14 days",))


@pytest.fixture
def records(tmp_path: Path) -> list[Record]:
    assistant = Quoting(Shelf(*DOCUMENTS), fails_at="shipping")
    return run((*CASES, SHOP), assistant).to(tmp_path, {})


@pytest.fixture
def summary(records: list[Record]) -> Summary:
    return summarise(records, {"questions": "small.yaml", "model": "quoting"}, seed=0)


class Page(HTMLParser):
    """What a browser would meet: tags in order, addresses, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action", "srcset"}]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_asks_the_network_for_nothing(records: list[Record], summary: Summary):
    page = html(summary, records)
    assert Page(page).addresses == ["data:,"]
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import|https?://", page)


def test_whatever_stands_in_questions_answers_and_documents_stays_text(records: list[Record], summary: Summary):
    clean = Page(html(summary, records))
    answer = records[-1].answer
    assert answer is not None
    citation = dict(answer["citations"][0])
    citation["document"] = {**citation["document"], "title": HOSTILE, "source": HOSTILE}
    citation["quote"] = HOSTILE
    citation["passage"] = {**citation["passage"], "text": HOSTILE}
    hostile = replace(
        records[-1],
        id=HOSTILE,
        question=HOSTILE,
        lang=HOSTILE,
        category=HOSTILE,
        answer={**answer, "text": HOSTILE, "language": HOSTILE, "citations": [citation]},
        expected={"answers": [HOSTILE], "evidence": [HOSTILE], "doc_ids": [HOSTILE], "languages": [HOSTILE]},
    )
    spoiled = [*records[:-1], hostile]
    page = Page(html(summarise(spoiled, {"questions": HOSTILE, "model": HOSTILE}, seed=0), spoiled))
    assert page.tags.count("script") == clean.tags.count("script") == 1
    assert "img" not in page.tags
    assert "alert(1)" in page.text
    ElementTree.fromstring(junit(spoiled, name=HOSTILE))
    assert "<script>" not in markdown(summarise(spoiled, {"questions": HOSTILE}, seed=0), spoiled)


def test_a_wrong_answer_is_shown_with_its_quote_in_its_passage(records: list[Record]):
    card = next(card for card in view.worst(records) if card.id == "gifts")
    assert (card.reason, card.expected, card.rank) == ("not chosen", ("3 weeks",), 2)
    quote = card.quotes[0]
    assert (quote.before, quote.quote, quote.relevant) == ("", "Tomatoes need sun.", False)
    assert quote.after == " Water the tomatoes every morning. Slugs like lettuce."


def test_the_worst_questions_take_every_reason_in_turn(records: list[Record]):
    assert [card.reason for card in view.worst(records, most=3)] == [
        "error",
        "answered though unanswerable",
        "not chosen",
    ]


def test_the_refusal_curve_runs_from_refusing_nothing_to_refusing_all(records: list[Record]):
    curve = view.refusal_curve(records)
    assert curve[0] == (0.0, 0.0, 0.0)
    assert curve[-1] == (1.0, 1.0, 1.0)
    assert curve == sorted(curve)


def test_calibration_counts_every_question_once(records: list[Record]):
    assert sum(part.n for part in view.calibration(records)) == len(records) - 1  # one crashed


def test_the_language_matrix_has_a_cell_for_every_pair(summary: Summary):
    matrix = view.matrices(summary)[0]
    assert matrix.columns == ("en", "fr")
    assert [(row, [cell.n if cell else None for cell in cells]) for row, cells in matrix.rows] == [("en", [2, 1])]


def test_junit_counts_failures_and_errors_by_category(records: list[Record]):
    root = ElementTree.fromstring(junit(records, name="small"))
    assert {**root.attrib, "time": ""} == {"name": "small", "tests": "6", "failures": "2", "errors": "1", "time": ""}
    assert [suite.get("name") for suite in root] == ["shop", "questions", "unrelated", "nearly related"]
    failure = root.find("testsuite[@name='nearly related']/testcase/failure")
    assert failure is not None
    assert failure.get("type") == "answered though unanswerable"


def test_markdown_names_what_missed_its_threshold(records: list[Record], summary: Summary):
    limits = parse(["answer.contains=0.9", "run.errors=0.5"])
    told = markdown(summary, records, thresholds=limits)
    assert told.startswith(
        "### small.yaml: 6 questions to quoting\n\n**1 of 2 thresholds kept.**\n- missed: `answer.contains=0.9`"
    )
    assert len(told) < 65_536  # the most a comment on a pull request may hold


def test_an_empty_run_still_makes_a_page():
    assert "No question went wrong." in html(summarise([], {"questions": "none"}, seed=0), [])
