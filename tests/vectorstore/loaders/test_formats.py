"""Which file is what, and what is said of files that cannot be read."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.errors import UnreadableFileError
from vectorstore.loaders import LOADERS, SUFFIXES, load, media_type

REASONS = {"empty", "no_text", "needs_password", "damaged", "unsupported", "unreadable"}


def zipped(name: str, content: str = "x") -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def failure(name: str, data: bytes) -> tuple[str, str]:
    with pytest.raises(UnreadableFileError) as caught:
        load(Path(name), data)
    return caught.value.reason, str(caught.value)


def test_every_suffix_leads_to_a_loader() -> None:
    assert set(SUFFIXES.values()) == set(LOADERS)


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.md", b"# A", "text/markdown"),
        ("A.HTML", b"<p>a", "text/html"),
        ("README", b"plain words", "text/plain"),
        ("notes.xyz", "Grüße".encode(), "text/plain"),
        ("mislabelled.txt", b"%PDF-1.7 ...", "application/pdf"),
        ("photo.txt", b"\x89PNG\r\n\x1a\n", None),
        ("a.pptx", zipped("ppt/presentation.xml"), None),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None),
        ("program", b"\x7fELF\x02\x01\x01\x00\x00", None),
    ],
)
def test_the_content_goes_before_the_name(name: str, data: bytes, expected: str | None) -> None:
    assert media_type(Path(name), data) == expected


@pytest.mark.parametrize("name", ["a.txt", "a.pdf", "a.docx", "a.xlsx", "a.jsonl"])
@pytest.mark.parametrize("data", [b"", b" \n\t\r\n"])
def test_an_empty_file_is_called_empty(name: str, data: bytes) -> None:
    assert failure(name, data) == ("empty", f"{name} is empty: there is nothing to read in it.")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "a.doc is an old Word document, which cannot be read yet."),
        ("a.pptx", zipped("ppt/presentation.xml"), "a.pptx is a presentation, which cannot be read yet. Save"),
        ("a.eml", b"From: a@b.c\n\nHello", "a.eml is mail, which cannot be read yet. Save the message as plain text"),
        ("a.txt", zipped("a.bin"), "a.txt is a ZIP archive, whatever its name says"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\0\0", "a.txt is a picture, which cannot be read yet. Run it"),
        ("a.txt", bytes(range(256)) * 8, "a.txt is not text: it holds binary data."),
        ("a.bin", bytes(range(256)) * 8, "a.bin is binary data, which cannot be read yet."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_the_way_out(name: str, data: bytes, said: str) -> None:
    reason, message = failure(name, data)
    assert reason == "unsupported"
    assert message.startswith(said)


def test_a_protected_office_file_is_not_called_an_old_one() -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "EncryptedPackage".encode("utf-16-le")
    assert failure("a.xlsx", data) == (
        "needs_password",
        "a.xlsx is protected by a password. Save a copy without one and add that.",
    )


@given(
    st.sampled_from(sorted(SUFFIXES)),
    st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass"))),
)
def test_any_content_is_read_or_refused_and_never_breaks(suffix: str, data: bytes) -> None:
    try:
        extracts = load(Path(f"a{suffix}"), data)
    except UnreadableFileError as error:
        # pytest.raises cannot say "or not at all".
        assert (error.reason in REASONS, str(error)[: 1 + len(suffix)]) == (True, f"a{suffix}")  # noqa: PT017
        return
    for extract in extracts:
        assert "\0" not in extract.text
        assert "\n" not in extract.title
        assert extract.text.encode("utf-8")
        assert all(0 <= heading.start < len(extract.text) for heading in extract.headings)
