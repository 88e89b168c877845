"""Word documents, by python-docx and by hand."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import docx
import pytest

from vectorstore.errors import UnreadableFileError
from vectorstore.loaders import load
from vectorstore.types import Extract, Heading

NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def by_hand(body: str, **parts: str) -> bytes:
    """A file of nothing but a body, as some programs write it."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", f"<w:document {NAMESPACE}><w:body>{body}</w:body></w:document>")
        for name, content in parts.items():
            archive.writestr(f"word/{name}.xml", content)
    return buffer.getvalue()


def read(data: bytes) -> Extract:
    (extract,) = load(Path("a_letter.docx"), data)
    return extract


def test_paragraphs_lists_tables_and_headings_in_order() -> None:
    document = docx.Document()
    document.core_properties.title = "A report on calls"
    document.add_heading("Calls", level=1)
    document.add_paragraph("They spoke.")
    document.add_paragraph("in May", style="List Bullet")
    document.add_paragraph("in July", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        (*table.rows[0].cells, *table.rows[1].cells), ("City", "People", "Bonn", "330,000"), strict=True
    ):
        cell.text = text
    table.cell(1, 1).add_table(rows=1, cols=2).rows[0].cells[0].text = "inner"
    document.add_heading("Results", level=2)
    buffer = BytesIO()
    document.save(buffer)
    extract = read(buffer.getvalue())
    assert (
        extract.text
        == "Calls\n\nThey spoke.\n\n- in May\n- in July\n\nCity | People\nBonn | 330,000\ninner |\n\nResults"
    )
    assert extract.headings == (Heading(0, 1, "Calls"), Heading(extract.text.index("Results"), 2, "Results"))
    assert extract.title == "A report on calls"


def test_a_document_of_nothing_but_a_body_is_read() -> None:
    assert read(
        by_hand("<w:p><w:r><w:t>Hello</w:t><w:tab/><w:t>you</w:t><w:br/><w:t>there</w:t></w:r></w:p>")
    ) == Extract(
        "Hello\tyou\nthere", "a letter", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    )


def test_controls_insertions_and_boxes_are_read_and_deletions_are_not() -> None:
    body = (
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>Control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
        "<w:r><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent></w:r></w:p>"
    )
    assert read(by_hand(body)).text == "Control\n\nnew\n\nin a box"


def test_headings_are_known_in_any_language_by_their_style_s_own_name() -> None:
    styles = (
        f'<w:styles {NAMESPACE}><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="berschrift1"/></w:style></w:styles>'
    )
    body = '<w:p><w:pPr><w:pStyle w:val="Mine"/></w:pPr><w:r><w:t>Titel</w:t></w:r></w:p>'
    extract = read(by_hand(body, styles=styles))
    assert (extract.headings, extract.title) == ((Heading(0, 1, "Titel"),), "Titel")


def test_entities_are_not_expanded() -> None:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        body = f"<w:document {NAMESPACE}><w:p><w:r><w:t>safe &e;</w:t></w:r></w:p></w:document>"
        xml = f'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>{body}'
        archive.writestr("word/document.xml", xml)
    assert read(buffer.getvalue()).text == "safe"


@pytest.mark.parametrize("data", [by_hand("")[:-30], by_hand("<w:p>"), b"PK\x03\x04word/document.xml"])
def test_a_damaged_document_is_named(data: bytes) -> None:
    with pytest.raises(UnreadableFileError, match=r"^a_letter\.docx is ") as caught:
        read(data)
    assert caught.value.reason in {"damaged", "unsupported"}
