"""Answers, sources and reports as a person reads them in a terminal, narrow or wide, with colours or without."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assistant.types import Answer, Citation
from vectorstore.errors import NotFoundError
from vectorstore.reader import DocumentInfo
from vectorstore.report import FileReport, IngestReport
from vectorstore.types import Document, DocumentRef, Retrieval

# What a document, a model or a file name may hold but a terminal must not be sent: escapes, bells, and the
# signs that silently turn the direction of what follows.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_TABLE_WIDTH = 100  # columns a table of documents needs to show ids whole
_AROUND = 160  # code points of its passage shown on either side of a quote

Read = Callable[[str], Document]


def consoles() -> tuple[Console, Console]:
    """For results and for everything else. Colours only on a terminal, and not with ``NO_COLOR``."""
    wide = not sys.stdout.isatty()  # a pipe gets whole lines: whoever reads it wraps them
    out = Console(highlight=False, markup=False, emoji=False, soft_wrap=wide)
    err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=not sys.stderr.isatty())
    return out, err


def indented(console: Console, text: Text, by: int = 4) -> None:
    """Print with a left margin; wrapped on a terminal, one long line in a pipe."""
    if console.soft_wrap:
        console.print(Text(" " * by) + text)
    else:
        console.print(Padding(text, (0, 0, 0, by)))


def printable(text: str) -> str:
    """Control characters and direction overrides as ``�``; line ends and tabs stay.

    >>> printable("red \\x1b[31m alert")
    'red �[31m alert'
    """
    return _UNPRINTABLE.sub("\ufffd", text)


def show_path(source: str) -> str:
    """A path as short as it can be from here; anything else as it is."""
    if not os.path.isabs(source):
        return printable(source)
    relative = os.path.relpath(source)
    return printable(relative if not relative.startswith("..") else source)


def place(document: DocumentRef, start: int, page: int | None, read: Read) -> str:
    """Where a passage stands, as an editor or a reader finds it: ``file:line``, or file and page."""
    shown = show_path(document.source)
    if page is not None:
        return f"{shown}, page {page}"
    try:
        line = read(document.id).line_at(start)
    except NotFoundError:  # an old answer about a document that has gone
        return shown
    if not document.id.startswith("doc_"):  # one of many documents in a file: its line there is not known
        return f"{shown}, {printable(document.id)}, line {line}"
    return f"{shown}:{line}"


def show_sources(out: Console, answer: Answer, read: Read) -> None:
    """The numbered sources: where, under which heading, and the quote in its surroundings."""
    for citation in answer.citations:
        out.print()
        head = Text.assemble((f"[{citation.marker}]", "bold cyan"), " ", (printable(citation.document.title), "bold"))
        below = [heading for heading in citation.heading if heading != citation.document.title]
        if below:
            head.append(" › " + printable(" › ".join(below)), "dim")
        out.print(head)
        where = place(citation.document, citation.start, citation.page, read)
        marks = "" if citation.verification == "exact" else f" · {citation.verification}"
        indented(out, Text(f"{where}{marks}", "cyan"))
        indented(out, _in_surroundings(citation, coloured=out.color_system is not None))


def _in_surroundings(citation: Citation, *, coloured: bool) -> Text:
    """The quote, marked by its colour or else by arrows, within the nearer part of its passage."""
    passage = citation.passage
    left = max(0, citation.start - passage.start)
    right = max(left, citation.end - passage.start)
    before, after = passage.text[max(0, left - _AROUND) : left], passage.text[right : right + _AROUND]
    opening, closing = ("", "") if coloured else (">>", "<<")
    text = Text()
    text.append(("… " if left > _AROUND else "") + _one_line(_from_a_word(before, left), keep_end=True), "dim")
    style = "bold green" if citation.verification == "exact" else "bold yellow"
    text.append(opening + _one_line(citation.quote) + closing, style)
    cut = right + _AROUND < len(passage.text)
    after = after.rsplit(maxsplit=1)[0] if cut and " " in after.strip() else after
    text.append(_one_line(after, keep_start=True) + (" …" if cut else ""), "dim")
    return text


def _from_a_word(before: str, left: int) -> str:
    """Without the piece of a word that the cut left at its beginning."""
    return before.split(maxsplit=1)[1] if left > _AROUND and " " in before.strip() else before


def _one_line(text: str, *, keep_start: bool = False, keep_end: bool = False) -> str:
    flat = " ".join(printable(text).split())
    if not flat:
        return " " if text and (keep_start or keep_end) else ""
    start = " " if keep_start and text[:1].isspace() else ""
    end = " " if keep_end and text[-1:].isspace() else ""
    return start + flat + end


def show_closest(out: Console, answer: Answer, read: Read) -> None:
    """What came nearest, when the documents do not hold the answer."""
    if answer.closest:
        out.print()
        out.print(Text("The closest passages:", "dim"))
    for closest in answer.closest:
        try:
            page = read(closest.document.id).page_at(closest.start)
        except NotFoundError:
            page = None
        indented(out, Text(place(closest.document, closest.start, page, read), "cyan"), 2)
        indented(out, Text(_one_line(closest.text), "dim"))


def show_hits(out: Console, retrieval: Retrieval, read: Read, *, explain: bool) -> None:
    """Search results, and with ``explain`` what each index said of each and what cut the rest."""
    for number, hit in enumerate(retrieval.hits, start=1):
        where = place(hit.document, hit.chunk.start, hit.chunk.page, read)
        out.print(Text.assemble((f"{number}. ", "bold"), (where, "cyan"), (f"  {hit.score:.3f}", "dim")))
        if explain:
            legs = ", ".join(f"{name} #{leg.rank} ({leg.score:.3f})" for name, leg in hit.legs.items())
            indented(out, Text(legs or "found by no index on its own", "magenta"))
        indented(out, Text(_one_line(hit.chunk.text[:400])))
        out.print()
    if explain:
        out.print(Text(f"Understood as: {printable(retrieval.query)} (language: {retrieval.language or 'unknown'})"))
        for note in retrieval.notes:
            out.print(Text(printable(note)))


def show_report(err: Console, report: IngestReport) -> None:
    """What an ingest did: files that need a word each, then one line for the rest."""
    for line in report.repairs:
        err.print(Text(line, "yellow"))
    for file in report.files:
        if file.message:
            err.print(_file_line(file))
    totals = report.totals
    counts = ", ".join(f"{totals[status]} {status}" for status in _TOLD if totals[status])
    err.print(Text(f"{counts or 'Nothing to do'} · {totals['chunks']:,} passages"))
    if report.gone:
        err.print(Text(f"{len(report.gone)} ingested files are no longer there; forget them with --prune.", "yellow"))


_TOLD = ("added", "updated", "unchanged", "removed", "skipped", "failed")
_STYLES = {"failed": "bold red", "skipped": "yellow"}


def _file_line(file: FileReport) -> Text:
    style = _STYLES.get(file.status, "yellow")
    return Text.assemble((file.status, style), " ", show_path(file.path), ": ", printable(file.message))


def show_documents(out: Console, documents: Iterable[DocumentInfo]) -> None:
    """The library: a table where there is room, two lines a document where there is not, tabs in a pipe."""
    table = Table("id", "title", "language", "passages", "source", box=None, pad_edge=False, header_style="bold")
    for info in documents:
        ref = info.ref
        cells = (printable(ref.id), printable(ref.title), ref.language, f"{info.chunks:,}", show_path(ref.source))
        if out.soft_wrap:
            out.file.write("\t".join(" ".join(cell.split()) for cell in cells) + "\n")  # rich makes spaces of tabs
        elif out.width < _TABLE_WIDTH:
            out.print(Text(cells[1], "bold"))
            indented(out, Text(f"{cells[0]}\n{ref.language or '?'} · {cells[3]} passages · {cells[4]}", "cyan"), 2)
        else:
            table.add_row(*cells)
    if table.row_count:
        out.print(table)


def show_home(path: Path) -> str:
    """The home folder as people write it."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)
