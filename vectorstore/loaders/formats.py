"""Which format a file has, by its bytes and its name, and who reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from vectorstore.errors import UnreadableFileError
from vectorstore.loaders import docx, html, markdown, pdf, records, text
from vectorstore.types import Extract

Loader = Callable[[Path, bytes], list[Extract]]
"""Path (for the name alone; nothing is read from it) and content to documents. Raises UnreadableFileError."""

LOADERS: Mapping[str, Loader] = {
    "application/json": records.load_json,
    "application/pdf": pdf.load,
    "application/x-ndjson": records.load_json_lines,
    "text/csv": records.load_table,
    "text/html": html.load,
    "text/markdown": markdown.load,
    "text/plain": text.load,
    "text/tab-separated-values": records.load_table,
    docx.MEDIA_TYPE: docx.load,
}

SUFFIXES: Mapping[str, str] = {
    ".csv": "text/csv",
    ".docm": docx.MEDIA_TYPE,
    ".docx": docx.MEDIA_TYPE,
    ".htm": "text/html",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".log": "text/plain",
    ".markdown": "text/markdown",
    ".md": "text/markdown",
    ".ndjson": "application/x-ndjson",
    ".pdf": "application/pdf",
    ".rst": "text/plain",
    ".tab": "text/tab-separated-values",
    ".text": "text/plain",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xhtml": "text/html",
}

_TEXT_DOCUMENT = "Save it as .docx or PDF and add that."
_SHEET = "Save each sheet as .csv, or the whole as PDF, and add that."
_SLIDES = "Save it as PDF and add that."
_MAIL = "Save the message as plain text, HTML or PDF and add that."
_BOOK = "Convert it to HTML or PDF and add that."
_ARCHIVE = "Unpack it and add the folder."
_PICTURE = "Run it through an OCR program and add the PDF or text it makes."
_RECORDING = "Add a transcript as plain text."

_UNSUPPORTED: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys((".doc", ".dot"), ("an old Word document", _TEXT_DOCUMENT)),
    **dict.fromkeys((".odt", ".fodt", ".ott"), ("an OpenDocument text", _TEXT_DOCUMENT)),
    **dict.fromkeys((".rtf", ".wpd", ".pages"), ("a word processor's file", _TEXT_DOCUMENT)),
    **dict.fromkeys((".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".numbers"), ("a spreadsheet", _SHEET)),
    **dict.fromkeys((".ppt", ".pptx", ".pptm", ".pps", ".ppsx", ".odp", ".key"), ("a presentation", _SLIDES)),
    **dict.fromkeys((".eml", ".msg", ".mbox", ".pst"), ("mail", _MAIL)),
    **dict.fromkeys((".epub", ".mobi", ".azw3", ".djvu", ".fb2"), ("a book", _BOOK)),
    **dict.fromkeys((".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"), ("an archive", _ARCHIVE)),
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".heic"), ("a picture", _PICTURE)
    ),
    **dict.fromkeys((".vtt", ".srt", ".ass"), ("subtitles", "Save the spoken text as plain text and add that.")),
    **dict.fromkeys(
        (".mp3", ".wav", ".m4a", ".ogg", ".mp4", ".mkv", ".mov", ".avi", ".webm"), ("a recording", _RECORDING)
    ),
    **dict.fromkeys((".ipynb",), ("a notebook", "Export it as Markdown or HTML and add that.")),
}

_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file, or one protected by a password", _TEXT_DOCUMENT),
    (b"{\\rtf", "a word processor's file (RTF)", _TEXT_DOCUMENT),
    (b"\x89PNG\r\n", "a picture", _PICTURE),
    (b"\xff\xd8\xff", "a picture", _PICTURE),
    (b"GIF8", "a picture", _PICTURE),
    (b"\x1f\x8b", "an archive", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", "an archive", _ARCHIVE),
    (b"Rar!\x1a\x07", "an archive", _ARCHIVE),
)
_ZIP = b"PK\x03\x04"
_PROTECTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_OLE = _SIGNATURES[0][0]


def media_type(path: Path, data: bytes) -> str | None:
    """The media type, one of `LOADERS`; None where we cannot read such files.

    The content goes before the name; content that is text under a name that says nothing is plain text.
    """
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith(_ZIP):
        return docx.MEDIA_TYPE if _holds(data, docx.BODY) else None
    if any(data.startswith(signature) for signature, _, _ in _SIGNATURES):
        return None
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if suffix in _UNSUPPORTED or b"\0" in data[:4096]:
        return None
    return "text/plain"


def load(path: Path, data: bytes) -> list[Extract]:
    """Read a file's content into documents: one, or one for each record of a file of records.

    Stored text has ``\\n`` for every line break, no NUL and no lone surrogate (the ``text`` of a record keeps its own
    line breaks). Raises UnreadableFileError whose message names the file and the way out, and whose ``reason`` is
    one of empty, no_text, needs_password, damaged, unsupported and unreadable.
    """
    if not data.strip():
        raise _empty(path)
    kind = media_type(path, data)
    if kind is None:
        raise _unsupported(path, data)
    extracts = LOADERS[kind](path, data)
    if not any(extract.text.strip() for extract in extracts):
        raise _empty(path)
    return extracts


def _empty(path: Path) -> UnreadableFileError:
    return UnreadableFileError(f"{path.name} is empty: there is nothing to read in it.", reason="empty")


def _unsupported(path: Path, data: bytes) -> UnreadableFileError:
    if data.startswith(_OLE) and _PROTECTED_OFFICE in data:
        message = f"{path.name} is protected by a password. Save a copy without one and add that."
        return UnreadableFileError(message, reason="needs_password")
    what, way_out = _description(path, data)
    return UnreadableFileError(f"{path.name} is {what}, which cannot be read yet. {way_out}", reason="unsupported")


def _description(path: Path, data: bytes) -> tuple[str, str]:
    if described := _UNSUPPORTED.get(path.suffix.lower()):
        return described
    if data.startswith(_ZIP):
        return "a ZIP archive, whatever its name says", _ARCHIVE
    for signature, what, way_out in _SIGNATURES:
        if data.startswith(signature):
            return what, way_out
    return "binary data", "Save it as PDF, .docx, HTML or plain text and add that."


def _holds(data: bytes, member: str) -> bool:
    try:
        with ZipFile(BytesIO(data)) as archive:
            return member in archive.namelist()
    except (BadZipFile, ValueError, OSError, NotImplementedError):
        return False
