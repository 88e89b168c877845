"""The chat as a user meets it: lines in, paper out."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from threading import Event

import pytest
from rich.console import Console

from assistant.chat import commands, opening
from assistant.chat.prompt import open_prompt
from assistant.chat.run import begin, chat
from assistant.chat.screen import Screen
from assistant.chat.session import Session, find
from assistant.errors import ModelError, NotFoundError
from assistant.types import Delta, Question, Read, Retrieved
from tests.assistant.answers import QUOTE, SOURCE
from tests.assistant.chat.fakes import Lines, Shelf, made, reciting, screen, session
from vectorstore.types import Document, DocumentRef, Retrieval

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def said(chatting: Session, *lines: str | type[BaseException], width: int = 80, terminal: bool = False) -> str:
    """What the screen shows when these lines are typed, without colours."""
    shown, paper = screen(width, terminal=terminal)
    chat(chatting, shown, Lines(lines))
    return ESCAPES.sub("", paper.getvalue())


@pytest.fixture
def chatting(tmp_path: Path) -> Iterator[Session]:
    chat_session = session(tmp_path)
    yield chat_session
    chat_session.conversations.close()


def test_an_answer_is_followed_by_its_sources(chatting: Session) -> None:
    assert " ".join(said(chatting, "How long do refunds take?").split()) == (
        "Within 14 days [1]. [1] Handbook handbook.md:1 Shipping is free. >>Refunds take 14 days, from the day the "
        "parcel is back.<< Gift cards are not refunded."
    )


def test_a_follow_up_says_what_it_was_understood_as(chatting: Session) -> None:
    assert "Understood as: and why? (refunds take)" in said(chatting, "How long do refunds take?", "and why?")


def test_every_turn_is_kept(chatting: Session) -> None:
    said(chatting, "How long do refunds take?", "and why?")
    turns = chatting.here().turns
    assert [(turn.answer.question, turn.state) for turn in turns] == [
        ("How long do refunds take?", "complete"),
        ("and why?", "complete"),
    ]
    assert all(turn.answer.conversation_id == chatting.conversation_id for turn in turns)


def test_questions_may_come_from_a_file(chatting: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "questions.txt"
    path.write_text("How long do refunds take?\n\nand \\\nwhy?\n\n")
    with path.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        shown, paper = screen()
        chat(chatting, shown, open_prompt(tmp_path / "history", lambda _: (), shown.echo, capable=True))
    assert paper.getvalue().startswith("> How long do refunds take?\nWithin 14 days [1].\n")
    assert "> and \nwhy?\n" in paper.getvalue()
    assert [turn.answer.question for turn in chatting.here().turns] == ["How long do refunds take?", "and \nwhy?"]


def test_ctrl_c_at_the_prompt_only_says_how_to_leave(chatting: Session) -> None:
    assert said(chatting, KeyboardInterrupt, "How long?").startswith("Ctrl-D leaves.\nWithin 14 days [1].")


def test_ctrl_c_stops_the_answer_and_not_the_chat(tmp_path: Path) -> None:
    def press_ctrl_c() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)  # the signal's handler runs between two instructions of ours

    chatting = session(tmp_path, answerer=reciting("One ", "two ", "three", between=press_ctrl_c))
    # The second press, while the first still takes effect, breaks off at once.
    shown = said(chatting, "Count!", "/list")
    assert shown.startswith("One \nStopped.")
    assert "1 turn" in shown
    [turn] = chatting.here().turns
    assert (turn.state, turn.answer.text) == ("interrupted", "One ")
    chatting.conversations.close()


def test_one_ctrl_c_keeps_of_the_answer_what_was_shown(tmp_path: Path) -> None:
    def press_ctrl_c() -> None:
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler and not pressed.is_set():
            pressed.set()
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    pressed = Event()
    chatting = session(tmp_path, answerer=reciting("Within 14 days [1]. ", "And ", "more.", between=press_ctrl_c))
    shown = said(chatting, "How long?")
    assert shown.startswith("Within 14 days [1]. \n\n[1] Handbook\n")
    assert "And" not in shown
    assert "marked as interrupted" in shown
    [turn] = chatting.here().turns
    assert (turn.state, turn.answer.text, len(turn.answer.citations)) == ("interrupted", "Within 14 days [1]. ", 1)
    chatting.conversations.close()


def test_a_failing_model_is_told_and_the_question_kept(tmp_path: Path) -> None:
    def failing(question: Question, retrieval: Retrieval, read: Read) -> Iterator[Delta]:
        yield Delta("Within")
        raise ModelError("The service is gone. Try again.")

    chatting = session(tmp_path, answerer=failing)
    assert said(chatting, "How long?", "/help").startswith("Within\nError: The service is gone. Try again.\n/sources")
    [turn] = chatting.here().turns
    assert (turn.state, turn.answer.text, turn.answer.notices) == (
        "interrupted",
        "Within",
        ("The service is gone. Try again.",),
    )
    chatting.conversations.close()


def test_a_question_that_cannot_be_asked_is_told_and_not_kept(chatting: Session) -> None:
    shown = said(chatting, "x" * 1_000_000, "?!")
    assert "1,000,000 characters, the limit is 8,000" in shown
    assert "no word or number" in shown
    assert len(shown) < 1000
    assert chatting.conversation_id is None


def test_control_sequences_are_never_sent_on(tmp_path: Path) -> None:
    evil = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e"
    document = Document(
        DocumentRef("doc_1", f"Hand{evil}book", f"hand{evil}book.md", "text/markdown", "en", "ab" * 32),
        f"Refunds{evil} take 14 days.",
    )

    def answer(question: Question, retrieval: Retrieval, read: Read) -> Iterator[Delta]:
        yield Delta(f"Within{evil} 14 days")
        yield made(question, f"Within{evil} 14 days")  # type: ignore[misc]

    for terminal in (False, True):
        folder = tmp_path / str(terminal)
        chatting = session(folder, answerer=answer, shelf=Shelf(document))
        shown, paper = screen(terminal=terminal)
        shown.echo(f"Why {evil}?")
        lines = [f"Why {evil}?", "/explain", "/list", f"/bad {evil}", f"/resume {evil}", f"/{evil}", f"/only {evil}"]
        chat(chatting, shown, Lines([*lines, "/resume 1", f"/model {evil}", f"/export {evil}"]))
        rest = ESCAPES.sub("", paper.getvalue())
        assert not set(rest) & {"\x1b", "\x07", "\x9b", "\u202e"}
        assert "\x1b]" not in paper.getvalue()
        assert "\x1b[2J" not in paper.getvalue()
        chatting.conversations.close()


def test_markdown_is_drawn_while_it_arrives_and_once_in_the_end(tmp_path: Path) -> None:
    pieces = ["**Bo", "ld** and\n\nnext ", "paragraph\n\n- one\n", "- two\n"]
    chatting = session(tmp_path, answerer=reciting(*pieces))
    shown = said(chatting, "How long?", terminal=True)
    final = shown.rsplit("next paragraph", 1)
    assert "**" not in shown.replace("**Bo", "")
    assert " • one" in final[1]
    assert " • two" in final[1]
    chatting.conversations.close()


def test_quotes_are_shown_as_they_are_and_not_as_markdown(tmp_path: Path) -> None:
    chatting = session(tmp_path, answerer=reciting("“use snake_case_names * 2”"))
    chatting.model = "extractive"
    assert "“use snake_case_names * 2”" in said(chatting, "How?", terminal=True)
    chatting.conversations.close()


def test_a_terminal_that_cannot_redraw_gets_whole_words(tmp_path: Path) -> None:
    chatting = session(
        tmp_path, answerer=reciting("Refu", "nds take four", "teen days, 東京天文台", " and\nthen some more")
    )
    console = Console(file=StringIO(), width=20, height=24, force_terminal=True, _environ={"TERM": "dumb"})
    shown = Screen(console, console)
    assert not shown.live
    chat(chatting, shown, Lines(["How long?"]))
    paper = console.file.getvalue()  # type: ignore[attr-defined]
    assert [line.rstrip() for line in ESCAPES.sub("", paper).splitlines()[:5]] == [
        "Refunds take",
        "fourteen days,",
        "東京天文台 and",
        "then some more",
        "",
    ]
    chatting.conversations.close()


@pytest.mark.parametrize("width", [40, 20])
def test_nothing_is_wider_than_a_narrow_terminal(tmp_path: Path, width: int) -> None:
    from rich.cells import cell_len

    document = Document(
        DocumentRef("doc_1", "東京天文台の歴史", "observatory.md", "text/markdown", "ja", "ab" * 32),
        "Refunds take 14 days. 東京天文台は千九百年に建てられました。 הספר נכתב בעברית. كتب الكتاب بالعربية.",
    )
    chatting = session(tmp_path, answerer=reciting("東京天文台は千九百年に建てられました " * 3), shelf=Shelf(document))
    shown = said(chatting, "いつ？", "/sources", "/explain", "/help", "/list", "/open 1", width=width, terminal=True)
    # The answer itself is written on as it comes, and wrapped by the terminal; everything else is wrapped by us.
    ours = [line for line in shown.replace("\r", "\n").split("\n") if "建てられました 東京" not in line]
    assert max(cell_len(line) for line in ours) <= width
    chatting.conversations.close()


def test_open_shows_the_quote_in_the_document(chatting: Session) -> None:
    shown = said(chatting, "How long?", "/open 1")
    assert "handbook.md, characters 18-72" in shown
    assert shown.split("characters 18-72")[1].split() == SOURCE.text.replace(QUOTE, f">>{QUOTE}<<").split()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/open 7", "There is no source [7] in this conversation."),
        ("/open", "Say which source: /open 1"),
        ("/open one", "Say which source: /open 1"),
        ("/ex", "'/ex' could be /explain, /export."),
        ("/nonsense", "'/nonsense' is no command. /help lists them."),
        ("/", "'/' could be"),
        ("/export", "Say into which file"),
        ("/export 'a.md", "A quotation mark is not closed"),
        ("/export a.pdf", "must end in .md, .html, .json"),
        ("/only colour=red", "is not understood"),
        ("/resume", "Say which: /resume NUMBER"),
        ("/resume 9", "No conversation is number, id or about '9'"),
        ("/resume cnv_00", "There is no conversation 'cnv_00'"),
    ],
)
def test_a_command_that_cannot_be_done_says_why_and_the_chat_goes_on(chatting: Session, line: str, told: str) -> None:
    shown = said(chatting, "How long?", line, "/help", width=200)
    assert f"Error: {told}" in shown or told in shown
    assert "/quit" in shown


@pytest.mark.parametrize("line", ["/sources", "/explain", "/export x.md", "/good", "/open 1"])
def test_commands_about_an_answer_say_that_there_is_none(chatting: Session, line: str) -> None:
    shown = said(chatting, line, width=200)
    assert "Ask something first." in shown or "no source [1]" in shown


def test_what_was_good_or_bad_is_kept(chatting: Session) -> None:
    said(chatting, "How long?", "/good", "Why?", "/bad the wrong country")
    feedback = [turn.feedback for turn in chatting.here().turns]
    assert [(given.verdict, given.words) for given in feedback if given] == [("up", ""), ("down", "the wrong country")]


def test_explain_shows_the_real_path(chatting: Session) -> None:
    shown = said(chatting, "How long do refunds take?", "and why?", "/explain")
    assert "Understood as: and why? (refunds take)" in shown
    assert "grams #1 (12.500)" in shown
    assert "Nothing was cut." in shown


def test_another_model_answers_from_then_on_and_the_conversation_stays(chatting: Session) -> None:
    shown = said(chatting, "How long?", "/model fake:other", "Why?")
    assert "Answers come from: fake:other\n" in shown
    assert "I am fake:other." in shown
    assert len(chatting.here().turns) == 2


def test_only_narrows_the_search_until_it_is_lifted(chatting: Session) -> None:
    shown = said(chatting, "/only language=fr", "How long?", "/explain", "/only", "/only all", "How long?", "/explain")
    assert shown.count("grams #1") == 1
    assert "Searching only: language=fr." in shown
    assert "Searching everything." in shown


def test_new_list_and_resume(chatting: Session) -> None:
    shown = said(chatting, "How long do refunds take?", "/new", "Is shipping free?", "/list", "/resume 2", "and why?")
    assert "  1* Is shipping free?" in shown
    assert "  2  How long do refunds take?" in shown
    assert [turn.answer.question for turn in chatting.here().turns] == ["How long do refunds take?", "and why?"]
    assert "Understood as: and why? (refunds take)" in shown


def test_a_conversation_is_found_by_number_id_or_words(chatting: Session) -> None:
    said(chatting, "How long do refunds take?", "/new", "Is shipping free?")
    first, second = (summary.id for summary in chatting.conversations.list())
    assert find(chatting.conversations, "2") == second
    assert find(chatting.conversations, second[:20]) == second
    assert find(chatting.conversations, "SHIPPING") == first
    with pytest.raises(NotFoundError):
        find(chatting.conversations, "dentist")


def test_continue_takes_up_the_last_conversation_and_shows_where_it_was(chatting: Session, tmp_path: Path) -> None:
    said(chatting, "How long do refunds take?", "Is shipping free?")
    later = session(tmp_path)
    shown, paper = screen()
    begin(later, shown, conversation_id=None, carry_on=True)
    assert "… 1 earlier turns" in paper.getvalue()
    assert "> Is shipping free?" in paper.getvalue()
    assert "handbook.md:1" in paper.getvalue()
    assert "Understood as: why? (shipping free)" in said(later, "why?")
    later.conversations.close()


def test_continue_without_a_conversation_begins_one(chatting: Session) -> None:
    shown, paper = screen()
    begin(chatting, shown, conversation_id=None, carry_on=True)
    assert paper.getvalue() == "No conversation to continue: this is the first.\n"


def test_a_conversation_about_another_collection_says_how_to_open_it(chatting: Session, tmp_path: Path) -> None:
    said(chatting, "How long?")
    id = chatting.here().id
    other = session(tmp_path, collection="laws")
    assert f"assistant chat -c default --conversation {id}" in said(other, f"/resume {id}", width=300)
    other.conversations.close()


def test_export_writes_what_was_said_and_no_file_twice(chatting: Session, tmp_path: Path) -> None:
    path = tmp_path / "our talk.json"
    shown = said(chatting, "How long?", f"/export '{path}'", "Why?", f"/export '{path}'", width=300)
    assert f"Written: {path}" in shown
    assert f"Error: {path} exists." in shown
    assert len(json.loads(path.read_text())["turns"]) == 1
    said(chatting, f"/export --force '{path}'")
    assert len(json.loads(path.read_text())["turns"]) == 2


def test_old_sources_stay_citable_after_their_document_changed_or_went(tmp_path: Path) -> None:
    shelf = Shelf()
    chatting = session(tmp_path, shelf=shelf)
    said(chatting, "How long?")
    other = DocumentRef(**{**{name: getattr(SOURCE.ref, name) for name in DocumentRef.__slots__}, "sha256": "cd" * 32})
    shelf.documents[SOURCE.id] = Document(other, "New: " + SOURCE.text)
    shown = said(chatting, "/sources", "/open 1", width=200)
    assert shown.count("The document has changed since; the quote still stands in it.") == 2
    assert "New: Shipping" in shown
    shelf.documents[SOURCE.id] = Document(other, "Refunds are no longer given.")
    shown = said(chatting, "/sources", "/open 1", width=200)
    assert "the quote is no longer in it." in shown
    assert "the passage as it was when the answer was given" in shown
    assert shown.count("Refunds take 14 days") == 2
    shelf.documents.clear()
    shown = said(chatting, "/sources", "/open 1", width=200)
    assert "The document is no longer in the library." in shown
    assert shown.count("Refunds take 14 days") == 2


def test_the_page_in_the_browser_has_the_quote_marked_and_reaches_nothing(
    chatting: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(opening.webbrowser, "open", opened.append)
    said(chatting, "How long?", "/open 1 browser")
    path = Path(opened[0].removeprefix("file://").removesuffix("#quote"))
    page = path.read_text()
    path.unlink()
    assert '<mark id="quote">Refunds take 14 days, from the day the parcel is back.</mark>' in page
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|<script|<img|<link", page)


def completions(line: str) -> list[str]:
    french = DocumentRef("doc_2", "Entretien", "a folder/entretien.md", "text/markdown", "fr", "cd" * 32)
    return [text for text, _ in commands.complete(line, [SOURCE.ref, french])]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("/ex", ["/explain", "/export"]),
        ("/only la", ["language="]),
        ("/only language=", ["language=en", "language=fr"]),
        ("/only source=entr", ["source='a folder/entretien.md'"]),
        ("/only document=", ["document=doc_1", "document=doc_2"]),
        ("what does the hand", ["Handbook"]),
        ("what", []),
        ("/sources ", []),
    ],
)
def test_commands_conditions_and_document_names_are_completed(line: str, offered: list[str]) -> None:
    assert completions(line) == offered


def test_what_was_retrieved_is_forgotten_with_the_conversation(chatting: Session) -> None:
    said(chatting, "How long?")
    assert isinstance(chatting.retrieved, Retrieved)
    assert "not kept with the conversation" in said(chatting, "/resume 1", "/explain", width=200)
