"""Titles are one short line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.loaders import load, titles


@pytest.mark.parametrize(
    ("declared", "title"),
    [
        ("Annual  report\n2022", "Annual report 2022"),
        ("코로나-19", "코로나-19"),
        ("Microsoft Word - a.doc", ""),
        ("untitled", ""),
        ("report.indd", ""),
        ("0000764478-23-000041", ""),
        (None, ""),
    ],
)
def test_a_program_s_title_is_none(declared: str | None, title: str) -> None:
    assert titles.sensible(declared) == title


@given(st.text())
def test_a_title_is_one_short_line(text: str) -> None:
    title = titles.shorten(text)
    assert len(title) <= titles.LONGEST
    assert title == " ".join(title.split())


def test_the_first_line_of_a_text_is_its_title_only_if_it_stands_apart() -> None:
    assert load(Path("a.txt"), b"The call\n\nThey spoke.")[0].title == "The call"
    assert load(Path("a_call.txt"), b"They spoke for an hour.\n\nThen they stopped.")[0].title == "a call"
    assert load(Path("a_call.fr.txt"), b"Ils ont\nparle.")[0].title == "a call"
