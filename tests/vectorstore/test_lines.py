"""Which line breaks end something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.lines import is_item, is_row, lines, paragraphs


def parts(text: str) -> list[str]:
    return [text[start:end] for start, end in paragraphs(text)]


@pytest.mark.parametrize(
    "line", ["- a", "• a", "3. Third", "(2) the second", "b) next", "## Heading", "> quoted", "☒ Yes"]
)
def test_what_opens_an_item(line: str) -> None:
    assert is_item(line)


@pytest.mark.parametrize("line", ["M. Dupont", "2017. He", "a word", "3.5 million", "-5 degrees", "12. mai"])
def test_what_opens_none(line: str) -> None:
    assert not is_item(line)


@pytest.mark.parametrize("line", ["a | b", "a\tb", "Net income $ 4,756 $ 4,822", "Other — 41", "name      value"])
def test_what_is_a_row(line: str) -> None:
    assert is_row(line)


@pytest.mark.parametrize("line", ["on December 2, 2022", "The year 2022", "He said - well", "A sentence.  Another."])
def test_what_is_none(line: str) -> None:
    assert not is_row(line)


def test_a_list_after_a_colon_is_no_wrapped_text() -> None:
    text = "Indiquez dans ce courrier à votre assureur :\nvos coordonnées,\nla date,\nune liste"
    assert parts(text) == text.split("\n")


def test_chinese_lines_wrap_without_blanks() -> None:
    text = "俄罗斯在伊朗的支持下强烈谴责这次袭击，称其为侵略\n行为。两国元首计划于七月举行会晤。"
    assert parts(text) == [text]


def test_a_full_stop_on_a_line_of_its_own_belongs_to_the_line_above() -> None:
    assert parts("les délais sont doublés\n.\nSuite") == ["les délais sont doublés\n.", "Suite"]


@given(st.text())
def test_lines_are_those_of_python(text: str) -> None:
    assert [text[start:end] for start, end in lines(text)][: len(text.splitlines())] == text.splitlines()


@given(
    st.lists(st.sampled_from(["a word", "Word.", "\n", "\n\n", "- ", " | ", "1,000 2,000", "x" * 40, "\r\n", " "])).map(
        "".join
    )
)
def test_paragraphs_hold_every_sign_that_is_not_blank(text: str) -> None:
    position = 0
    for start, end in paragraphs(text):
        assert not text[position:start].strip()
        assert text[start:end].strip()
        position = end
    assert not text[position:].strip()
