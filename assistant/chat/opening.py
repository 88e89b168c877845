"""A source opened: its quote highlighted in the document's text, on the screen, in ``less``, or as a page."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import webbrowser
from dataclasses import dataclass
from html import escape
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from assistant.chat.screen import Screen, shown
from assistant.exports import place
from assistant.pages import page
from assistant.standing import Standing, standing
from assistant.types import Citation, Read

INLINE = 600  # code points around the quote, where the text cannot be scrolled
PAGED = 100_000  # the same where it can: of a book, its chapter


@dataclass(frozen=True, slots=True)
class Opened:
    """A quote in its surroundings. ``note`` says where these come from, if not from the document as it is today."""

    before: str
    quote: str
    after: str
    note: str


def opened(citation: Citation, read: Read, *, around: int) -> Opened:
    """The surroundings in the document where the quote still stands in it, those kept with the answer otherwise."""
    now = standing(citation, read)
    if now is Standing.SAME:
        text, start, end = read(citation.document.id).text, citation.start, citation.end
    elif now is Standing.MOVED:
        text = read(citation.document.id).text
        start = _nearest(text, citation)
        end = start + len(citation.quote)
    else:
        text = citation.passage.text
        start, end = citation.start - citation.passage.start, citation.end - citation.passage.start
    first, last = max(0, start - around), end + around
    before = ("…" if first else "") + text[first:start]
    after = text[end:last] + ("…" if last < len(text) else "")
    kept = (
        " This is the passage as it was when the answer was given." if now in (Standing.CHANGED, Standing.GONE) else ""
    )
    return Opened(before, text[start:end], after, now.value + kept)


def _nearest(text: str, citation: Citation) -> int:
    """Where the quote stands in a changed text, nearest to where it stood."""
    places, at = [], text.find(citation.quote)
    while at >= 0:
        places.append(at)
        at = text.find(citation.quote, at + 1)
    return min(places, key=lambda place: abs(place - citation.start))


def show(screen: Screen, citation: Citation, read: Read) -> None:
    """In ``less``, at the quote, on a terminal that has it; a shorter stretch on the screen otherwise."""
    less = shutil.which("less") if screen.live else None
    found = opened(citation, read, around=PAGED if less else INLINE)
    head = Text(f"[{citation.marker}] {shown(citation.document.title)}\n{shown(place(citation))}\n", "cyan")
    if found.note:
        head.append(found.note + "\n", "yellow")
    quote = shown(found.quote) if screen.out.color_system else f">>{shown(found.quote)}<<"
    body = Text.assemble(head, "\n", (shown(found.before), "dim"), (quote, "bold reverse"))
    quote_row = len(body.wrap(screen.out, screen.out.width))
    body.append(shown(found.after), "dim")
    rows, height = len(body.wrap(screen.out, screen.out.width)), screen.out.height
    if less is None or rows < height - 1:
        screen.out.print(body)
        return
    top = max(1, min(quote_row - height // 2, rows - height + 2))  # the quote in the middle, no blank lines below
    subprocess.run([less, "-R", f"+{top}"], input=_drawn(body, screen.out).encode(), check=False)


def _drawn(text: Text, out: Console) -> str:
    """As the console would print it, colours included."""
    paper = StringIO()
    Console(file=paper, force_terminal=True, no_color=out.no_color, width=out.width).print(text)
    return paper.getvalue()


def browse(citation: Citation, read: Read) -> Path:
    """Write the opened source as a page and show it in the browser. The page stays, for as long as it is looked at."""
    found = opened(citation, read, around=PAGED)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", errors="replace", prefix="source-", suffix=".html", delete=False
    ) as file:
        file.write(_page(citation, found))
    path = Path(file.name)
    webbrowser.open(f"{path.as_uri()}#quote")
    return path


def _page(citation: Citation, found: Opened) -> str:
    title = shown(citation.document.title)
    note = f'<p class="note">{escape(found.note)}</p>' if found.note else ""
    before, quote, after = (escape(shown(part)) for part in (found.before, found.quote, found.after))
    body = f"""<header><h1 dir="auto">{escape(title)}</h1><p>{escape(shown(place(citation)))}</p></header>
{note}
<blockquote dir="auto">{before}<mark id="quote">{quote}</mark>{after}</blockquote>"""
    return page(title, body, language=citation.document.language)
