"""A conversation as a file that stands alone: Markdown, HTML without a network, or the records as JSON."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

from assistant.conversations import Conversation, SavedTurn
from assistant.errors import StorageError, UsageError
from assistant.marking import LEGEND, doubted, marked, parts, sign
from assistant.markup import visible
from assistant.models import EXTRACTIVE
from assistant.pages import page
from assistant.standing import Standing, standing
from assistant.types import Citation, Read

_SPECIAL = re.compile(r"[\\`*_<>#|~!]|\[(?!\d+\])|(?<!\d)\]")

INTERRUPTED = "This answer was interrupted."


def export(conversation: Conversation, path: Path, read: Read, *, force: bool = False) -> None:
    """Write a conversation to ``path``; its suffix (.md, .html, .json) says how.

    The file appears whole or not at all. Raises `UsageError` for another suffix, and for a file that exists unless
    ``force``; `StorageError` where it cannot be written.
    """
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"{path} must end in {', '.join(WRITERS)}: the ending says what is written.")
    if not force and path.exists():
        raise UsageError(f"{path} exists. Choose another name, or overwrite it with --force.")
    text = write(conversation, read)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.write_bytes(text.encode("utf-8", "replace"))
        if force:
            os.replace(draft, path)
        else:
            os.link(draft, path)  # fails where somebody made the file in the meantime
    except FileExistsError:
        raise UsageError(f"{path} exists. Choose another name, or overwrite it with --force.") from None
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}. Choose another place.") from error
    finally:
        draft.unlink(missing_ok=True)


def as_json(conversation: Conversation, read: Read) -> str:
    """The records, and for every citation whether its quote still stands in the library."""
    standings = [
        {"turn": turn.number, "marker": citation.marker, "standing": standing(citation, read).name.lower()}
        for turn in conversation.turns
        for citation in turn.answer.citations
    ]
    return json.dumps({**conversation.as_dict(), "standings": standings}, ensure_ascii=False, indent=2) + "\n"


def as_markdown(conversation: Conversation, read: Read) -> str:
    """Questions as headings, answers, and below each its numbered quotes with place and hash."""
    lines = [f"# {_literal(_line(conversation.summary.title)) or 'Conversation'}", ""]
    collection = _literal(_line(conversation.summary.collection))
    lines += [f"{conversation.id} · collection {collection} · {conversation.summary.updated_at}", ""]
    for turn in conversation.turns:
        lines += [f"## {turn.number}. {_literal(_line(turn.answer.question))}", ""]
        if turn.answer.standalone_question != turn.answer.question:
            lines += [f"*Understood as: {_literal(_line(turn.answer.standalone_question))}*", ""]
        lines += [_markdown_answer(turn), ""]
        lines += [f"*{_literal(note)}*\n" for note in _notes(turn)]
        for citation in turn.answer.citations:
            lines += [*_markdown_source(citation, read), ""]
    return "\n".join(lines).rstrip() + "\n"


def _markdown_answer(turn: SavedTurn) -> str:
    """A model writes Markdown, made inert when it was written; quoted sentences are text."""
    text = visible(marked(turn.answer))
    return _literal(text) if turn.answer.model == EXTRACTIVE else text


def _literal(text: str) -> str:
    """Text of which no Markdown renderer makes anything else; markers such as ``[1]`` stay readable.

    >>> _literal("see ![x](y) <b> [1]")
    'see \\\\!\\\\[x\\\\](y) \\\\<b\\\\> [1]'
    """
    return _SPECIAL.sub(r"\\\g<0>", text)


def _markdown_source(citation: Citation, read: Read) -> Iterator[str]:
    yield f"**[{citation.marker}]** {_literal(_line(citation.document.title))}, {_literal(_line(place(citation)))}"
    yield from (f"> {_literal(line)}" for line in visible(citation.quote).splitlines())
    yield ""
    yield f"`sha256 {_literal(citation.document.sha256)}`"
    if (now := standing(citation, read)) is not Standing.SAME:
        yield f"*{now.value}*"


def as_html(conversation: Conversation, read: Read) -> str:
    """One page without scripts, images or addresses; each quote is highlighted in its passage, folded in."""
    summary = conversation.summary
    title = _line(summary.title) or "Conversation"
    kept = f"{_html(conversation.id)} · collection {_html(summary.collection)} · {_html(summary.updated_at)}"
    head = f'<header><h1 dir="auto">{_html(title)}</h1>\n<p>{kept}</p></header>'
    return page(title, "\n".join([head, *(_html_turn(turn, read) for turn in conversation.turns)]))


def _html_turn(turn: SavedTurn, read: Read) -> str:
    answer = turn.answer
    parts = [f'<section>\n<h2 dir="auto">{_html(answer.question)}</h2>']
    if answer.standalone_question != answer.question:
        parts.append(f'<p class="note" dir="auto">Understood as: {_html(answer.standalone_question)}</p>')
    parts.append(f'<div class="answer" lang="{_html(answer.language)}" dir="auto">{_html_answer(turn)}</div>')
    parts += [f'<p class="note" dir="auto">{_html(note)}</p>' for note in _notes(turn)]
    parts += [_html_source(turn, citation, read) for citation in answer.citations]
    return "\n".join([*parts, "</section>"])


def _html_answer(turn: SavedTurn) -> str:
    """The text with each marker a link to its source below, and what nothing supports underlined, with its sign."""
    out: list[str] = []
    for part in parts(turn.answer):
        said = _html(part.text)
        if part.marker is not None:
            said = f'<a href="#source-{turn.number}-{part.marker}">{said}</a>'
        out.append(said if part.supported else f'<span class="unsupported">{said}</span>')
        if part.ends:
            out.append(f'<strong class="mark" title="{LEGEND}">{sign(part.text)}</strong>')
    return "".join(out)


def _html_source(turn: SavedTurn, citation: Citation, read: Read) -> str:
    document, passage = citation.document, citation.passage
    start, end = citation.start - passage.start, citation.end - passage.start
    inside = 0 <= start <= end <= len(passage.text)
    before, after = (passage.text[:start], passage.text[end:]) if inside else ("", "")
    now = standing(citation, read).value
    return (
        f'<details id="source-{turn.number}-{citation.marker}" lang="{_html(document.language)}">\n'
        f'<summary dir="auto">[{citation.marker}] {_html(document.title)} <q>{_html(citation.quote)}</q></summary>\n'
        f'<p class="place">{_html(place(citation))} · {citation.verification} · sha256 {_html(document.sha256)}</p>\n'
        + (f'<p class="note">{now}</p>\n' if now else "")
        + f'<blockquote dir="auto">{_html(before)}<mark>{_html(citation.quote)}</mark>{_html(after)}</blockquote>\n'
        + "</details>"
    )


def place(citation: Citation) -> str:
    """Source, page, heading and offsets, as they were when the answer was given."""
    parts = [citation.document.source]
    if citation.page is not None:
        parts.append(f"page {citation.page}")
    if citation.heading:
        parts.append(" › ".join(citation.heading))
    return ", ".join([*parts, f"characters {citation.start}-{citation.end}"])


def _notes(turn: SavedTurn) -> list[str]:
    legend = [LEGEND] if doubted(turn.answer) else []
    feedback = turn.feedback
    told = [f"Rated {feedback.verdict}{': ' + _line(feedback.words) if feedback.words else ''}."] if feedback else []
    interrupted = [INTERRUPTED] if turn.state == "interrupted" else []
    return [*interrupted, *legend, *(_line(notice) for notice in turn.answer.notices), *told]


def _line(text: str) -> str:
    return " ".join(visible(text).split())


def _html(text: str) -> str:
    return escape(visible(text))


WRITERS: dict[str, Callable[[Conversation, Read], str]] = {".md": as_markdown, ".html": as_html, ".json": as_json}
