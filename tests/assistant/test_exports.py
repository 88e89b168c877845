"""A conversation as a file: complete, harmless, and honest about what has changed since."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from assistant.conversations import Conversation, Feedback, SavedTurn, Summary
from assistant.errors import StorageError, UsageError
from assistant.exports import as_html, as_json, as_markdown, export
from assistant.types import Passage, Read
from tests.assistant.answers import QUOTE, SOURCE, answered, citation
from vectorstore.errors import NotFoundError
from vectorstore.types import Document

SUMMARY = Summary("cnv_1", "How long do refunds take?", "default", 2, "2026-01-01T10:00", "2026-01-01T10:05")
TALK = Conversation(
    SUMMARY,
    (
        SavedTurn(1, "complete", answered(), "2026-01-01T10:00", Feedback("up", "clear")),
        SavedTurn(2, "interrupted", answered("Why?", "Beca", citations=(), standalone_question="Why? (refunds)"), "…"),
    ),
)


def reader(document: Document | None = SOURCE) -> Read:
    def read(document_id: str) -> Document:
        if document is None:
            raise NotFoundError(document_id)
        return document

    return read


def test_markdown_has_questions_answers_quotes_places_and_hashes() -> None:
    assert as_markdown(TALK, reader()) == (
        "# How long do refunds take?\n\n"
        "cnv_1 · collection default · 2026-01-01T10:05\n\n"
        "## 1. How long do refunds take?\n\n"
        "Within 14 days [1].\n\n"
        "*Rated up: clear.*\n\n"
        "**[1]** Handbook, handbook.md, characters 18-72\n"
        f"> {QUOTE}\n\n"
        f"`sha256 {'ab' * 32}`\n\n"
        "## 2. Why?\n\n"
        "*Understood as: Why? (refunds)*\n\n"
        "Beca\n\n"
        "*This answer was interrupted.*\n"
    )


def test_json_is_the_records_and_whether_their_quotes_still_stand() -> None:
    written = json.loads(as_json(TALK, reader(None)))
    assert written == {**TALK.as_dict(), "standings": [{"turn": 1, "marker": 1, "standing": "gone"}]}


def test_html_folds_the_passage_in_and_marks_the_quote() -> None:
    page = as_html(TALK, reader())
    assert f'<blockquote dir="auto">Shipping is free. <mark>{QUOTE}</mark> Gift cards' in page
    assert 'Within 14 days <a href="#source-1-1">[1]</a>.' in page
    assert "This answer was interrupted." in page


class Tags(HTMLParser):
    """What a browser would see: tags with their attributes, in order, and whether they are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


EVIL = "<script>alert(1)</script><img src=//evil.example/x onerror=y> ![x](http://evil.example) \"'><b>\x1b[2J\u202e"


def evil_talk() -> Conversation:
    document = Document(replace(SOURCE.ref, title=EVIL, source=EVIL, language='en"><script>'), EVIL)
    bad = replace(citation(document, EVIL, span=(0, 3)), heading=(EVIL,), passage=Passage(0, len(EVIL), EVIL))
    answer = answered(EVIL, EVIL, citations=(bad,), notices=(EVIL,), language='"><script>', model="extractive")
    turn = SavedTurn(1, "complete", replace(answer, standalone_question=EVIL + "!"), "…", Feedback("down", EVIL))
    return Conversation(replace(SUMMARY, title=EVIL, collection=EVIL), (turn,))


def test_html_holds_nothing_but_text_whatever_the_documents_say() -> None:
    tags = Tags()
    page = as_html(evil_talk(), reader())
    tags.feed(page)
    assert tags.open == []
    assert not {tag for tag, _ in tags.seen} & {"script", "img", "b", "iframe", "link", "base", "form"}
    for _, attributes in tags.seen:
        assert not any(name.startswith("on") or name == "src" for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert not set(page) & {"\x1b", "\u202e"}


def test_markdown_holds_no_tag_and_no_image_whatever_the_documents_say() -> None:
    from markdown_it import MarkdownIt

    text = as_markdown(evil_talk(), reader())
    rendered = MarkdownIt("commonmark").render(text)
    assert not re.search(r"<(script|img|a|b)\b", rendered)
    assert not set(text) & {"\x1b", "\u202e"}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (SOURCE, ""),
        (Document(replace(SOURCE.ref, sha256="cd" * 32), "New. " + SOURCE.text), "the quote still stands in it"),
        (Document(replace(SOURCE.ref, sha256="cd" * 32), "No refunds."), "the quote is no longer in it"),
        (None, "no longer in the library"),
    ],
)
def test_what_became_of_a_document_is_said(document: Document | None, told: str) -> None:
    for write in (as_markdown, as_html):
        text = write(TALK, reader(document))
        assert QUOTE in text
        assert (told in text) if told else not re.search("changed since|no longer", text)


def test_a_normalised_quote_of_an_unchanged_document_has_not_changed() -> None:
    loose = replace(citation(), quote=QUOTE.upper(), verification="normalized")
    talk = replace(TALK, turns=(SavedTurn(1, "complete", answered(citations=(loose,)), "…"),))
    assert "changed since" not in as_markdown(talk, reader())


def test_a_file_that_exists_is_left_alone_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "talk.md"
    path.write_text("mine")
    with pytest.raises(UsageError, match=r"talk\.md exists.*--force"):
        export(TALK, path, reader())
    assert path.read_text() == "mine"
    export(TALK, path, reader(), force=True)
    assert path.read_text() == as_markdown(TALK, reader())
    assert list(tmp_path.iterdir()) == [path]


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in \.md, \.html, \.json"):
        export(TALK, tmp_path / "talk.pdf", reader())


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written: No such file"):
        export(TALK, tmp_path / "nowhere" / "talk.md", reader())
