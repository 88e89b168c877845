"""The sign for what nothing supports, put where it stands: for every door, also without colours and in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from assistant.markup import inert
from assistant.types import Answer, Statement
from vectorstore.types import Span

MARK = "[?]"
LEGEND = f"{MARK} not supported by what is cited"
"""For readers who meet the sign for the first time."""

_AFTER_MARK = re.compile(r"[ \t]*\|[ \t]*\Z|[.!?…:;,。！？：；，]*[*_]*\Z")
"""What the sign goes before: the end of a row of a table, the signs that end a sentence."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of an answer's text. All parts together are the text."""

    text: str
    marker: int | None = None
    """Of a citation, where the stretch is its marker."""
    supported: bool = True
    """False inside a statement that nothing supports."""
    ends: bool = False
    """Such a statement ends with this part: here its sign belongs."""


def parts(answer: Answer) -> Iterator[Part]:
    """The text cut at its markers, at unsupported statements and where their signs belong."""
    text = answer.text
    markers = {place: held.marker for held in answer.citations for place in held.answer_spans}
    doubts = [Span(statement.start, statement.end) for statement in doubted(answer)]
    signs = {_sign_at(text, span) for span in doubts}
    cuts = {0, len(text), *signs, *(at for span in [*markers, *doubts] for at in span)}
    for start, end in pairwise(sorted(cuts)):
        supported = not any(span.start <= start < span.end for span in doubts)
        yield Part(text[start:end], markers.get(Span(start, end)), supported, ends=end in signs)


def marked(answer: Answer) -> str:
    """The text with a `MARK` at the end of every statement that nothing supports.

    It stands before the full stop, as a marker does; behind a block of code, which has to end with its fence.
    """
    if not doubted(answer):
        return answer.text
    out = ""
    for part in parts(answer):
        out += inert(part.text, out)  # what follows the sign must not make a link of it
        if part.ends:
            out += sign(out)
    return out


def sign(before: str) -> str:
    """The `MARK` with what parts it from the text before it."""
    if before.endswith("```"):
        return f"\n{MARK}"
    return MARK if before[-1:].isspace() or before[-1:] == "]" else f" {MARK}"


def footnote(answer: Answer) -> str:
    """The unsupported statements on one line, for doors that cannot mark them in the text; "" where there are none."""
    return " … ".join(" ".join(answer.text[held.start : held.end].split()) for held in doubted(answer))


def doubted(answer: Answer) -> list[Statement]:
    """The statements that nothing supports."""
    return [held for held in answer.statements if held.support == "unsupported"]


def _sign_at(text: str, span: Span) -> int:
    ending = _AFTER_MARK.search(text, span.start, span.end)
    return ending.start() if ending and ending.start() > span.start else span.end
