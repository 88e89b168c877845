"""Chunks on sentence borders."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.chunking import split
from vectorstore.sentences import sentences
from vectorstore.types import Chunk, Document, DocumentRef, Heading

REF = DocumentRef("doc_1", "Title", "a.txt", "text/plain", "en", "0" * 64)
SENTENCE = "Refunds take fourteen days, as the law demands. "  # 48 code points


def texts(chunks: list[Chunk]) -> list[str]:
    return [chunk.text for chunk in chunks]


def test_a_short_document_is_one_chunk() -> None:
    assert texts(split(Document(REF, "  Refunds take 14 days. Shipping is free.\n"))) == [
        "Refunds take 14 days. Shipping is free."
    ]


def test_a_blank_document_has_no_chunk() -> None:
    assert split(Document(REF, " \n\n ")) == []


def test_chunks_begin_and_end_with_sentences() -> None:
    document = Document(REF, SENTENCE * 50)
    borders = sentences(document.text, "en")
    chunks = split(document, size=200)
    assert {chunk.start for chunk in chunks} <= {span.start for span in borders}
    assert {chunk.end for chunk in chunks} <= {span.end for span in borders}
    assert max(len(chunk.text) for chunk in chunks) <= 200


def test_a_paragraph_s_end_near_the_limit_is_preferred() -> None:
    text = SENTENCE * 3 + "\n\n" + SENTENCE * 6
    assert texts(split(Document(REF, text), size=200))[0] == (SENTENCE * 3).strip()


def test_a_heading_opens_a_chunk_and_is_carried_along() -> None:
    first, second = "Returns\n\n" + SENTENCE * 5, "Delivery\n\n" + SENTENCE * 5
    headings = (Heading(0, 1, "Returns"), Heading(len(first), 1, "Delivery"))
    chunks = split(Document(REF, first + second, headings=headings), size=400)
    assert [(chunk.text[:8], chunk.heading) for chunk in chunks] == [
        ("Returns\n", ("Returns",)),
        ("Delivery", ("Delivery",)),
    ]


def test_tiny_sections_join() -> None:
    text = "A\n\nOne.\n\nB\n\nTwo.\n\nC\n\nThree."
    headings = tuple(Heading(text.index(f"{name}\n"), 1, name) for name in "ABC")
    assert texts(split(Document(REF, text, headings=headings))) == [text]


def test_a_heading_never_stands_alone_before_a_long_section() -> None:
    text = "Part\n\nChapter\n\n" + SENTENCE * 30
    headings = (Heading(0, 1, "Part"), Heading(6, 2, "Chapter"))
    chunks = split(Document(REF, text, headings=headings), size=300)
    assert chunks[0].text.startswith("Part\n\nChapter\n\nRefunds")


def test_a_page_s_end_ends_the_chunk_that_is_full_enough() -> None:
    page = SENTENCE * 4
    document = Document(REF, page + page, page_starts=(0, len(page)))
    assert [chunk.page for chunk in split(document, size=300)] == [1, 2]


def test_a_tiny_tail_joins_the_chunk_before() -> None:
    document = Document(REF, SENTENCE * 4 + "The end.")
    assert len(split(document, size=195)) == 1


def test_a_sentence_longer_than_a_chunk_is_cut_at_white_space() -> None:
    chunks = split(Document(REF, "word " * 200), size=100)
    assert all(set(chunk.text.split()) == {"word"} for chunk in chunks)
    assert split(Document(REF, "x" * 250), size=100) != []


def test_overlap_repeats_sentences_as_far_as_they_fit() -> None:
    chunks = split(Document(REF, SENTENCE * 12), size=200, overlap=1)
    assert all(second.start < first.end for first, second in pairwise(chunks))
    assert max(len(chunk.text) for chunk in chunks) <= 240


@pytest.mark.parametrize("wrong", [{"size": 0}, {"overlap": -1}])
def test_impossible_sizes_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="size >= 1 and overlap >= 0"):
        split(Document(REF, "text"), **wrong)


_TEXT = st.lists(
    st.one_of(st.sampled_from([SENTENCE, "\n", "\n\n", " ", "Word. ", "😀", "x" * 70]), st.text(max_size=20))
).map("".join)


@given(_TEXT, st.integers(1, 300), st.integers(0, 3), st.lists(st.integers(0, 500)), st.lists(st.integers(0, 500)))
def test_chunks_are_cut_from_the_text_and_leave_out_nothing(
    text: str, size: int, overlap: int, heads: list[int], pages: list[int]
) -> None:
    headings = tuple(Heading(start, 1 + start % 3, "H") for start in sorted({min(head, len(text)) for head in heads}))
    document = Document(REF, text, tuple(sorted(min(page, len(text)) for page in pages)), headings)
    covered = 0
    for chunk in split(document, size=size, overlap=overlap):
        assert chunk.text == text[chunk.start : chunk.end]
        assert not text[covered : chunk.start].strip()
        assert chunk.end > covered
        assert overlap or chunk.start >= covered
        covered = chunk.end
    assert not text[covered:].strip()
