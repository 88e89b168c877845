"""Files of many documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vectorstore.errors import UnreadableFileError
from vectorstore.loaders import load
from vectorstore.types import Extract


def test_each_line_is_a_document_kept_as_it_is() -> None:
    data = (
        '{"id": "a/1", "title": "One", "text": " Two\\r\\nlines\\u2028 \\ud83d\\ude00", "lang": "fr", "source": "https://x.org"}\n'
        "\n"
        '{"id": 2, "text": "Next"}\n'
    )
    assert load(Path("corpus.jsonl"), data.encode()) == [
        Extract(" Two\r\nlines\u2028 😀", "One", "text/plain", id="a/1", language="fr", source="https://x.org"),
        Extract("Next", "", "text/plain", id="2"),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"text": "x"', "a.jsonl, line 2: not JSON (Expecting ',' delimiter at column 13)"),
        ("[1]", 'a.jsonl, line 2: list, not an object like {"id": "1", "text": "…"}'),
        ('{"body": "x"}', "a.jsonl, line 2: no \"text\" (it has 'body')"),
        ('{"text": 5}', 'a.jsonl, line 2: "text" is int, not a string'),
        ('{"text": "y", "id": "1"}', "a.jsonl, line 2: the id '1' is that of line 1 already"),
        ("[" * 100_000, "a.jsonl, line 2: not JSON that can be read"),
    ],
)
def test_a_bad_line_is_named(line: str, said: str) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        load(Path("a.jsonl"), f'{{"id": "1", "text": "x"}}\n{line}\n'.encode())
    assert str(caught.value).startswith(said)


def test_what_no_storage_takes_is_replaced_with_a_warning() -> None:
    (extract,) = load(Path("a.jsonl"), b'{"text": "a\\u0000b\\ud800c"}')
    assert extract.text == "ab\ufffdc"
    assert extract.warnings == ("a.jsonl, line 1: NULs were left out, or halves of surrogate pairs replaced by \ufffd",)


def test_a_json_list_of_records_is_many_documents_and_other_json_is_text() -> None:
    assert [extract.text for extract in load(Path("a.json"), json.dumps([{"text": "x"}, {"text": "y"}]).encode())] == [
        "x",
        "y",
    ]
    assert load(Path("my_settings.json"), b'{"a": 1}') == [Extract('{"a": 1}', "my settings", "application/json")]


def test_tables_are_kept_as_they_are_written() -> None:
    assert load(Path("cups.csv"), "Team;Wins\r\nMaple Leafs;13\r\n".encode("utf-16")) == [
        Extract("Team;Wins\nMaple Leafs;13\n", "cups", "text/csv")
    ]
    assert load(Path("cups.tsv"), b"a\tb\n")[0].media_type == "text/tab-separated-values"
