"""PDF: pages, paragraphs, tables, and what cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest

from vectorstore.errors import UnreadableFileError
from vectorstore.loaders import load
from vectorstore.types import Extract, Heading

MakePdf = Callable[..., bytes]


def read(data: bytes) -> Extract:
    (extract,) = load(Path("a_report.pdf"), data)
    return extract


def column(*lines: str, left: float = 60, top: float = 780, step: float = 12) -> list[tuple[float, float, str]]:
    return [(left, top - number * step, line) for number, line in enumerate(lines)]


PROSE = (
    "The two presidents agreed to continue their talks, said a spokesman in",
    "Moscow on Tuesday. A meeting of both is planned for July, at the summit in",
    "Hamburg. It would be the first.",
)


def test_wrapped_lines_become_a_paragraph(make_pdf: MakePdf) -> None:
    assert read(make_pdf(column(*PROSE))).text == " ".join(PROSE)


def test_an_indented_line_and_a_short_one_begin_and_end_paragraphs(make_pdf: MakePdf) -> None:
    second = [(75, 744, PROSE[0]), (60, 732, PROSE[1]), (60, 720, PROSE[2])]
    assert read(make_pdf([*column(*PROSE), *second])).text == " ".join(PROSE) + "\n\n" + " ".join(PROSE)


def test_rows_of_figures_stay_lines_with_their_labels(make_pdf: MakePdf) -> None:
    rows = ("Revenue 17,606 15,785", "Cost of revenue 2,165 1,865", "Gross profit 15,441 13,920")
    assert read(make_pdf(column(*rows))).text == "\n".join(rows)


def test_cells_set_apart_are_parted_by_a_tab(make_pdf: MakePdf) -> None:
    cells = [
        (60, 780, "Title"),
        (200, 780, "Symbol"),
        (60, 768, "Senior notes"),
        (200, 768, "PEP"),
        (300, 768, "Nasdaq"),
    ]
    assert read(make_pdf(cells)).text == "Title\tSymbol\nSenior notes\tPEP\tNasdaq"


def test_two_columns_are_read_one_after_the_other(make_pdf: MakePdf) -> None:
    left = column("The left column speaks of one thing,", "and goes on with it to its own end.")
    right = column("The right column speaks of another,", "and ends as well where it must end.", left=320)
    text = read(make_pdf([*left, *right])).text
    assert "one thing, and goes on with it to its own end." in text
    assert "another, and ends as well where it must end." in text


def test_pages_know_where_they_begin_and_blank_ones_count(make_pdf: MakePdf) -> None:
    extract = read(make_pdf(column("First page."), [], column("Third page.")))
    assert (extract.text, extract.page_starts) == ("First page.\n\nThird page.", (0, 11, 13))


def test_a_sentence_may_run_over_a_page(make_pdf: MakePdf) -> None:
    assert read(make_pdf(column("It goes on"), column("and on."))).text == "It goes on\nand on."


def test_bookmarks_become_headings_where_their_title_stands(make_pdf: MakePdf) -> None:
    pages = [column("Contents", "Results"), column("Intro", "RESULTS", "We won.")]
    extract = read(make_pdf(*pages, outline=[("Contents", 0), ("Results", 1), ("Nowhere", 1)]))
    assert extract.headings == (Heading(0, 1, "Contents"), Heading(extract.text.index("RESULTS"), 1, "Results"))


def test_the_title_is_the_declared_one_if_a_person_wrote_it(make_pdf: MakePdf) -> None:
    assert read(make_pdf(column("Text."), title="Annual report 2022")).title == "Annual report 2022"
    assert read(make_pdf(column("Text."), title="Microsoft Word - x.doc")).title == "a report"


def failure(data: bytes) -> tuple[str, str]:
    with pytest.raises(UnreadableFileError) as caught:
        load(Path("a_report.pdf"), data)
    return caught.value.reason, str(caught.value)


def with_picture(data: bytes) -> bytes:
    """The file with a picture on its first page."""
    document = pypdfium2.PdfDocument(data)
    bitmap = pypdfium2.PdfBitmap.new_native(4, 4, pypdfium2.raw.FPDFBitmap_BGR)
    picture = pypdfium2.PdfImage.new(document)
    picture.set_bitmap(bitmap)
    picture.set_matrix(pypdfium2.PdfMatrix().scale(500, 500))
    page = document[0]
    page.insert_obj(picture)
    page.gen_content()
    buffer = BytesIO()
    document.save(buffer)
    document.close()
    return buffer.getvalue()


def test_a_scan_is_said_to_need_ocr(make_pdf: MakePdf) -> None:
    assert failure(with_picture(make_pdf([]))) == (
        "no_text",
        "a_report.pdf has no text: its only page is an image."
        " It needs OCR: run it through an OCR program and add the result.",
    )


def test_scanned_pages_among_others_are_named(make_pdf: MakePdf) -> None:
    extract = read(with_picture(make_pdf([], column("Text."), column("More."))))
    assert extract.warnings == ("no text on page 1 of 3 (images): OCR is needed to search there",)


@pytest.mark.parametrize(
    "damage", [lambda data: bytes(4096), lambda data: data[:200], lambda data: b"%PDF-1.7\nnothing"]
)
def test_a_damaged_file_is_named(make_pdf: MakePdf, damage: Callable[[bytes], bytes]) -> None:
    assert failure(damage(make_pdf(column("Text.")))) == (
        "damaged",
        "a_report.pdf is damaged, or not a PDF though its name says so. Make or download it again.",
    )
