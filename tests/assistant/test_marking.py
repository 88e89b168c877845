"""What nothing supports is shown as such where it stands: in every terminal, in a pipe, in every export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from assistant.chat.run import chat
from assistant.chat.screen import Screen
from assistant.conversations import Conversation, SavedTurn
from assistant.exports import as_html, as_markdown
from assistant.marking import LEGEND, MARK, footnote, marked, parts
from assistant.types import Answer, CitationFound, Delta, Event, Question, Read, Statement
from tests.assistant.answers import SOURCE, answered, citation
from tests.assistant.chat.fakes import Lines, screen, session
from tests.assistant.test_exports import SUMMARY, reader
from vectorstore.types import Document, Retrieval

TEXT = "Within 14 days [1]. Every year has 400 days. Cards are not refunded [1]."
DOUBTED = answered(
    text=TEXT,
    citations=(citation(span=(15, 18)),),
    statements=(
        Statement(0, 19, (1,), "quoted"),
        Statement(20, 44, (), "unsupported"),
        Statement(45, 72, (1,), "cited"),
    ),
    model="fake:model",
)
SHOWN = "Within 14 days [1]. Every year has 400 days [?]. Cards are not refunded [1]."


def saying(text: str, *doubts: str) -> Answer:
    """An answer in which these stretches are unsupported."""
    held = [Statement(text.index(doubt), text.index(doubt) + len(doubt), (), "unsupported") for doubt in doubts]
    return answered(text=text, citations=(), statements=tuple(held), model="fake:model")


@pytest.mark.parametrize(
    ("text", "doubt", "shown"),
    [
        ("It is so.", "It is so.", "It is so [?]."),
        ("It is so [1].", "It is so [1].", "It is so [1][?]."),
        ("It is so. [1] And so.", "It is so. [1]", "It is so. [1][?] And so."),
        ("So he said: “Never!” Then", "So he said: “Never!”", "So he said: “Never!” [?] Then"),
        ("**It is so.**", "**It is so.**", "**It is so [?].**"),
        ("これは本です。次", "これは本です。", "これは本です [?]。次"),
        ("- one\n- two\n- three", "- two", "- one\n- two [?]\n- three"),
        ("| a | b |\n| c | d |", "| c | d |", "| a | b |\n| c | d [?] |"),
        ("```\nx = 1\n```\nand", "```\nx = 1\n```", "```\nx = 1\n```\n[?]\nand"),
        ("so(https is long)", "so", "so [?] (https is long)"),
    ],
)
def test_the_sign_stands_at_the_end_of_the_statement(text: str, doubt: str, shown: str) -> None:
    assert marked(saying(text, doubt)) == shown


def test_an_answer_without_doubts_is_shown_as_it_is() -> None:
    answer = answered()
    assert marked(answer) == answer.text
    assert footnote(answer) == ""


def test_a_footnote_says_it_where_the_text_cannot_be_marked() -> None:
    assert footnote(DOUBTED) == "Every year has 400 days."


@given(st.text(alphabet="ab .!?\n|`*[]()12:", max_size=80), st.data())
def test_all_parts_together_are_the_text_and_every_doubt_has_its_sign(text: str, data: st.DataObject) -> None:
    borders = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = [(start, end) for start, end in zip(borders[::2], borders[1::2], strict=False)]
    held = tuple(Statement(start, end, (), "unsupported") for start, end in spans)
    answer = answered(text=text, citations=(), statements=held)
    cut = list(parts(answer))
    assert "".join(part.text for part in cut) == text
    assert "".join(part.text for part in cut if not part.supported) == "".join(text[a:b] for a, b in spans)
    assert sum(part.ends for part in cut) == len(spans)
    plain = re.sub(r"\s", "", marked(answer))
    assert plain.count(MARK) >= len(spans)
    assert len(plain) == len(re.sub(r"\s", "", text)) + len(MARK) * len(spans)


def reciting(question: Question, retrieval: Retrieval, read: Read) -> Iterator[Event]:
    for word in TEXT.split(" "):
        yield Delta(word if word == "Within" else f" {word}")
    yield CitationFound(citation())
    yield DOUBTED


ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def flat(paper: str) -> str:
    return " ".join(ESCAPES.sub("", paper).split())


@pytest.mark.parametrize("terminal", [True, False])
def test_the_chat_marks_it_in_a_terminal_and_in_a_pipe(tmp_path: Path, terminal: bool) -> None:
    chatting = session(tmp_path, answerer=reciting)
    shown, paper = screen(terminal=terminal)
    chat(chatting, shown, Lines(["How long do refunds take?"]))
    assert SHOWN in flat(paper.getvalue())
    assert LEGEND in flat(paper.getvalue())
    assert chatting.answer
    assert chatting.answer.text == TEXT  # the record holds no sign
    again, paper = screen(terminal=terminal)
    again.conversation(chatting.here(), chatting.read)
    assert SHOWN in flat(paper.getvalue())
    chatting.conversations.close()


def test_a_terminal_that_cannot_redraw_repeats_it_below(tmp_path: Path) -> None:
    chatting = session(tmp_path, answerer=reciting)
    console = Console(file=StringIO(), width=80, force_terminal=True, _environ={"TERM": "dumb"})
    chat(chatting, Screen(console, console), Lines(["How long do refunds take?"]))
    lines = ESCAPES.sub("", console.file.getvalue()).splitlines()  # type: ignore[attr-defined]
    assert lines[:2] == [TEXT, f"{MARK} Every year has 400 days."]
    chatting.conversations.close()


def test_a_long_answer_is_whole_and_marked_at_the_end_of_it(tmp_path: Path) -> None:
    paragraphs = [f"Paragraph {number}.\n\n" for number in range(60)]

    def long(question: Question, retrieval: Retrieval, read: Read) -> Iterator[Event]:
        yield from map(Delta, paragraphs)
        yield saying("".join(paragraphs).rstrip(), "Paragraph 3.")

    chatting = session(tmp_path, answerer=long)
    shown, paper = screen(terminal=True)
    chat(chatting, shown, Lines(["How long?"]))
    final = flat(paper.getvalue()).rsplit("Paragraph 0.", 1)[1]
    assert "Paragraph 3 [?]. Paragraph 4." in final
    assert final.count("Paragraph") == 59
    chatting.conversations.close()


def talk(answer: Answer) -> Conversation:
    return Conversation(SUMMARY, (SavedTurn(1, "complete", answer, "2026-01-01T10:00"),))


def test_markdown_and_html_exports_mark_it() -> None:
    markdown = as_markdown(talk(DOUBTED), reader())
    assert SHOWN in markdown
    assert LEGEND in re.sub(r"<[^>]+>", "", MarkdownIt("commonmark").render(markdown))
    page = as_html(talk(DOUBTED), reader())
    assert '<span class="unsupported">Every year has 400 days</span><strong class="mark"' in page
    assert SHOWN in re.sub(r"<[^>]+>", "", page)
    assert f"{LEGEND}</p>" in page


def test_a_document_cannot_make_a_link_of_the_sign() -> None:
    answer = saying("It is so(https:/ /evil.example) or so.", "It is so", "or so.")
    rendered = MarkdownIt("commonmark").render(as_markdown(talk(answer), reader(Document(SOURCE.ref, "x"))))
    assert "<a" not in rendered
